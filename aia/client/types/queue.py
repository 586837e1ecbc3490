# Written by `make client` from the OpenAPI document; changes are lost.
"""What is answered about queue."""

from __future__ import annotations

from datetime import datetime

import msgspec

from aia.client.types.base import Answer


class Pause(msgspec.Struct, frozen=True, kw_only=True):
    """A pause that lasts.

    Attributes:
        task_type: Of which type; None: of the whole fleet.
        reason: Why.
        by: By whom.
        since: Since when, UTC.
    """

    task_type: str | None
    reason: str
    by: str
    since: datetime


class Pauses(Answer, frozen=True, kw_only=True):
    """All pauses that last, in the order in which they began."""

    items: list[Pause]


class PausesAnswer(Answer, frozen=True, kw_only=True):
    """All pauses that last, right after a command."""

    items: list[Pause]


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """How many tasks wait (`name`: of which owner, or type).

    Attributes:
        name: Of which owner, or type.
    """

    name: str
    queued: int


class QueueFigures(Answer, frozen=True, kw_only=True):
    """The queue in numbers.

    Attributes:
        queued: Tasks that wait.
        held: Those of them whose time has not come yet.
        paused: Those of them that are paused.
        by_priority: Class to how many wait.
        by_owner: The owners of most of them.
        by_type: The types of most of them.
        oldest_seconds: How long the oldest one has waited, seconds.
        drain_seconds: When none would wait any more but the paused ones, at the rate at which
            tasks finish of late; null: unknown.
        drain_unknown: Why that is unknown: all that waits is paused, or too few tasks have
            finished to tell.
        pauses: What is paused.
    """

    queued: int
    held: int
    paused: int
    by_priority: dict[str, int]
    by_owner: list[Waiting]
    by_type: list[Waiting]
    oldest_seconds: float | None
    drain_seconds: float | None
    drain_unknown: str | None
    pauses: list[Pause]

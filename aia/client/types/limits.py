# Written by `make client` from the OpenAPI document; changes are lost.
"""What is answered about limits."""

from __future__ import annotations

from aia.client.types.base import Answer


class KeyView(Answer, frozen=True, kw_only=True):
    """A concurrency key.

    Attributes:
        key: Which one.
        max_concurrent: How many of its tasks may be held at once, if that was set for the key;
            else each task has a limit of its own in mind, or none.
        rate: How many may be dispatched in a period, if that was set.
        per_seconds: The length of the period, seconds.
        running: Tasks held by agents, those on their way to one included.
        queued: Tasks that wait.
        drain_seconds: When none would wait any more at the rate at which tasks of the key finish
            of late; null: unknown. While a type is paused its tasks count, as if they went on.
        drain_unknown: Why that is unknown: the whole fleet is paused, or too few tasks of the key
            have finished to tell.
    """

    key: str
    max_concurrent: int | None
    rate: int | None
    per_seconds: float | None
    running: int
    queued: int
    drain_seconds: float | None
    drain_unknown: str | None


class KeyPage(Answer, frozen=True, kw_only=True):
    """Keys (`next_cursor`: for the next page, if there is one; `total`: when asked for).

    Attributes:
        next_cursor: For the next page, if there is one.
        total: When asked for.
    """

    items: list[KeyView]
    next_cursor: str | None
    total: int | None = None


class LimitAnswer(Answer, frozen=True, kw_only=True):
    """What was set for a concurrency key, right after a command.

    Attributes:
        key: Which one.
        max_concurrent: How many of its tasks may be held at once; null: as each task has it.
        rate: How many may be dispatched in a period; null: any number.
        per_seconds: The length of the period, seconds.
    """

    key: str
    max_concurrent: int | None
    rate: int | None
    per_seconds: float | None

"""What operators send about the queue, and pages of its keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType

from aia_mas.application.orchestration.queue_view import KeyView
from aia_mas.domain.kernel.mistakes import Mistakes
from aia_mas.domain.orchestration.bounds import check_key
from aia_mas.domain.orchestration.limits import (
    LONGEST_PERIOD,
    MAX_CONCURRENT,
    MAX_RATE,
    SetLimit,
    check_limits,
)
from aia_mas.domain.orchestration.pauses import Pause, PauseDispatch, ResumeDispatch
from aia_mas.interfaces.http.schemas.values import Name

_Places = Annotated[int, msgspec.Meta(extra_json_schema={"minimum": 0, "maximum": MAX_CONCURRENT})]
_Rate = Annotated[int, msgspec.Meta(extra_json_schema={"minimum": 1, "maximum": MAX_RATE})]
_Period = Annotated[
    float, msgspec.Meta(extra_json_schema={"minimum": 0.001, "maximum": LONGEST_PERIOD})
]
_Reason = Annotated[str, msgspec.Meta(extra_json_schema={"maxLength": 1_000})]


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Limits of a concurrency key; they take the place of those before.

    Attributes:
        max_concurrent: How many of its tasks may be held at once; left out: as each task has it.
        rate: How many may be dispatched in a period; left out: any number.
        per_seconds: The length of the period, seconds; goes with a rate.
    """

    max_concurrent: _Places | None = None
    rate: _Rate | None = None
    per_seconds: _Period | None = None

    def command(self, key: str) -> SetLimit:
        """Return the command.

        Raises:
            InvalidValue: The key is none; ``others`` has whatever else is wrong.
        """
        command = SetLimit(
            key=key,
            max_concurrent=self.max_concurrent,
            rate=self.rate,
            per_seconds=self.per_seconds,
        )
        mistakes = Mistakes()
        mistakes.check(check_key, key, "key")
        if mistakes:
            mistakes.check(check_limits, command)
            mistakes.refuse()
        return command


class KeyPage(msgspec.Struct, frozen=True, kw_only=True):
    """Keys (``next_cursor``: for the next page, if there is one; ``total``: when asked for)."""

    items: list[KeyView]
    next_cursor: str | None
    total: int | UnsetType = UNSET


class PauseRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to pause, or to resume.

    Attributes:
        task_type: Which type; left out: the whole fleet.
        reason: Why, for the record and for those who wait.
    """

    task_type: Name | None = None
    reason: _Reason = ""

    def pause(self) -> PauseDispatch:
        """Return the command to pause."""
        return PauseDispatch(task_type=self.task_type, reason=self.reason)

    def resume(self) -> ResumeDispatch:
        """Return the command to resume."""
        return ResumeDispatch(task_type=self.task_type, reason=self.reason)


class Pauses(msgspec.Struct, frozen=True, kw_only=True):
    """All pauses that last, in the order in which they began."""

    items: Sequence[Pause]

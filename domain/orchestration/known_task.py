"""An unfinished task as the dispatcher knows it."""

from __future__ import annotations

from datetime import datetime

import msgspec

from aia_mas.domain.orchestration.requirement import RequirementSignature
from aia_mas.domain.orchestration.task_queue import Key
from aia_mas.domain.orchestration.task_specification import Priority, TaskSpecification, TaskTerms


class KnownTask(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What of a task decides when and where it is placed.

    Attributes:
        task_id: Which task.
        signature: What it asks of an agent.
        place: Submission time plus class offset, seconds since the epoch.
        sequence: Its number among all submissions; it decides between equal places.
        attempt: The last attempt made, 0 before the first.
        due: When the next attempt may begin, seconds since the epoch; None: at once.
        deadline: When it expires, seconds since the epoch; None: never.
        lease_seconds: How long an attempt may go unheard of, seconds.
        sticky_key: Its sticky key, if it has one.
    """

    task_id: str
    signature: RequirementSignature
    place: float
    sequence: int
    attempt: int
    due: float | None
    deadline: float | None
    lease_seconds: float
    sticky_key: str | None = None

    @property
    def key(self) -> Key:
        """Its place among those that wait for the same."""
        return (self.place, self.sequence)


def place_in_queue(since: datetime, priority: Priority) -> float:
    """Return the place of a task that entered the queue at a time, seconds since the epoch."""
    return since.timestamp() + priority.offset_seconds


def known_task(
    task_id: str,
    signature: RequirementSignature,
    terms: TaskSpecification | TaskTerms,
    since: datetime,
    sequence: int,
    *,
    attempt: int = 0,
    due: datetime | None = None,
) -> KnownTask:
    """Return a task as it enters the queue (``since``: when, UTC; the others: see above)."""
    return KnownTask(
        task_id,
        signature,
        place_in_queue(since, terms.priority),
        sequence,
        attempt,
        None if due is None else due.timestamp(),
        None if terms.deadline is None else terms.deadline.timestamp(),
        terms.lease_seconds,
        terms.requirements.sticky_key,
    )

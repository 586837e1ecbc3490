"""An unfinished task as the dispatcher knows it."""

from __future__ import annotations

from datetime import datetime

import msgspec

from aia_mas.domain.orchestration.queueing import Key, KeyLimit, Place
from aia_mas.domain.orchestration.requirement import RequirementSignature
from aia_mas.domain.orchestration.task_specification import TaskSpecification, TaskTerms

Terms = TaskSpecification | TaskTerms
"""What a task is submitted or queued again with."""


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
        rank: Its class.
        since: When it entered the queue, seconds since the epoch.
        owner: Whose it is.
        limit: Its concurrency key, if it has one.
        held: An agent holds it, by the log.
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
    rank: int
    since: float
    owner: str
    limit: KeyLimit | None = None
    held: bool = False
    sticky_key: str | None = None

    @property
    def key(self) -> Key:
        """Its place among those that wait for the same."""
        return (self.place, self.sequence)

    @property
    def stands(self) -> Place:
        """Where it stands in the queue."""
        return Place(self.key, self.rank, self.owner, self.limit)


def known_task(
    task_id: str,
    signature: RequirementSignature,
    terms: Terms,
    since: datetime,
    sequence: int,
    *,
    owner: str,
    attempt: int = 0,
    due: datetime | None = None,
) -> KnownTask:
    """Return a task as it enters the queue (``since``: when, UTC; the others: see above)."""
    entered = since.timestamp()
    return KnownTask(
        task_id,
        signature,
        entered + terms.priority.offset_seconds,
        sequence,
        attempt,
        None if due is None else due.timestamp(),
        None if terms.deadline is None else terms.deadline.timestamp(),
        terms.lease_seconds,
        terms.priority.rank,
        entered,
        owner,
        limit_of(terms),
        sticky_key=terms.requirements.sticky_key,
    )


def place_of(
    terms: TaskSpecification, since: datetime, sequence: int, owner: str, limit: KeyLimit | None
) -> Place:
    """Return where a task stands that enters the queue at ``since``, UTC."""
    priority = terms.priority
    key = (since.timestamp() + priority.offset_seconds, sequence)
    return Place(key, priority.rank, owner, limit)


def limit_of(terms: Terms) -> KeyLimit | None:
    """Return the concurrency key of a task and its own limit; None: it has no key."""
    key = terms.concurrency_key
    return None if key is None else KeyLimit(key, terms.concurrency_limit)

"""What an onlooker knows of one task, one agent, one concurrency key."""

from __future__ import annotations

from datetime import datetime

import msgspec

from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.domain.orchestration.requirement import RequirementSignature, signature_of
from aia_mas.domain.orchestration.task_specification import TaskTerms
from aia_mas.domain.orchestration.task_status import TaskStatus

ENDED = frozenset(
    {
        TaskStatus.COMPLETED,
        TaskStatus.FAILED,
        TaskStatus.CANCELLED,
        TaskStatus.EXPIRED,
        TaskStatus.DEAD,
    }
)


class Attempt(msgspec.Struct):
    """An attempt in force.

    Attributes:
        agent_id: Who has it.
        lease: Its fencing token.
        number: Its number.
        seconds: How long it may go unheard of.
        given: When it was assigned.
        lost: Its agent was unregistered.
        gone: Since when its agent is offline or unregistered.
        stopped: Since when its agent is suspended.
        begun: When it was started; later by the time for which its agent waited for answers.
        asked: Since when its agent waits for an answer.
        answered: When the last one came.
    """

    agent_id: str
    lease: str
    number: int
    seconds: float
    given: datetime
    lost: bool = False
    gone: datetime | None = None
    stopped: datetime | None = None
    begun: datetime | None = None
    asked: datetime | None = None
    answered: datetime | None = None


class TaskEntry(msgspec.Struct):
    """A task, and where it stands.

    ``entered`` is the position of the last event that put it where it stands in the queue, and
    ``waits_since`` the time of that.
    """

    task_id: str
    terms: TaskTerms
    owner: str
    since: datetime
    sequence: int
    due: datetime | None
    status: TaskStatus = TaskStatus.QUEUED
    attempts: int = 0
    attempt: Attempt | None = None
    excluded: tuple[str, ...] = ()
    entered: int = 0
    waits_since: datetime | None = None

    @property
    def signature(self) -> RequirementSignature:
        """What it asks for."""
        wanted = self.terms.requirements
        excluded = (*wanted.excluded_agents, *self.excluded)
        return signature_of(
            self.terms.task_type,
            msgspec.structs.replace(wanted, excluded_agents=excluded),
            self.terms.max_cost,
        )

    @property
    def key(self) -> tuple[float, int]:
        """Its place (ADR 8)."""
        return (self.since.timestamp() + self.terms.priority.offset_seconds, self.sequence)


class AgentEntry(msgspec.Struct):
    """An agent, and what its operators want of it."""

    agent_id: str
    capabilities: Capabilities
    status: str = "active"
    online: bool = True

    @property
    def takes_work(self) -> bool:
        """Whether it may get a task."""
        return self.online and self.status == "active"


class Limits(msgspec.Struct):
    """What was set for a concurrency key, and when its tasks were given out since."""

    most: int | None
    rate: int | None
    period: float | None
    given: list[datetime] = []

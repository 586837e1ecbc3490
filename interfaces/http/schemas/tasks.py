"""What clients and agents send about tasks."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any

import msgspec

from aia_mas.application.settings import Settings
from aia_mas.domain.orchestration.limits import MAX_CONCURRENT
from aia_mas.domain.orchestration.task_commands import (
    CancelTask,
    CompleteTask,
    FailTask,
    RecordProgress,
    RetryTask,
    StartTask,
    SubmitTask,
)
from aia_mas.domain.orchestration.task_events import Usage
from aia_mas.domain.orchestration.task_specification import (
    Priority,
    Requirements,
    TaskSpecification,
    required_skills,
)
from aia_mas.interfaces.http.schemas.values import (
    AgentId,
    Amount,
    Level,
    Moment,
    Name,
    Text,
    moment,
    units,
)


def _within(lowest: float, highest: float) -> msgspec.Meta:
    return msgspec.Meta(extra_json_schema={"minimum": lowest, "maximum": highest})


Seconds = Annotated[float, _within(1, 86_400)]
Wait = Annotated[float, _within(0, 86_400)]
Factor = Annotated[float, _within(1, 10)]
Attempts = Annotated[int, _within(1, 100)]
Percent = Annotated[float, _within(0, 100)]
Count = Annotated[int, _within(0, 2**53)]
Places = Annotated[int, _within(1, MAX_CONCURRENT)]
ConcurrencyKey = Annotated[
    str, msgspec.Meta(extra_json_schema={"pattern": "^[A-Za-z0-9._:-]{1,128}$"})
]
Reference = Annotated[str, msgspec.Meta(extra_json_schema={"minLength": 1, "maxLength": 255})]

_NOTHING = Decimal(0)


class TaskRequirements(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom a task suits.

    Attributes:
        skills: Names of skills, or name to the least level, 0..1.
        specializations: All of them must be declared.
        labels: All of them must be equal.
        data_sources: All of them must be declared by an agent that declares any.
        preferred_agents: Agents to be taken first when they qualify.
        excluded_agents: Agents never to be taken.
    """

    skills: tuple[Name, ...] | dict[str, Level] = ()
    specializations: tuple[Name, ...] = ()
    labels: dict[str, str] = {}
    data_sources: tuple[Name, ...] = ()
    preferred_agents: tuple[AgentId, ...] = ()
    excluded_agents: tuple[AgentId, ...] = ()

    def requirements(self) -> Requirements:
        """Return it as the domain has it."""
        return Requirements(
            skills=required_skills(self.skills),
            specializations=self.specializations,
            labels=self.labels,
            data_sources=self.data_sources,
            preferred_agents=self.preferred_agents,
            excluded_agents=self.excluded_agents,
        )


_ANYBODY = Requirements()


class TaskSubmission(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A task to be done; what is left out is as the server's settings say.

    Attributes:
        task_type: The kind of work, 1..128 characters.
        description: For people, at most 10,000 characters.
        requirements: Whom it suits.
        payload: Any JSON, for the agent that does the work.
        priority: Its class.
        max_cost: The highest price of an agent that may get it, tokens.
        deadline: When it expires unfinished, RFC 3339.
        timeout_seconds: How long one attempt may run, seconds.
        lease_seconds: How long an attempt may go unheard of, seconds.
        max_attempts: How many attempts may fail before the task is dead, 1..100.
        backoff_base_seconds: The wait before the second attempt, seconds.
        backoff_factor: By what each further wait is longer, 1..10.
        backoff_cap_seconds: The longest wait, seconds.
        not_before: When the first attempt may begin, RFC 3339.
        tags: For search.
        parent: The task that this one is a part of, if any.
        correlation: What ties it to others, if anything does.
        concurrency_key: Tasks with the same key share a limit.
        concurrency_limit: How many of them may be held at once, unless a limit was set for the key.
    """

    task_type: Name
    description: Text = ""
    requirements: TaskRequirements | None = None
    payload: Any = None
    priority: Priority = Priority.NORMAL
    max_cost: Amount | None = None
    deadline: Moment | None = None
    timeout_seconds: Seconds | None = None
    lease_seconds: Seconds | None = None
    max_attempts: Attempts | None = None
    backoff_base_seconds: Wait = 1.0
    backoff_factor: Factor = 2.0
    backoff_cap_seconds: Wait = 300.0
    not_before: Moment | None = None
    tags: tuple[Name, ...] = ()
    parent: Reference | None = None
    correlation: Reference | None = None
    concurrency_key: ConcurrencyKey | None = None
    concurrency_limit: Places | None = None

    def command(self, task_id: str, settings: Settings, owner: str = "") -> SubmitTask:
        """Return the command (``settings``: for what was left out; ``owner``: whose it is)."""
        wanted, timeout, lease = self.requirements, self.timeout_seconds, self.lease_seconds
        attempts = self.max_attempts
        spec = TaskSpecification(
            task_type=self.task_type,
            description=self.description,
            requirements=_ANYBODY if wanted is None else wanted.requirements(),
            payload=self.payload,
            priority=self.priority,
            max_cost=None if self.max_cost is None else units(self.max_cost, "max_cost"),
            deadline=moment(self.deadline, "deadline"),
            timeout_seconds=settings.task_timeout_seconds if timeout is None else timeout,
            lease_seconds=settings.task_lease_seconds if lease is None else lease,
            max_attempts=settings.task_max_attempts if attempts is None else attempts,
            backoff_base_seconds=self.backoff_base_seconds,
            backoff_factor=self.backoff_factor,
            backoff_cap_seconds=self.backoff_cap_seconds,
            not_before=moment(self.not_before, "not_before"),
            tags=self.tags,
            parent=self.parent,
            correlation=self.correlation,
            concurrency_key=self.concurrency_key,
            concurrency_limit=self.concurrency_limit,
        )
        return SubmitTask(task_id=task_id, spec=spec, owner=owner)


def _encoded(kind: str) -> msgspec.Meta:
    return msgspec.Meta(extra_json_schema={"$ref": f"#/components/schemas/{kind}"})


Unread = Annotated[msgspec.Raw, _encoded("TaskSubmission")]


class TaskBatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Up to 1,000 tasks, submitted in one commit.

    Attributes:
        tasks: Each as for ``submit``; read one by one, so that a bad one spoils no other.
        atomic: All or nothing.
    """

    tasks: Annotated[
        tuple[Unread, ...], msgspec.Meta(extra_json_schema={"minItems": 1, "maxItems": 1000})
    ]
    atomic: bool = False


class BatchItem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of one task of a batch.

    Attributes:
        status: The HTTP status that it would have had alone.
        task: The task, when it was accepted.
        problem: Why it was not, when it was refused.
    """

    status: int
    task: Annotated[msgspec.Raw, _encoded("TaskAnswer")] | None = None
    problem: Annotated[msgspec.Raw, _encoded("Problem")] | None = None


class BatchResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a batch, in the order of its tasks."""

    items: list[BatchItem]
    accepted: int
    refused: int


class Attempt(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose attempt it is (``lease``: the fencing token that came with the task)."""

    agent_id: AgentId
    lease: str

    def start(self, task_id: str) -> StartTask:
        """Return the command."""
        return StartTask(task_id=task_id, agent_id=self.agent_id, lease=self.lease)


class Progress(Attempt, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How far an attempt is (``percent``: 0..100, if known)."""

    percent: Percent | None = None
    message: Text = ""

    def command(self, task_id: str) -> RecordProgress:
        """Return the command."""
        return RecordProgress(
            task_id=task_id,
            agent_id=self.agent_id,
            lease=self.lease,
            percent=self.percent,
            message=self.message,
        )


class ReportedUsage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an attempt consumed, by the agent's own account (``cost``: tokens)."""

    model: Name | None = None
    tokens_in: Count = 0
    tokens_out: Count = 0
    cost: Amount = _NOTHING

    def usage(self) -> Usage:
        """Return it as the domain has it."""
        return Usage(
            model=self.model,
            tokens_in=self.tokens_in,
            tokens_out=self.tokens_out,
            cost=units(self.cost, "usage.cost"),
        )


class Completion(Attempt, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A result (``result``: any JSON; ``quality``: the agent's own estimate, 0..1)."""

    result: Any = None
    quality: Level | None = None
    usage: ReportedUsage | None = None

    def command(self, task_id: str) -> CompleteTask:
        """Return the command."""
        return CompleteTask(
            task_id=task_id,
            agent_id=self.agent_id,
            lease=self.lease,
            result=self.result,
            quality=self.quality,
            usage=None if self.usage is None else self.usage.usage(),
        )


class Failure(Attempt, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why an attempt was given up (``retryable``: another one might do better)."""

    error_code: Name = "failed"
    message: Text = ""
    retryable: bool = True

    def command(self, task_id: str, jitter: float) -> FailTask:
        """Return the command (``jitter``: a random fraction, 0..1)."""
        return FailTask(
            task_id=task_id,
            agent_id=self.agent_id,
            lease=self.lease,
            error_code=self.error_code,
            message=self.message,
            retryable=self.retryable,
            jitter=jitter,
        )


class Cancellation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why a task is called off, for the record."""

    reason: Text = ""

    def command(self, task_id: str) -> CancelTask:
        """Return the command."""
        return CancelTask(task_id=task_id, reason=self.reason)


class Retry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A further round of attempts (``deadline``: the new one, RFC 3339)."""

    deadline: Moment | None = None

    def command(self, task_id: str) -> RetryTask:
        """Return the command."""
        return RetryTask(task_id=task_id, deadline=moment(self.deadline, "deadline"))

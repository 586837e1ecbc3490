"""What clients and agents send about tasks."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec

from aia_mas.application.settings import Settings
from aia_mas.domain.kernel.mistakes import Mistakes
from aia_mas.domain.orchestration.labels import Comparator, LabelCondition, label_text
from aia_mas.domain.orchestration.limits import MAX_CONCURRENT
from aia_mas.domain.orchestration.specification_checks import (
    DAY,
    LONGEST_TIMEOUT,
    MAX_ATTEMPTS,
    MOST_COST_TAGS,
    check_retries,
    check_specification,
)
from aia_mas.domain.orchestration.task_commands import (
    CancelTask,
    RetryTask,
    SubmitTask,
)
from aia_mas.domain.orchestration.task_specification import (
    CostPolicy,
    Priority,
    Requirements,
    TaskSpecification,
    required_skills,
)
from aia_mas.interfaces.http.schemas.amounts import OptionalAmount, optional_units
from aia_mas.interfaces.http.schemas.task_care import NESTED, Retries, only_retries
from aia_mas.interfaces.http.schemas.values import (
    AgentId,
    EncodedProblem,
    LabelValue,
    Level,
    Moment,
    Name,
    Resource,
    Text,
    encoded_as,
    label_texts,
    moment,
)


def _within(lowest: float, highest: float) -> msgspec.Meta:
    return msgspec.Meta(extra_json_schema={"minimum": lowest, "maximum": highest})


Timeout = Annotated[float, _within(1, LONGEST_TIMEOUT)]
Lease = Annotated[float, _within(1, DAY)]
Wait = Annotated[float, _within(0, DAY)]
Factor = Annotated[float, _within(1, 10)]
Attempts = Annotated[int, _within(1, MAX_ATTEMPTS)]
Places = Annotated[int, _within(1, MAX_CONCURRENT)]
ConcurrencyKey = Annotated[
    str, msgspec.Meta(extra_json_schema={"pattern": "^[A-Za-z0-9._:-]{1,128}$"})
]
Reference = Annotated[str, msgspec.Meta(extra_json_schema={"minLength": 1, "maxLength": 255})]


class LabelDemand(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is asked of one label.

    Attributes:
        key: Which label.
        op: How its value must stand to `value`, or with `in` to one of `values`. `>`, `>=`, `<`
            and `<=` compare numbers; a label that says no number never meets them. An agent
            without the label meets `!=` only.
        value: With all but `in`.
        values: With `in`.
        preferred: Who does not meet it may get the task all the same, after those who do.
    """

    key: Name
    op: Comparator = Comparator.EQUAL
    value: LabelValue | None = None
    values: tuple[LabelValue, ...] = ()
    preferred: bool = False

    def condition(self) -> LabelCondition:
        """Return it as the domain has it."""
        return LabelCondition(
            self.key,
            self.op,
            None if self.value is None else label_text(self.value),
            tuple(map(label_text, self.values)),
            self.preferred,
        )


class TaskRequirements(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom a task suits.

    Attributes:
        skills: Names of skills, or name to the least level, 0..1.
        specializations: All of them must be declared.
        labels: Keys and values that must all be equal, or a list of conditions.
        data_sources: All of them must be declared by an agent that declares any.
        preferred_agents: Agents to be taken first when they qualify.
        excluded_agents: Agents never to be taken.
        resources: How much of the agent's resources it takes while the agent holds it.
        min_tier: The lowest staking tier of an agent that may get it, one of those configured.
        sticky_key: Tasks with the same key go to the same agent when that is as good as others, or
            whenever it can by the policy ``sticky``.
    """

    skills: tuple[Name, ...] | dict[str, Level] = ()
    specializations: tuple[Name, ...] = ()
    labels: dict[str, LabelValue] | tuple[LabelDemand, ...] = {}
    data_sources: tuple[Name, ...] = ()
    preferred_agents: tuple[AgentId, ...] = ()
    excluded_agents: tuple[AgentId, ...] = ()
    resources: dict[str, Resource] = {}
    min_tier: Name | None = None
    sticky_key: Reference | None = None

    def requirements(self) -> Requirements:
        """Return it as the domain has it."""
        labels = self.labels
        return Requirements(
            skills=required_skills(self.skills),
            specializations=self.specializations,
            labels=label_texts(labels)
            if isinstance(labels, dict)
            else tuple(demand.condition() for demand in labels),
            data_sources=self.data_sources,
            preferred_agents=self.preferred_agents,
            excluded_agents=self.excluded_agents,
            resources=self.resources,
            min_tier=self.min_tier,
            sticky_key=self.sticky_key,
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
        max_cost: The highest price of an agent that may get it, tokens; of a task with a payer
            also the most that it can cost.
        payer: The agent or client whose wallet pays what the task costs; only who may spend that
            names it, and `max_cost` with it. So much is held in the wallet, and counted in every
            budget that applies, until the task is over.
        cost_tags: Whose budgets it counts in, too; at most 10.
        deadline: When it expires unfinished, RFC 3339.
        timeout_seconds: How long one attempt may run, seconds.
        lease_seconds: How long an attempt may go unheard of, seconds.
        retry: When a failed attempt is followed by another.
        max_attempts: The same as in ``retry``, like the next five.
        backoff_base_seconds: See ``retry``.
        backoff_factor: See ``retry``.
        backoff_cap_seconds: See ``retry``.
        backoff_jitter: See ``retry``.
        non_retryable_codes: See ``retry``.
        cost_policy: What becomes of a result that cost more than ``max_cost``: ``flag`` marks it,
            ``refuse`` does not take it.
        dedup_key: A word for the work. While a task of the same owner with the same one is
            unfinished, a submission is answered with that task (200, ``deduplicated``).
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
    max_cost: OptionalAmount = None
    payer: AgentId | None = None
    cost_tags: Annotated[
        tuple[Name, ...], msgspec.Meta(extra_json_schema={"maxItems": MOST_COST_TAGS})
    ] = ()
    deadline: Moment | None = None
    timeout_seconds: Timeout | None = None
    lease_seconds: Lease | None = None
    max_attempts: Attempts | None = None
    backoff_base_seconds: Wait | None = None
    backoff_factor: Factor | None = None
    backoff_cap_seconds: Wait | None = None
    backoff_jitter: Level | None = None
    non_retryable_codes: tuple[Name, ...] | None = None
    retry: Retries | None = None
    cost_policy: CostPolicy = CostPolicy.FLAG
    dedup_key: Reference | None = None
    not_before: Moment | None = None
    tags: tuple[Name, ...] = ()
    parent: Reference | None = None
    correlation: Reference | None = None
    concurrency_key: ConcurrencyKey | None = None
    concurrency_limit: Places | None = None

    def command(
        self, task_id: str, settings: Settings, now: datetime, owner: str = ""
    ) -> SubmitTask:
        """Return the command.

        Args:
            task_id: The id of the task.
            settings: For what was left out.
            now: The time, UTC.
            owner: Whose task it is.

        Raises:
            InvalidValue: A time or an amount is none of ours, or the retry policy makes no sense;
                ``others`` has whatever else is wrong.
        """
        wanted, timeout, lease = self.requirements, self.timeout_seconds, self.lease_seconds
        mistakes = Mistakes()
        check = mistakes.check
        retries = check(only_retries, self) or Retries()
        spec = TaskSpecification(
            task_type=self.task_type,
            description=self.description,
            requirements=_ANYBODY if wanted is None else wanted.requirements(),
            payload=self.payload,
            priority=self.priority,
            max_cost=check(optional_units, self.max_cost, "max_cost"),
            payer=self.payer,
            cost_tags=self.cost_tags,
            deadline=check(moment, self.deadline, "deadline"),
            timeout_seconds=settings.task_timeout_seconds if timeout is None else timeout,
            lease_seconds=settings.task_lease_seconds if lease is None else lease,
            **retries.settled(settings.task_max_attempts),
            cost_policy=self.cost_policy,
            dedup_key=self.dedup_key,
            not_before=check(moment, self.not_before, "not_before"),
            tags=self.tags,
            parent=self.parent,
            correlation=self.correlation,
            concurrency_key=self.concurrency_key,
            concurrency_limit=self.concurrency_limit,
        )
        names = {} if self.retry is None else NESTED
        if names:
            check(check_retries, spec, names)
        if mistakes:
            check(check_specification, spec, now, settings.tiers, names)
            mistakes.refuse()
        return SubmitTask(task_id=task_id, spec=spec, owner=owner)


Unread = Annotated[msgspec.Raw, encoded_as("TaskSubmission")]


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
    task: Annotated[msgspec.Raw, encoded_as("TaskAnswer")] | None = None
    problem: EncodedProblem | None = None


class BatchResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a batch, in the order of its tasks."""

    items: list[BatchItem]
    accepted: int
    refused: int


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

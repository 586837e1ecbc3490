"""What a task's specification may hold."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from aia_mas.domain.kernel.errors import InvalidValue
from aia_mas.domain.kernel.ids import check_id
from aia_mas.domain.kernel.mistakes import Mistakes
from aia_mas.domain.orchestration.amounts import check_resources
from aia_mas.domain.orchestration.bounds import (
    check_count,
    check_json,
    check_key,
    check_labels,
    check_levels,
    check_moment,
    check_name,
    check_names,
    check_number,
    check_text,
    check_units,
)
from aia_mas.domain.orchestration.errors import (
    DeadlinePassed,
    InvalidLeaseSeconds,
    InvalidRetryPolicy,
    InvalidText,
)
from aia_mas.domain.orchestration.labels import check_conditions
from aia_mas.domain.orchestration.limits import MAX_CONCURRENT
from aia_mas.domain.orchestration.task_specification import Requirements, TaskSpecification
from aia_mas.domain.orchestration.tiers import DEFAULT_TIERS, Tiers

DAY = 86_400.0
"""Seconds."""
LONGEST_TIMEOUT = 366 * DAY
"""Longest execution of an attempt, seconds."""
MAX_ATTEMPTS = 100
"""Most attempts that one submission may ask for."""
MOST_COST_TAGS = 10
"""Most cost tags of a task: each budget that it counts in is written with its submission."""


def check_specification(
    spec: TaskSpecification,
    now: datetime,
    tiers: Tiers = DEFAULT_TIERS,
    names: Mapping[str, str] = {},
) -> None:
    """Refuse a specification with a value out of bounds.

    Args:
        spec: The specification.
        now: The time, UTC.
        tiers: Those that it may ask for.
        names: See ``check_retries``.

    Raises:
        InvalidValue: One is (or its subclasses ``InvalidText``, ``InvalidSkillLevel``,
            ``InvalidAmount``, ``InvalidId``, ``UnknownTier``), with the field's path;
            ``others`` has all others.
    """
    mistakes = Mistakes()
    check = mistakes.check
    check(_check_type, spec.task_type)
    check(check_text, spec.description, "description")
    if spec.requirements != _NONE:
        check(_check_requirements, spec.requirements, tiers)
    check(check_json, spec.payload, "payload")
    if spec.max_cost is not None:
        check(check_units, spec.max_cost, "max_cost")
    check(
        check_number, spec.timeout_seconds, "timeout_seconds", lowest=1.0, highest=LONGEST_TIMEOUT
    )
    check(
        check_number,
        spec.lease_seconds,
        "lease_seconds",
        lowest=1.0,
        highest=DAY,
        error=InvalidLeaseSeconds,
    )
    check(check_retries, spec, names)
    check(_check_times, spec, now)
    check(check_names, spec.tags, "tags")
    check(check_payment, spec)
    if spec.concurrency_key is not None:
        check(check_key, spec.concurrency_key, "concurrency_key")
    check(_check_limit, spec)
    for field, value in (
        ("dedup_key", spec.dedup_key),
        ("parent", spec.parent),
        ("correlation", spec.correlation),
    ):
        if value is not None:
            check(check_text, value, field, shortest=1, longest=255)
    mistakes.refuse()


def check_retries(spec: TaskSpecification, names: Mapping[str, str] = {}) -> None:
    """Refuse a retry policy that never ends or makes no sense.

    Args:
        spec: Whose policy.
        names: Where its fields stand in what was sent, if not under their own names.

    Raises:
        InvalidRetryPolicy: A value is out of bounds, or the longest wait is below the first one;
            ``others`` has all others.
        InvalidText: A code is none.
    """
    mistakes = Mistakes()
    check = mistakes.check

    def path(field: str) -> str:
        return names.get(field, field)

    for field, lowest, highest in (
        ("max_attempts", 1, MAX_ATTEMPTS),
        ("backoff_base_seconds", 0.0, DAY),
        ("backoff_factor", 1.0, 10.0),
        ("backoff_cap_seconds", 0.0, DAY),
        ("backoff_jitter", 0.0, 1.0),
    ):
        check(
            check_number,
            getattr(spec, field),
            path(field),
            lowest=lowest,
            highest=highest,
            error=InvalidRetryPolicy,
        )
    cap, base = path("backoff_cap_seconds"), path("backoff_base_seconds")
    check(_check_cap, spec, cap, base)
    check(check_names, spec.non_retryable_codes, path("non_retryable_codes"))
    mistakes.refuse()


def check_deadline(deadline: datetime | None, now: datetime) -> None:
    """Refuse a deadline without a zone, or one that leaves no time.

    Raises:
        InvalidValue: It is one of these (``DeadlinePassed``: the second).
    """
    check_moment(deadline, "deadline")
    if deadline is not None and deadline <= now:
        raise DeadlinePassed("the deadline has already passed", field="deadline")


def check_payment(spec: TaskSpecification) -> None:
    """Refuse a payer that cannot have a wallet or has not said how much, and bad cost tags.

    Raises:
        InvalidValue: It is one of these (``InvalidId``...); ``others`` has all others.
    """
    mistakes = Mistakes()
    check = mistakes.check
    check(_check_cost_tags, spec.cost_tags)
    if spec.payer is not None:
        check(check_id, spec.payer, "payer")
        if spec.max_cost is None:
            mistakes.add(InvalidValue("a task with a payer names its max_cost", field="max_cost"))
    mistakes.refuse()


_NONE = Requirements()


def _check_requirements(requirements: Requirements, tiers: Tiers) -> None:
    mistakes = Mistakes()
    check, sticky = mistakes.check, requirements.sticky_key
    check(check_levels, requirements.skills, "requirements.skills")
    check(check_names, requirements.specializations, "requirements.specializations")
    if isinstance(requirements.labels, tuple):
        check(check_conditions, requirements.labels, "requirements.labels")
    else:
        check(check_labels, requirements.labels, "requirements.labels")
    if requirements.min_tier is not None:
        check(tiers.check, requirements.min_tier, "requirements.min_tier")
    check(check_names, requirements.data_sources, "requirements.data_sources")
    for field in ("preferred_agents", "excluded_agents"):
        check(_check_agents, getattr(requirements, field), f"requirements.{field}")
    check(_check_both, requirements)
    check(check_resources, requirements.resources, "requirements.resources")
    if sticky is not None:
        check(check_text, sticky, "requirements.sticky_key", shortest=1, longest=255)
    mistakes.refuse()


def _check_type(task_type: str) -> None:
    check_name(task_type, "task_type")
    if task_type.isspace():
        raise InvalidText("task_type holds nothing but white space", field="task_type")


def _check_both(requirements: Requirements) -> None:
    """Refuse agents that are to get it before all others, and never."""
    preferred = set(requirements.preferred_agents)
    for index, agent_id in enumerate(requirements.excluded_agents):
        if agent_id in preferred:
            field = f"requirements.excluded_agents.{index}"
            raise InvalidValue(f"{agent_id!r} is among the preferred_agents, too", field=field)


def _check_agents(agents: tuple[str, ...], field: str) -> None:
    check_count(agents, field)
    for index, agent_id in enumerate(agents):
        check_id(agent_id, f"{field}.{index}")


def _check_cap(spec: TaskSpecification, cap: str, base: str) -> None:
    if spec.backoff_cap_seconds < spec.backoff_base_seconds:
        raise InvalidRetryPolicy(f"{cap} is below {base}", field=cap)


def _check_limit(spec: TaskSpecification) -> None:
    if spec.concurrency_limit is None:
        return
    if spec.concurrency_key is None:
        raise InvalidValue("a limit needs a concurrency_key", field="concurrency_limit")
    check_number(spec.concurrency_limit, "concurrency_limit", lowest=1, highest=MAX_CONCURRENT)


def _check_cost_tags(tags: tuple[str, ...]) -> None:
    if len(tags) > MOST_COST_TAGS:
        raise InvalidValue(f"a task has at most {MOST_COST_TAGS} cost_tags", field="cost_tags")
    check_names(tags, "cost_tags")
    for index, tag in enumerate(tags):
        if tag in tags[:index]:
            raise InvalidValue(f"{tag!r} is among them already", field=f"cost_tags.{index}")


def _check_times(spec: TaskSpecification, now: datetime) -> None:
    mistakes = Mistakes()
    mistakes.check(check_deadline, spec.deadline, now)
    mistakes.check(check_moment, spec.not_before, "not_before")
    mistakes.refuse()
    if spec.deadline and spec.not_before and spec.not_before >= spec.deadline:
        raise InvalidValue("not_before is behind the deadline", field="not_before")

"""What is sent, and answered, when the same thing is ordered for many tasks or agents."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, UnsetType

from aia_mas.domain.kernel.errors import InvalidValue
from aia_mas.domain.kernel.mistakes import Mistakes
from aia_mas.domain.orchestration.agent import AgentStatus
from aia_mas.domain.orchestration.labels import Comparator
from aia_mas.domain.orchestration.task_specification import Priority
from aia_mas.domain.orchestration.task_status import TaskStatus
from aia_mas.domain.orchestration.tiers import Tiers
from aia_mas.interfaces.http.schemas.values import AgentId, Level, Moment, Name, Text, moment
from aia_mas.projections.agent_directory import AgentFilter, check_operands
from aia_mas.projections.task_board import TaskFilter

MAX_BULK = 10_000
"""Most tasks or agents of one order."""

Bound = Annotated[int, msgspec.Meta(extra_json_schema={"minimum": 1, "maximum": MAX_BULK})]


class TaskCriteria(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The filters of the list of tasks; what is left out does not restrict.

    What is given does: an empty list or null, which a program may send by mistake, is not "all".
    """

    status: tuple[TaskStatus, ...] | UnsetType = UNSET
    agent_id: str | UnsetType = UNSET
    task_type: str | UnsetType = UNSET
    priority: tuple[Priority, ...] | UnsetType = UNSET
    owner: str | UnsetType = UNSET
    tag: str | UnsetType = UNSET
    parent: str | UnsetType = UNSET
    correlation: str | UnsetType = UNSET
    concurrency_key: str | UnsetType = UNSET
    dedup_key: str | UnsetType = UNSET
    since: Moment | UnsetType = UNSET
    until: Moment | UnsetType = UNSET

    def filters(self) -> TaskFilter:
        """Return it as the task board has it.

        Raises:
            InvalidValue: A list is empty, or a time is out of range; ``others`` has all others.
        """
        mistakes = Mistakes()
        given = _given(self, mistakes)
        for name in ("since", "until"):
            if name in given:
                given[name] = mistakes.check(moment, given[name], f"filter.{name}")
        mistakes.refuse()
        return TaskFilter(**given)


class BulkTerms(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """On what terms an order about many is carried out.

    Attributes:
        limit: About how many at most, 1..10,000; those that came first.
        dry_run: Only tell how many it would be, and for which of the ids it would be refused now.
        reason: Why, for the record.
    """

    limit: Bound = MAX_BULK
    dry_run: bool = False
    reason: Text = ""


class TaskBulk(BulkTerms, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which tasks; either a filter (empty: all) or ids.

    Attributes:
        filter: Like the filters of the list. Only what the order can be about is matched.
        ids: These tasks.
    """

    filter: TaskCriteria | None = None
    ids: tuple[AgentId, ...] | None = None


class RetryBulk(TaskBulk, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Tasks to be tried again (``deadline``: their new one, RFC 3339)."""

    deadline: Moment | None = None


class ReprioritiseBulk(TaskBulk, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Tasks to be moved to another class."""

    priority: Priority


class ReassignBulk(TaskBulk, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Tasks to be taken from their agents (``exclude_current``: see ``Reassignment``)."""

    exclude_current: bool = True


class Redrive(BulkTerms, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which of the dead tasks are tried again; left out: all.

    Attributes:
        filter: Like the filters of the list, beside ``status``.
        deadline: Their new one, RFC 3339.
    """

    filter: TaskCriteria = TaskCriteria()
    deadline: Moment | None = None


class AgentCriteria(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The filters of the list of agents; what is left out does not restrict.

    What is given does: an empty list or null, which a program may send by mistake, is not "all".
    """

    status: tuple[AgentStatus, ...] | UnsetType = UNSET
    online: bool | UnsetType = UNSET
    owner: str | UnsetType = UNSET
    skill: str | UnsetType = UNSET
    min_level: Level | UnsetType = UNSET
    specialization: str | UnsetType = UNSET
    label: str | UnsetType = UNSET
    label_op: Comparator | UnsetType = UNSET
    label_value: tuple[str, ...] | UnsetType = UNSET
    tier: tuple[Name, ...] | UnsetType = UNSET
    q: str | UnsetType = UNSET

    def filters(self, tiers: Tiers) -> AgentFilter:
        """Return it as the agent directory has it (``tiers``: those that there are).

        Raises:
            InvalidValue: A list is empty, a field means nothing without another one, a tier is
                unknown, or a label cannot be compared so; ``others`` has all others.
        """
        mistakes = Mistakes()
        given = _given(self, mistakes)
        for index, tier in enumerate(given.get("tier", ())):
            if mistakes.full:
                break
            mistakes.check(tiers.check, tier, f"filter.tier.{index}")
        for name, other in (
            ("min_level", "skill"),
            ("label_value", "label"),
            ("label_op", "label_value"),
        ):
            if name in given and other not in given:
                mistakes.add(InvalidValue(f"{name} needs {other}", field=f"filter.{name}"))
        filters = AgentFilter(text=given.pop("q", None), **given)
        mistakes.check(check_operands, filters.label_op, filters.label_value, "filter.label_value")
        mistakes.refuse()
        return filters


def _given(criteria: msgspec.Struct, mistakes: Mistakes) -> dict[str, Any]:
    """Return the filters that were given; empty lists are mistakes."""
    fields = criteria.__struct_fields__
    given = {name: value for name in fields if (value := getattr(criteria, name)) is not UNSET}
    for name, value in given.items():
        if value == ():
            empty = f"{name} has one entry or more"
            mistakes.add(InvalidValue(empty, field=f"filter.{name}"))
    return given


class DrainBulk(BulkTerms, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which agents get no more work; either a filter (empty: all) or ids.

    Attributes:
        filter: Like the filters of the list; only active agents are matched.
        ids: These agents.
    """

    filter: AgentCriteria | None = None
    ids: tuple[AgentId, ...] | None = None


class BulkExample(msgspec.Struct, frozen=True, omit_defaults=True):
    """One of many (``id``: which; ``code``: why it was refused, if it was)."""

    id: str
    code: str | None = None


class BulkResult(msgspec.Struct, frozen=True, kw_only=True):
    """What came of an order.

    Attributes:
        bulk_id: Its id; the order itself stands in the audit stream ``bulk/<bulk_id>``. None: there
            was none.
        dry_run: Nothing was done.
        matched: How many it is about.
        changed: How many of them it was carried out for.
        refused: How many of them it was (in a dry run: would be) refused for, by code.
        examples: Up to 20 of them; those that were refused first.
        more: There are others beyond the limit; order again.
    """

    bulk_id: str | None
    dry_run: bool
    matched: int
    changed: int
    refused: dict[str, int]
    examples: list[BulkExample]
    more: bool

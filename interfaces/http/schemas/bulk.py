"""What is sent, and answered, when the same thing is ordered for many tasks or agents."""

from __future__ import annotations

from typing import Annotated

import msgspec

from aia_mas.domain.kernel.errors import InvalidValue
from aia_mas.domain.orchestration.agent import AgentStatus
from aia_mas.domain.orchestration.labels import Comparator
from aia_mas.domain.orchestration.task_specification import Priority
from aia_mas.domain.orchestration.task_status import TaskStatus
from aia_mas.domain.orchestration.tiers import Tiers
from aia_mas.interfaces.http.schemas.values import AgentId, Level, Moment, Name, Text, moment
from aia_mas.projections.agent_directory import AgentFilter
from aia_mas.projections.task_board import TaskFilter

MAX_BULK = 10_000
"""Most tasks or agents of one order."""

Bound = Annotated[int, msgspec.Meta(extra_json_schema={"minimum": 1, "maximum": MAX_BULK})]


class TaskCriteria(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The filters of the list of tasks; what is left out does not restrict."""

    status: tuple[TaskStatus, ...] = ()
    agent_id: str | None = None
    task_type: str | None = None
    priority: tuple[Priority, ...] = ()
    owner: str | None = None
    tag: str | None = None
    parent: str | None = None
    correlation: str | None = None
    since: Moment | None = None
    until: Moment | None = None

    def filters(self) -> TaskFilter:
        """Return it as the task board has it."""
        return TaskFilter(
            status=self.status,
            agent_id=self.agent_id,
            task_type=self.task_type,
            priority=self.priority,
            owner=self.owner,
            tag=self.tag,
            parent=self.parent,
            correlation=self.correlation,
            since=moment(self.since, "filter.since"),
            until=moment(self.until, "filter.until"),
        )


class TaskBulk(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which tasks; either a filter (empty: all) or ids.

    Attributes:
        filter: Like the filters of the list. Only what the order can be about is matched.
        ids: These tasks.
        limit: Tasks at most, 1..10,000.
        dry_run: Only tell how many it would be.
        reason: Why, for the record.
    """

    filter: TaskCriteria | None = None
    ids: tuple[AgentId, ...] | None = None
    limit: Bound = MAX_BULK
    dry_run: bool = False
    reason: Text = ""


class RetryBulk(TaskBulk, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Tasks to be tried again (``deadline``: their new one, RFC 3339)."""

    deadline: Moment | None = None


class ReprioritiseBulk(TaskBulk, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Tasks to be moved to another class."""

    priority: Priority


class ReassignBulk(TaskBulk, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Tasks to be taken from their agents (``exclude_current``: see ``Reassignment``)."""

    exclude_current: bool = True


class Redrive(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which of the dead tasks are tried again; left out: all.

    Attributes:
        filter: Like the filters of the list, beside ``status``.
        limit: Tasks at most, 1..10,000, those that were submitted first.
        dry_run: Only tell how many it would be.
        reason: Why, for the record.
        deadline: Their new one, RFC 3339.
    """

    filter: TaskCriteria = TaskCriteria()
    limit: Bound = MAX_BULK
    dry_run: bool = False
    reason: Text = ""
    deadline: Moment | None = None


class AgentCriteria(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The filters of the list of agents; what is left out does not restrict."""

    status: tuple[AgentStatus, ...] = ()
    online: bool | None = None
    owner: str | None = None
    skill: str | None = None
    min_level: Level | None = None
    specialization: str | None = None
    label: str | None = None
    label_op: Comparator | None = None
    label_value: tuple[str, ...] = ()
    tier: tuple[Name, ...] = ()
    q: str | None = None

    def filters(self, tiers: Tiers) -> AgentFilter:
        """Return it as the agent directory has it (``tiers``: those that there are).

        Raises:
            InvalidValue: A field means nothing without another one, or a tier is unknown.
        """
        for index, tier in enumerate(self.tier):
            tiers.check(tier, f"filter.tier.{index}")
        for name, other in (
            ("min_level", "skill"),
            ("label_value", "label"),
            ("label_op", "label_value"),
        ):
            if getattr(self, name) not in {None, ()} and getattr(self, other) in {None, ()}:
                raise InvalidValue(f"{name} needs {other}", field=f"filter.{name}")
        operator = self.label_op or Comparator.EQUAL
        return AgentFilter(
            status=self.status,
            online=self.online,
            owner=self.owner,
            skill=self.skill,
            min_level=self.min_level,
            specialization=self.specialization,
            label=self.label,
            label_op=operator,
            label_value=self.label_value,
            tier=self.tier,
            text=self.q,
        )


class DrainBulk(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which agents get no more work; either a filter (empty: all) or ids.

    Attributes:
        filter: Like the filters of the list; only active agents are matched.
        ids: These agents.
        limit: Agents at most, 1..10,000.
        dry_run: Only tell how many it would be.
        reason: Why, for the record.
    """

    filter: AgentCriteria | None = None
    ids: tuple[AgentId, ...] | None = None
    limit: Bound = MAX_BULK
    dry_run: bool = False
    reason: Text = ""


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
        refused: How many of them it was refused for, by code.
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

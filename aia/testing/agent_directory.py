"""The agent directory in memory: the queries of ``AgentDirectory`` over the rows of its fold."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from string import ascii_lowercase, ascii_uppercase
from typing import NamedTuple

import msgspec

from aia.testing.pages import Order, page_of
from aia.testing.snapshots import is_wanted_agent, memory_reading
from aia.testing.tables import Tables
from aia_mas.domain.kernel.money import to_text
from aia_mas.domain.orchestration.labels import Comparator, LabelCondition, meets
from aia_mas.domain.orchestration.tiers import Tiers
from aia_mas.projections.agent_directory import AgentFilter, check_operands
from aia_mas.projections.agent_items import told_agent
from aia_mas.projections.agent_rows import AgentRow, AgentStakeRow, AgentWorkRow
from aia_mas.projections.agent_view import Agent
from aia_mas.projections.listing import Found, Page, check_texts
from aia_mas.projections.snapshot_reading import Reading, Wanted

_MILLIONTH = Decimal("0.000001")
_LOWER = str.maketrans(ascii_uppercase, ascii_lowercase)


class _Row(NamedTuple):
    declared: AgentRow
    work: AgentWorkRow
    stake: AgentStakeRow

    @property
    def effective(self) -> int:
        return int(self.stake.effective)


class MemoryAgentDirectory:
    """Answers as ``AgentDirectory`` does."""

    def __init__(self, tables: Tables, tiers: Tiers, position: Callable[[], int]) -> None:
        """Read the tables of the directory.

        Args:
            tables: They.
            tiers: Which stake makes which tier.
            position: How far they have come.
        """
        self._tables = tables
        self._tiers = tiers
        self._position = position

    async def get(self, agent_id: str) -> Agent | None:
        """Return an agent, unregistered ones included."""
        return (await self.find(agent_id)).item

    async def find(self, agent_id: str) -> Found[Agent]:
        """Return the same, and the position at which it stood so."""
        declared = self._tables.rows[0].get(agent_id)
        agent = None if declared is None else self._agent(self._with_work(declared))
        return Found(agent, self._position())

    async def list(
        self,
        filters: AgentFilter = AgentFilter(),  # noqa: B008 - immutable
        sort: str = "agent_id",
        cursor: str | None = None,
        limit: int = 100,
    ) -> Page[Agent]:
        """Return one page of agents; see ``AgentDirectory.list``."""
        return page_of(
            self._chosen(filters),
            self._agent,
            _ORDERS,
            _key,
            sort=sort,
            cursor=cursor,
            limit=limit,
            position=self._position(),
        )

    async def ids(self, filters: AgentFilter, limit: int) -> Sequence[str]:
        """Return the ids of agents, in their order, at most ``limit``."""
        return sorted(map(_key, self._chosen(filters)))[:limit]

    async def count(self, filters: AgentFilter = AgentFilter()) -> int:  # noqa: B008 - immutable
        """Return how many agents there are."""
        return sum(1 for _ in self._chosen(filters))

    def snapshot(self, wanted: Wanted, limit: int) -> AbstractAsyncContextManager[Reading]:
        """Open all agents that are wanted, in the order of their ids."""
        rows = sorted(map(self._with_work, self._tables.rows[0].values()), key=_key)
        agents = (agent for agent in map(self._agent, rows) if is_wanted_agent(agent, wanted))
        return memory_reading(map(told_agent, agents), limit, self._position())

    def _chosen(self, filters: AgentFilter) -> Iterator[_Row]:
        check_texts(filters)
        if filters.label is not None:
            check_operands(filters.label_op, filters.label_value)
        rows = map(self._with_work, self._tables.rows[0].values())
        return (
            row for row in rows if _fits(row.declared, filters) and self._in_tier(row, filters.tier)
        )

    def _in_tier(self, row: _Row, tiers: tuple[str, ...]) -> bool:
        return not tiers or self._tiers.of(row.effective) in tiers

    def _with_work(self, declared: AgentRow) -> _Row:
        agent_id, (_, works, stakes) = declared.agent_id, self._tables.rows
        work, stake = works.get(agent_id), stakes.get(agent_id)
        return _Row(declared, work or AgentWorkRow(agent_id), stake or AgentStakeRow(agent_id))

    def _agent(self, row: _Row) -> Agent:
        declared, work, stake = row
        rate = _success_rate(work)
        told = msgspec.structs.asdict(declared)
        for inner in ("registered_position", "cost_per_task", "initial_stake", "position"):
            del told[inner]
        return Agent(
            **told,
            tier=self._tiers.of(row.effective),
            stake=to_text(row.effective),
            active_tasks=work.active_tasks,
            cost_per_task=to_text(int(declared.cost_per_task)),
            initial_stake=to_text(int(declared.initial_stake)),
            assigned=work.assigned,
            completed=work.completed,
            failed=work.failed,
            released=work.released,
            lost=work.lost,
            success_rate=None if rate is None else float(rate),
            position=max(declared.position, work.position, stake.position),
        )


def _key(row: _Row) -> str:
    return row.declared.agent_id


def _success_rate(work: AgentWorkRow) -> Decimal | None:
    ended = work.completed + work.failed + work.lost
    if not ended:
        return None
    return (Decimal(work.completed) / ended).quantize(_MILLIONTH, ROUND_HALF_UP)


def _sortable_rate(row: _Row) -> Fraction:
    rate = _success_rate(row.work)
    return Fraction(-1 if rate is None else rate)


_ORDERS = {
    "agent_id": Order(_key, str),
    "registered_at": Order(lambda row: Fraction(row.declared.registered_position)),
    "updated_at": Order(lambda row: Fraction(row.declared.position)),
    "cost_per_task": Order(lambda row: Fraction(row.declared.cost_per_task)),
    "active_tasks": Order(lambda row: Fraction(row.work.active_tasks)),
    "load": Order(lambda row: Fraction(row.work.active_tasks, row.declared.max_concurrent_tasks)),
    "completed": Order(lambda row: Fraction(row.work.completed)),
    "success_rate": Order(_sortable_rate),
}


def _fits(agent: AgentRow, filters: AgentFilter) -> bool:
    if filters.status:
        if agent.status not in filters.status:
            return False
    elif agent.status == "unregistered":
        return False
    if filters.skill is not None:
        level = agent.skills.get(filters.skill)
        if level is None or level < (filters.min_level or 0.0):
            return False
    return (
        (filters.online is None or agent.online == filters.online)
        and (filters.owner is None or agent.owner == filters.owner)
        and (filters.specialization is None or filters.specialization in agent.specializations)
        and (filters.label is None or _has_label(agent, filters))
        and (filters.text is None or _holds(agent, filters.text))
    )


def _has_label(agent: AgentRow, filters: AgentFilter) -> bool:
    assert filters.label is not None
    op, values = filters.label_op, filters.label_value
    if not values:
        return filters.label in agent.labels
    if op is Comparator.IN:
        condition = LabelCondition(filters.label, op=op, values=values)
    else:
        condition = LabelCondition(filters.label, op=op, value=values[0])
    return meets(condition, agent.labels)


def _holds(agent: AgentRow, text: str) -> bool:
    metadata = msgspec.to_builtins(agent.metadata)
    name = metadata.get("name") if isinstance(metadata, dict) else None
    words = [agent.agent_id, agent.owner, *agent.specializations, *agent.skills]
    if name is not None:
        words.append(name if isinstance(name, str) else msgspec.json.encode(name).decode())
    return text.translate(_LOWER) in " ".join(words).translate(_LOWER)

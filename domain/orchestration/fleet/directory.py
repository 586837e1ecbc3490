"""Which agent sits in which slot of the arrays, and what it declares, one column per name."""

from __future__ import annotations

from collections.abc import Iterator, Set
from heapq import heappop, heappush
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from aia_mas.domain.kernel.money import to_text
from aia_mas.domain.orchestration.amounts import had, shown
from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.domain.orchestration.labels import Comparator, LabelCondition, label_number
from aia_mas.domain.orchestration.requirement import RequirementSignature
from aia_mas.domain.orchestration.tiers import DEFAULT_TIERS, Tiers

Mask = NDArray[np.bool_]
_Key = tuple[str, str, str]
# What a column holds for an agent that does not declare its name.
_ABSENT = {"skill": -1.0, "number": float("nan"), "resource": 0}
_NOBODY = Capabilities()
_NONE: Set[int] = frozenset()
# Prices and stakes go beyond 64 bits (18 decimals), so each is kept as two halves that do not.
_HALF = 62
_LOW = (1 << _HALF) - 1
_COLUMN_BYTES = 64 << 20
# With more agents than this declaring the same it has a column.
_SPARSE = 64
_NAMED = 20
"""Excluded agents that a demand names, at most."""
# So many columns that one agent begins take less than a millisecond.
_BEGUN_AT_ONCE = 8
_GROWING = (
    "_present", "_ranks", "_declares_sources", "_price_high", "_price_low", "_stake_high",
    "_stake_low",
)  # fmt: skip
_ORDER = {
    Comparator.ABOVE: np.greater,
    Comparator.AT_LEAST: np.greater_equal,
    Comparator.BELOW: np.less,
    Comparator.AT_MOST: np.less_equal,
}


class Condition(NamedTuple):
    """One demand of a task, and who meets it.

    Attributes:
        code: The reason that stands when nobody does.
        facts: What is demanded, for that reason.
        met: Per slot, whether its agent meets it.
    """

    code: str
    facts: dict[str, Any]
    met: Mask


class Directory:
    """The slots of the fleet's arrays, and the declared names as columns over them.

    Who declares a name, or a label with a value, is kept as a set of slots. With many of them it
    is a column as well, which begins while they are few: so nothing ever asks all agents. What few
    declare is made an array of when a task asks for it.
    """

    def __init__(self, tiers: Tiers = DEFAULT_TIERS) -> None:
        """Start without agents (``tiers``: those that there are)."""
        self.tiers = tiers
        self.slots: dict[str, int] = {}
        self.declared: list[Capabilities | None] = []
        self.agent_ids: list[str] = []
        self._free: list[int] = []
        self._capacity = 64
        self._present = np.zeros(self._capacity, dtype=np.bool_)
        self._ranks = np.zeros(self._capacity, dtype=np.uint16)
        self._declares_sources = np.zeros(self._capacity, dtype=np.bool_)
        self._price_high = np.zeros(self._capacity, dtype=np.int64)
        self._price_low = np.zeros(self._capacity, dtype=np.int64)
        self._stake_high = np.zeros(self._capacity, dtype=np.int64)
        self._stake_low = np.zeros(self._capacity, dtype=np.int64)
        self._columns: dict[_Key, NDArray[Any]] = {}
        self._declarers: dict[_Key, set[int]] = {}

    def seat(self, agent_id: str) -> int:
        """Return the agent's slot; a new agent gets the lowest free one."""
        slot = self.slots.get(agent_id)
        if slot is not None:
            return slot
        if self._free:
            slot = heappop(self._free)
            self.agent_ids[slot] = agent_id
        else:
            slot = len(self.agent_ids)
            self.agent_ids.append(agent_id)
            self.declared.append(None)
            if slot == self._capacity:
                self._grow()
        self.slots[agent_id] = slot
        return slot

    def unseat(self, agent_id: str) -> None:
        """Free the agent's slot for another one; what it declared is forgotten."""
        slot = self.slots.pop(agent_id)
        self.declare(slot, None)
        self.agent_ids[slot] = ""
        heappush(self._free, slot)

    def declare(self, slot: int, capabilities: Capabilities | None) -> None:
        """Set what the agent in a slot declares; its stake is set afterwards.

        None for what it declares: it is not to be found any more.
        """
        old = self.declared[slot]
        self.set_stake(slot, 0)
        self.declared[slot] = capabilities
        self._present[slot] = capabilities is not None
        self._declares_sources[slot] = capabilities is not None and bool(capabilities.data_sources)
        for key, _ in _entries(old):
            # A name may be declared twice.
            if (declarers := self._declarers.get(key)) is not None:
                declarers.discard(slot)
                if not declarers:
                    del self._declarers[key]
            if (column := self._columns.get(key)) is not None and slot < column.size:
                column[slot] = _ABSENT.get(key[0], False)
        begun = 0
        for key, value in _entries(capabilities):
            declarers = self._declarers.setdefault(key, set())
            declarers.add(slot)
            if (column := self._columns.get(key)) is not None:
                self._sized(key, column)[slot] = value
            elif len(declarers) > _SPARSE and begun < _BEGUN_AT_ONCE and self._has_room:
                self._columns[key] = self._build(key)
                begun += 1
        price = 0 if capabilities is None else capabilities.cost_per_task
        self._price_high[slot] = price >> _HALF
        self._price_low[slot] = price & _LOW

    def set_stake(self, slot: int, stake: int) -> None:
        """Set what the agent in a slot has at stake, base units, and with it its tier."""
        self._stake_high[slot], self._stake_low[slot] = stake >> _HALF, stake & _LOW
        self._ranks[slot] = self.tiers.rank(stake)

    def use_tiers(self, tiers: Tiers) -> None:
        """Have other tiers hold, for all agents at once."""
        self.tiers = tiers
        size = len(self.declared)
        highs, lows, ranks = self._stake_high[:size], self._stake_low[:size], self._ranks[:size]
        ranks[:] = 0
        for tier in tiers.rows:
            high, low = tier.stake >> _HALF, tier.stake & _LOW
            ranks += (highs > high) | ((highs == high) & (lows >= low))

    def present(self) -> Mask:
        """Return, per slot, whether a registered agent sits there (a view; do not change it)."""
        return self._present[: len(self.declared)]

    def tier_of(self, slot: int) -> int:
        """Return the rank of the tier of the agent in a slot, 0 for none."""
        return int(self._ranks[slot])

    def resource(self, name: str) -> NDArray[np.int64]:
        """Return, per slot, how much of a resource its agent has, millionths (a view)."""
        return self._column(("resource", name, ""))

    def meeting(self, condition: LabelCondition) -> Mask:
        """Return, per slot, whether its agent meets a condition; vacant slots may, too."""
        key, op, value = condition.key, condition.op, condition.value or ""
        if op in _ORDER:
            bound = label_number(value)
            column = self._column(("number", key, ""))
            ordered: Mask = _ORDER[op](column, np.nan if bound is None else bound)
            return ordered
        if op is Comparator.IN:
            met = np.zeros(len(self.declared), dtype=np.bool_)
            for each in condition.values:
                met |= self._column(("label", key, each))
            return met
        met = self._column(("label", key, value))
        return ~met if op is Comparator.NOT_EQUAL else met

    def specialised(self, name: str) -> Mask:
        """Return, per slot, whether its agent declares this specialization (a view)."""
        return self._column(("specialization", name, ""))

    def conditions(self, signature: RequirementSignature) -> Iterator[Condition]:
        """Yield each demand of a task with who meets it; all together they say who qualifies."""
        for name, level in signature.skills:
            met = self._column(("skill", name, "")) >= level
            if level <= 0.0:
                met |= self.specialised(name)
            yield Condition("no_agent_with_skill", {"skill": name, "level": level}, met)
        for name in signature.specializations:
            facts = {"specialization": name}
            yield Condition("no_agent_with_specialization", facts, self.specialised(name))
        for label in signature.labels:
            yield Condition("no_agent_with_label", _label_facts(label), self.meeting(label))
        size = len(self.declared)
        for name in signature.data_sources:
            met = self._column(("source", name, "")) | ~self._declares_sources[:size]
            yield Condition("no_agent_with_data_source", {"data_source": name}, met)
        for name, amount in signature.resources:
            needs = {"resource": name, "amount": shown(amount)}
            yield Condition("no_agent_with_resource", needs, self.resource(name) >= amount)
        if (tier := signature.min_tier) is not None:
            rank = self.tiers.rank_of(tier)
            code = "unknown_tier" if rank is None else "no_agent_with_tier"
            met = np.zeros(size, dtype=np.bool_) if rank is None else self._ranks[:size] >= rank
            yield Condition(code, {"min_tier": tier}, met)
        if signature.max_cost is not None:
            high, low = signature.max_cost >> _HALF, signature.max_cost & _LOW
            highs = self._price_high[:size]
            met = (highs < high) | ((highs == high) & (self._price_low[:size] <= low))
            facts = {"max_cost": to_text(signature.max_cost)}
            yield Condition("price_above_max_cost", facts, met)
        if signature.excluded:
            met = np.ones(size, dtype=np.bool_)
            met[[self.slots[name] for name in signature.excluded if name in self.slots]] = False
            names = list(signature.excluded[:_NAMED])
            yield Condition("excluded", {"excluded_agents": names}, met)

    def lowest_price(self, mask: Mask) -> int:
        """Return the lowest price of the agents in some slots, at least one, base units."""
        size = len(self.declared)
        highs, lows = self._price_high[:size][mask], self._price_low[:size][mask]
        high = highs.min()
        return (int(high) << _HALF) | int(lows[highs == high].min())

    def declarers(self, signature: RequirementSignature) -> Iterator[Set[int]]:
        """Yield who declares each name, or label, without which nobody meets the demands."""
        for name, level in signature.skills:
            if level > 0.0:
                yield self._declarers.get(("skill", name, ""), _NONE)
        for name in signature.specializations:
            yield self._declarers.get(("specialization", name, ""), _NONE)
        for label in signature.labels:
            if label.op is Comparator.EQUAL:
                yield self._declarers.get(("label", label.key, label.value or ""), _NONE)
        for name, amount in signature.resources:
            if amount > 0:
                yield self._declarers.get(("resource", name, ""), _NONE)

    def _column(self, key: _Key) -> NDArray[Any]:
        """Return what each agent declares under a key (not to be changed)."""
        column = self._columns.get(key)
        if column is None:
            column = self._build(key)
            # Anybody may ask for names that few declare, or nobody: not worth remembering.
            if len(self._declarers.get(key, ())) > _SPARSE:
                if not self._has_room:
                    # Rebuilt on demand: simpler than to find the one that is missed least.
                    self._columns.clear()
                self._columns[key] = column
        return self._sized(key, column)[: len(self.declared)]

    @property
    def _has_room(self) -> bool:
        return len(self._columns) * self._capacity * 8 <= _COLUMN_BYTES

    def _sized(self, key: _Key, column: NDArray[Any]) -> NDArray[Any]:
        """Return a column with a place for every slot."""
        if column.size < self._capacity:
            more = np.full(self._capacity - column.size, _ABSENT.get(key[0], False))
            column = self._columns[key] = np.concatenate((column, more))
        return column

    def _build(self, key: _Key) -> NDArray[Any]:
        kind, name, _ = key
        column = np.full(self._capacity, _ABSENT.get(kind, False))
        slots = list(self._declarers.get(key, ()))
        if not slots:
            return column
        seated = (self.declared[slot] or _NOBODY for slot in slots)
        if kind == "skill":
            column[slots] = [each.skills[name] for each in seated]
        elif kind == "resource":
            column[slots] = [had(each.resources[name]) for each in seated]
        elif kind == "number":
            column[slots] = [_number(each.labels[name]) for each in seated]
        else:
            column[slots] = True
        return column

    def _grow(self) -> None:
        self._capacity *= 2
        if len(self._columns) * self._capacity * 8 > _COLUMN_BYTES:
            self._columns.clear()
        for name in _GROWING:
            old = getattr(self, name)
            setattr(self, name, np.concatenate((old, np.zeros_like(old))))


def _number(text: str | None) -> float:
    number = label_number(text)
    return _ABSENT["number"] if number is None else number


def _label_facts(label: LabelCondition) -> dict[str, Any]:
    if label.op is Comparator.IN:
        return {"label": label.key, "op": label.op.value, "values": list(label.values)}
    return {"label": label.key, "op": label.op.value, "value": label.value}


def _entries(capabilities: Capabilities | None) -> Iterator[tuple[_Key, float | bool]]:
    if capabilities is None:
        return
    for name, level in capabilities.skills.items():
        yield ("skill", name, ""), level
    for name in capabilities.specializations:
        yield ("specialization", name, ""), True
    for name in capabilities.data_sources:
        yield ("source", name, ""), True
    for name, value in capabilities.labels.items():
        yield ("label", name, value), True
        yield ("number", name, ""), _number(value)
    for name, amount in capabilities.resources.items():
        yield ("resource", name, ""), had(amount)

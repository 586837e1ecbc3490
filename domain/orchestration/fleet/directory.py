"""Which agent sits in which slot of the arrays, and what it declares, one column per name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from heapq import heappop, heappush
from itertools import islice
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
# Prices go beyond 64 bits (18 decimals), so each is kept as two halves that do not.
_HALF = 62
_LOW = (1 << _HALF) - 1
_COLUMN_BYTES = 64 << 20
# So many columns that one agent begins take less than a millisecond.
_BEGUN_AT_ONCE = 16
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

    A column begins with the first agent that declares its name, when nothing needs to be gathered,
    up to half of what columns may take; the others are built when a task first asks for them. Names
    that no agent declares have none.
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
        self._columns: dict[_Key, NDArray[Any]] = {}
        # Kind and name -> how many agents declare it.
        self._declarers: Counter[tuple[str, str]] = Counter()

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

    def declare(self, slot: int, capabilities: Capabilities | None, tier: int = 0) -> None:
        """Set what the agent in a slot declares, and the rank of its tier (0: none).

        None for what it declares: it is not to be found any more.
        """
        old = self.declared[slot]
        self._ranks[slot] = tier
        self.declared[slot] = capabilities
        self._present[slot] = capabilities is not None
        self._declares_sources[slot] = capabilities is not None and bool(capabilities.data_sources)
        self._declarers.update(_names(capabilities))
        for name in _names(old):
            self._declarers[name] -= 1
            if not self._declarers[name]:
                del self._declarers[name]
        self._begin_columns(capabilities)
        if self._columns:
            for key, _ in _entries(old):
                if (column := self._columns.get(key)) is not None and slot < column.size:
                    column[slot] = _ABSENT.get(key[0], False)
            for key, value in _entries(capabilities):
                if (column := self._columns.get(key)) is not None:
                    self._sized(key, column)[slot] = value
        price = 0 if capabilities is None else capabilities.cost_per_task
        self._price_high[slot] = price >> _HALF
        self._price_low[slot] = price & _LOW

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
            yield Condition("excluded", {}, met)

    def _column(self, key: _Key) -> NDArray[Any]:
        column = self._columns.get(key)
        if column is None:
            if (key[0], key[1]) not in self._declarers:
                # Anybody may ask for names that there are not: not worth remembering.
                return np.full(len(self.declared), _ABSENT.get(key[0], False))
            if len(self._columns) * self._capacity * 8 > _COLUMN_BYTES:
                # Rebuilt on demand: simpler than to find the one that is missed least.
                self._columns.clear()
            column = self._columns[key] = self._build(key)
        return self._sized(key, column)[: len(self.declared)]

    def _begin_columns(self, capabilities: Capabilities | None) -> None:
        """Begin the columns of some names that an agent is the first to declare."""
        room = _COLUMN_BYTES // 2 // (self._capacity * 8) - len(self._columns)
        first = (name for name in _names(capabilities) if self._declarers[name] == 1)
        begun = ((*name, "") for name in first if name[0] != "label")
        for key in islice(begun, max(0, min(room, _BEGUN_AT_ONCE))):
            if key not in self._columns:
                self._columns[key] = np.full(self._capacity, _ABSENT.get(key[0], False))

    def _sized(self, key: _Key, column: NDArray[Any]) -> NDArray[Any]:
        """Return a column with a place for every slot."""
        if column.size < self._capacity:
            more = np.full(self._capacity - column.size, _ABSENT.get(key[0], False))
            column = self._columns[key] = np.concatenate((column, more))
        return column

    def _build(self, key: _Key) -> NDArray[Any]:
        kind, name, value = key
        absent = _ABSENT.get(kind, False)
        seated = [_NOBODY if each is None else each for each in self.declared]
        held: list[float] | list[bool] | list[int]
        if kind == "skill":
            held = [each.skills.get(name, absent) for each in seated]
        elif kind == "specialization":
            held = [name in each.specializations for each in seated]
        elif kind == "source":
            held = [name in each.data_sources for each in seated]
        elif kind == "resource":
            held = [had(each.resources.get(name, 0.0)) for each in seated]
        elif kind == "number":
            held = [_number(each.labels.get(name)) for each in seated]
        else:
            held = [each.labels.get(name) == value for each in seated]
        column = np.full(self._capacity, absent)
        column[: len(held)] = held
        return column

    def _grow(self) -> None:
        self._capacity *= 2
        if len(self._columns) * self._capacity * 8 > _COLUMN_BYTES:
            self._columns.clear()
        for name in ("_present", "_ranks", "_declares_sources", "_price_high", "_price_low"):
            old = getattr(self, name)
            setattr(self, name, np.concatenate((old, np.zeros_like(old))))


def _number(text: str | None) -> float:
    number = label_number(text)
    return _ABSENT["number"] if number is None else number


def _label_facts(label: LabelCondition) -> dict[str, Any]:
    if label.op is Comparator.IN:
        return {"label": label.key, "op": label.op.value, "values": list(label.values)}
    return {"label": label.key, "op": label.op.value, "value": label.value}


def _names(capabilities: Capabilities | None) -> Iterator[tuple[str, str]]:
    if capabilities is None:
        return
    for kind, names in (
        ("skill", capabilities.skills),
        ("specialization", capabilities.specializations),
        ("source", capabilities.data_sources),
        ("label", capabilities.labels),
        ("number", capabilities.labels),
        ("resource", capabilities.resources),
    ):
        for name in names:
            yield kind, name


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

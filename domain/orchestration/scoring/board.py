"""The features of all agents as arrays, by slot: kept up to date, so that a choice only gathers."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from math import log1p, sqrt

import numpy as np
from numpy.typing import NDArray

from aia_mas.domain.kernel.money import ONE as TOKEN
from aia_mas.domain.orchestration.scoring.records import (
    NO_TYPE,
    UNIT,
    AgentRecord,
    Pair,
    Records,
)

Numbers = NDArray[np.float64]
Slots = NDArray[np.intp]

# Rows of the array over all agents; the first three are, or become, features.
HEADROOM, PRICE, STAKE, PENDING, DRAG, TURN, OWN, LEAN = range(8)
# Rows of the array of one type of task.
GOOD, REST, UNSURE, TOOK, UNKNOWN = range(5)

_COLUMN_BYTES = 64 << 20
"""Of the arrays by type; beyond, the least recently used is worked out anew when it is needed."""

# How many observations the record above is worth in the one below it.
_BASE_WEIGHT, _TYPE_WEIGHT, _AGENT_WEIGHT, _PAIR_WEIGHT = 2, 8, 4, 4
_OPTIMISM = 0.05
_RICH = log1p(10_000)
"""The stake, in tokens, that counts as much as any larger one: that of the highest tier."""


class Board:
    """What the choice among agents is made on, by slot."""

    def __init__(self, records: Records, agent_ids: Sequence[str]) -> None:
        """Start without agents.

        Args:
            records: What is known of agents; this board follows it.
            agent_ids: By slot, who sits there; "" for nobody. It changes meanwhile.
        """
        self._records = records
        self._agent_ids = agent_ids
        self._capacity = 64
        self.rows: Numbers = np.zeros((8, self._capacity))
        self.open: NDArray[np.bool_] = np.zeros(self._capacity, dtype=np.bool_)
        self._columns: OrderedDict[str, Numbers] = OrderedDict()

    def cover(self, slot: int) -> None:
        """Make room for a slot."""
        if slot >= self._capacity:
            self._capacity *= 2
            self.rows = np.concatenate((self.rows, np.zeros_like(self.rows)), axis=1)
            self.open = np.concatenate((self.open, np.zeros_like(self.open)))
            self._columns.clear()

    def load(self, slot: int, active: int, limit: int, turn: int) -> None:
        """Set how many of its places an agent has taken, and when it was last given a task."""
        self.open[slot] = active < limit
        rows = self.rows
        rows[HEADROOM, slot] = (limit - active) / limit if active < limit else 0.0
        rows[PENDING, slot] = active + 1
        rows[TURN, slot] = turn

    def terms(self, slot: int, price: int, stake: int) -> None:
        """Set an agent's price and stake, base units."""
        self.rows[PRICE, slot] = price
        self.rows[STAKE, slot] = min(1.0, log1p(stake / TOKEN) / _RICH)

    def seat(self, slot: int, record: AgentRecord) -> None:
        """Set the whole record of the agent in a slot."""
        self._set_agent(slot, record)
        for task_type, columns in self._columns.items():
            columns[:, slot] = _pair_column(record.pairs.get(task_type, _NO_PAIR))

    def learn(self, slot: int, record: AgentRecord, task_type: str | None) -> None:
        """Set the record of the agent in a slot where it changed: overall, and in one type."""
        self._set_agent(slot, record)
        columns = None if task_type is None else self._columns.get(task_type)
        if columns is not None and task_type is not None:
            columns[:, slot] = _pair_column(record.pairs.get(task_type, _NO_PAIR))

    def gather(self, slots: Slots | None, size: int, task_type: str) -> tuple[Numbers, Numbers]:
        """Return the rows over all agents and those of a type, for some slots (None: all)."""
        columns = self._columns_of(task_type)
        if slots is None:
            return self.rows[:, :size], columns[:, :size]
        return self.rows.take(slots, axis=1), columns.take(slots, axis=1)

    def agent_id(self, slot: int) -> str:
        """Return who sits in a slot."""
        return self._agent_ids[slot]

    def outlook(self, task_type: str) -> tuple[float, float, float]:
        """Return what is known of a type: its mean quality, its optimism, its typical duration.

        The optimism grows with the number of observations of the type and shrinks with those of
        the agent (UCB1: Auer, Cesa-Bianchi, Fischer, 2002), so that nobody is written off for good.
        """
        records = self._records
        base = (records.good + UNIT * _BASE_WEIGHT / 2) / (records.seen + UNIT * _BASE_WEIGHT)
        of_type = records.types.get(task_type, NO_TYPE)
        mean = (of_type.good + base * UNIT * _TYPE_WEIGHT) / (of_type.seen + UNIT * _TYPE_WEIGHT)
        # The binary logarithm in whole numbers: the same everywhere, and it changes rarely.
        return mean, _OPTIMISM * sqrt(of_type.count.bit_length()), float(of_type.took or 1)

    def _set_agent(self, slot: int, record: AgentRecord) -> None:
        rows, weight = self.rows, record.seen + UNIT * _AGENT_WEIGHT
        rows[DRAG, slot] = 1.0 + record.penalty / UNIT
        rows[OWN, slot] = record.good / weight
        rows[LEAN, slot] = UNIT * _AGENT_WEIGHT / weight

    def _columns_of(self, task_type: str) -> Numbers:
        columns = self._columns.get(task_type)
        if columns is not None:
            self._columns.move_to_end(task_type)
            return columns
        columns = np.empty((5, self._capacity))
        columns[:] = np.array(_pair_column(_NO_PAIR))[:, None]
        of_type = self._records.types.get(task_type)
        if of_type is not None and of_type.agents:
            agents, known = self._records.agents, of_type.agents
            for slot, agent_id in enumerate(self._agent_ids):
                if agent_id in known and (record := agents.get(agent_id)) is not None:
                    columns[:, slot] = _pair_column(record.pairs[task_type])
        self._columns[task_type] = columns
        while len(self._columns) > 1 and len(self._columns) * columns.nbytes > _COLUMN_BYTES:
            self._columns.popitem(last=False)
        return columns


_NO_PAIR = Pair()


def _pair_column(pair: Pair) -> tuple[float, float, float, float, float]:
    weight = pair.seen + UNIT * _PAIR_WEIGHT
    return (
        pair.good / weight,
        UNIT * _PAIR_WEIGHT / weight,
        1.0 / sqrt(1.0 + pair.seen / UNIT),
        float(pair.took),
        0.0 if pair.took else 1.0,
    )

"""The features of all agents as arrays, by slot: kept up to date, so that a choice only gathers."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from math import log1p, sqrt

import numpy as np
from numpy.typing import NDArray

from aia_mas.domain.kernel.money import ONE as TOKEN
from aia_mas.domain.kernel.steps import Steps
from aia_mas.domain.orchestration.scoring.column import (
    HEADROOM,
    LEAN,
    OWN,
    PRICE,
    ROWS,
    SLOW,
    STAKE,
    STRANGER,
    TURN,
    Column,
    Numbers,
    Outlook,
)
from aia_mas.domain.orchestration.scoring.records import (
    NO_TYPE,
    UNIT,
    AgentRecord,
    Records,
)
from aia_mas.domain.orchestration.tiers import DEFAULT_TIERS

Slots = NDArray[np.intp]

_COLUMN_BYTES = 64 << 20
"""Of the arrays by type; beyond, the least recently used is worked out anew when it is needed."""

# How many observations the record above is worth in the one below it.
_BASE_WEIGHT, _TYPE_WEIGHT, _AGENT_WEIGHT = 2, 8, 4
_OPTIMISM = 0.05


class Board:
    """What the choice among agents is made on, by slot."""

    def __init__(
        self,
        records: Records,
        agent_ids: Sequence[str],
        slots: Mapping[str, int],
        highest: int = DEFAULT_TIERS.highest,
    ) -> None:
        """Start without agents.

        Args:
            records: What is known of agents; this board follows it.
            agent_ids: By slot, who sits there; "" for nobody. It changes meanwhile.
            slots: The other way round.
            highest: The stake that counts as much as any larger one, base units.
        """
        self._records = records
        self._agent_ids = agent_ids
        self._slots = slots
        self._capacity = 64
        self.rows: Numbers = np.zeros((7, self._capacity))
        self.open: NDArray[np.bool_] = np.zeros(self._capacity, dtype=np.bool_)
        self._wealth: NDArray[np.float64] = np.zeros(self._capacity)
        self._pending: list[int] = []
        self._drag: list[float] = []
        self._columns: OrderedDict[str, Column] = OrderedDict()
        records.changed, records.forgot = self._changed, self._forgot
        self.highest(highest)

    def highest(self, stake: int) -> None:
        """Set the stake that counts as much as any larger one, base units; see ``terms``."""
        self._rich = log1p(max(stake, TOKEN) / TOKEN)
        np.minimum(1.0, self._wealth / self._rich, out=self.rows[STAKE])

    def add(self) -> None:
        """Add a slot."""
        self._pending.append(1)
        self._drag.append(1.0)
        if len(self._pending) > self._capacity:
            self._capacity *= 2
            self.rows = np.concatenate((self.rows, np.zeros_like(self.rows)), axis=1)
            self.open = np.concatenate((self.open, np.zeros_like(self.open)))
            self._wealth = np.concatenate((self._wealth, np.zeros_like(self._wealth)))

    def load(self, slot: int, active: int, limit: int, turn: int) -> None:
        """Set how many of its places an agent has taken, and when it was last given a task."""
        rows, room = self.rows, active < limit
        self.open[slot] = room
        rows[HEADROOM, slot] = (limit - active) / limit if room else 0.0
        rows[TURN, slot] = turn
        self._pending[slot] = active + 1
        rows[SLOW, slot] = (active + 1) * self._drag[slot]

    def terms(self, slot: int, price: int, stake: int) -> None:
        """Set an agent's price and stake, base units."""
        self.rows[PRICE, slot] = price
        self._wealth[slot] = wealth = log1p(stake / TOKEN)
        self.rows[STAKE, slot] = min(1.0, wealth / self._rich)

    def learn(self, slot: int, record: AgentRecord, types: Iterable[str] | None = None) -> None:
        """Set the record of the agent in a slot, which is new there or has changed.

        Args:
            slot: The slot.
            record: The record.
            types: In which types of task it changed; None: in all, it is new there.
        """
        rows, weight = self.rows, record.seen + UNIT * _AGENT_WEIGHT
        self._drag[slot] = drag = 1.0 + record.penalty / UNIT
        rows[SLOW, slot] = self._pending[slot] * drag
        rows[OWN, slot] = record.good / weight
        rows[LEAN, slot] = UNIT * _AGENT_WEIGHT / weight
        for column in self._columns.values():
            column.mark(slot)
        for task_type in self._columns if types is None else types:
            known = self._columns.get(task_type)
            if known is None and task_type in record.pairs and len(self._columns) < self._bound:
                known = self._new_column(task_type)
            if known is not None:
                known.know(slot, record.pairs.get(task_type, STRANGER))

    def agent_id(self, slot: int) -> str:
        """Return who sits in a slot."""
        return self._agent_ids[slot]

    def column(self, task_type: str) -> Numbers:
        """Return the rows of a type of task, up to date.

        After a start, records of the type may still have to be taken in: some with every call, so
        that none takes long. Until then the others are judged as if they were new to the type.
        """
        column = self._columns.get(task_type)
        if column is None:
            column = self._new_column(task_type)
            while len(self._columns) > self._bound:
                self._columns.popitem(last=False)
        else:
            self._columns.move_to_end(task_type)
        column.grow(self._capacity, self._agent_ids)
        if column.rest:
            self._take_in(column, task_type)
        return column.seen_by(self._outlook(task_type), self.rows)

    def prepare(self) -> Steps[None]:
        """Take in the records of the types used last, so that the first choices go by them."""
        for task_type in list(self._records.types)[-min(_PREPARED, self._bound) :]:
            column = self._new_column(task_type)
            while column.rest:
                self._take_in(column, task_type)
                yield

    @property
    def _bound(self) -> int:
        """How many columns are kept."""
        return max(1, _COLUMN_BYTES // (ROWS * self._capacity * 8))

    def _changed(self, agent_id: str, types: Iterable[str]) -> None:
        slot, record = self._slots.get(agent_id), self._records.agents.get(agent_id)
        if slot is not None and record is not None:
            self.learn(slot, record, types)

    def _forgot(self, task_type: str) -> None:
        self._columns.pop(task_type, None)

    def _new_column(self, task_type: str) -> Column:
        known = self._records.types.get(task_type, NO_TYPE).agents
        column = self._columns[task_type] = Column(self._capacity, list(known))
        return column

    def _take_in(self, column: Column, task_type: str) -> None:
        """Take in some of the records that a column does not know yet."""
        some = column.rest[-_AT_ONCE:]
        del column.rest[-_AT_ONCE:]
        slots, known = self._slots, self._records.types.get(task_type, NO_TYPE).agents
        column.know_many(
            {
                slot: pair
                for agent_id in some
                if (slot := slots.get(agent_id)) is not None
                and (pair := known.get(agent_id)) is not None
            }
        )

    def _outlook(self, task_type: str) -> Outlook:
        records = self._records
        of_type = records.types.get(task_type, NO_TYPE)
        base = (records.good + UNIT * _BASE_WEIGHT / 2) / (records.seen + UNIT * _BASE_WEIGHT)
        mean = (of_type.good + base * UNIT * _TYPE_WEIGHT) / (of_type.seen + UNIT * _TYPE_WEIGHT)
        # The optimism grows with the observations of the type and shrinks with those of the agent
        # (UCB1: Auer, Cesa-Bianchi, Fischer, 2002), so that nobody is written off for good. The
        # binary logarithm in whole numbers is the same everywhere, and changes rarely.
        optimism = _OPTIMISM * sqrt(of_type.count.bit_length())
        return Outlook(optimism, round(mean * _STEPS) / _STEPS, float(_coarse(of_type.took) or 1))


def _coarse(duration: int) -> int:
    """Return a duration rounded up to six leading binary digits, so that it changes in steps."""
    shift = max(0, duration.bit_length() - 6)
    return -(-duration >> shift << shift)


_STEPS = 1_024
"""Of a mean quality, from 0 to 1."""
_AT_ONCE = 1_000
"""Records that one choice takes in; it takes about a third of a millisecond."""
_PREPARED = 32
"""Types whose records are taken in when a fleet is restored."""

"""The features of all agents as arrays, by slot: kept up to date, so that a choice only gathers."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from itertools import chain
from math import log1p, sqrt
from typing import NamedTuple

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
from aia_mas.domain.orchestration.tiers import DEFAULT_TIERS

Numbers = NDArray[np.float64]
Slots = NDArray[np.intp]

# Rows of the array over all agents. The first four go into the ranking as they stand.
HEADROOM, PRICE, STAKE, TURN, SLOW, OWN, LEAN = range(7)
# Rows of the array of one type of task; a choice looks at the first two.
QUALITY, TAKES, BASE, TILT, UNSURE, TOOK, UNKNOWN = range(7)

_COLUMN_BYTES = 64 << 20
"""Of the arrays by type; beyond, the least recently used is worked out anew when it is needed."""

# How many observations the record above is worth in the one below it.
_BASE_WEIGHT, _TYPE_WEIGHT, _AGENT_WEIGHT, _PAIR_WEIGHT = 2, 8, 4, 4
_OPTIMISM = 0.05


class Column:
    """What is known of everybody in one type of task, by slot.

    Attributes:
        rows: ``QUALITY`` is ``BASE + UNSURE * optimism + TILT * mean of the type``, at most 1. A
            task ``TAKES`` as long as those before ``TOOK``, or where that is ``UNKNOWN`` (1, else
            0) what is typical of the type.
        outlook: The one that they hold; None: none yet.
        stale: Slots whose agent has changed since.
    """

    __slots__ = ("outlook", "rows", "stale")

    def __init__(self, capacity: int) -> None:
        """Start with strangers."""
        self.rows: Numbers = np.zeros((7, capacity))
        self.outlook: Outlook | None = None
        self.stale: set[int] = set()


class Outlook(NamedTuple):
    """What is known of a type of task over all agents, in steps, so that it seldom changes.

    Attributes:
        optimism: What an agent is given credit for that nothing is known of.
        mean: The quality.
        typical: The duration, sixteenths of a millisecond.
    """

    optimism: float
    mean: float
    typical: float


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
        self._rich = log1p(max(highest, TOKEN) / TOKEN)
        self._agent_ids = agent_ids
        self._slots = slots
        self._capacity = 64
        self.rows: Numbers = np.zeros((7, self._capacity))
        self.open: NDArray[np.bool_] = np.zeros(self._capacity, dtype=np.bool_)
        self._pending: list[int] = []
        self._drag: list[float] = []
        self._columns: OrderedDict[str, Column] = OrderedDict()

    def add(self) -> None:
        """Add a slot."""
        self._pending.append(1)
        self._drag.append(1.0)
        if len(self._pending) > self._capacity:
            self._capacity *= 2
            self.rows = np.concatenate((self.rows, np.zeros_like(self.rows)), axis=1)
            self.open = np.concatenate((self.open, np.zeros_like(self.open)))
            self._columns.clear()

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
        self.rows[STAKE, slot] = min(1.0, log1p(stake / TOKEN) / self._rich)

    def learn(self, slot: int, record: AgentRecord) -> None:
        """Set the record of the agent in a slot, which is new there or has changed."""
        rows, weight = self.rows, record.seen + UNIT * _AGENT_WEIGHT
        self._drag[slot] = drag = 1.0 + record.penalty / UNIT
        rows[SLOW, slot] = self._pending[slot] * drag
        rows[OWN, slot] = record.good / weight
        rows[LEAN, slot] = UNIT * _AGENT_WEIGHT / weight
        for column in self._columns.values():
            column.stale.add(slot)

    def agent_id(self, slot: int) -> str:
        """Return who sits in a slot."""
        return self._agent_ids[slot]

    def column(self, task_type: str) -> Numbers:
        """Return the rows of a type of task, up to date."""
        column = self._columns.get(task_type)
        if column is None:
            column = self._new_column(task_type)
        else:
            self._columns.move_to_end(task_type)
        outlook = self._outlook(task_type)
        if outlook != column.outlook or len(column.stale) > _FEW:
            if column.stale:
                stale = {slot: self._pair(slot, task_type) for slot in column.stale}
                self._refresh_many(column, stale)
            _look(column.rows, outlook)
            column.outlook = outlook
        elif column.stale:
            self._refresh_few(column, task_type, outlook)
        column.stale.clear()
        return column.rows

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

    def _new_column(self, task_type: str) -> Column:
        column = self._columns[task_type] = self._of_strangers()
        slots, of_type = self._slots, self._records.types.get(task_type, NO_TYPE)
        known = {
            slot: pair
            for agent_id, pair in of_type.agents.items()
            if (slot := slots.get(agent_id)) is not None
        }
        self._refresh_many(column, known)
        bound = max(1, _COLUMN_BYTES // column.rows.nbytes)
        if len(self._columns) > bound:
            self._columns.popitem(last=False)
        return column

    def _of_strangers(self) -> Column:
        column = Column(self._capacity)
        rows = column.rows
        rows[BASE], rows[TILT] = self.rows[OWN], self.rows[LEAN]
        rows[UNSURE] = rows[UNKNOWN] = 1.0
        return column

    def _refresh_few(self, column: Column, task_type: str, outlook: Outlook) -> None:
        """Bring the stale slots up to date, one by one; they come out as in ``_refresh_many``."""
        rows, (optimism, mean, typical) = column.rows, outlook
        for slot in column.stale:
            good, seen, took = self._pair(slot, task_type)
            weight = seen + UNIT * _PAIR_WEIGHT
            rest = UNIT * _PAIR_WEIGHT / weight
            base = good / weight + rest * float(self.rows[OWN, slot])
            tilt = rest * float(self.rows[LEAN, slot])
            unsure = 1.0 / sqrt(1.0 + seen / UNIT)
            rows[:, slot] = (
                min(unsure * optimism + base + tilt * mean, 1.0),
                took or typical,
                base,
                tilt,
                unsure,
                took,
                took == 0,
            )

    def _refresh_many(self, column: Column, pairs: Mapping[int, Pair]) -> None:
        slots = np.fromiter(pairs, np.intp, len(pairs))
        numbers = np.fromiter(chain.from_iterable(pairs.values()), np.float64, 3 * len(pairs))
        good, seen, took = numbers.reshape(-1, 3).T
        weight = seen + UNIT * _PAIR_WEIGHT
        rest = UNIT * _PAIR_WEIGHT / weight
        rows = column.rows
        rows[BASE, slots] = good / weight + rest * self.rows[OWN, slots]
        rows[TILT, slots] = rest * self.rows[LEAN, slots]
        rows[UNSURE, slots] = 1.0 / np.sqrt(1.0 + seen / UNIT)
        rows[TOOK, slots] = took
        rows[UNKNOWN, slots] = took == 0

    def _pair(self, slot: int, task_type: str) -> Pair:
        known = self._records.types.get(task_type, NO_TYPE).agents
        return known.get(self._agent_ids[slot], _STRANGER)


def _look(rows: Numbers, outlook: Outlook) -> None:
    """Work out what a choice looks at."""
    quality = np.multiply(rows[UNSURE], outlook.optimism, out=rows[QUALITY])
    quality += rows[BASE]
    quality += rows[TILT] * outlook.mean
    np.minimum(quality, 1.0, out=quality)
    np.multiply(rows[UNKNOWN], outlook.typical, out=rows[TAKES])
    rows[TAKES] += rows[TOOK]


def _coarse(duration: int) -> int:
    """Return a duration rounded up to six leading binary digits, so that it changes in steps."""
    shift = max(0, duration.bit_length() - 6)
    return -(-duration >> shift << shift)


_STRANGER = Pair()
_STEPS = 1_024
"""Of a mean quality, from 0 to 1."""
_FEW = 16
"""Up to so many slots it is quicker to bring each up to date than all at once."""

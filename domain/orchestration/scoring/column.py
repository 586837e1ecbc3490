"""What is known of everybody in one type of task, as arrays by slot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from math import sqrt
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from aia_mas.domain.orchestration.scoring.records import UNIT, Pair

Numbers = NDArray[np.float64]

# Rows of the array over all agents. The first four go into the ranking as they stand.
HEADROOM, PRICE, STAKE, TURN, SLOW, OWN, LEAN = range(7)
# Rows of the array of one type of task; a choice looks at the first two.
QUALITY, TAKES, DONE, REST, UNSURE, TOOK = range(6)
ROWS: Final = 6
STRANGER: Final = Pair()
"""The record of an agent that did no task of a type yet."""

_PAIR_WEIGHT = 4
"""How many observations an agent's record in all types is worth in the one in a type."""
_FEW, _MANY = 16, 512
"""Up to so many slots it is quicker to bring each up to date than all at once; beyond so many it is
not worth remembering which."""


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


class Column:
    """The records of agents in a type of task, and what a choice makes of them.

    Of each record there are ``DONE``, its successes by its weight; ``REST``, what is left to the
    agent's record in all types; ``UNSURE``, how little is known; and ``TOOK``, the duration, 0
    where none is known. From these, the rows over all agents and the outlook, ``QUALITY`` and
    ``TAKES`` follow, and they are worked out when they are asked for.

    Attributes:
        rest: Agents whose records it does not know yet.
    """

    __slots__ = ("_all_stale", "_outlook", "_rows", "_stale", "rest")

    def __init__(self, capacity: int, rest: list[str]) -> None:
        """Start with strangers (``rest``: those that have records in the type)."""
        self._rows = _of_strangers(capacity)
        self._outlook: Outlook | None = None
        self._stale: set[int] = set()
        self._all_stale = True
        self.rest = rest

    def mark(self, slot: int) -> None:
        """Note that what is known of the agent in a slot has changed."""
        if not self._all_stale:
            self._stale.add(slot)
            if len(self._stale) > _MANY:
                self._stale.clear()
                self._all_stale = True

    def know(self, slot: int, pair: Pair) -> None:
        """Set the record of the agent in a slot; beyond its size that is left for when it grows."""
        if slot < self._rows.shape[1]:
            good, seen, took = pair
            weight = seen + UNIT * _PAIR_WEIGHT
            self._rows[DONE:, slot] = (
                good / weight,
                UNIT * _PAIR_WEIGHT / weight,
                1.0 / sqrt(1.0 + seen / UNIT),
                took,
            )

    def know_many(self, pairs: Mapping[int, Pair]) -> None:
        """Set the records of the agents in some slots, as ``know`` does."""
        slots = np.fromiter(pairs, np.intp, len(pairs))
        numbers = np.fromiter(chain.from_iterable(pairs.values()), np.float64, 3 * len(pairs))
        good, seen, took = numbers.reshape(-1, 3).T
        weight = seen + UNIT * _PAIR_WEIGHT
        rows = self._rows
        rows[DONE, slots] = good / weight
        rows[REST, slots] = UNIT * _PAIR_WEIGHT / weight
        rows[UNSURE, slots] = 1.0 / np.sqrt(1.0 + seen / UNIT)
        rows[TOOK, slots] = took
        self._all_stale = True

    def grow(self, capacity: int, agent_ids: Sequence[str]) -> None:
        """Make room for more slots (``agent_ids``: who sits in each)."""
        size = self._rows.shape[1]
        if size < capacity:
            more = _of_strangers(capacity - size)
            self._rows = np.concatenate((self._rows, more), axis=1)
            self.rest += agent_ids[size:]
            self._all_stale = True

    def seen_by(self, outlook: Outlook, agents: Numbers) -> Numbers:
        """Return the rows, up to date.

        Args:
            outlook: What is known of the type.
            agents: The rows over all agents.
        """
        rows = self._rows
        if self._all_stale or len(self._stale) > _FEW or outlook != self._outlook:
            _look(rows, outlook, agents)
            self._outlook, self._all_stale = outlook, False
        else:
            optimism, mean, typical = outlook
            for slot in self._stale:
                # In the order of ``_look``, so that it comes out the same.
                done, rest, unsure, took = rows[DONE:, slot].tolist()
                own, lean = float(agents[OWN, slot]), float(agents[LEAN, slot])
                quality = (lean * mean + own) * rest + done + unsure * optimism
                rows[QUALITY, slot] = min(quality, 1.0)
                rows[TAKES, slot] = took or typical
        self._stale.clear()
        return rows


def _of_strangers(capacity: int) -> Numbers:
    rows = np.zeros((ROWS, capacity))
    rows[REST] = rows[UNSURE] = 1.0
    return rows


def _look(rows: Numbers, outlook: Outlook, agents: Numbers) -> None:
    """Work out what a choice looks at, for everybody."""
    optimism, mean, typical = outlook
    quality = np.multiply(agents[LEAN], mean, out=rows[QUALITY])
    quality += agents[OWN]
    quality *= rows[REST]
    quality += rows[DONE]
    quality += rows[UNSURE] * optimism
    np.minimum(quality, 1.0, out=quality)
    takes = rows[TAKES]
    np.copyto(takes, rows[TOOK])
    takes[takes == 0.0] = typical

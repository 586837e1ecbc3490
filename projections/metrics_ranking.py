"""Which agents do best and worst: every one is noted as it ends something, and sorted on demand."""

from __future__ import annotations

from array import array
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

LEAST = 10
"""Attempts that must be over before an agent is ranked."""
SHOWN = 10
_MILLION = 1_000_000
_BITS = 40
_MOST = (1 << _BITS) - 1


class Ranked(NamedTuple):
    """An agent (``rate``: the share of its attempts that it completed, millionths)."""

    agent_id: str
    rate: int
    finished: int


class Ranking:
    """The agents by the share of the completed in the attempts that are over.

    Nothing here is stored: it is noted anew from the figures of the agents.
    """

    def __init__(self) -> None:
        """Begin without any."""
        self._places: dict[str, int] = {}
        self._agents: list[str] = []
        self._rates = array("q")
        self._finished = array("q")

    def note(self, agent_id: str, completed: int, finished: int) -> None:
        """Take in how an agent stands now; without anything finished it is not ranked.

        Every agent is to be noted when it registers: the order of that decides between equals.
        """
        place = self._places.get(agent_id)
        if place is None:
            place = self._places[agent_id] = len(self._agents)
            self._agents.append(agent_id)
            self._rates.append(0)
            self._finished.append(0)
        self._rates[place] = completed * _MILLION // finished if finished else 0
        self._finished[place] = finished

    def ends(self) -> tuple[list[Ranked], list[Ranked]]:
        """Return the best and the worst, at most ``SHOWN`` each, the extreme ones first.

        Of equal ones, those that have finished more come first, and then those noted earlier.
        """
        if not self._agents:
            return [], []
        # Views, gone when this returns: an array that is looked at cannot grow.
        rates = np.frombuffer(self._rates, np.int64)
        finished = np.frombuffer(self._finished, np.int64)
        ranked = np.flatnonzero(finished >= LEAST)
        more_first = _MOST - finished[ranked]
        best = self._first(ranked, ((_MILLION - rates[ranked]) << _BITS) + more_first)
        worst = self._first(ranked, (rates[ranked] << _BITS) + more_first)
        return best, worst

    def _first(self, places: NDArray[np.intp], keys: NDArray[np.int64]) -> list[Ranked]:
        """Return the agents with the smallest keys, in their order."""
        if len(keys) > SHOWN:
            # All that equal the last of them, so that the order of places decides between equals.
            bound = np.partition(keys, SHOWN - 1)[SHOWN - 1]
            few = np.flatnonzero(keys <= bound)
            places, keys = places[few], keys[few]
        order = np.argsort(keys, kind="stable")[:SHOWN]
        return [
            Ranked(self._agents[place], self._rates[place], self._finished[place])
            for place in places[order].tolist()
        ]

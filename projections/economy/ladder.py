"""Everybody who has some of something, in order: who has most, who stands where, how unequal it is.

The order is kept with every change: to find a place takes a bisection, to make room for it a move
of memory. Nothing here is stored; it is noted anew from the figures.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from typing import NamedTuple


class Rung(NamedTuple):
    """Who has how much (above 0)."""

    amount: int
    name: str


class Ladder:
    """Who has how much, ordered by that; whoever has nothing is not on it.

    Attributes:
        total: What all have together.
        changes: Counts the changes, so that what follows from the whole is worked out once.
    """

    def __init__(self) -> None:
        """Begin without anybody."""
        self.total = 0
        self.changes = 0
        self._rungs: list[Rung] = []
        self._amounts: dict[str, int] = {}

    def __len__(self) -> int:
        """Return how many are on it."""
        return len(self._rungs)

    def note(self, name: str, amount: int) -> None:
        """Take in what somebody has now."""
        before = self._amounts.get(name, 0)
        if amount == before:
            return
        self.changes += 1
        if before:
            del self._rungs[bisect_left(self._rungs, (before, name))]
            del self._amounts[name]
        if amount > 0:
            insort(self._rungs, Rung(amount, name))
            self._amounts[name] = amount
            self.total += amount
        self.total -= before

    def rank(self, name: str) -> int | None:
        """Return somebody's place from 1, equals sharing one; None: not on it."""
        amount = self._amounts.get(name)
        if amount is None:
            return None
        return len(self._rungs) - bisect_right(self._rungs, amount, key=_amount) + 1

    def top(self, most: int) -> list[Rung]:
        """Return those who have most, at most so many; equals by their names."""
        found = self._rungs[-1 : -most - 1 : -1]
        if len(self._rungs) > most and found:
            # Equals of the last one come by their names, wherever the cut would have been.
            least = found[-1].amount
            first = bisect_left(self._rungs, least, key=_amount)
            found = [rung for rung in found if rung.amount > least]
            found += self._rungs[first : first + most - len(found)]
        return sorted(found, key=lambda rung: (-rung.amount, rung.name))

    def between(self, least: int, below: int | None) -> tuple[int, int]:
        """Return how many have at least so much and less than that, and what they have together."""
        begin = bisect_left(self._rungs, least, key=_amount)
        end = len(self._rungs)
        if below is not None:
            end = bisect_left(self._rungs, below, key=_amount)
        return end - begin, sum(rung.amount for rung in self._rungs[begin:end])

    def inequality(self) -> tuple[int, int]:
        """Return the Gini coefficient of those on it as an exact fraction (0, 1: nobody is).

        ``sum((2i - n - 1) x_i) / (n sum(x_i))`` over amounts in rising order (Gini 1912, as in
        Damgaard and Weiner 2000): 0 where all have the same, (n - 1) / n where one has all.
        """
        count = len(self._rungs)
        if not count:
            return 0, 1
        weight = 1 - count
        numerator = 0
        for amount, _ in self._rungs:
            numerator += weight * amount
            weight += 2
        return numerator, count * self.total


def _amount(rung: Rung) -> int:
    return rung.amount

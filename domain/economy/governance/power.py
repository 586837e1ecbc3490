"""Voting power over the positions of the log: whose it was at any snapshot that is still open.

Power is the bonded AIA and AIA_GOV of an agent, and what others delegated to it, also by way of
others. Anybody can compute it again from the log: of every ``stake/{agent}`` stream the last
``bonded + bonded_gov`` up to the position, of every ``delegation/{agent}`` the last delegate.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from operator import itemgetter
from typing import Any, TypeVar

T = TypeVar("T")

Line = list[tuple[int, T]]
"""A value over time: since which position it is what, ascending."""

_position = itemgetter(0)


def value_at(line: Line[T] | None, position: int, nothing: T) -> T:
    """Return what a value was after an event of the log (``nothing``: before the first one)."""
    if line is None:
        return nothing
    if line[-1][0] <= position:
        return line[-1][1]
    index = bisect_right(line, position, key=_position)
    return line[index - 1][1] if index else nothing


class PowerHistory:
    """Own and delegated power of all agents, with what it was at the snapshots that are open."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._own: dict[str, Line[int]] = {}
        self._received: dict[str, Line[int]] = {}
        self._delegate: dict[str, Line[str]] = {}
        self._delegators: dict[str, set[str]] = {}
        self._total: Line[int] = []
        self._open: dict[str, int] = {}
        self._lines: dict[str, dict[str, Any]] = {
            "own": self._own,
            "received": self._received,
            "delegate": self._delegate,
        }

    def open(self, election: str, position: int) -> None:
        """Keep what things are at a position until the election is over."""
        self._open[election] = position

    def close(self, election: str) -> None:
        """Keep it no longer."""
        self._open.pop(election, None)

    def bonded(self, position: int, agent_id: str, power: int) -> None:
        """Take in an agent's own power, base units, as an event at a position leaves it."""
        more = power - self.own(agent_id)
        if not more:
            return
        floor = self._floor()
        _put(self._own, agent_id, position, power, floor)
        _add(self._total, position, value_at(self._total or None, position, 0) + more, floor)
        self._flow(position, agent_id, more, floor)

    def delegated(self, position: int, agent_id: str, to: str) -> None:
        """Take in to whom an agent delegates from an event on ("": to nobody)."""
        floor = self._floor()
        power = self.own(agent_id) + value_at(self._received.get(agent_id), position, 0)
        self._flow(position, agent_id, -power, floor)
        before = self.delegate(agent_id)
        if before:
            self._delegators[before].discard(agent_id)
        if to:
            self._delegators.setdefault(to, set()).add(agent_id)
        _put(self._delegate, agent_id, position, to, floor)
        self._flow(position, agent_id, power, floor)

    def own(self, agent_id: str, position: int | None = None) -> int:
        """Return an agent's own power at a position; None: now."""
        return _value(self._own.get(agent_id), position, 0)

    def received(self, agent_id: str, position: int | None = None) -> int:
        """Return what was delegated to an agent at a position, by whichever way; None: now."""
        return _value(self._received.get(agent_id), position, 0)

    def delegate(self, agent_id: str, position: int | None = None) -> str:
        """Return to whom an agent delegated at a position ("": to nobody); None: now."""
        return _value(self._delegate.get(agent_id), position, "")

    def total(self, position: int | None = None) -> int:
        """Return all power that there was at a position; None: now."""
        return _value(self._total or None, position, 0)

    def chain(self, agent_id: str, most: int) -> tuple[str, ...]:
        """Return an agent, its delegate, the delegate of that one, and so on; ``most`` at most."""
        found = [agent_id]
        while len(found) < most and (following := self.delegate(found[-1])):
            found.append(following)
        return tuple(found)

    def below(self, agent_id: str, most: int) -> int:
        """Return how many delegations stand one behind the other towards an agent; at most."""
        level, deep = [agent_id], 0
        while deep < most:
            level = [each for at in level for each in self._delegators.get(at, ())]
            if not level:
                break
            deep += 1
        return deep

    def above(self, agent_id: str, position: int) -> Iterator[str]:
        """Yield who has an agent's power at a position when those before do not vote."""
        at = self.delegate(agent_id, position)
        while at:
            yield at
            at = self.delegate(at, position)

    # Any: what the lines hold, numbers or names.
    def rows(self) -> Iterator[tuple[str, str, list[Any]]]:
        """Yield all of it for a snapshot: kind, agent, line; pruned to what is still needed."""
        floor = self._floor()
        for kind, lines in self._lines.items():
            for key, line in lines.items():
                _prune(line, floor)
                yield kind, key, list(line)
        if self._total:
            _prune(self._total, floor)
            yield "total", "", list(self._total)
        for election, position in self._open.items():
            yield "open", election, [position]

    def restore(self, kind: str, key: str, line: list[Any]) -> None:
        """Take one of ``rows`` back."""
        if kind == "open":
            self._open[key] = line[0]
            return
        entries = [(position, value) for position, value in line]
        if kind == "total":
            self._total = entries
            return
        self._lines[kind][key] = entries
        if kind == "delegate" and entries[-1][1]:
            self._delegators.setdefault(entries[-1][1], set()).add(key)

    def kept(self) -> int:
        """Return how many values are kept in memory."""
        lines = (line for lines in self._lines.values() for line in lines.values())
        return len(self._total) + sum(map(len, lines))

    def _flow(self, position: int, agent_id: str, more: int, floor: int | None) -> None:
        """Add power to all that have an agent's delegation, one by way of the other."""
        at = value_at(self._delegate.get(agent_id), position, "")
        while at:
            before = value_at(self._received.get(at), position, 0)
            _put(self._received, at, position, before + more, floor)
            at = value_at(self._delegate.get(at), position, "")

    def _floor(self) -> int | None:
        """Return the oldest snapshot that is open; None: there is none."""
        return min(self._open.values(), default=None)


def _value(line: Line[T] | None, position: int | None, nothing: T) -> T:
    if position is None:
        return nothing if line is None else line[-1][1]
    return value_at(line, position, nothing)


def _put(lines: dict[str, Line[T]], key: str, position: int, value: T, floor: int | None) -> None:
    _add(lines.setdefault(key, []), position, value, floor)


def _add(line: Line[T], position: int, value: T, floor: int | None) -> None:
    if line and line[-1][0] == position:
        line.pop()
    line.append((position, value))
    _prune(line, floor)


def _prune(line: Line[T], floor: int | None) -> None:
    """Forget what was before the oldest open snapshot, but for what it was then."""
    first = len(line) if floor is None else bisect_right(line, floor, key=_position)
    if first > 1:
        del line[: first - 1]

"""Voting power over the positions of the log: whose it was at any snapshot that is still open.

Power is the bonded AIA and AIA_GOV of an agent, and what others delegated to it, also by way of
others. Anybody can compute it again from the log: of every ``stake/{agent}`` stream the last
``bonded + bonded_gov`` up to the position, of every ``delegation/{agent}`` the last delegate.

Only what snapshots that are open may ask for is kept: of everybody at most twice as many values
as there are snapshots, and one more, however often a stake changes.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import Counter
from collections.abc import Iterator, Sequence
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
        # The same, ascending.
        self._snapshots: list[int] = []
        # How many events there are of whose delegation.
        self._changes: Counter[str] = Counter()
        self._lines: dict[str, dict[str, Any]] = {
            "own": self._own,
            "received": self._received,
            "delegate": self._delegate,
        }

    def open(self, election: str, position: int) -> None:
        """Keep what things are at a position until the election is over."""
        self._open[election] = position
        insort(self._snapshots, position)

    def close(self, election: str) -> None:
        """Keep it no longer."""
        position = self._open.pop(election)
        del self._snapshots[bisect_left(self._snapshots, position)]

    def bonded(self, position: int, agent_id: str, power: int) -> None:
        """Take in an agent's own power, base units, as an event at a position leaves it."""
        more = power - self.own(agent_id)
        if not more:
            return
        self._put(self._own, agent_id, position, power)
        self._add(self._total, position, value_at(self._total or None, position, 0) + more)
        self._flow(position, agent_id, more)

    def delegated(self, position: int, agent_id: str, to: str) -> None:
        """Take in to whom an agent delegates from an event on ("": to nobody)."""
        self.noted(agent_id)
        power = self.own(agent_id) + value_at(self._received.get(agent_id), position, 0)
        self._flow(position, agent_id, -power)
        before = self.delegate(agent_id)
        if before:
            self._delegators[before].discard(agent_id)
        if to:
            self._delegators.setdefault(to, set()).add(agent_id)
        self._put(self._delegate, agent_id, position, to)
        self._flow(position, agent_id, power)

    def noted(self, agent_id: str) -> None:
        """Count an event of an agent's delegation."""
        self._changes[agent_id] += 1

    def changes(self, agent_id: str) -> int:
        """Return how many events of an agent's delegation there are."""
        return self._changes[agent_id]

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
        for kind, lines in self._lines.items():
            for key, line in lines.items():
                _prune(line, self._snapshots)
                yield kind, key, list(line)
        if self._total:
            _prune(self._total, self._snapshots)
            yield "total", "", list(self._total)
        for agent_id, count in self._changes.items():
            yield "changes", agent_id, [count]
        for election, position in self._open.items():
            yield "open", election, [position]

    def restore(self, kind: str, key: str, line: list[Any]) -> None:
        """Take one of ``rows`` back."""
        if kind == "open":
            self.open(key, line[0])
            return
        if kind == "changes":
            self._changes[key] = line[0]
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

    def _flow(self, position: int, agent_id: str, more: int) -> None:
        """Add power to all that have an agent's delegation, one by way of the other."""
        at = value_at(self._delegate.get(agent_id), position, "")
        while at:
            before = value_at(self._received.get(at), position, 0)
            self._put(self._received, at, position, before + more)
            at = value_at(self._delegate.get(at), position, "")

    def _put(self, lines: dict[str, Line[T]], key: str, position: int, value: T) -> None:
        self._add(lines.setdefault(key, []), position, value)

    def _add(self, line: Line[T], position: int, value: T) -> None:
        if line and not _any_within(self._snapshots, line[-1][0], position):
            # No snapshot asks for it: the next ones come after this.
            line.pop()
        line.append((position, value))
        if len(line) > 2 * len(self._snapshots) + 1:
            _prune(line, self._snapshots)


def _value(line: Line[T] | None, position: int | None, nothing: T) -> T:
    if position is None:
        return nothing if line is None else line[-1][1]
    return value_at(line, position, nothing)


def _any_within(positions: Sequence[int], first: int, end: int) -> bool:
    """Tell whether there is one from the first on, and before the end."""
    index = bisect_left(positions, first)
    return index < len(positions) and positions[index] < end


def _prune(line: Line[T], snapshots: Sequence[int]) -> None:
    """Forget what no snapshot asks for, but for what it is now."""
    ends = [position for position, _ in line[1:]]
    line[:-1] = [
        entry
        for entry, end in zip(line, ends, strict=False)
        if _any_within(snapshots, entry[0], end)
    ]

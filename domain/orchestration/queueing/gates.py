"""Where lines stand aside while their concurrency key is full, and who comes back first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from heapq import heapify, heappop, heappush
from itertools import count

from aia_mas.domain.orchestration.queueing.lines import Key, KeyLimit, Line, Pool
from aia_mas.domain.orchestration.queueing.turns import Turns

SPARE = 8
"""Lines that come back at once beyond the free places of their key."""
MOST = 64
"""Free places that count; the others are filled as these are taken."""

_serials = count()


class Gate:
    """The lines of one pool that wait for one key.

    When the key has places again as many come back as it has places, and a few more: thousands of
    owners may wait for the same key, and only those who come first can get its places.

    Attributes:
        limit: The key, and the limit that these tasks have in mind.
        aside: The lines that stand aside.
    """

    __slots__ = ("_back", "_heap", "_turns", "aside", "limit")

    def __init__(self, limit: KeyLimit, turns: Turns) -> None:
        """Start empty."""
        self.limit = limit
        self.aside: set[Line] = set()
        self._back: set[Line] = set()
        self._turns = turns
        # Place of its owner and first task of each line when it was shut out; it may be gone.
        self._heap: list[tuple[int, Key, int, Line]] = []

    def shut(self, line: Line) -> None:
        """Let a line stand aside."""
        line.gated = True
        self._back.discard(line)
        self.aside.add(line)
        if len(self._heap) > 2 * len(self.aside) + 16:
            self._heap = [self._entry(each) for each in self.aside]
            heapify(self._heap)
        else:
            heappush(self._heap, self._entry(line))

    def pass_through(self, room: int) -> Iterator[Line]:
        """Yield the lines that come back now (``room``: free places of the key)."""
        self._back = {line for line in self._back if line.size and not line.gated}
        enough = min(room, MOST) + SPARE
        while self.aside and len(self._back) < enough:
            place, head, _, line = heappop(self._heap)
            if line not in self.aside:
                continue
            if line.head != head or self._turns.latest(line.share.owner) > place:
                # It has another first task, or its owner was served meanwhile.
                heappush(self._heap, self._entry(line))
                continue
            self.aside.discard(line)
            line.gated = False
            self._back.add(line)
            yield line

    def _entry(self, line: Line) -> tuple[int, Key, int, Line]:
        return self._turns.latest(line.share.owner), line.head, next(_serials), line


class Gates:
    """All gates, by key."""

    def __init__(self, opened: Callable[[Line], None]) -> None:
        """Start empty (``opened``: told of each line that comes back)."""
        self._opened = opened
        self._gates: dict[str, dict[tuple[Pool, int | None], Gate]] = {}

    def shut(self, line: Line, turns: Turns) -> None:
        """Let a line with a key stand aside."""
        limit = line.limit
        assert limit is not None
        gates = self._gates.setdefault(limit.key, {})
        gate = gates.get((line.share.pool, limit.own))
        if gate is None:
            gate = gates[line.share.pool, limit.own] = Gate(limit, turns)
        gate.shut(line)

    def served(self, line: Line, turns: Turns) -> bool:
        """Let a line that was served go behind those of its key that stand aside, if any do."""
        if line.limit is None or not line.size:
            return False
        gate = self._gates.get(line.limit.key, {}).get((line.share.pool, line.limit.own))
        if gate is None:
            return False
        self.shut(line, turns)
        return True

    def forget(self, line: Line) -> None:
        """Forget a line that stands aside and is empty."""
        limit, pool = line.limit, line.share.pool
        assert limit is not None
        gates = self._gates[limit.key]
        gate = gates[pool, limit.own]
        gate.aside.discard(line)
        if not gate.aside:
            self._remove(limit, pool)

    def open(self, key: str, room: Callable[[KeyLimit], int]) -> None:
        """Let lines come back for which a key has places (``room``: how many)."""
        for (pool, _), gate in list(self._gates.get(key, {}).items()):
            places = room(gate.limit)
            if places <= 0:
                continue
            for line in list(gate.pass_through(places)):
                self._opened(line)
            if not gate.aside:
                self._remove(gate.limit, pool)

    def _remove(self, limit: KeyLimit, pool: Pool) -> None:
        gates = self._gates[limit.key]
        del gates[pool, limit.own]
        if not gates:
            del self._gates[limit.key]

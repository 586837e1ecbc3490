"""The tasks that wait: a line for each requirement signature, and a clock for those not yet due."""

from __future__ import annotations

from bisect import bisect_left, insort
from heapq import heapify, heappop, heappush
from itertools import count
from operator import attrgetter

from aia_mas.domain.orchestration.requirement import RequirementSignature

Key = tuple[float, int]
"""A place in the queue: submission time plus class offset (seconds), then a unique sequence."""

_head = attrgetter("head")


class Line:
    """The waiting tasks of one signature.

    Attributes:
        signature: What all of them ask for.
        head: The key of the first one.
        size: How many wait.
        stuck: The first one could not be placed, and no agent that suits has had room since.
        listed: Whether it stands in the order of lines.
        serial: Its number among all lines that there ever were.
        heap: Keys and task ids; entries that were discarded stay in it until they come up.
    """

    __slots__ = ("head", "heap", "listed", "serial", "signature", "size", "stuck")

    def __init__(self, signature: RequirementSignature, serial: int) -> None:
        """Start empty, and not stuck."""
        self.signature = signature
        self.serial = serial
        self.head: Key = (0.0, 0)
        self.size = 0
        self.stuck = False
        self.listed = False
        self.heap: list[tuple[Key, str]] = []


class TaskQueue:
    """Waiting tasks, each in the line of its signature; those held until later stand aside.

    Attributes:
        order: The lines that hold anything, by the key of their first task.
    """

    def __init__(self) -> None:
        """Start empty."""
        self.order: list[Line] = []
        # Lines that are not stuck; entries whose line moved on stay in it until they come up.
        # A line that emptied may have a successor with the same head, hence the serial.
        self._loose: list[tuple[Key, int, Line]] = []
        self._serials = count()
        self._lines: dict[RequirementSignature, Line] = {}
        self._waiting: dict[str, tuple[Line, Key]] = {}
        self._held: dict[str, tuple[float, Key, RequirementSignature]] = {}
        self._timers: list[tuple[float, Key, str]] = []

    def push(
        self,
        task_id: str,
        signature: RequirementSignature,
        key: Key,
        not_before: float | None = None,
    ) -> None:
        """Add a task, or move it to another place.

        Args:
            task_id: Which task.
            signature: What it asks for.
            key: Its place; no two tasks have the same.
            not_before: When it may be placed, seconds since the epoch; ``due`` brings it in.
        """
        self.discard(task_id)
        if not_before is not None:
            self._held[task_id] = (not_before, key, signature)
            heappush(self._timers, (not_before, key, task_id))
            return
        line = self._lines.get(signature)
        if line is None:
            line = self._lines[signature] = Line(signature, next(self._serials))
        heappush(line.heap, (key, task_id))
        self._waiting[task_id] = (line, key)
        line.size += 1
        if line.size == 1 or key < line.head:
            self._move(line, key)

    def discard(self, task_id: str) -> bool:
        """Take a task out; tells whether it was in."""
        if self._held.pop(task_id, None) is not None:
            self._sweep_timers()
            return True
        waiting = self._waiting.pop(task_id, None)
        if waiting is None:
            return False
        line, key = waiting
        line.size -= 1
        if key == line.head:
            self._advance(line)
        elif len(line.heap) > 2 * line.size + 16:
            line.heap = [entry for entry in set(line.heap) if self._counts(line, entry)]
            heapify(line.heap)
        return True

    def first(self, line: Line) -> str:
        """Return the id of the first task of a line."""
        return line.heap[0][1]

    def line_of(self, signature: RequirementSignature) -> Line | None:
        """Return the line of a signature; None when nothing waits in it."""
        return self._lines.get(signature)

    def first_loose(self) -> Line | None:
        """Return, of the lines that are not stuck, the one whose first task comes first."""
        while self._loose:
            key, _, line = self._loose[0]
            if line.listed and not line.stuck and line.head == key:
                return line
            heappop(self._loose)
        return None

    def set_stuck(self, line: Line, stuck: bool = True) -> None:
        """Note that the first task of a line could not be placed, or may be placeable again."""
        if line.stuck and not stuck:
            heappush(self._loose, (line.head, line.serial, line))
        line.stuck = stuck

    def due(self, now: float) -> int:
        """Bring in the tasks whose time has come (seconds since the epoch); returns how many."""
        moved = 0
        while self._timers and self._timers[0][0] <= now:
            at, key, task_id = heappop(self._timers)
            held = self._held.get(task_id)
            if held is not None and held[0] == at and held[1] == key:
                self.push(task_id, held[2], key)
                moved += 1
        return moved

    def next_due(self) -> float | None:
        """Return when the next held task may come in, seconds since the epoch."""
        while self._timers:
            at, key, task_id = self._timers[0]
            held = self._held.get(task_id)
            if held is not None and held[0] == at and held[1] == key:
                return at
            heappop(self._timers)
        return None

    def held_until(self, task_id: str) -> float | None:
        """Return until when a task stands aside, seconds since the epoch; None: it does not."""
        held = self._held.get(task_id)
        return None if held is None else held[0]

    def __contains__(self, task_id: str) -> bool:
        """Tell whether a task waits or stands aside."""
        return task_id in self._waiting or task_id in self._held

    def __len__(self) -> int:
        """Return how many tasks wait or stand aside."""
        return len(self._waiting) + len(self._held)

    def _counts(self, line: Line, entry: tuple[Key, str]) -> bool:
        return self._waiting.get(entry[1]) == (line, entry[0])

    def _advance(self, line: Line) -> None:
        """Bring the first task that counts to the top of the line's heap."""
        if not line.size:
            self._remove_from_order(line)
            line.listed = False
            del self._lines[line.signature]
            return
        while not self._counts(line, line.heap[0]):
            heappop(line.heap)
        self._move(line, line.heap[0][0])

    def _move(self, line: Line, head: Key) -> None:
        if line.listed:
            self._remove_from_order(line)
        line.head, line.listed = head, True
        insort(self.order, line, key=_head)
        if not line.stuck:
            heappush(self._loose, (head, line.serial, line))
            if len(self._loose) > 2 * len(self.order) + 64:
                loose = (each for each in self.order if not each.stuck)
                self._loose = [(each.head, each.serial, each) for each in loose]

    def _remove_from_order(self, line: Line) -> None:
        del self.order[bisect_left(self.order, line.head, key=_head)]

    def _sweep_timers(self) -> None:
        if len(self._timers) > 2 * len(self._held) + 16:
            self._timers = [(at, key, task) for task, (at, key, _) in self._held.items()]
            heapify(self._timers)

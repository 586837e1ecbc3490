"""Things in the order of their turns, which move back while nobody looks."""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from itertools import count
from typing import Generic, Protocol, TypeVar

from aia_mas.domain.orchestration.queueing.looks import Looks

Turn = tuple[int, tuple[float, int]]
"""The place of an owner in its ring (see ``Turns``), then that of its task."""

Entry = tuple[Turn, int, object]

# What it takes to find a turn moved back, in looks, besides who took it away.
_MOVED = 2

_serials = count()


class HasTurn(Protocol):
    """What stands in a heap: in one at a time, by its latest entry there."""

    entry: Entry | None

    @property
    def turn(self) -> Turn | None:
        """Its turn now; None: it has none.

        Raises:
            OutOfLooksError: It takes too long to tell within one step.
        """

    @property
    def bound(self) -> Turn | None:
        """A turn not later than its own, told at once; None: it has none."""


T = TypeVar("T", bound=HasTurn)


class TurnHeap(Generic[T]):
    """A heap that notices a turn that moved back when it comes up; only earlier ones are told.

    A turn moves back whenever an owner is served, for everything that it has waiting, so that
    nobody could tell it to each. ``put`` is called when a turn may have become earlier.
    """

    __slots__ = ("_heap", "_looks", "_size")

    def __init__(self, looks: Looks) -> None:
        """Start empty (``looks``: what is taken of to find out who is first)."""
        self._heap: list[tuple[Turn, int, T]] = []
        self._size = 0
        self._looks = looks

    def put(self, item: T) -> None:
        """Add a thing, or take note that its turn may have become earlier."""
        turn, entry = item.bound, item.entry
        if turn is None or (entry is not None and entry[0] <= turn):
            return
        if entry is None:
            self._size += 1
        item.entry = new = (turn, next(_serials), item)
        heappush(self._heap, new)
        self._sweep()

    def drop(self, item: T) -> None:
        """Take a thing out, if it is in."""
        if item.entry is not None:
            item.entry = None
            self._size -= 1
            self._sweep()

    def first(self) -> T | None:
        """Return whose turn it is; None: nobody's.

        Raises:
            OutOfLooksError: Too many turns have moved back to tell within one step.
        """
        while self._heap:
            entry = self._heap[0]
            item = entry[2]
            if item.entry is entry and item.turn == entry[0]:
                return item
            self._looks.spend(_MOVED)
            heappop(self._heap)
            if item.entry is entry:
                self.drop(item)
                self.put(item)
        return None

    @property
    def bound(self) -> Turn | None:
        """A turn that none here is before; None: there is none."""
        return self._heap[0][0] if self._size else None

    def _sweep(self) -> None:
        """Throw away what is left of former entries when it is more than what counts."""
        if len(self._heap) > 3 * self._size + 32:
            self._heap = [each for each in self._heap if each[2].entry is each]
            heapify(self._heap)

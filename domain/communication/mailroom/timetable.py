"""What is due when; whatever is over before its time leaves nothing behind."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heappop, heappush
from typing import Generic, TypeVar

T = TypeVar("T")


class Timetable(Generic[T]):
    """Items by the second in which they are due."""

    __slots__ = ("_items", "_seconds")

    def __init__(self) -> None:
        """Begin empty."""
        self._items: dict[int, dict[T, float]] = {}
        self._seconds: list[int] = []

    def __len__(self) -> int:
        """Return how many items there are."""
        return sum(len(items) for items in self._items.values())

    def add(self, item: T, when: float) -> None:
        """Note an item (``when``: when it is due, seconds since 1970)."""
        second = int(when)
        items = self._items.get(second)
        if items is None:
            items = self._items[second] = {}
            # It may stand there still from when something else was due then.
            heappush(self._seconds, second)
        items[item] = when

    def remove(self, item: T, when: float) -> None:
        """Forget an item that was noted for that time; one that is not there changes nothing."""
        second = int(when)
        items = self._items.get(second)
        if items is not None:
            items.pop(item, None)
            if not items:
                del self._items[second]
                self._tidy()

    def due(self, now: float) -> Iterator[T]:
        """Yield what is due, about the earliest first; nothing may be changed meanwhile."""
        last = int(now)
        for second in sorted(set(self._until(last))):
            for item, when in self._items.get(second, {}).items():
                if when <= now:
                    yield item

    def _until(self, last: int) -> Iterator[int]:
        """Yield the seconds up to one; those after it are not even looked at."""
        seconds, places = self._seconds, [0]
        while places:
            place = places.pop()
            if place < len(seconds) and seconds[place] <= last:
                yield seconds[place]
                places += (2 * place + 1, 2 * place + 2)

    def _tidy(self) -> None:
        """Forget seconds in which nothing is due any more."""
        seconds = self._seconds
        while seconds and seconds[0] not in self._items:
            heappop(seconds)
        if len(seconds) > 2 * len(self._items) + 64:
            # Sorted, it is a heap.
            self._seconds = sorted(self._items)

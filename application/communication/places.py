"""Where letters to one recipient lie until their turn comes: new ones, others, and later ones."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from heapq import heapify, heappop, heappush
from math import inf

from aia_mas.domain.communication.mailroom.letter import Letter
from aia_mas.domain.orchestration.task_specification import Priority


class Places:
    """Letters by when they can be delivered; whether they still can is for others to know.

    Attributes:
        lanes: Those that were never delivered, in the order of the log, by priority.
        again: Others, by when they could be delivered first and their position, by priority; the
            letter is looked up.
        later: Positions of those whose time has not come, by when it does.
    """

    __slots__ = ("again", "lanes", "later")

    def __init__(self) -> None:
        """Begin with none."""
        self.lanes: tuple[deque[Letter], ...] = tuple(deque() for _ in Priority)
        self.again: tuple[list[tuple[float, int]], ...] = tuple([] for _ in Priority)
        self.later: list[tuple[float, int]] = []

    def __len__(self) -> int:
        """Return how many letters lie here, those included that are settled."""
        return sum(map(len, self.lanes)) + sum(map(len, self.again)) + len(self.later)

    @property
    def has_some(self) -> bool:
        """Whether there are any whose time has come."""
        return any(self.lanes) or any(self.again)

    def add(self, letter: Letter) -> None:
        """Take in a letter of whose delivery nothing is known."""
        if letter.put_off:
            self.add_later(letter.available, letter.position)
        else:
            self.lanes[letter.rank].append(letter)

    def add_later(self, due: float, position: int) -> None:
        """Take in one that can be delivered then (infinity: never), seconds since 1970."""
        if due < inf:
            heappush(self.later, (due, position))

    def add_again(self, letter: Letter) -> None:
        """Take in one that can be delivered, and that was put off or tried before."""
        heappush(self.again[letter.rank], (letter.available, letter.position))

    def put_back(self, letter: Letter) -> None:
        """Take in a new one at its place in the order of the log."""
        lane, before = self.lanes[letter.rank], 0
        while before < len(lane) and lane[before].position < letter.position:
            before += 1
        lane.insert(before, letter)

    def come_due(self, now: float, letters: Mapping[int, Letter]) -> None:
        """Have those have their turn whose time has come (``letters``: by position)."""
        while self.later and self.later[0][0] <= now:
            _, position = heappop(self.later)
            letter = letters.get(position)
            if letter is not None:
                self.add_again(letter)

    def tidy(self, is_open: Callable[[int], bool]) -> None:
        """Throw away what is settled (``is_open``: tells of a position whether it is not)."""
        for lane in self.lanes:
            kept = [each for each in lane if is_open(each.position)]
            lane.clear()
            lane.extend(kept)
        for heap in (*self.again, self.later):
            heap[:] = {each for each in heap if is_open(each[1])}
            heapify(heap)

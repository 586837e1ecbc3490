"""Gives the event loop back while something long is folded."""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import TypeVar

from aia_mas.domain.kernel.steps import Steps

T = TypeVar("T")


class Slices:
    """Cuts long work into slices: of about a millisecond, or longer where others take longer.

    Among hundreds of commands under way a turn of the event loop lasts a tenth of a second. Work
    that got a few milliseconds of it would fall behind without end, and with it whoever decides by
    what it keeps; so a slice is half as long as what ran in between, up to fifty milliseconds.

    Asking costs little, so that it can be done after every event::

        if slices.over():
            await slices.give_way()
    """

    SHARE = 0.5
    LONGEST = 0.05
    """Seconds; only ever reached where a turn of the loop lasts twice as long anyway."""

    def __init__(self, seconds: float = 0.001) -> None:
        """Begin the first slice (``seconds``: how long one is, at least)."""
        self._seconds = seconds
        self._until = perf_counter() + seconds

    def over(self) -> bool:
        """Tell whether the slice has lasted long enough."""
        return perf_counter() > self._until

    async def give_way(self) -> None:
        """Let others run, then begin the next slice."""
        left = perf_counter()
        await asyncio.sleep(0)
        back = perf_counter()
        fair = min((back - left) * self.SHARE, self.LONGEST)
        self._until = back + max(self._seconds, fair)

    async def take(self, steps: Steps[T]) -> T:
        """Take steps, give way whenever a slice is over, and return what they lead to."""
        while True:
            try:
                next(steps)
            except StopIteration as end:
                result: T = end.value
                return result
            if self.over():
                await self.give_way()

"""Keeps messages about the same thing in their order, while others go on side by side."""

from __future__ import annotations

import asyncio


class Lanes:
    """The rows of one socket; a message stands behind the one that came before it."""

    __slots__ = ("_last",)

    def __init__(self) -> None:
        """Begin with nothing under way."""
        self._last: dict[str, asyncio.Event] = {}

    def enter(self, about: str) -> Lane:
        """Take the next place in the row of messages about something; in order of their coming."""
        lane = Lane(self._last, about, self._last.get(about))
        self._last[about] = lane.over
        return lane


class Lane:
    """A place in a row."""

    __slots__ = ("_about", "_before", "_last", "over")

    def __init__(
        self, last: dict[str, asyncio.Event], about: str, before: asyncio.Event | None
    ) -> None:
        """Stand behind a message (``last``: the newest of each row)."""
        self.over = asyncio.Event()
        self._last = last
        self._about = about
        self._before = before

    async def reached(self) -> None:
        """Wait until it is one's turn."""
        if self._before is not None:
            await self._before.wait()
            self._before = None

    def leave(self) -> None:
        """Let the next one go on."""
        self.over.set()
        if self._last.get(self._about) is self.over:
            del self._last[self._about]

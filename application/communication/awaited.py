"""Who waits for a recipient of whom nothing is known so far."""

from __future__ import annotations

import asyncio


class Awaited:
    """Wakes whoever collects for somebody when the log names them."""

    def __init__(self) -> None:
        """Begin with nobody."""
        self._wakers: dict[str, set[asyncio.Event]] = {}

    def wait(self, name: str, waker: asyncio.Event) -> None:
        """Have somebody woken when something is known of a recipient."""
        self._wakers.setdefault(name, set()).add(waker)

    def wait_no_more(self, name: str, waker: asyncio.Event) -> None:
        """Have them woken no more."""
        wakers = self._wakers.get(name)
        if wakers is not None:
            wakers.discard(waker)
            if not wakers:
                del self._wakers[name]

    def named(self, name: str) -> None:
        """Wake those who wait for a recipient."""
        for waker in self._wakers.pop(name, ()):
            waker.set()

    def look(self) -> None:
        """Wake all: whom they wait for may be known."""
        for name in tuple(self._wakers):
            self.named(name)

"""What programs that send messages share: short messages, and waits for what becomes of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import anyio

from aia.agents.communication_framework import (
    CommunicationMessage,
)

PATIENCE = 60.0


class Seen:
    """Keeps what a handler was called with."""

    def __init__(self) -> None:
        self.seen: list[Any] = []
        self._loop = asyncio.get_running_loop()
        self._more = asyncio.Event()

    def __call__(self, what: Any) -> None:
        self.seen.append(what)
        self._loop.call_soon_threadsafe(self._more.set)

    async def count(self, count: int) -> list[Any]:
        with anyio.fail_after(PATIENCE):
            while len(self.seen) < count:
                self._more.clear()
                if len(self.seen) < count:
                    await self._more.wait()
        return self.seen


async def until(is_so: Callable[[], Awaitable[bool]]) -> None:
    """Wait until something is so that nobody tells of."""
    with anyio.fail_after(PATIENCE):
        while not await is_so():
            await asyncio.sleep(0.02)


def note(to: str, **fields: Any) -> CommunicationMessage:
    return CommunicationMessage(to_agent=to, **({"message_type": "note"} | fields))

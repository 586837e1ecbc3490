"""Sends the head and the body of an answer in one piece: one system call, one packet."""

from __future__ import annotations

import asyncio
from typing import Any

STUCK_SECONDS = 10.0
"""Seconds for which a client may take nothing of what is left when its connection is to close."""


class JoinedWrites:
    """A transport that holds back what is written until something follows or the loop turns.

    ASGI servers write an answer's head and body one after the other, at once; each write would be a
    system call that wakes the client.
    """

    __slots__ = ("_held", "_loop", "_stuck", "transport")

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        """Stand before a transport, which is also an attribute."""
        self.transport = transport
        self._loop = loop
        self._held = b""
        self._stuck: asyncio.TimerHandle | None = None

    def write(self, data: bytes) -> None:
        """Send bytes, with those held back if there are any; else hold them back for a moment."""
        if not data:
            return
        if self._held:
            self.transport.write(self._held + data)
            self._held = b""
        else:
            self._held = data
            self._loop.call_soon(self.flush)

    def flush(self) -> None:
        """Send what is held back."""
        if self._held:
            self.transport.write(self._held)
            self._held = b""

    def close(self) -> None:
        """Close, once everything was sent; who takes nothing of it is not waited for for ever."""
        self.flush()
        self.transport.close()
        left = self.transport.get_write_buffer_size()
        if left and self._stuck is None:
            self._stuck = self._loop.call_later(STUCK_SECONDS, self._look, left)

    def lost(self) -> None:
        """Note that the connection has ended."""
        if self._stuck is not None:
            self._stuck.cancel()

    def _look(self, before: int) -> None:
        left = self.transport.get_write_buffer_size()
        if left < before:
            self._stuck = self._loop.call_later(STUCK_SECONDS, self._look, left)
        else:
            self.transport.abort()

    # Any: whatever else a transport has.
    def __getattr__(self, name: str) -> Any:
        """Do everything else as the transport does."""
        return getattr(self.transport, name)

"""WebSockets of uvicorn, with the four things that a hub needs and ASGI has no words for.

Frames that are encoded already are written as they are; a client that does not read can be closed,
and its connection ends; it cannot make the server hold answers to its pings, nor fragments without
end. Give
``socket_options()`` to ``uvicorn.Config``; under another server everything works, only slower and
with the patience of that server.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame
from websockets.http11 import Request
from websockets.protocol import State

from aia_mas.interfaces.realtime.close_codes import CloseCode, Closing
from aia_mas.interfaces.realtime.options import RealtimeOptions

EXTENSION = "aia_mas.socket"
"""Where a handler finds the protocol, among the extensions of its scope."""
_FRAGMENTS = 1024
"""Fragments of one message; the bound of its bytes does not count those that are empty."""


class UvicornSocket(WebSocketsSansIOProtocol):
    """One WebSocket of the server.

    Attributes:
        heard_at: When the client answered a ping last, by the loop's time; 0: it never did.
    """

    heard_at = 0.0

    def handle_connect(self, event: Request) -> None:
        """Begin the handshake, and let the handler find us."""
        super().handle_connect(event)
        scope: Any = getattr(self, "scope", None)  # none when the handshake was refused
        if scope is not None:
            scope["extensions"][EXTENSION] = self

    def offer(self, frames: bytes) -> bool:
        """Write whole unmasked frames if that can be done at once; tell whether it was."""
        if not self.writable.is_set() or not self._open():
            return False
        self.transport.write(frames)
        return True

    async def write(self, frames: list[bytes], patience: float) -> None:
        """Write whole unmasked frames, waiting while the client takes nothing.

        Raises:
            TimeoutError: It took nothing for ``patience`` seconds.
            OSError: It is gone, or the closing handshake has begun.
        """
        if not self.writable.is_set():
            async with asyncio.timeout(patience):
                await self.writable.wait()
        if not self._open():
            raise ClientDisconnected
        self.transport.write(frames[0] if len(frames) == 1 else b"".join(frames))

    def end(self, closing: Closing) -> None:
        """Send a close frame behind what was written, and end even if the client never reads it."""
        if not self._open():
            return
        self.stop_keepalive()
        self.queue.put_nowait({"type": "websocket.disconnect", "code": closing.code})
        self.conn.send_close(closing.code, closing.reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        # Not ``close``, which waits for ever until a client has taken what was written.
        self.close_timer = self.loop.call_later(self.close_timeout, self.transport.abort)

    def handle_cont(self, event: Frame) -> None:
        """Take a fragment; a message of endlessly many ends the connection."""
        if self.close_sent:
            return
        if len(self.frames) < _FRAGMENTS:
            super().handle_cont(event)
            return
        self.frames = []
        self.conn.fail(CloseCode.POLICY_VIOLATION, "a message of too many fragments")
        self.handle_parser_exception()

    def handle_ping(self) -> None:
        """Answer a ping, unless answers pile up already; one of the next will be answered."""
        if self.writable.is_set():
            super().handle_ping()
        else:
            self.conn.data_to_send()

    def handle_pong(self, event: Frame) -> None:
        """Take a pong; while the closing handshake runs there is nothing more to be pinged."""
        self.heard_at = self.loop.time()
        if not self.close_sent:
            super().handle_pong(event)

    def keepalive_timeout(self) -> None:
        """Give up a client that does not answer pings."""
        super().keepalive_timeout()
        self.loop.call_later(self.close_timeout, self.transport.abort)

    def _open(self) -> bool:
        return not self.close_sent and not self.disconnected and self.conn.state is State.OPEN


def socket_options(
    options: RealtimeOptions = RealtimeOptions(),  # noqa: B008 - frozen
    *,
    ping_interval: float = 20.0,
    ping_timeout: float = 20.0,
    longest: int = 0,
) -> dict[str, Any]:
    """Return the arguments of ``uvicorn.Config`` that concern WebSockets.

    Args:
        options: The bounds of the hub.
        ping_interval: Seconds between pings of the server.
        ping_timeout: Seconds for which the answer may stay out.
        longest: The longest message of anybody, where some may send longer ones than the options
            say, bytes.
    """
    return {
        "ws": UvicornSocket,
        "ws_max_size": max(options.max_message_bytes, longest),
        "ws_ping_interval": ping_interval,
        "ws_ping_timeout": ping_timeout,
        "ws_per_message_deflate": False,  # shared frames are sent as they are
    }

"""The wire under a connection: straight into uvicorn where possible, else by the words of ASGI."""

from __future__ import annotations

import asyncio
from typing import Any

from litestar import WebSocket

from aia_mas.interfaces.realtime.close_codes import Closing
from aia_mas.interfaces.realtime.connection import Transport
from aia_mas.interfaces.realtime.frames import payloads
from aia_mas.interfaces.realtime.uvicorn_socket import EXTENSION, UvicornSocket


def transport_of(socket: WebSocket[Any, Any, Any], patience: float) -> Transport:
    """Return the best wire that the server has for a socket.

    Args:
        socket: An accepted socket.
        patience: Seconds for which its client may take nothing.
    """
    extensions: dict[str, Any] = socket.scope.get("extensions") or {}
    protocol = extensions.get(EXTENSION)
    if isinstance(protocol, UvicornSocket):
        return UvicornTransport(protocol, patience)
    return AsgiTransport(socket, patience)


class UvicornTransport:
    """Writes shared frames as they are, at once where nothing must be waited for."""

    __slots__ = ("_patience", "_protocol")

    def __init__(self, protocol: UvicornSocket, patience: float) -> None:
        """Write to a protocol."""
        self._protocol = protocol
        self._patience = patience

    @property
    def heard_at(self) -> float:
        """When the client answered a ping last."""
        return self._protocol.heard_at

    def offer(self, frames: bytes) -> bool:
        """Write frames now, if the client takes them; see ``Transport.offer``."""
        return self._protocol.offer(frames)

    async def send(self, frames: list[bytes]) -> None:
        """Write frames; see ``Transport.send``."""
        await self._protocol.write(frames, self._patience)

    async def close(self, closing: Closing) -> None:
        """Begin the closing handshake."""
        self._protocol.end(closing)

    def cut(self, closing: Closing) -> None:
        """Begin the closing handshake now; the connection ends whether or not the client reads."""
        self._protocol.end(closing)


class AsgiTransport:
    """Works under every server."""

    __slots__ = ("_patience", "_socket")

    heard_at = 0.0
    """ASGI does not tell of pings."""

    def __init__(self, socket: WebSocket[Any, Any, Any], patience: float) -> None:
        """Write to a socket."""
        self._socket = socket
        self._patience = patience

    def offer(self, frames: bytes) -> bool:
        """Leave frames to the sender."""
        return False

    async def send(self, frames: list[bytes]) -> None:
        """Write frames; see ``Transport.send``."""
        for payload in payloads(b"".join(frames)):
            async with asyncio.timeout(self._patience):
                await self._socket.send_text(payload.decode())

    async def close(self, closing: Closing) -> None:
        """Begin the closing handshake."""
        async with asyncio.timeout(self._patience):
            await self._socket.close(closing.code, closing.reason)

    def cut(self, closing: Closing) -> None:
        """Do nothing: ASGI closes behind a send that waits, so the sender's patience must end."""

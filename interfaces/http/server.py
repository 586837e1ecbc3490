"""Serves a system over HTTP inside an event loop of ours, and ends in order."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import uvicorn

from aia_mas.interfaces.http.app import create_app
from aia_mas.interfaces.http.protocol import HttpProtocol
from aia_mas.interfaces.listening import listen_all
from aia_mas.interfaces.realtime import socket_options

if TYPE_CHECKING:
    from aia_mas.interfaces.bootstrap import System

BACKLOG = 2048
_GRACE = 1
"""Seconds that connections get to take the last answers, once everything is drained."""


class _Server(uvicorn.Server):
    """Uvicorn's server without its signal handlers: who stops us is decided elsewhere.

    Attributes:
        listening: Set once connections are taken.
    """

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Take connections, and tell."""
        await super().startup(sockets)
        self.listening.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield


async def serve(
    system: System,
    *,
    stop: asyncio.Event,
    sockets: Sequence[socket.socket] | None = None,
    ready: Callable[[Sequence[str]], Awaitable[None] | None] | None = None,
) -> None:
    """Serve until told to stop, then drain.

    First no new command is taken (503 ``shutting_down``), pending ones are committed and answered
    and streams end with their close code, all by ``system.drain``; then connections are closed.

    Args:
        system: A started system.
        stop: Set by whoever wants the end (a signal, a test).
        sockets: Listening sockets; they are closed at the end. When left out, they are opened by
            the hosts and ports of the settings.
        ready: Called with the URLs as soon as connections are taken.

    Raises:
        PortUnavailable: The address cannot be listened on; the message tells why.
    """
    settings = system.settings
    listening = list(sockets or listen_all(settings).all)
    config = uvicorn.Config(
        create_app(system),
        http=HttpProtocol,
        **socket_options(
            system.hub.options,
            ping_interval=settings.websocket_ping_interval_seconds,
            ping_timeout=settings.websocket_ping_timeout_seconds,
            longest=settings.max_body_bytes,
        ),
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=BACKLOG,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=_GRACE,
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=listening))
    started = asyncio.create_task(server.listening.wait())
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({serving, started}, return_when=asyncio.FIRST_COMPLETED)
        if ready is not None and not serving.done():
            told = ready([url_of(listener, settings.root_path) for listener in listening])
            if told is not None:
                await told
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not serving.done():
            await system.drain()
    finally:
        started.cancel()
        stopping.cancel()
        server.should_exit = True
        await serving


def url_of(listener: socket.socket, root_path: str = "") -> str:
    """Return the URL under which a socket of ours is reached."""
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}{root_path}"

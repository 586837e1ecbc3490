"""A system in memory behind a real server, for programs that only the network reaches."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from aia_mas.interfaces.bootstrap import System
from aia_mas.interfaces.http.server import serve
from aia_mas.interfaces.listening import listen


async def served(system: System, host: str, port: int) -> tuple[str, Callable[[], Awaitable[None]]]:
    """Serve a system.

    Args:
        system: The system, started.
        host: Where to listen.
        port: The port; 0: any.

    Returns:
        The URL, and what ends it; that drains the system.

    Raises:
        PortUnavailable: The address cannot be listened on.
    """
    stop = asyncio.Event()
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def tell(urls: Sequence[str]) -> None:
        ready.set_result(urls[0])

    serving = asyncio.create_task(
        serve(system, stop=stop, sockets=listen(host, port), ready=tell), name="mas server"
    )

    async def end() -> None:
        stop.set()
        await serving

    either: set[asyncio.Future[Any]] = {serving, ready}
    await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    if not ready.done():
        # It tells why it ended before anybody was served.
        await end()
    return await ready, end

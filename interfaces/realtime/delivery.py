"""The one task that writes to a connection: what it missed, what is queued, what is fresh."""

from __future__ import annotations

import asyncio

from aia_mas.interfaces.realtime.connection import SLOW, Connection
from aia_mas.interfaces.realtime.hub import Hub


async def deliver(hub: Hub, connection: Connection) -> None:
    """Write to a connection until it is to be closed, and begin to close it.

    Raises:
        TimeoutError: The client took nothing for too long; the connection was cut.
        OSError: It is gone.
    """
    transport = connection.transport
    while True:
        moved = bool(connection.behind) and await hub.catch_up(connection)
        batch = connection.take()
        if batch.frames:
            try:
                await transport.send(batch.frames)
            except TimeoutError:
                connection.closing = SLOW
                transport.cut(SLOW)
                raise
            connection.sent(batch)
            await asyncio.sleep(0)  # a client that takes much must not keep others waiting
        elif connection.closing is not None:
            await transport.close(connection.closing)
            return
        elif not moved:
            await connection.wait()

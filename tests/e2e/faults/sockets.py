"""A dashboard's socket: what it hears, kept in order."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import msgspec
from websockets.asyncio.client import ClientConnection, connect

from .nodes import Node
from .waiting import PATIENCE


class Dashboard:
    """A connected socket."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    async def hear(self, kind: str) -> Any:
        """Return the next frame of a type; others are passed over."""
        with anyio.fail_after(PATIENCE):
            while True:
                frame = msgspec.json.decode(await self._connection.recv())
                if frame["type"] == kind:
                    return frame

    async def subscribe(self, topic: str, **options: Any) -> Any:
        """Subscribe and return the answer."""
        message = {"type": "subscribe", "topic": topic, **options}
        await self._connection.send(msgspec.json.encode(message).decode())
        return await self.hear("subscribed")

    async def facts(self, upto: int) -> list[int]:
        """Return the positions of the facts about tasks that come, up to a position."""
        positions: list[int] = []
        while not positions or positions[-1] < upto:
            positions.append((await self.hear("task_update"))["position"])
        return positions

    async def closed(self) -> int | None:
        """Wait for the other side to close; return the code."""
        with anyio.fail_after(PATIENCE):
            await self._connection.wait_closed()
        return self._connection.close_code


@asynccontextmanager
async def dashboard(node: Node, name: str = "dashboard") -> AsyncIterator[Dashboard]:
    """Connect to a node."""
    url = node.url.replace("http", "ws", 1) + f"/agents/ws/frontend/{name}"
    # Without a bound, because a client that stops reading does not see the end either.
    async with connect(url, proxy=None, open_timeout=PATIENCE, max_queue=None) as connection:
        yield Dashboard(connection)

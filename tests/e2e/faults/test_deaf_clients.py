"""Clients that never read are closed with a code, and the server does not keep for them."""

import socket
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import anyio
import httpx
import msgspec
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from .heartbeats import SUBMIT, Agent
from .nodes import Node
from .places import Place
from .sockets import dashboard
from .waiting import PATIENCE, happens

DEAF = 40
FACTS = 800
MESSAGE = "x" * 9_000
CLOSED = 4008


async def test_who_never_reads_is_closed_and_costs_no_memory(place: Place) -> None:
    node = await place.start()
    async with (
        httpx.AsyncClient(timeout=PATIENCE, trust_env=False) as http,
        AsyncExitStack() as stack,
    ):
        talker = Agent(place, http, "talker")
        await talker.register()
        await talker.post(SUBMIT, {"task_type": "talk", "lease_seconds": 3_600})
        task = await talker.claim()
        assert (await talker.act("start", task)).status_code == 200
        board = await stack.enter_async_context(dashboard(node))
        await board.subscribe("tasks")
        deaf = [await stack.enter_async_context(never_reading(node, n)) for n in range(DEAF)]
        before = peak(node)

        async with anyio.create_task_group() as tasks:
            limit = anyio.CapacityLimiter(8)
            for number in range(FACTS):
                tasks.start_soon(talk, talker, task, number, limit)
        heard = [(await board.hear("task_update"))["position"] for _ in range(FACTS)]
        assert heard == sorted(set(heard))

        def closed() -> set[str]:
            lines = node.logged("socket_closed")
            return {line["client_id"] for line in lines if line["code"] == CLOSED}

        await happens(lambda: len(closed()) == DEAF, "the end of those who do not read")
        unread = DEAF * FACTS * len(MESSAGE)
        assert peak(node) - before < unread / 3

        # One that wakes up finds out why, and goes on where it was.
        last = 0
        with pytest.raises(ConnectionClosed) as ended:
            while True:
                frame = msgspec.json.decode(await deaf[-1].recv())
                last = frame.get("position", last)
        # The close frame stands behind what it did not read, and is gone when that took too long.
        assert ended.value.rcvd is None or ended.value.rcvd.code == CLOSED
        assert 0 < last < heard[-1]
        again = await stack.enter_async_context(dashboard(node, "deaf-again"))
        assert (await again.subscribe("tasks", after=last))["recovered"]
        assert await again.facts(heard[-1]) == [one for one in heard if one > last]
    await node.finish()
    assert node.complaints() == []


def never_reading(node: Node, number: int) -> Any:
    """A subscriber with little room for what it does not read."""
    wire = socket.socket()
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * 1024)
    wire.connect(("127.0.0.1", node.port))
    return _Deaf(node, number, wire)


class _Deaf:
    def __init__(self, node: Node, number: int, wire: socket.socket) -> None:
        url = node.url.replace("http", "ws", 1) + f"/agents/ws/frontend/deaf-{number}"
        self._connecting = connect(
            url,
            sock=wire,
            proxy=None,
            max_queue=1,
            open_timeout=PATIENCE,
            ping_interval=None,
            close_timeout=0,
        )

    async def __aenter__(self) -> ClientConnection:
        connection = await self._connecting.__aenter__()
        await connection.send('{"type":"unsubscribe","id":"metrics"}')
        await connection.send('{"type":"subscribe","topic":"tasks"}')
        while msgspec.json.decode(await connection.recv())["type"] != "subscribed":
            pass
        return connection

    async def __aexit__(self, *error: Any) -> None:
        await self._connecting.__aexit__(*error)


async def talk(talker: Agent, task: dict[str, Any], number: int, limit: Any) -> None:
    """Report progress at length."""
    async with limit:
        path = f"/agents/tasks/{task['task_id']}/progress"
        body = {"agent_id": "talker", "lease": task["lease"], "message": f"{number} {MESSAGE}"}
        got = await talker.post(path, body)
        assert got.status_code == 200, got.text


def peak(node: Node) -> int:
    """Return the most memory that a node has ever had in use, bytes."""
    status = Path(f"/proc/{node.process.pid}/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024

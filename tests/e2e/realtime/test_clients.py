"""Two other clients' libraries: the same facts, the same close code, the same way back."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Protocol

import pytest
from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from .agents_at_work import API, PATIENCE


class Closed(Exception):
    """The server has closed the connection; the argument is its code."""


class Socket(Protocol):
    """What a client does."""

    async def send(self, message: str) -> None:
        """Send a text."""

    async def receive(self) -> str:
        """Return the next text, or raise ``Closed``."""


class Picows(WSListener):
    """A client by picows."""

    def __init__(self) -> None:
        self.heard: asyncio.Queue[str | int] = asyncio.Queue()

    def on_ws_connected(self, transport: WSTransport) -> None:
        self.transport = transport

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.TEXT:
            self.heard.put_nowait(frame.get_payload_as_utf8_text())
        elif frame.msg_type == WSMsgType.CLOSE:
            self.heard.put_nowait(int.from_bytes(frame.get_payload_as_bytes()[:2], "big"))
            transport.send_close(frame.get_close_code())
            transport.disconnect()

    async def send(self, message: str) -> None:
        self.transport.send(WSMsgType.TEXT, message.encode())

    async def receive(self) -> str:
        heard = await self.heard.get()
        if isinstance(heard, int):
            raise Closed(heard)
        return heard


class Websockets:
    """A client by websockets."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection

    async def send(self, message: str) -> None:
        await self.connection.send(message)

    async def receive(self) -> str:
        try:
            text: str = await self.connection.recv()
        except ConnectionClosed as closed:
            raise Closed(closed.rcvd.code if closed.rcvd else None) from closed
        return text


@asynccontextmanager
async def by_picows(url: str) -> AsyncIterator[Socket]:
    transport, listener = await ws_connect(Picows, url)
    assert isinstance(listener, Picows)
    try:
        yield listener
    finally:
        transport.disconnect()
        await transport.wait_disconnected()


@asynccontextmanager
async def by_websockets(url: str) -> AsyncIterator[Socket]:
    async with connect(url, proxy=None) as connection:
        yield Websockets(connection)


@pytest.mark.parametrize("library", [by_picows, by_websockets])
async def test_a_client_of_another_library_resumes_on_another_node(
    start_node: Callable[..., Any], second_node: Callable[..., Any], library: Any
) -> None:
    first = start_node()
    second = second_node(first)

    def submit(node: Any) -> int:
        body = {"task_type": "told", "requirements": {"skills": ["nobody-has-it"]}}
        answer = node.client.post(f"{API}/agents/tasks/submit", json=body)
        return int(answer.headers["x-event-position"])

    async def hear(socket: Socket, *types: str) -> dict[str, Any]:
        while True:
            frame: dict[str, Any] = json.loads(await socket.receive())
            if frame["type"] in types:
                return frame

    async def told(node: Any, after: int | None, act: Callable[[Socket], Awaitable[None]]) -> None:
        url = node.url.replace("http", "ws", 1) + f"{API}/agents/ws/frontend/library"
        async with library(url) as socket:
            message = {"type": "subscribe", "topic": "tasks", "after": after}
            await socket.send(json.dumps(message))
            answer = await hear(socket, "subscribed")
            assert answer["recovered"] is (after is not None)
            await act(socket)

    heard: list[int] = []
    wanted: list[int] = []

    async def stay(socket: Socket) -> None:
        wanted.append(await asyncio.to_thread(submit, first))
        heard.append((await hear(socket, "task_update"))["position"])
        first.begin_stop()
        with pytest.raises(Closed) as closed:
            await hear(socket, "nothing")
        assert closed.value.args == (1001,)

    async def go_on(socket: Socket) -> None:
        while heard[-1] < wanted[-1]:
            heard.append((await hear(socket, "task_update"))["position"])

    async with asyncio.timeout(2 * PATIENCE):
        await told(first, None, stay)
        wanted.extend([await asyncio.to_thread(submit, second) for _ in range(3)])
        await told(second, heard[-1], go_on)
    assert heard == wanted

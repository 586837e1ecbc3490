"""A node's hub behind a real server, writers of events, and clients that speak the protocol."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any
from uuid import uuid4

import anyio
import pytest
import uvicorn
from litestar import Litestar
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from aia_mas.application.event_log.log import EventLog, new_events
from aia_mas.application.event_log.mapper import EventMapper
from aia_mas.application.event_log.memory_log import MemoryEventLog
from aia_mas.application.event_log.postgres_log import PostgresEventLog
from aia_mas.application.event_log.records import AppendRequest, Expectation
from aia_mas.application.settings import Settings
from aia_mas.domain.kernel import DomainError, Event
from aia_mas.domain.orchestration import agent_events, task_events
from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.domain.orchestration.task_specification import TaskSpecification
from aia_mas.interfaces.http.edge import refuse_handshake
from aia_mas.interfaces.http.security import Authenticator, Origins
from aia_mas.interfaces.realtime import (
    Gate,
    Hub,
    OpenList,
    RealtimeOptions,
    Sample,
    realtime_handlers,
    socket_options,
)

AT = datetime(2026, 1, 2, tzinfo=UTC)


def mapper() -> EventMapper:
    return EventMapper([*agent_events.EVENTS, *task_events.EVENTS])


class Writer:
    """Appends events as the engine would."""

    def __init__(self, log: EventLog) -> None:
        self.log = log

    async def append(self, stream: str, *events: Event) -> int:
        """Append to one stream; return the last position."""
        head = (await self.log.stream_heads([stream])).get(stream)
        version, command = (head.version, head.command_id) if head else (0, "")
        answer = await self.log.append(
            AppendRequest(
                uuid4().hex,
                new_events(self.log.mapper, stream, version, events),
                [Expectation(stream, version, command)],
                actor="writer",
            )
        )
        return answer.last

    async def submit(self, task_id: str, task_type: str = "analysis") -> int:
        spec = TaskSpecification(task_type=task_type)
        return await self.append(
            f"task/{task_id}", task_events.TaskSubmitted(spec=spec, submitted_at=AT, owner="ann")
        )

    async def assign(self, task_id: str, agent_id: str) -> int:
        assigned = task_events.TaskAssigned(
            agent_id=agent_id, attempt=1, lease="secret", lease_seconds=60, assigned_at=AT
        )
        return await self.append(f"task/{task_id}", assigned)

    async def progress(self, task_id: str, count: int, message: str = "") -> int:
        """Append many events of one task in one command."""
        event = task_events.TaskProgressed(agent_id="a1", attempt=1, message=message, at=AT)
        return await self.append(f"task/{task_id}", *[event] * count)

    async def register(self, agent_id: str) -> int:
        registered = agent_events.AgentRegistered(
            capabilities=Capabilities(skills={"python": 0.9}), owner="ann", registered_at=AT
        )
        return await self.append(f"agent/{agent_id}", registered)


class Client:
    """A frontend."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self._passed: list[dict[str, Any]] = []

    async def say(self, **message: Any) -> None:
        await self.connection.send(json.dumps(message))

    async def hear(self) -> dict[str, Any]:
        """Return what comes over the wire next."""
        async with asyncio.timeout(20):
            frame: dict[str, Any] = json.loads(await self.connection.recv())
            return frame

    async def next(self, *types: str) -> dict[str, Any]:
        """Return the next frame of these types; others are kept for their turn."""
        for number, frame in enumerate(self._passed):
            if frame["type"] in types:
                return self._passed.pop(number)
        while True:
            frame = await self.hear()
            if frame["type"] in types:
                return frame
            self._passed.append(frame)

    async def facts(self, count: int) -> list[dict[str, Any]]:
        return [await self.next("task_update", "agent_update") for _ in range(count)]

    async def subscribe(self, topic: str = "tasks", **more: Any) -> dict[str, Any]:
        await self.say(type="subscribe", topic=topic, **more)
        return await self.next("subscribed", "error")

    async def closed(self) -> tuple[int | None, str | None]:
        """Read until the server closes; return its code and reason."""
        async with asyncio.timeout(20):
            with suppress(ConnectionClosed):
                while True:
                    await self.connection.recv()
            await self.connection.wait_closed()
        return self.connection.close_code, self.connection.close_reason


class Node:
    """A hub, and a server on a loopback port with its sockets."""

    def __init__(self, hub: Hub, settings: Settings, port: int) -> None:
        self.hub = hub
        self.settings = settings
        self.port = port
        self.metrics: dict[str, Any] = {"agents": 0}

    def sample(self) -> Sample:
        return Sample(self.metrics, self.hub.position)

    def url(self, client_id: str = "dash-1") -> str:
        return f"ws://127.0.0.1:{self.port}/mas/api/v1/agents/ws/frontend/{client_id}"

    @asynccontextmanager
    async def client(self, client_id: str = "dash-1", **more: Any) -> AsyncIterator[Client]:
        async with connect(self.url(client_id), compression=None, **more) as connection:
            yield Client(connection)

    async def vacant(self) -> None:
        """Wait until nobody is connected."""
        async with asyncio.timeout(20):
            while self.hub.connections:
                await asyncio.sleep(0.01)


@asynccontextmanager
async def running_node(
    log: EventLog,
    options: RealtimeOptions | None = None,
    settings: Settings | None = None,
    server: dict[str, Any] | None = None,
    lists: Mapping[str, OpenList] = MappingProxyType({}),
) -> AsyncIterator[Node]:
    options = options or RealtimeOptions(coalesce_interval=0.02)
    listener = socket.create_server(("127.0.0.1", 0))
    # Little room in the kernel, so that a client that does not read is noticed soon.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16 * 1024)
    hub = Hub(log, options, lists=lists)
    node = Node(hub, settings or Settings(), listener.getsockname()[1])
    hub.coalesce("metrics", node.sample)
    app = Litestar(realtime_handlers(node), openapi_config=None, logging_config=None)
    gate = Gate(app, Authenticator(node.settings), Origins(node.settings))

    async def refused_or(scope: Any, receive: Any, send: Any) -> None:
        try:
            await gate(scope, receive, send)
        except DomainError as error:
            await refuse_handshake(error, scope, send)

    app.asgi_handler = refused_or
    config = uvicorn.Config(
        app,
        log_config=None,
        lifespan="off",
        **(socket_options(options) if server is None else server),
    )
    config.load()
    web = uvicorn.Server(config)
    web.lifespan = config.lifespan_class(config)
    async with anyio.create_task_group() as tasks:
        await tasks.start(hub.run)
        # Not ``serve``: it looks only every 100 ms whether it should end.
        await web.startup(sockets=[listener])
        try:
            yield node
        finally:
            with anyio.CancelScope(shield=True):
                await hub.drain()
                await stop(web)
            tasks.cancel_scope.cancel()


async def stop(web: uvicorn.Server) -> None:
    for listening in web.servers:
        listening.close()
    for connection in list(web.server_state.connections):
        connection.shutdown()
    with anyio.move_on_after(5):
        while web.server_state.connections or web.server_state.tasks:
            await asyncio.sleep(0.001)


@pytest.fixture
async def log() -> AsyncIterator[EventLog]:
    async with MemoryEventLog(mapper()).running() as log:
        yield log


@pytest.fixture
async def postgres_log(database: str) -> AsyncIterator[EventLog]:
    async with PostgresEventLog(database, mapper(), poll=0.2).running() as log:
        yield log


@pytest.fixture
def writer(log: EventLog) -> Writer:
    return Writer(log)


@pytest.fixture
def postgres_writer(postgres_log: EventLog) -> Writer:
    return Writer(postgres_log)


@pytest.fixture
async def writer_elsewhere(database: str) -> AsyncIterator[Writer]:
    """Writes to the database of the test from another node."""
    async with PostgresEventLog(database, mapper()).running() as elsewhere:
        yield Writer(elsewhere)


@pytest.fixture(scope="session")
def make_writer() -> Callable[[], Writer]:
    """Make logs of their own, for tests of many examples."""
    return lambda: Writer(MemoryEventLog(mapper()))


@pytest.fixture
def run_node() -> Callable[..., AbstractAsyncContextManager[Node]]:
    """Start a node with options of the test's own."""
    return running_node


@pytest.fixture
async def node(log: EventLog) -> AsyncIterator[Node]:
    async with running_node(log) as node:
        yield node

"""Nodes with engines on one PostgreSQL."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any
from uuid import uuid4

import anyio
import msgspec
import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from aia_mas.application.clock import SystemClock
from aia_mas.application.embedded_postgres import EmbeddedPostgres
from aia_mas.application.engine.engine import Engine
from aia_mas.application.engine.outcomes import CommandResult
from aia_mas.application.engine.snapshots import PostgresSnapshots
from aia_mas.application.engine.working_set import WorkingSet
from aia_mas.application.event_log.mapper import EventMapper
from aia_mas.application.event_log.postgres_log import PostgresEventLog
from aia_mas.application.orchestration import handlers as orchestration
from aia_mas.application.orchestration.seats import Seats
from aia_mas.domain.kernel import Principal
from aia_mas.domain.orchestration.agent_commands import RegisterAgent, UpdateAgent
from aia_mas.domain.orchestration.capabilities import Capabilities

PATIENCE = 30.0
"""Seconds after which a test that waits for something gives up."""

ALICE = Principal(subject="alice")
MAPPER = EventMapper(orchestration.EVENTS)


@pytest.fixture(scope="session")
def shared_database(postgres: EmbeddedPostgres) -> Iterator[str]:
    """One database for the tests of this folder, because making one takes longer than they do."""
    name = f"engine_{uuid4().hex}"
    with psycopg.connect(postgres.owner_url, autocommit=True) as connection:
        connection.execute(f"create database {name} template mas_template")
        yield make_conninfo(postgres.owner_url, dbname=name)
        connection.execute(f"drop database {name} with (force)")


@pytest.fixture
def database(shared_database: str) -> str:
    """A migrated database, empty again and with a new identity; its owner's URL."""
    with psycopg.connect(shared_database) as connection:
        connection.execute(
            """
            set local session_replication_role = replica;
            truncate events, stream_heads, commands, batches, leases, stream_snapshots;
            update store set store_id = gen_random_uuid();
            insert into batches
                select 0, 0, clock_timestamp(), sha256(''), sha256(uuid_send(store_id)) from store
            """
        )
    return shared_database


class Node:
    """An engine over a log, as every node has one.

    Attributes:
        log: The log.
        engine: The engine.
        snapshots: Its snapshots of long streams.
    """

    def __init__(
        self, log: PostgresEventLog, states: dict[str, type[msgspec.Struct]], worth_while: int
    ) -> None:
        self.log = log
        self.snapshots = PostgresSnapshots(log.pool, states, worth_while=worth_while)
        self.working_set = WorkingSet(log, orchestration.EVOLVERS, self.snapshots)
        ids = itertools.count(1)
        self.engine = Engine(
            log,
            self.working_set,
            orchestration.handlers(
                active_tasks=lambda _: 0,
                seat=Seats(lambda: 0, 10_000).place,
                place=lambda _: None,
            ),
            orchestration.EVOLVERS,
            SystemClock(),
            lambda: f"{uuid4()}:{next(ids)}",
        )

    async def do(self, command: msgspec.Struct, **options: Any) -> CommandResult:
        """Carry out a command and wait for its answer."""
        with anyio.fail_after(PATIENCE):
            return await self.engine.execute(command, ALICE, **options)

    def start(self, command: msgspec.Struct, **options: Any) -> asyncio.Task[CommandResult]:
        """Carry out a command in a task of its own."""
        return asyncio.create_task(self.do(command, **options))

    async def topics(self, stream: str) -> list[str]:
        """Return what happened in a stream, in short."""
        return [event.topic.split(".")[1] for event in await self.log.read_stream(stream)]


Nodes = Callable[..., AbstractAsyncContextManager[Node]]


@pytest.fixture
def nodes(database: str) -> Nodes:
    """Makes nodes of one database."""

    @asynccontextmanager
    async def make(
        *, states: dict[str, type[msgspec.Struct]] | None = None, worth_while: int = 100
    ) -> AsyncIterator[Node]:
        async with PostgresEventLog(database, MAPPER).running() as log:
            yield Node(log, states or dict(orchestration.STATES), worth_while)

    return make


@pytest.fixture
async def node(nodes: Nodes) -> AsyncIterator[Node]:
    """A node on an empty database."""
    async with nodes() as made:
        yield made


def register(agent_id: str = "a", **declared: Any) -> RegisterAgent:
    """Return the command that registers an agent."""
    return RegisterAgent(agent_id=agent_id, capabilities=Capabilities(**declared))


def update(agent_id: str = "a", **changes: Any) -> UpdateAgent:
    """Return the command that changes what an agent declares."""
    return UpdateAgent(agent_id=agent_id, **changes)


@asynccontextmanager
async def commits_held(database: str) -> AsyncIterator[psycopg.AsyncConnection]:
    """Hold up every commit, by the lock that each of them takes."""
    async with await psycopg.AsyncConnection.connect(database) as connection:
        await connection.execute(
            "select pg_advisory_xact_lock(hashtextextended(store_id::text, 0)) from store"
        )
        yield connection
        await connection.rollback()

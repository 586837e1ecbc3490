"""A running log, ways to append to it, and nodes that keep read models."""

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any, ClassVar
from uuid import uuid4

import anyio
import psycopg
import pytest

from aia.testing.tables import Tables
from aia_mas.application.event_log.leases import Lease, LeaseKeeper
from aia_mas.application.event_log.log import EventLog
from aia_mas.application.event_log.mapper import EventMapper
from aia_mas.application.event_log.postgres_log import PostgresEventLog
from aia_mas.application.event_log.records import (
    Appended,
    AppendRequest,
    Expectation,
    Kind,
    NewEvent,
)
from aia_mas.domain.economy.staking import events as stake_events
from aia_mas.domain.kernel import Event
from aia_mas.domain.orchestration import agent, task
from aia_mas.projections.runner import ProjectionRunner
from aia_mas.projections.table import Projection

from .histories import Happening

PATIENCE = 30.0
"""Seconds after which a test that waits for something gives up."""


class FromTheFuture(Event, frozen=True, kw_only=True):
    """An event that only newer releases know."""

    topic: ClassVar[str] = "task.teleported.v9"


class Elsewhere(Event, frozen=True, kw_only=True):
    """An event of streams that concern no projection here."""

    topic: ClassVar[str] = "weather.changed.v1"


EVENTS = (*agent.EVENTS, *task.EVENTS, *stake_events.EVENTS)
MAPPER = EventMapper(EVENTS)
_WRITER = EventMapper((*EVENTS, FromTheFuture, Elsewhere))


class Pen:
    """Appends events, keeping in mind where each stream ends."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._ends: dict[str, tuple[int, str]] = {}

    async def write(self, *happenings: Happening) -> Appended:
        """Append events in one request."""
        return await self._log.append(self._request(happenings))

    async def write_all(self, steps: Iterable[Sequence[Happening]]) -> int:
        """Append many requests at once, in order, and return the position of the last one."""
        futures = [self._log.enqueue(self._request(step)) for step in steps]
        return (await asyncio.gather(*futures))[-1].last

    def _request(self, happenings: Sequence[Happening]) -> AppendRequest:
        command_id = f"cmd:{uuid4()}"
        expectations = {}
        events = []
        for stream, event in happenings:
            version, _ = self._ends.get(stream, (0, ""))
            expectations.setdefault(stream, Expectation(stream, *self._ends.get(stream, (0, ""))))
            events.append(NewEvent(stream, version + 1, event.topic, _WRITER.encode(event), event))
            self._ends[stream] = (version + 1, command_id)
        return AppendRequest(command_id, events, list(expectations.values()), kind=Kind.NOT_KEPT)


@pytest.fixture
async def log(database: str) -> AsyncIterator[PostgresEventLog]:
    """A log in PostgreSQL, running and empty."""
    async with PostgresEventLog(database, MAPPER).running() as log:
        yield log
    # psycopg leaves attempts to connect that were cancelled to the garbage collector, and before it
    # drops the database the server would wait a minute for them.
    gc.collect()


@pytest.fixture
def pen(log: PostgresEventLog) -> Pen:
    """Appends to the log."""
    return Pen(log)


@asynccontextmanager
async def node(database: str) -> AsyncIterator[PostgresEventLog]:
    """Another node on the same database, which decodes everything that it did not write."""
    async with PostgresEventLog(database, MAPPER).running() as log:
        yield log


def keeper(log: PostgresEventLog, holder: str = "node") -> LeaseKeeper:
    """Return what takes leases quickly."""
    return LeaseKeeper(log.pool, log.store_id, holder, seconds=2.0, renew_every=0.2)


def runner(
    log: PostgresEventLog, database: str, projection: Projection, holder: str = "node"
) -> ProjectionRunner:
    """Return a runner that loses no time."""
    return ProjectionRunner(
        projection, log, log.pool, keeper(log, holder), database, pace=0.0, retry_after=0.01
    )


@asynccontextmanager
async def running(*works: Callable[[], Coroutine[Any, Any, None]]) -> AsyncIterator[None]:
    """Run things in the background until left."""
    async with anyio.create_task_group() as tasks:
        for work in works:
            tasks.start_soon(work)
        yield
        tasks.cancel_scope.cancel()


async def folded(
    log: PostgresEventLog,
    database: str,
    pen: Pen,
    projection: Projection,
    steps: Sequence[Sequence[Happening]],
) -> Tables:
    """Fold steps into PostgreSQL, and what stands in the log then into memory."""
    live = runner(log, database, projection)
    async with running(live.run):
        head = await pen.write_all([step for step in steps if step])
        assert await live.progress.reached(head, PATIENCE)
    tables = Tables(projection)
    for recorded in await log.read(0, 100_000):
        tables.apply(recorded)
    return tables


async def lease_of(log: PostgresEventLog, projection: Projection, holder: str = "node") -> Lease:
    """Take the lease of a projection, from whoever has it."""
    async with log.pool.connection() as connection:
        await connection.execute("update leases set expires_at = '-infinity'")
    lease = await keeper(log, holder).take(f"projection/{projection.key}")
    assert lease is not None
    return lease


async def rows(conninfo: str, table: str) -> list[tuple[Any, ...]]:
    """Return all rows of a table as text, in the order of its key."""
    async with await psycopg.AsyncConnection.connect(conninfo, autocommit=True) as connection:
        cursor = await connection.execute(f"select t::text from {table} t order by 1")
        return await cursor.fetchall()


async def contents(
    conninfo: str, projection: Projection, build: str = ""
) -> dict[str, list[tuple[Any, ...]]]:
    """Return all rows of all tables of a projection."""
    names = zip(projection.table_names(), projection.table_names(build), strict=True)
    return {name: await rows(conninfo, table) for name, table in names}


async def one(conninfo: str, query: str, *values: Any) -> Any:
    """Return the first column of the first row."""
    async with await psycopg.AsyncConnection.connect(conninfo, autocommit=True) as connection:
        row = await (await connection.execute(query, values)).fetchone()
        return None if row is None else row[0]


async def eventually(condition: Callable[[], Coroutine[Any, Any, bool]]) -> None:
    """Wait for something that is only seen by looking."""
    with anyio.fail_after(PATIENCE):
        while not await condition():
            await anyio.sleep(0.01)


async def checkpoint(conninfo: str, projection: Projection) -> int:
    """Return where a projection stands."""
    position: int = await one(
        conninfo,
        "select position from projection_checkpoints where projection = %s",
        projection.key,
    )
    return position

"""Logs in memory and in PostgreSQL, notes to append to them, and a wire that can be cut."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator
from contextlib import asynccontextmanager
from typing import Any, ClassVar
from uuid import uuid4

import anyio
import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from aia_mas.application.embedded_postgres import EmbeddedPostgres
from aia_mas.application.event_log.leases import LeaseKeeper
from aia_mas.application.event_log.log import EventLog, new_events
from aia_mas.application.event_log.mapper import EventMapper
from aia_mas.application.event_log.memory_log import MemoryEventLog
from aia_mas.application.event_log.postgres_log import PostgresEventLog
from aia_mas.application.event_log.records import AppendRequest, Expectation, RecordedEvent
from aia_mas.application.event_log.subscription import Subscription
from aia_mas.domain.kernel import Event

from .wires import Wire

PATIENCE = 30.0
"""Seconds after which a test that waits for something gives up."""
NEVER = 3_600.0
"""Seconds between looks of whoever is told what happens, or does not hear of it."""

Place = tuple[int, str]
"""A version of a stream, and the command that wrote it."""

NEW: Place = (0, "")
"""Where a stream stands that does not exist."""


class Noted(Event, frozen=True, kw_only=True):
    """Something was written down."""

    topic: ClassVar[str] = "test.noted.v1"
    text: str = ""


class Crossed(Event, frozen=True, kw_only=True):
    """Something was crossed out."""

    topic: ClassVar[str] = "test.crossed.v1"
    text: str = ""


MAPPER = EventMapper([Noted, Crossed])


def note(
    stream: str,
    after: Place = NEW,
    *events: Event | str,
    command_id: str = "",
    reads: Iterable[tuple[str, Place]] = (),
    **options: Any,
) -> AppendRequest:
    """Return a request that notes something at the end of a stream."""
    contents = [Noted(text=event) if isinstance(event, str) else event for event in events]
    return AppendRequest(
        command_id=command_id or f"cmd:{uuid4()}",
        events=new_events(MAPPER, stream, after[0], contents or [Noted(text="note")]),
        expectations=[
            Expectation(stream, *after),
            *(Expectation(other, *place) for other, place in reads),
        ],
        **options,
    )


def check(*reads: tuple[str, Place], **options: Any) -> AppendRequest:
    """Return a request that changes nothing and wants to know whether streams still stand so."""
    return AppendRequest(
        command_id=options.pop("command_id", f"cmd:{uuid4()}"),
        events=(),
        expectations=[Expectation(stream, *place) for stream, place in reads],
        **options,
    )


def end_of(request: AppendRequest) -> Place:
    """Return where the stream of a request stands once it is accepted."""
    return request.events[-1].version, request.command_id


def texts(events: Iterable[RecordedEvent]) -> list[str]:
    """Return what was noted."""
    return [event.event.text for event in events]


def positions(events: Iterable[RecordedEvent]) -> list[int]:
    """Return where events stand."""
    return [event.position for event in events]


async def outcomes(log: EventLog, *requests: AppendRequest) -> list[Any]:
    """Enqueue requests at once and return what became of each: an answer or an error."""
    futures = [log.enqueue(request) for request in requests]
    return await asyncio.gather(*futures, return_exceptions=True)


async def collect(log: EventLog, after: int, count: int) -> list[RecordedEvent]:
    """Return the next events that a subscription yields."""
    subscription = Subscription(log, after)
    events: list[RecordedEvent] = []
    with anyio.fail_after(PATIENCE):
        while len(events) < count:
            events += await subscription.next()
    return events


async def eventually(condition: Callable[[], Coroutine[Any, Any, bool]]) -> None:
    """Wait for something that PostgreSQL shows only to those who ask."""
    with anyio.fail_after(PATIENCE):
        while not await condition():
            await anyio.sleep(0.005)


@pytest.fixture(scope="session")
def shared_database(postgres: EmbeddedPostgres) -> Iterator[str]:
    """One database for the tests of this folder, because making one takes longer than they do."""
    name = f"event_log_{uuid4().hex}"
    with psycopg.connect(postgres.owner_url, autocommit=True) as connection:
        connection.execute(f"create database {name} template mas_template")
        yield make_conninfo(postgres.owner_url, dbname=name)
        connection.execute(f"drop database {name} with (force)")


@pytest.fixture
def database(shared_database: str) -> str:
    """A migrated database, empty again and with a new identity; its owner's URL."""
    with psycopg.connect(shared_database) as connection:
        connection.execute(_HANG_UP)
        connection.execute(_EMPTY)
    return shared_database


@pytest.fixture
def own_database(postgres: EmbeddedPostgres) -> Iterator[str]:
    """A migrated database for a test that leaves more behind than rows; its owner's URL."""
    name = f"own_{uuid4().hex}"
    with psycopg.connect(postgres.owner_url, autocommit=True) as connection:
        connection.execute(f"create database {name} template mas_template")
        yield make_conninfo(postgres.owner_url, dbname=name)
        connection.execute(f"drop database {name} with (force)")


# A test may have left a backend behind whose client it took away.
_HANG_UP = """
    select pg_terminate_backend(pid, 5000) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()
"""
_EMPTY = """
    set local session_replication_role = replica;
    truncate events, stream_heads, commands, batches, leases, stream_snapshots, presence,
        fold_snapshots, fold_snapshot_pieces, fold_skips;
    update store set store_id = gen_random_uuid();
    insert into batches
        select 0, 0, clock_timestamp(), sha256(''), sha256(uuid_send(store_id)) from store
"""


@pytest.fixture(params=["memory", "postgres"])
def place(request: pytest.FixtureRequest) -> str | None:
    """Where the log is kept: in a database, or in memory."""
    # Not in the fixture below: a database is made outside of any event loop.
    return request.getfixturevalue("database") if request.param == "postgres" else None


@pytest.fixture
async def log(place: str | None) -> AsyncIterator[EventLog]:
    """Either log, running and empty."""
    made = MemoryEventLog(MAPPER) if place is None else PostgresEventLog(place, MAPPER)
    async with made.running() as log:
        yield log


@pytest.fixture
async def node(database: str) -> AsyncIterator[PostgresEventLog]:
    """A log in PostgreSQL, running and empty."""
    async with PostgresEventLog(database, MAPPER).running() as log:
        yield log


@asynccontextmanager
async def lock_held(database: str) -> AsyncIterator[psycopg.AsyncConnection]:
    """Hold the lock that every append takes, as an append does that is not yet committed."""
    async with await psycopg.AsyncConnection.connect(database) as connection:
        await connection.execute(
            "select pg_advisory_xact_lock(hashtextextended(store_id::text, 0)) from store"
        )
        yield connection
        await connection.rollback()


async def waiting_for_lock(connection: psycopg.AsyncConnection, count: int = 1) -> None:
    """Return when so many backends wait for the lock of appends."""

    async def wait() -> bool:
        cursor = await connection.execute(
            """select count(*) from pg_locks l join pg_database d on d.oid = l.database
            where l.locktype = 'advisory' and not l.granted and d.datname = current_database()"""
        )
        row = await cursor.fetchone()
        return row is not None and row[0] >= count

    await eventually(wait)


async def grant(log: EventLog, lease: str, epoch: int) -> None:
    """Make an epoch of a lease the newest."""
    if isinstance(log, MemoryEventLog):
        log.epochs[lease] = epoch
        return
    assert isinstance(log, PostgresEventLog)
    for _ in range(epoch):
        taken = await LeaseKeeper(log.pool, log.store_id, "test").take(lease)
        assert taken is not None


async def leaves_no_trace(log: EventLog, *requests: AppendRequest) -> None:
    """Check that nothing of requests stands in the log."""
    for request in requests:
        assert await log.command(request.command_id) is None
    ids = {request.command_id for request in requests}
    assert not ids & {event.command_id for event in await log.read(0, 10_000)}


@pytest.fixture
async def wire(database: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Wire]:
    """A wire to the database of the test."""
    if not psycopg.capabilities.has_cancel_safe():
        # With a libpq before 17, psycopg cancels a query by a call that holds up this process, and
        # with it the event loop that would carry the cancellation.
        monkeypatch.setattr(psycopg.AsyncConnection, "cancel_safe", _hang_up)
    async with Wire(database) as wire:
        yield wire


async def _hang_up(connection: psycopg.AsyncConnection, **_: object) -> None:
    connection.pgconn.finish()
    raise psycopg.OperationalError("hung up instead")

"""Logs in memory and in PostgreSQL, notes to append to them, and a wire that can be cut."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator
from contextlib import asynccontextmanager, suppress
from typing import Any, ClassVar, Self
from uuid import uuid4

import anyio
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from aia_mas.application.embedded_postgres import EmbeddedPostgres
from aia_mas.application.event_log.leases import LeaseKeeper
from aia_mas.application.event_log.log import EventLog, new_events
from aia_mas.application.event_log.mapper import EventMapper
from aia_mas.application.event_log.memory_log import MemoryEventLog
from aia_mas.application.event_log.postgres_log import PostgresEventLog
from aia_mas.application.event_log.records import AppendRequest, Expectation, RecordedEvent
from aia_mas.application.event_log.subscription import Subscription
from aia_mas.domain.kernel import Event

PATIENCE = 30.0
"""Seconds after which a test that waits for something gives up."""

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


class Line:
    """One connection of a client to PostgreSQL, through a ``Wire``.

    Attributes:
        sent: What the client has sent.
        received: What the client has received.
        deaf: Whatever the server says from now on is lost.
        lost: What was.
        answered: The server has answered a whole call, and the answer was lost.
        kept: The client has sent something since ``keep``.
    """

    def __init__(self, client: asyncio.StreamWriter, server: asyncio.StreamWriter) -> None:
        self._client = client
        self._server = server
        self._kept: list[bytes] | None = None
        self.sent = bytearray()
        self.received = bytearray()
        self.deaf = False
        self.lost = bytearray()
        self.answered = asyncio.Event()
        self.kept = asyncio.Event()

    @property
    def appends(self) -> bool:
        """Whether it is the line of a committer."""
        return b"append_batch" in self.sent

    @property
    def listens(self) -> bool:
        """Whether it waits for notifications."""
        return b"listen " in self.sent

    def keep(self) -> None:
        """Let nothing more through to the server until ``deliver``."""
        self._kept = []

    def deliver(self, *, deaf: bool = True) -> None:
        """Let the server have what was kept; its answer is lost, unless told otherwise."""
        assert self._kept is not None
        self.deaf = deaf
        for data in self._kept:
            self._server.write(data)
        self._kept = None

    def cut(self) -> None:
        """Drop the client. The server does not notice: to it the client is silent."""
        self.deaf = True
        self._client.transport.abort()

    def close(self) -> None:
        """Drop both sides."""
        self._client.transport.abort()
        self._server.transport.abort()

    async def run(self, client: asyncio.StreamReader, server: asyncio.StreamReader) -> None:
        """Carry bytes in both directions until the server hangs up."""
        up = asyncio.create_task(self._up(client))
        try:
            await self._down(server)
        finally:
            up.cancel()
            self.close()

    async def _up(self, client: asyncio.StreamReader) -> None:
        with suppress(ConnectionError):
            while data := await client.read(65536):
                self.sent += data
                if self._kept is None:
                    self._server.write(data)
                else:
                    self._kept.append(data)
                    self.kept.set()
            if not self.deaf:  # the client left by itself
                self._server.close()

    async def _down(self, server: asyncio.StreamReader) -> None:
        with suppress(ConnectionError):
            while data := await server.read(65536):
                if not self.deaf:
                    self.received += data
                    self._client.write(data)
                    continue
                self.lost += data
                if self.lost.endswith(b"Z\0\0\0\5I"):  # ReadyForQuery, no transaction open
                    self.answered.set()


class Wire:
    """Carries connections to PostgreSQL, each as a ``Line`` that can be cut."""

    def __init__(self, conninfo: str) -> None:
        self._target = conninfo_to_dict(conninfo)
        self._conninfo = conninfo
        self._tasks: set[asyncio.Task[None]] = set()
        self._refuses = False
        self.refused = asyncio.Event()
        self.lines: list[Line] = []
        self.conninfo = ""

    @property
    def committer(self) -> Line:
        """The line over which the newest batch was sent."""
        return [line for line in self.lines if line.appends][-1]

    def refuse(self) -> None:
        """Take no more connections."""
        self._refuses = True

    def admit(self) -> None:
        """Take connections again."""
        self._refuses = False

    def break_down(self) -> None:
        """Take no more connections, and drop those that are there."""
        self._refuses = True
        for line in self.lines:
            line.close()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        self.conninfo = make_conninfo(
            self._conninfo,
            host="127.0.0.1",
            port=port,
            sslmode="disable",
            gssencmode="disable",
        )
        return self

    async def __aexit__(self, *_error: object) -> None:
        self._server.close()
        for line in self.lines:
            line.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connected(
        self, client: asyncio.StreamReader, client_out: asyncio.StreamWriter
    ) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        host, port = str(self._target["host"]), str(self._target.get("port", 5432))
        try:
            if self._refuses:
                self.refused.set()
                raise ConnectionRefusedError
            if host.startswith("/"):
                server, out = await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{port}")
            else:
                server, out = await asyncio.open_connection(host, int(port))
        except OSError:
            client_out.transport.abort()
            return
        line = Line(client_out, out)
        self.lines.append(line)
        with suppress(asyncio.CancelledError):
            await line.run(client, server)


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

"""The event log in PostgreSQL: group commit, window, and reads from a small pool."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any
from uuid import UUID

import anyio
import msgspec
import psycopg
import structlog

from aia_mas.application.event_log.committer import Committer
from aia_mas.application.event_log.connections import Connection, Pool
from aia_mas.application.event_log.contact import Contact
from aia_mas.application.event_log.errors import EventLogError
from aia_mas.application.event_log.event_rows import (
    BOUNDED,
    COLUMNS,
    OF_STREAMS,
    conditions_of,
    recorded,
)
from aia_mas.application.event_log.feed import Feed
from aia_mas.application.event_log.listener import Listener
from aia_mas.application.event_log.log import EventFilter, StreamHead
from aia_mas.application.event_log.mapper import EventMapper
from aia_mas.application.event_log.pages import PAGE, PAGE_BYTES
from aia_mas.application.event_log.postgres_writer import PostgresBatchWriter
from aia_mas.application.event_log.records import (
    Appended,
    AppendRequest,
    Head,
    RecordedEvent,
    Settle,
    StoredOutcome,
)
from aia_mas.application.event_log.slices import Slices

log = structlog.stdlib.get_logger("aia.event_log")

_LAST = 2**63 - 1

_DECODED_AT_ONCE = 150
_RELISTEN, _LONGEST_RELISTEN = 0.25, 1.0
"""Seconds before a connection that listens is opened anew, at first and after failures."""
_REVIVED_WITHIN = 0.25
"""Seconds until somebody asks for those who wait for a connection."""
_WORKERS_END_WITHIN = 0.1
"""Seconds for those who connect, when it is given up; a server may not even refuse."""


class Limits(msgspec.Struct, frozen=True):
    """What one node may take of memory and of the database.

    Attributes:
        waiting_commands: Commands that may wait to be committed before more are refused.
        waiting_bytes: The same in bytes of their events.
        pool_size: Connections for reading and for processes.
        pool_timeout: Seconds to wait for one of them.
    """

    waiting_commands: int = 20_000
    waiting_bytes: int = 256 * 2**20
    pool_size: int = 8
    pool_timeout: float = 10.0


class PostgresEventLog:
    """Appends through one dedicated connection, reads through a pool, listens on a third.

    Attributes:
        hinted: Called with every hint that is not about commits, see ``hint_channel``.
        committed: Set by every commit of this node; for who tells others of it.
        committed_position: The last position that this node has committed.
    """

    def __init__(
        self,
        conninfo: str,
        mapper: EventMapper,
        *,
        poll: float = 1.0,
        grace: float = 2.0,
        limits: Limits = Limits(),  # noqa: B008 - frozen
    ) -> None:
        """Wire the log; use it within ``running``.

        Args:
            conninfo: libpq URL or keywords of a migrated database.
            mapper: Encodes and decodes events.
            poll: Seconds between looks at the head when nothing is heard (a notification may be
                lost; it is only a hint).
            grace: Seconds to wait, on leaving, for appends under way to be answered.
            limits: How much may wait and how many connections are used.
        """
        self.mapper = mapper
        self.feed = Feed()
        self.store_id = self.epoch = UUID(int=0)
        self.hinted: Callable[[str], None] = lambda _: None
        self.pool = Pool(
            conninfo,
            connection_class=Connection,
            kwargs={"autocommit": True, "options": "-c plan_cache_mode=force_generic_plan"},
            min_size=1,
            max_size=limits.pool_size,
            open=False,
            timeout=limits.pool_timeout,
            # Its own tries get rarer and rarer; those that `_revive` asks for do not.
            reconnect_timeout=1.0,
            check=Pool.check_connection,
        )
        self._conninfo = conninfo
        self._poll = poll
        self._grace = grace
        self.contact = Contact()
        self._writer = PostgresBatchWriter(conninfo, contact=self.contact)
        self.committed = asyncio.Event()
        self.committed_position = 0
        self.committer = Committer(
            self._writer,
            self._take_committed,
            max_waiting=limits.waiting_commands,
            max_waiting_bytes=limits.waiting_bytes,
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[PostgresEventLog]:
        """Connect, keep committing and listening, and stop everything on leaving."""
        await self.pool.open()
        try:
            async with self.pool.connection() as connection:
                cursor = await connection.execute("select store_id, current_epoch() from store")
                row = await cursor.fetchone()
                assert row is not None
                self.store_id, self.epoch = row
            self.feed.start((await self.head()).position)
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self.committer.run)
                tasks.start_soon(self._follow)
                tasks.start_soon(self._listen)
                tasks.start_soon(self._revive)
                try:
                    yield self
                finally:
                    await self.committer.stop(self._grace)
                    tasks.cancel_scope.cancel()
        finally:
            with anyio.CancelScope(shield=True):
                await self._writer.close()
                await self.pool.close()

    @property
    def _channel(self) -> str:
        return f"mas_{str(self.store_id)[:8]}"

    def _pass_on(self, hint: str) -> None:
        self.hinted(hint)  # whoever that is by then

    @property
    def hint_channel(self) -> str:
        """Where nodes send each other hints that are not about commits."""
        return f"{self._channel}_hints"

    def enqueue(
        self, request: AppendRequest, settle: Settle | None = None
    ) -> asyncio.Future[Appended]:
        """Queue a request for the next commit (see ``Committer.enqueue``)."""
        return self.committer.enqueue(request, settle)

    async def append(self, request: AppendRequest) -> Appended:
        """Commit a request (see ``Committer.enqueue`` for the errors)."""
        return await self.committer.append(request)

    async def drain(self) -> None:
        """Take no new requests and wait until all queued ones are answered."""
        await self.committer.drain()

    async def give_up(self) -> None:
        """Tell all who wait for the store that they do so in vain, and all who will.

        Calls that are under way fail.
        """
        await self.committer.stop(grace=0)
        await self.pool.close(timeout=_WORKERS_END_WITHIN)
        self.pool.cut()

    async def read(
        self,
        after: int,
        limit: int,
        where: EventFilter | None = None,
        *,
        newest: bool = False,
        max_bytes: int | None = None,
    ) -> list[RecordedEvent]:
        """Return events behind (or with ``newest`` before) a position; see ``EventLog.read``."""
        conditions, values = conditions_of(where or EventFilter())
        if newest:
            if after:
                conditions.append("position < %s")
                values.append(after)
        else:
            conditions.append("position > %s")
            values.append(after)
        order = f"position {'desc' if newest else 'asc'}"
        sql = f"""select {COLUMNS} from events where {" and ".join(conditions) or "true"}
            order by {order} limit %s"""  # noqa: S608
        return await self._select(sql, [*values, limit], order, max_bytes)

    async def count(self, where: EventFilter) -> int:
        """Return how many events there are."""
        if where == EventFilter(after=where.after, upto=where.upto):
            # Positions have no gaps: nothing needs to be counted one by one.
            head = (await self.head()).position
            last = head if where.upto is None else min(head, where.upto)
            return max(0, last - (where.after or 0))
        conditions, values = conditions_of(where)
        sql = f"select count(*) from events where {' and '.join(conditions)}"  # noqa: S608
        async with self.pool.connection() as connection:
            row = await (await connection.execute(sql, values)).fetchone()
        assert row is not None
        count: int = row[0]
        return count

    async def read_stream(
        self,
        stream: str,
        after_version: int = -1,
        limit: int | None = None,
        *,
        newest: bool = False,
        max_bytes: int | None = None,
    ) -> list[RecordedEvent]:
        """Return the events of one stream behind a version; see ``EventLog.read_stream``."""
        if newest:
            sql = f"""select {COLUMNS} from events where stream = %s and version < %s
                order by version desc limit %s"""  # noqa: S608
            before = _LAST if after_version == -1 else after_version
            return await self._select(sql, [stream, before, limit], "version desc", max_bytes)
        sql = f"""select {COLUMNS} from events where stream = %s and version > %s
            order by version limit %s"""  # noqa: S608
        return await self._select(sql, [stream, after_version, limit], "version", max_bytes)

    async def read_streams(
        self, after: Mapping[str, int], limit: int = PAGE, *, max_bytes: int = PAGE_BYTES
    ) -> list[RecordedEvent]:
        """Return a page of the events of several streams; see ``EventLog.read_streams``."""
        values = [list(after), list(after.values()), limit, limit, max_bytes]
        return await self._select(OF_STREAMS, values, "", None)

    async def stream_heads(self, streams: Iterable[str]) -> dict[str, StreamHead]:
        """Return the heads of those streams that exist."""
        sql = "select stream, version, command_id from stream_heads where stream = any(%s)"
        async with self.pool.connection() as connection:
            rows = await (await connection.execute(sql, [list(streams)])).fetchall()
        return {stream: StreamHead(version, command_id) for stream, version, command_id in rows}

    async def head(self) -> Head:
        """Return the end of the log."""
        sql = """select last_position, hash, recorded_at from batches
            order by last_position desc limit 1"""
        async with self.pool.connection() as connection:
            row = await (await connection.execute(sql)).fetchone()
        assert row is not None
        return Head(*row)

    async def command(self, command_id: str) -> StoredOutcome | None:
        """Return what is remembered of an answered command."""
        sql = """select body_hash, outcome, first_position, event_count from commands
            where command_id = %s"""
        async with self.pool.connection() as connection:
            row = await (await connection.execute(sql, [command_id])).fetchone()
        return None if row is None else StoredOutcome(*row)

    async def _select(
        self, sql: str, values: list[Any], order: str, max_bytes: int | None
    ) -> list[RecordedEvent]:
        if max_bytes is not None:
            sql, values = BOUNDED.format(page=sql, order=order), [*values, max_bytes]
        events: list[RecordedEvent] = []
        slices = Slices()
        async with self.pool.connection() as connection:
            cursor = connection.cursor(binary=True)
            await cursor.execute(sql, values)
            # Piecewise, because a page takes longer than the event loop may be held.
            while rows := await cursor.fetchmany(_DECODED_AT_ONCE):
                events += recorded(rows, self.mapper.decode)
                if slices.over():
                    await slices.give_way()
        return events

    def _take_committed(self, events: Sequence[RecordedEvent]) -> None:
        self.feed.publish(events)
        self.committed_position = events[-1].position
        self.committed.set()

    async def _follow(self) -> None:
        """Fill the window with what other nodes committed, whether or not it was announced."""
        while True:
            try:
                await self.feed.catch_up(partial(self.read, max_bytes=PAGE_BYTES))
                await self.feed.gap(self._poll)
            except (psycopg.Error, EventLogError, TimeoutError, OSError) as error:
                log.warning("follow_failed", error=str(error))
                await asyncio.sleep(self._poll)

    async def _revive(self) -> None:
        """Have the pool connect again after an outage: it tries when it is asked, not for those who
        wait already.
        """
        while True:
            await asyncio.sleep(min(self._poll, _REVIVED_WITHIN))
            if self.pool.get_stats().get("requests_waiting"):
                with suppress(psycopg.Error):
                    async with self.pool.connection(timeout=self._poll):
                        pass

    async def _listen(self) -> None:
        """Turn notifications into looks; they are hints, so every failure only costs latency."""
        pause = _RELISTEN
        while True:
            try:
                connection = await Connection.connect(self._conninfo, autocommit=True)
                try:
                    listener = Listener(self.feed, self._pass_on)
                    await listener.listen(connection, self._channel, self.hint_channel)
                    self.contact.made("listen")
                    pause = _RELISTEN
                    self.feed.look()
                    await listener.hear()
                finally:
                    # Its context manager would wait for a rollback first, which cannot be waited
                    # for when this task is cancelled, and the connection would stay open.
                    await connection.close()
            except (psycopg.Error, TimeoutError, OSError, ValueError) as error:
                log.warning("listen_failed", error=str(error))
            self.contact.lost("listen")
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_RELISTEN)

"""Writes batches by one call of ``append_batch``; a lost answer is never taken for a failure."""

from __future__ import annotations

import asyncio
from uuid import UUID

import psycopg
import structlog
from psycopg import errors as pg

from aia_mas.application.event_log.batch import Batch, BatchResult
from aia_mas.application.event_log.binary_arrays import (
    bigints,
    byteas,
    encode_columns,
    integers,
    register,
    smallints,
    texts,
)
from aia_mas.application.event_log.contact import Contact
from aia_mas.application.event_log.errors import LogUnavailable

log = structlog.stdlib.get_logger("aia.event_log.writer")

_ENCODERS = (
    # ids, body hashes, outcomes, kinds, lookups
    *(texts, byteas, byteas, smallints, integers),
    # fenced, fences, epochs
    *(integers, texts, bigints),
    # counts of expectations and events
    *(integers, integers),
    # streams, lookups of streams
    *(texts, integers, texts),
    # expectations: stream, version, command
    *(integers, bigints, texts),
    # events: request, stream, stream id, version, topic, state
    *(integers, integers, texts, bigints, texts, byteas),
    # events: command, actor, correlation, causation, hash
    *(texts, texts, texts, texts, byteas),
)
_SQL_TYPES = {
    texts: "text[]",
    byteas: "bytea[]",
    smallints: "smallint[]",
    integers: "integer[]",
    bigints: "bigint[]",
}
_PARAMETERS = ", ".join(f"%b::{_SQL_TYPES[encoder]}" for encoder in _ENCODERS)
_CALL = f"select * from append_batch(%b::uuid, {_PARAMETERS})"  # noqa: S608 - types of ours

_TOO_LARGE = (
    pg.ProgramLimitExceeded,
    pg.StatementTooComplex,
    pg.TooManyArguments,
    pg.TooManyColumns,
)
"""Limits that a request exceeds by itself (a key too long for an index); waiting does not help."""

# What was decided before the lock was taken must not be seen as it was then. The plan is made while
# the tables are small; it must stay the index plan when they have grown.
_SESSION = (
    "set default_transaction_isolation = 'read committed'",
    "set plan_cache_mode = force_generic_plan",
    "set enable_seqscan = off",
    "set enable_hashjoin = off",
    "set enable_mergejoin = off",
)


class PostgresBatchWriter:
    """The dedicated connection of the committer."""

    def __init__(
        self, conninfo: str, *, contact: Contact | None = None, patience: float = 10.0
    ) -> None:
        """Remember where the store is.

        Args:
            conninfo: libpq URL or keywords.
            contact: Told when the connection is lost and made.
            patience: Seconds for which a lack of resources (disk full) is waited out before the
                batch is refused. A lost connection is waited out without limit, because nobody can
                know the outcome before the store answers.
        """
        self._conninfo = conninfo
        self._contact = contact or Contact()
        self._patience = patience
        self._connection: psycopg.AsyncConnection | None = None
        self._store_id: UUID | None = None
        self.connected = asyncio.Event()

    async def write(self, batch: Batch) -> BatchResult:
        """Store a batch; see ``BatchWriter.write``."""
        look_up_all = ambiguous = False
        delay, waited = 0.05, 0.0
        while True:
            connection: psycopg.AsyncConnection | None = None
            try:
                connection = await self._connect()
                return await self._call(connection, batch, look_up_all=look_up_all)
            except pg.UniqueViolation as error:
                if look_up_all or error.diag.table_name not in {"commands", "stream_heads"}:
                    raise
                look_up_all = True
                continue
            except _TOO_LARGE:
                raise
            except (
                psycopg.OperationalError,
                psycopg.InterfaceError,
                pg.ReadOnlySqlTransaction,
            ) as error:
                lost = connection is None or connection.broken or connection.closed
                if isinstance(error, pg.ReadOnlySqlTransaction) and connection is not None:
                    # A standby answered; the primary may be behind another address by now.
                    await connection.close()
                    lost = True
                if lost:
                    # The call may have been committed, or may yet be: only the identical batch,
                    # with every command looked up, gives an answer that is true.
                    self.connected.clear()
                    self._contact.lost("append")
                    self._connection = None
                    look_up_all = ambiguous = True
                elif not ambiguous:
                    if waited >= self._patience:
                        raise LogUnavailable(str(error)) from error
                    waited += delay
                log.warning("append_retried", lost=lost, requests=len(batch), error=str(error))
            await asyncio.sleep(delay)
            delay = min(delay * 2, 1.0)

    async def _call(
        self, connection: psycopg.AsyncConnection, batch: Batch, *, look_up_all: bool
    ) -> BatchResult:
        cursor = connection.cursor(binary=True)
        columns = encode_columns(_ENCODERS, batch.columns(look_up_all=look_up_all))
        await cursor.execute(_CALL, [self._store_id, *columns], prepare=True)
        row = await cursor.fetchone()
        assert row is not None
        return BatchResult(*row)

    async def _connect(self) -> psycopg.AsyncConnection:
        if self._connection is None or self._connection.closed:
            connection = await psycopg.AsyncConnection.connect(self._conninfo, autocommit=True)
            try:
                register(connection)
                for statement in _SESSION:
                    await connection.execute(statement)
                row = await (await connection.execute("select store_id from store")).fetchone()
            except BaseException:
                await connection.close()
                raise
            assert row is not None
            self._store_id = row[0]
            self._connection = connection
            self.connected.set()
            self._contact.made("append")
        return self._connection

    async def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            await self._connection.close()
            self._connection = None

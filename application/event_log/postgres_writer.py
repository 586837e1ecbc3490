"""Writes batches by one call of ``append_batch``; a lost answer is never taken for a failure."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any

import psycopg
import structlog
from psycopg import errors as pg
from psycopg import pq

from aia_mas.application.event_log.batch import Batch, BatchResult, Sent
from aia_mas.application.event_log.binary_arrays import (
    bigints,
    byteas,
    integers,
    read_moment,
    read_nullable,
    read_numbers,
    smallints,
    texts,
)
from aia_mas.application.event_log.contact import Contact
from aia_mas.application.event_log.errors import LogUnavailable
from aia_mas.application.event_log.pipeline import ConnectionLost, Pipeline

log = structlog.stdlib.get_logger("aia.event_log.writer")

_ENCODERS: tuple[Callable[[Any], bytes], ...] = (
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
_SQL_TYPES: dict[Callable[[Any], bytes], str] = {
    texts: "text[]",
    byteas: "bytea[]",
    smallints: "smallint[]",
    integers: "integer[]",
    bigints: "bigint[]",
}
_TYPES = ", ".join(_SQL_TYPES[encoder] for encoder in _ENCODERS)
_MARKS = ", ".join(f"${number}" for number in range(1, len(_ENCODERS) + 2))
_PREPARE = f"prepare append_batch(uuid, {_TYPES}) as select * from append_batch({_MARKS})"  # noqa: S608

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
    _PREPARE,
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
        self._pipeline: Pipeline | None = None
        self._store_id = b""
        self.connected = asyncio.Event()

    def send(self, batch: Batch) -> Sent | None:
        """Send a batch ahead; see ``BatchWriter.send``."""
        if self._pipeline is None or self._pipeline.broken:
            return None
        try:
            return self._call(self._pipeline, batch, look_up_all=False)
        except Exception:  # noqa: BLE001 - ``write`` meets it again, and tells
            return None

    async def write(self, batch: Batch, sent: Sent | None = None) -> BatchResult:
        """Store a batch; see ``BatchWriter.write``."""
        look_up_all = ambiguous = False
        delay, waited = 0.05, 0.0
        while True:
            try:
                if sent is None:
                    sent = self._call(await self._connect(), batch, look_up_all=look_up_all)
                return _read(await sent)
            except pg.UniqueViolation as error:
                if look_up_all or error.diag.table_name not in {"commands", "stream_heads"}:
                    raise
                look_up_all, sent = True, None
                continue
            except _TOO_LARGE:
                raise
            except (
                psycopg.OperationalError,
                psycopg.InterfaceError,
                pg.ReadOnlySqlTransaction,
            ) as error:
                # Not connected, or cut off: the call may have been committed, or may yet be. Only
                # the identical batch, with every command looked up, gives an answer that is true.
                lost = sent is None or isinstance(error, ConnectionLost)
                if isinstance(error, pg.ReadOnlySqlTransaction):
                    # A standby answered; the primary may be behind another address by now.
                    lost = True
                    await self.close()
                if lost:
                    self.connected.clear()
                    self._contact.lost("append")
                    look_up_all = ambiguous = True
                elif not ambiguous:
                    if waited >= self._patience:
                        raise LogUnavailable(str(error)) from error
                    waited += delay
                why = error.diag.message_primary or str(error)
                log.warning("append_retried", lost=lost, requests=len(batch), error=why)
            sent = None
            await asyncio.sleep(delay)
            delay = min(delay * 2, 1.0)

    def _call(self, pipeline: Pipeline, batch: Batch, *, look_up_all: bool) -> Sent:
        columns = batch.columns(look_up_all=look_up_all)
        encoded = [encode(column) for encode, column in zip(_ENCODERS, columns, strict=True)]
        return pipeline.call([self._store_id, *encoded])

    async def _connect(self) -> Pipeline:
        if self._pipeline is not None and not self._pipeline.broken:
            return self._pipeline
        await self.close()
        connection = await psycopg.AsyncConnection.connect(self._conninfo, autocommit=True)
        try:
            for statement in _SESSION:
                await connection.execute(statement)
            row = await (await connection.execute("select store_id from store")).fetchone()
            assert row is not None
            self._store_id = row[0].bytes
            self._pipeline = Pipeline(connection, "append_batch", 1 + len(_ENCODERS))
        except BaseException:
            await connection.close()
            raise
        self.connected.set()
        self._contact.made("append")
        return self._pipeline

    async def close(self) -> None:
        """Close the connection."""
        if self._pipeline is not None:
            pipeline, self._pipeline = self._pipeline, None
            await pipeline.close()


def _read(result: pq.abc.PGresult) -> BatchResult:
    """Decode the one row that ``append_batch`` returns."""
    statuses, firsts, outcomes, counts, times, head, stamp = (
        result.get_value(0, column) for column in range(7)
    )
    assert statuses is not None and firsts is not None and head is not None and stamp is not None
    return BatchResult(
        read_numbers(statuses, "h"),
        read_numbers(firsts, "q"),
        None if outcomes is None else list(read_nullable(outcomes)),
        None if counts is None else [_number(each) for each in read_nullable(counts)],
        None if times is None else [_moment(each) for each in read_nullable(times)],
        int.from_bytes(head, signed=True),
        read_moment(stamp),
    )


def _number(data: bytes | None) -> int | None:
    return None if data is None else int.from_bytes(data, signed=True)


def _moment(data: bytes | None) -> datetime | None:
    return None if data is None else read_moment(data)

"""Audits the log: the hash chain, gapless positions, contiguous versions, stream heads.

The chain has one link for each committed batch: SHA-256 over the link before it, the first and last
position, the time, and the digest of the row hashes. Row hashes are computed anew from the columns,
so a changed byte anywhere is found and named by its position.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from struct import pack
from typing import Any

import msgspec
import psycopg

from aia_mas.application.event_log.records import NewEvent
from aia_mas.application.event_log.row_hashes import row_hashes

_PAGE = 10_000
_POSTGRES_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


class Finding(msgspec.Struct, frozen=True):
    """Something that is not as it must be.

    Attributes:
        code: row_changed, digest_broken, chain_broken, position_gap, version_gap, batch_gap,
            missing_events, head_wrong, time_went_back.
        position: Where in the log.
        detail: What was found.
    """

    code: str
    position: int
    detail: str


class Verification(msgspec.Struct, frozen=True):
    """The result of an audit.

    Attributes:
        events: How many events were read.
        batches: How many links of the chain were checked.
        head: The last position.
        hash: The hash of the last link, hexadecimal.
        findings: What is wrong, at most 100; empty when the log is whole.
    """

    events: int
    batches: int
    head: int
    hash: str
    findings: tuple[Finding, ...]

    @property
    def whole(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings


class _Auditor:
    def __init__(self, progress: Callable[[int, int], None] | None) -> None:
        self.findings: list[Finding] = []
        self.versions: dict[str, tuple[int, str]] = {}
        self.events = 0
        self.batches = 0
        self.position = 0
        self.hash = b""
        self.stamp = datetime.min.replace(tzinfo=UTC)
        self._progress = progress

    def find(self, code: str, position: int, detail: str) -> None:
        if len(self.findings) < 100:
            self.findings.append(Finding(code, position, detail))

    def event(self, row: Any, sealed_at: datetime | None = None) -> bytes:
        """Check one event, and the time against that of its batch; return its columns' hash."""
        (position, stream, version, topic, state, at, command_id, actor, corr, cause, stored) = row
        self.events += 1
        if position != self.position + 1:
            self.find("position_gap", position, f"follows {self.position}")
        self.position = position
        known = self.versions.get(stream)
        # A stream begins at version 1; at 0 for programs that number from there.
        if version not in (0, 1) if known is None else version != known[0] + 1:
            before = "nothing" if known is None else f"version {known[0]}"
            self.find("version_gap", position, f"{stream} has version {version} after {before}")
        self.versions[stream] = (version, command_id)
        if at < self.stamp:
            self.find(
                "time_went_back", position, f"{at.isoformat()} after {self.stamp.isoformat()}"
            )
        self.stamp = at
        if sealed_at not in (None, at):
            self.find("row_changed", position, f"{stream} {version} was not recorded at {at}")
        event = NewEvent(stream, version, topic, state, None)
        (computed,) = row_hashes([event], command_id, actor, corr, cause)
        if computed != stored:
            self.find("row_changed", position, f"{stream} {version} is not what was written")
        return computed

    def batch(self, row: Any, hashes: list[bytes]) -> None:
        """Check one link against the rows it seals."""
        first, last, at, digest, stored = row
        self.batches += 1
        if len(hashes) != last - first + 1:
            missing = last - first + 1 - len(hashes)
            self.find("missing_events", first, f"{missing} of the batch {first}-{last} are missing")
        if hashlib.sha256(b"".join(hashes)).digest() != digest:
            self.find("digest_broken", first, f"the batch {first}-{last} is not what was sealed")
        if _link(self.hash, first, last, at, digest) != stored:
            self.find("chain_broken", first, f"the link of the batch {first}-{last} does not fit")
        # Go on from what is stored, so that one break is reported once.
        self.hash = stored
        if self._progress is not None:
            self._progress(last, self.events)


async def verify(conninfo: str, progress: Callable[[int, int], None] | None = None) -> Verification:
    """Audit the whole log in one consistent view of it, without locking anything.

    Args:
        conninfo: libpq URL or keywords.
        progress: Called after each batch with the last position and the number of events read.
    """
    auditor = _Auditor(progress)
    async with await psycopg.AsyncConnection.connect(conninfo) as connection:
        await connection.execute(
            "set transaction isolation level repeatable read, read only; set timezone = 'UTC'"
        )
        store_id = await _one(connection, "select store_id from store")
        auditor.hash = hashlib.sha256(store_id.bytes).digest()
        genesis = await _one(connection, "select hash from batches where last_position = 0")
        if genesis != auditor.hash:
            auditor.find("chain_broken", 0, "the chain does not begin with this store")
        rows = _rows(
            connection,
            """select position, stream, version, topic, state, recorded_at, command_id, actor,
                correlation_id, causation_id, row_hash from events order by position""",
        )
        row = await anext(rows, None)
        expected = 1
        async for batch in _rows(
            connection,
            """select first_position, last_position, recorded_at, digest, hash from batches
                where last_position > 0 order by last_position""",
        ):
            first, last = batch[0], batch[1]
            if first != expected:
                auditor.find("batch_gap", first, f"the link before it ends at {expected - 1}")
            expected = last + 1
            while row is not None and row[0] < first:
                auditor.event(row)
                row = await anext(rows, None)
            hashes: list[bytes] = []
            while row is not None and row[0] <= last:
                hashes.append(auditor.event(row, batch[2]))
                row = await anext(rows, None)
            auditor.batch(batch, hashes)
        while row is not None:
            auditor.event(row)
            auditor.find("chain_broken", row[0], "no link seals this event")
            row = await anext(rows, None)
        await _check_heads(connection, auditor)
    return Verification(
        auditor.events,
        auditor.batches,
        auditor.position,
        auditor.hash.hex(),
        tuple(auditor.findings),
    )


async def _check_heads(connection: psycopg.AsyncConnection, auditor: _Auditor) -> None:
    streams = 0
    async for stream, version, command_id in _rows(
        connection, "select stream, version, command_id from stream_heads"
    ):
        streams += 1
        if auditor.versions.get(stream) != (version, command_id):
            auditor.find("head_wrong", 0, f"the head of {stream} is not its last event")
    if streams != len(auditor.versions):
        auditor.find("head_wrong", 0, f"{streams} heads for {len(auditor.versions)} streams")


def _link(before: bytes, first: int, last: int, at: datetime, digest: bytes) -> bytes:
    """Return the hash of one link, as ``append_batch`` computes it."""
    microseconds = (at - _POSTGRES_EPOCH) // timedelta(microseconds=1)
    return hashlib.sha256(before + pack(">qqq", first, last, microseconds) + digest).digest()


async def _one(connection: psycopg.AsyncConnection, sql: str) -> Any:
    row = await (await connection.execute(sql.encode())).fetchone()
    return None if row is None else row[0]


async def _rows(connection: psycopg.AsyncConnection, sql: str) -> AsyncIterator[Any]:
    """Stream the rows of a query through a cursor of the server."""
    async with connection.cursor(name=f"audit_{abs(hash(sql))}", binary=True) as cursor:
        cursor.itersize = _PAGE
        await cursor.execute(sql.encode())
        async for row in cursor:
            yield row

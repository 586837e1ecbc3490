"""Snapshots of long streams, written in the background from committed states only."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec
import psycopg
import structlog
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from aia_mas.application.engine.handlers import category

log = structlog.stdlib.get_logger("aia.engine.snapshots")

Snapshot = tuple[Any, int, str]
"""State, version, and the command that wrote that version."""

WORTH_WHILE = 100
"""Events read to load a stream that make a snapshot of it worth while."""


class Snapshots(Protocol):
    """Where states of long streams are kept."""

    async def load(self, streams: Sequence[str]) -> dict[str, Snapshot]:
        """Return the snapshots of those streams that have one in the shape of this program."""
        ...

    def consider(
        self, stream: str, state: Any, version: int, command_id: str, events_read: int
    ) -> None:
        """Take note of a committed state; it may be written later."""
        ...


class NoSnapshots:
    """For logs in memory: every stream is read from its first event."""

    async def load(self, streams: Sequence[str]) -> dict[str, Snapshot]:
        """Return nothing."""
        return {}

    def consider(
        self, stream: str, state: Any, version: int, command_id: str, events_read: int
    ) -> None:
        """Do nothing."""


class PostgresSnapshots:
    """Snapshots in the table ``stream_snapshots``.

    A snapshot made by a program with other state classes has another shape and is not used.
    """

    def __init__(
        self,
        pool: AsyncConnectionPool[Any],
        states: Mapping[str, type[msgspec.Struct]],
        *,
        worth_while: int = WORTH_WHILE,
    ) -> None:
        """Keep snapshots of the categories whose state classes are given."""
        self._pool = pool
        self._worth_while = worth_while
        self._decoders = {name: msgspec.json.Decoder(cls) for name, cls in states.items()}
        self._shapes = {name: _shape(cls) for name, cls in states.items()}
        self._waiting: dict[str, tuple[Any, int, str]] = {}

    async def load(self, streams: Sequence[str]) -> dict[str, Snapshot]:
        """Return the snapshots of those streams that have one in the shape of this program."""
        shapes = [(stream, self._shapes.get(category(stream))) for stream in streams]
        possible = [(stream, shape) for stream, shape in shapes if shape is not None]
        if not possible:
            return {}
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                """select s.stream, s.state, s.version, s.command_id
                from unnest(%s::text[], %s::text[]) as wanted (stream, shape)
                join stream_snapshots s on s.stream = wanted.stream and s.shape = wanted.shape""",
                [list(column) for column in zip(*possible, strict=True)],
            )
            rows = await cursor.fetchall()
        found: dict[str, Snapshot] = {}
        for stream, state, version, command_id in rows:
            try:
                decoded = self._decoders[category(stream)].decode(state)
            except msgspec.MsgspecError as error:
                log.warning("snapshot_unreadable", stream=stream, error=str(error))
                continue
            found[stream] = (decoded, version, command_id)
        return found

    def consider(
        self, stream: str, state: Any, version: int, command_id: str, events_read: int
    ) -> None:
        """Note a committed state that took many events to load."""
        if events_read >= self._worth_while and category(stream) in self._decoders:
            self._waiting[stream] = (state, version, command_id)

    async def write_waiting(self) -> int:
        """Write the noted states; a failure is logged and forgotten.

        Returns:
            How many were written.
        """
        waiting, self._waiting = self._waiting, {}
        written = 0
        for stream, (state, version, command_id) in waiting.items():
            try:
                async with self._pool.connection() as connection:
                    await connection.execute(
                        """insert into stream_snapshots as s values (%s, %s, %s, %s, %s)
                        on conflict (stream) do update set shape = excluded.shape,
                            version = excluded.version, command_id = excluded.command_id,
                            state = excluded.state
                        where s.version < excluded.version or s.shape <> excluded.shape""",
                        (
                            stream,
                            self._shapes[category(stream)],
                            version,
                            command_id,
                            msgspec.json.encode(state),
                        ),
                    )
                written += 1
            except (psycopg.Error, PoolTimeout, OSError, msgspec.MsgspecError) as error:
                log.warning("snapshot_not_written", stream=stream, error=str(error))
        return written


def _shape(cls: type[msgspec.Struct]) -> str:
    """Return a digest of a state class and everything it is made of, and of how it is written.

    As JSON, because amounts go beyond the 64 bits that MessagePack has.
    """
    schema = msgspec.json.encode(msgspec.json.schema(cls), order="sorted")
    return hashlib.sha256(b"json" + schema).hexdigest()[:16]

"""Where folds in memory keep their snapshots, so that a start does not read the whole log."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple, Protocol
from uuid import UUID

from aia_mas.application.event_log.connections import Pool
from aia_mas.application.event_log.records import RecordedEvent, Unreadable

MOST_SKIPS = 1_000
"""Skipped events that are recorded for one run of a fold."""


class StoredFold(NamedTuple):
    """A fold at one position.

    Attributes:
        position: The last event in it.
        pieces: What the fold's ``snapshot`` made.
        generation: Counts its rebuilds; a node that runs an older one takes this one over.
    """

    position: int
    pieces: Sequence[bytes]
    generation: int = 0


class Skip(NamedTuple):
    """An event that is missing from a fold."""

    position: int
    topic: str


class FoldSnapshots(Protocol):
    """Keeps the newest snapshot of every fold by name and version, and what was skipped."""

    async def load(self, name: str, version: int) -> StoredFold | None:
        """Return the newest snapshot, if there is any."""
        ...

    async def generation(self, name: str, version: int) -> int:
        """Return the generation of the newest snapshot; 0 when there is none."""
        ...

    async def save(self, name: str, version: int, stored: StoredFold) -> None:
        """Keep a snapshot, unless a newer one is there."""
        ...

    async def replace(
        self, name: str, version: int, stored: StoredFold, skipped: Collection[int] = ()
    ) -> None:
        """Keep a snapshot folded from position 0, and forget what older ones went on without.

        ``skipped``: the positions of what this one goes on without.
        """
        ...

    async def unreadable(self, name: str, version: int, upto: int) -> list[Skip]:
        """Return events up to a position that some program went on without, unable to read them."""
        ...

    async def record_skip(self, name: str, version: int, event: RecordedEvent, why: str) -> None:
        """Record that a fold went on without an event; every node may tell the same."""
        ...


class PostgresFoldSnapshots:
    """Snapshots in ``fold_snapshots`` and ``fold_snapshot_pieces``, skips in ``fold_skips``."""

    def __init__(self, pool: Pool, store_id: UUID) -> None:
        """Keep snapshots of one store; those of another are not seen."""
        self._pool = pool
        self._store_id = store_id

    async def load(self, name: str, version: int) -> StoredFold | None:
        """Return the newest snapshot; see ``FoldSnapshots.load``."""
        async with self._pool.connection() as connection:
            cursor = connection.cursor(binary=True)
            await cursor.execute(
                """select position, generation, piece
                from fold_snapshots join fold_snapshot_pieces using (store_id, name, version)
                where store_id = %s and name = %s and version = %s order by number""",
                (self._store_id, name, version),
            )
            row = await cursor.fetchone()
            if row is None:
                return None
            position, generation, piece = row
            pieces = [piece, *[row[2] async for row in cursor]]
        return StoredFold(position, pieces, generation)

    async def generation(self, name: str, version: int) -> int:
        """Return the generation of the newest snapshot; see ``FoldSnapshots.generation``."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                """select generation from fold_snapshots
                where store_id = %s and name = %s and version = %s""",
                (self._store_id, name, version),
            )
            row = await cursor.fetchone()
        return 0 if row is None else int(row[0])

    async def save(self, name: str, version: int, stored: StoredFold) -> None:
        """Keep a snapshot, unless a newer one is there; see ``FoldSnapshots.save``."""
        key = (self._store_id, name, version)
        async with self._pool.connection() as connection, connection.transaction():
            cursor = await connection.execute(
                """insert into fold_snapshots as s (store_id, name, version, generation, position)
                values (%s, %s, %s, %s, %s)
                on conflict (store_id, name, version) do update
                set generation = excluded.generation, position = excluded.position,
                    saved_at = clock_timestamp()
                where (s.generation, s.position) < (excluded.generation, excluded.position)""",
                (*key, stored.generation, stored.position),
            )
            if not cursor.rowcount:
                return
            await connection.execute(
                """delete from fold_snapshot_pieces
                where store_id = %s and name = %s and version = %s""",
                key,
            )
            await connection.cursor().executemany(
                """insert into fold_snapshot_pieces (store_id, name, version, number, piece)
                values (%s, %s, %s, %s, %b)""",
                [(*key, number, piece) for number, piece in enumerate(stored.pieces)],
            )

    async def replace(
        self, name: str, version: int, stored: StoredFold, skipped: Collection[int] = ()
    ) -> None:
        """Keep a snapshot folded from position 0; see ``FoldSnapshots.replace``."""
        await self.save(name, version, stored)
        async with self._pool.connection() as connection:
            await connection.execute(
                """delete from fold_skips where name = %s and version = %s and position <= %s
                    and position <> all(%s::bigint[])""",
                (name, version, stored.position, list(skipped)),
            )

    async def unreadable(self, name: str, version: int, upto: int) -> list[Skip]:
        """Return what programs could not read; see ``FoldSnapshots.unreadable``."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                """select position, topic from fold_skips
                where name = %s and version = %s and position <= %s and unreadable
                order by position limit %s""",
                (name, version, upto, MOST_SKIPS),
            )
            return [Skip(*row) for row in await cursor.fetchall()]

    async def record_skip(self, name: str, version: int, event: RecordedEvent, why: str) -> None:
        """Record that a fold went on without an event; see ``FoldSnapshots.record_skip``."""
        unreadable = type(event.event) is Unreadable
        async with self._pool.connection() as connection:
            await connection.execute(
                """insert into fold_skips
                    (name, version, position, stream, topic, reason, unreadable)
                values (%s, %s, %s, %s, %s, %s, %s)
                on conflict (name, version, position) do nothing""",
                (
                    name,
                    version,
                    event.position,
                    event.stream,
                    event.topic,
                    printable(why),
                    unreadable,
                ),
            )


def printable(reason: str) -> str:
    """Return an error's text as PostgreSQL can store it, and no longer than a line or two."""
    return reason.replace("\0", "\\0").encode("utf-8", "backslashreplace").decode()[:1000]

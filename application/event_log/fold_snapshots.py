"""Where folds in memory keep their snapshots, so that a start does not read the whole log."""

from __future__ import annotations

from typing import NamedTuple, Protocol
from uuid import UUID

from aia_mas.application.event_log.connections import Pool
from aia_mas.application.event_log.records import RecordedEvent


class StoredFold(NamedTuple):
    """A fold at one position.

    Attributes:
        position: The last event in it.
        state: What the fold's ``snapshot`` made.
        generation: Counts its rebuilds; a node that runs an older one takes this one over.
    """

    position: int
    state: bytes
    generation: int = 0


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

    async def replace(self, name: str, version: int, stored: StoredFold) -> None:
        """Keep a rebuilt snapshot, and forget what was skipped before its position."""
        ...

    async def record_skip(self, name: str, version: int, event: RecordedEvent, why: str) -> None:
        """Record that a fold went on without an event; every node may tell the same."""
        ...


class PostgresFoldSnapshots:
    """Snapshots in the table ``fold_snapshots``, skipped events in ``fold_skips``."""

    def __init__(self, pool: Pool, store_id: UUID) -> None:
        """Keep snapshots of one store; those of another (a restored backup) are not seen."""
        self._pool = pool
        self._store_id = store_id

    async def load(self, name: str, version: int) -> StoredFold | None:
        """Return the newest snapshot; see ``FoldSnapshots.load``."""
        async with self._pool.connection() as connection:
            cursor = connection.cursor(binary=True)
            await cursor.execute(
                """select position, state, generation from fold_snapshots
                where store_id = %s and name = %s and version = %s""",
                (self._store_id, name, version),
            )
            row = await cursor.fetchone()
        return None if row is None else StoredFold(*row)

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
        async with self._pool.connection() as connection:
            await connection.execute(
                """insert into fold_snapshots as s
                    (store_id, name, version, generation, position, state)
                values (%s, %s, %s, %s, %s, %b)
                on conflict (store_id, name, version) do update
                set generation = excluded.generation, position = excluded.position,
                    state = excluded.state, saved_at = clock_timestamp()
                where (s.generation, s.position) < (excluded.generation, excluded.position)""",
                (
                    self._store_id,
                    name,
                    version,
                    stored.generation,
                    stored.position,
                    stored.state,
                ),
            )

    async def replace(self, name: str, version: int, stored: StoredFold) -> None:
        """Keep a rebuilt snapshot; see ``FoldSnapshots.replace``."""
        await self.save(name, version, stored)
        async with self._pool.connection() as connection:
            await connection.execute(
                "delete from fold_skips where name = %s and version = %s and position <= %s",
                (name, version, stored.position),
            )

    async def record_skip(self, name: str, version: int, event: RecordedEvent, why: str) -> None:
        """Record that a fold went on without an event; see ``FoldSnapshots.record_skip``."""
        async with self._pool.connection() as connection:
            await connection.execute(
                """insert into fold_skips (name, version, position, stream, topic, reason)
                values (%s, %s, %s, %s, %s, %s)
                on conflict (name, version, position) do nothing""",
                (name, version, event.position, event.stream, event.topic, printable(why)),
            )


def printable(reason: str) -> str:
    """Return an error's text as PostgreSQL can store it, and no longer than a line or two."""
    return reason.replace("\0", "\\0").encode("utf-8", "backslashreplace").decode()[:1000]

"""Where durable handlers keep how far they are, and what they went on without."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import msgspec
from msgspec.structs import replace

from aia_mas.application.event_log.connections import Pool
from aia_mas.application.event_log.fold_snapshots import printable
from aia_mas.application.event_log.records import Fence


class ParkedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event that a handler went on without.

    Attributes:
        position: Its position in the log.
        stream: Its stream.
        topic: What it is.
        failures: How many calls failed.
        reason: What the last one raised.
        parked_at: When it was given up, UTC.
        again: It is about to be tried once more.
    """

    position: int
    stream: str
    topic: str
    failures: int
    reason: str
    parked_at: datetime
    again: bool = False


class HandlerStore(Protocol):
    """The store. What takes a fence does nothing, and says so, once another node has the lease."""

    async def open(self, handler: str, position: int) -> int:
        """Return how far a handler is (``position``: where it begins when it is new)."""
        ...

    async def move(self, handler: str, position: int, fence: Fence) -> bool:
        """Move a handler on; False: its lease is lost."""
        ...

    async def park(self, handler: str, event: ParkedEvent, fence: Fence) -> bool:
        """Keep an event that it goes on without, and move it there; False: its lease is lost."""
        ...

    async def release(self, handler: str, position: int, fence: Fence) -> bool:
        """Forget a parked event, as it was handled after all; False: its lease is lost."""
        ...

    async def parked(self, handler: str) -> Sequence[ParkedEvent]:
        """Return what it went on without, oldest first."""
        ...

    async def wanted_again(self, handler: str) -> Sequence[ParkedEvent]:
        """Return those of them that are to be tried once more, oldest first; not all at once."""
        ...

    async def try_again(self, handler: str, position: int | None) -> int:
        """Have parked events tried once more (None: all); returns how many there are."""
        ...


class PostgresHandlers:
    """The tables ``handler_checkpoints`` and ``handler_parked``; see ``HandlerStore``."""

    def __init__(self, pool: Pool) -> None:
        """Use a migrated database."""
        self._pool = pool

    async def open(self, handler: str, position: int) -> int:
        """Read the checkpoint, and write it if there is none."""
        async with self._pool.connection() as connection:
            await connection.execute(
                "insert into handler_checkpoints (handler, position) values (%s, %s)"
                " on conflict do nothing",
                (handler, position),
            )
            cursor = await connection.execute(
                "select position from handler_checkpoints where handler = %s", (handler,)
            )
            row = await cursor.fetchone()
        assert row is not None
        return int(row[0])

    async def move(self, handler: str, position: int, fence: Fence) -> bool:
        """Move the checkpoint, never back."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(_MOVE, _values(handler, position, fence))
            return cursor.rowcount > 0

    async def park(self, handler: str, event: ParkedEvent, fence: Fence) -> bool:
        """Write a row and move the checkpoint, in one statement."""
        values = _values(handler, event.position, fence) | {
            "stream": event.stream,
            "topic": event.topic,
            "failures": event.failures,
            "reason": printable(event.reason),
        }
        async with self._pool.connection() as connection:
            cursor = await connection.execute(_PARK, values)
            return cursor.rowcount > 0

    async def release(self, handler: str, position: int, fence: Fence) -> bool:
        """Delete a row."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(_RELEASE, _values(handler, position, fence))
            return cursor.rowcount > 0

    async def parked(self, handler: str) -> Sequence[ParkedEvent]:
        """Read all rows."""
        return await self._rows(handler, marked=False, most=None)

    async def wanted_again(self, handler: str) -> Sequence[ParkedEvent]:
        """Read those that are marked."""
        return await self._rows(handler, marked=True, most=100)

    async def _rows(self, handler: str, *, marked: bool, most: int | None) -> list[ParkedEvent]:
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                "select position, stream, topic, failures, reason, parked_at, again"
                " from handler_parked where handler = %s and (again or not %s)"
                " order by position limit %s",
                (handler, marked, most),
            )
            rows = await cursor.fetchall()
        names = ParkedEvent.__struct_fields__
        return [ParkedEvent(**dict(zip(names, row, strict=True))) for row in rows]

    async def try_again(self, handler: str, position: int | None) -> int:
        """Mark rows."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                "update handler_parked set again = true"
                " where handler = %s and position = coalesce(%s, position)",
                (handler, position),
            )
            return cursor.rowcount


_MOVE = """
update handler_checkpoints
set position = greatest(position, %(position)s), moved_at = clock_timestamp()
where handler = %(handler)s
    and exists (select from leases where name = %(lease)s and epoch = %(epoch)s)
"""
_PARK = """
with moved as (
    update handler_checkpoints
    set position = greatest(position, %(position)s), moved_at = clock_timestamp()
    where handler = %(handler)s
        and exists (select from leases where name = %(lease)s and epoch = %(epoch)s)
    returning handler
)
insert into handler_parked (handler, position, stream, topic, failures, reason)
select handler, %(position)s, %(stream)s, %(topic)s, %(failures)s, %(reason)s from moved
on conflict (handler, position) do update
set failures = excluded.failures, reason = excluded.reason, parked_at = excluded.parked_at,
    again = false
"""
_RELEASE = """
delete from handler_parked
where handler = %(handler)s and position = %(position)s
    and exists (select from leases where name = %(lease)s and epoch = %(epoch)s)
"""


def _values(handler: str, position: int, fence: Fence) -> dict[str, str | int]:
    lease, epoch = fence
    return {"handler": handler, "position": position, "lease": lease, "epoch": epoch}


class MemoryHandlers:
    """The same in memory, for one node, which never loses a lease; see ``HandlerStore``."""

    def __init__(self) -> None:
        """Begin empty."""
        self._positions: dict[str, int] = {}
        self._parked: dict[str, dict[int, ParkedEvent]] = {}

    async def open(self, handler: str, position: int) -> int:
        """Return what is kept, or keep it."""
        return self._positions.setdefault(handler, position)

    async def move(self, handler: str, position: int, fence: Fence) -> bool:
        """Keep it."""
        self._positions[handler] = max(position, self._positions[handler])
        return True

    async def park(self, handler: str, event: ParkedEvent, fence: Fence) -> bool:
        """Keep both."""
        self._parked.setdefault(handler, {})[event.position] = event
        return await self.move(handler, event.position, fence)

    async def release(self, handler: str, position: int, fence: Fence) -> bool:
        """Forget it."""
        return self._parked.get(handler, {}).pop(position, None) is not None

    async def parked(self, handler: str) -> Sequence[ParkedEvent]:
        """Return what is kept."""
        parked = self._parked.get(handler, {})
        return [parked[position] for position in sorted(parked)]

    async def wanted_again(self, handler: str) -> Sequence[ParkedEvent]:
        """Return what is marked."""
        return [each for each in await self.parked(handler) if each.again]

    async def try_again(self, handler: str, position: int | None) -> int:
        """Mark what is kept."""
        parked = self._parked.get(handler, {})
        wanted = [each for each in parked if position in (None, each)]
        for each in wanted:
            parked[each] = replace(parked[each], again=True)
        return len(wanted)

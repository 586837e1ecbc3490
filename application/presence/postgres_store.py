"""Signs of life in PostgreSQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from psycopg_pool import AsyncConnectionPool

from aia_mas.application.presence.store import SLACK, Seen, Sighted


class PostgresPresence:
    """Signs of life in the UNLOGGED table ``presence``, reports in ``presence_reports``."""

    def __init__(self, pool: AsyncConnectionPool[Any]) -> None:
        """Use a migrated database."""
        self._pool = pool

    async def now(self) -> datetime:
        """Return what time it is there."""
        async with self._pool.connection() as connection:
            row = await (await connection.execute("select clock_timestamp()")).fetchone()
        assert row is not None
        at: datetime = row[0]
        return at

    async def write(self, seen: Seen, now: datetime) -> None:
        """Note signs of life; the latest one of each counts."""
        # Sorted, so that two nodes never lock the same rows in opposite orders.
        items = sorted(seen.items())
        async with self._pool.connection() as connection:
            await connection.execute(
                """insert into presence as p
                select * from unnest(%s::text[], %s::text[], %s::timestamptz[])
                on conflict (kind, key) do update set seen_at = case
                    when p.seen_at > %s then excluded.seen_at
                    else greatest(p.seen_at, excluded.seen_at) end""",
                (
                    [kind for (kind, _), _ in items],
                    [key for (_, key), _ in items],
                    [at for _, at in items],
                    now + SLACK,
                ),
            )

    async def read(self, since: datetime, until: datetime, limit: int) -> Seen:
        """Return what was heard of last within a time, earliest first, at most ``limit``."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                """select kind, key, seen_at from presence where seen_at between %s and %s
                order by seen_at limit %s""",
                (since, until, limit),
            )
            return {(kind, key): at for kind, key, at in await cursor.fetchall()}

    async def drop(self, keys: Collection[Sighted]) -> None:
        """Forget what will not be asked for again."""
        items = sorted(keys)
        async with self._pool.connection() as connection:
            await connection.execute(
                """delete from presence
                where (kind, key) in (select * from unnest(%s::text[], %s::text[]))""",
                ([kind for kind, _ in items], [key for _, key in items]),
            )

    async def forget(self, before: datetime) -> None:
        """Forget old signs of life."""
        async with self._pool.connection() as connection:
            await connection.execute("delete from presence where seen_at < %s", (before,))
            await connection.execute(
                "delete from presence_reports where reported_at < %s", (before,)
            )

    async def write_reports(self, reports: Mapping[str, bytes]) -> None:
        """Keep the latest report of some agents."""
        items = sorted(reports.items())
        async with self._pool.connection() as connection:
            await connection.execute(
                """insert into presence_reports (agent_id, report, reported_at)
                select a, r, clock_timestamp() from unnest(%s::text[], %s::text[]) u(a, r)
                on conflict (agent_id) do update
                set report = excluded.report, reported_at = excluded.reported_at""",
                ([agent_id for agent_id, _ in items], [each.decode() for _, each in items]),
            )

    async def read_reports(self, agent_ids: Collection[str]) -> Mapping[str, bytes]:
        """Return the reports of some agents, of those that are known."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                "select agent_id, report from presence_reports where agent_id = any(%s)",
                (list(agent_ids),),
            )
            return {agent_id: report.encode() for agent_id, report in await cursor.fetchall()}

"""How deliveries to each endpoint went of late, for people, and for the next leader."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec
import psycopg
import structlog
from psycopg_pool import PoolTimeout

from aia_mas.application.clock import Clock
from aia_mas.application.event_log.connections import Pool

log = structlog.stdlib.get_logger("aia.webhooks")

_EVERY = 0.5
"""Seconds between two writes; a killed leader loses what it learned since the last one."""
_PAGE = 500


class Figure(msgspec.Struct, frozen=True):
    """How it went with one endpoint.

    Attributes:
        agent_id: Whose.
        since: Of which endpoint, see ``Endpoint.since``.
        failures: How many deliveries failed in a row.
        delivered_at: When the last one ended, UTC.
        webhook_id: What it was known by.
        outcome: How it ended.
        status: The HTTP status of the answer; None: there was none.
    """

    agent_id: str
    since: int
    failures: int
    delivered_at: datetime
    webhook_id: str
    outcome: str
    status: int | None


class Figures:
    """Figures in the table ``webhook_figures``, written by whoever delivers."""

    def __init__(self, pool: Pool, clock: Clock) -> None:
        """Use a migrated database."""
        self._pool = pool
        self._clock = clock
        self._fresh: dict[str, Figure] = {}

    def note(self, figure: Figure) -> None:
        """Take a figure; it is written soon."""
        self._fresh[figure.agent_id] = figure

    async def of(self, agent_id: str) -> Figure | None:
        """Return the figure of an agent; None: nothing was ever delivered.

        Raises:
            psycopg.Error: The store cannot be reached.
        """
        if (fresh := self._fresh.get(agent_id)) is not None:
            return fresh
        found = await self._read("agent_id = %s", agent_id)
        return found[0] if found else None

    async def failing(self) -> list[Figure]:
        """Return the figures of endpoints whose last delivery failed.

        Raises:
            psycopg.Error: The store cannot be reached.
        """
        return await self._read("failures > %s", 0)

    async def run(self) -> None:
        """Write what is noted, until cancelled."""
        while True:
            await self._clock.sleep(_EVERY)
            try:
                await self.flush()
            except (psycopg.Error, PoolTimeout, OSError) as error:
                log.warning("webhook_figures_not_written", error=str(error))

    async def flush(self) -> None:
        """Write what is not yet written.

        Raises:
            psycopg.Error: The store cannot be reached.
        """
        while page := list(self._fresh.values())[:_PAGE]:
            await self._write(page)
            for figure in page:
                if self._fresh.get(figure.agent_id) is figure:
                    del self._fresh[figure.agent_id]

    async def _write(self, page: Iterable[Figure]) -> None:
        # Sorted, so that two nodes never lock the same rows in opposite orders.
        rows = sorted((msgspec.structs.astuple(each) for each in page), key=lambda row: row[0])
        async with self._pool.connection() as connection:
            await connection.execute(
                """insert into webhook_figures
                select * from unnest(%s::text[], %s::bigint[], %s::int[], %s::timestamptz[],
                    %s::text[], %s::text[], %s::int[])
                on conflict (agent_id) do update set since = excluded.since,
                    failures = excluded.failures, delivered_at = excluded.delivered_at,
                    webhook_id = excluded.webhook_id, outcome = excluded.outcome,
                    status = excluded.status
                where webhook_figures.since <= excluded.since""",
                [list(column) for column in zip(*rows, strict=True)],
            )

    async def _read(self, condition: str, value: Any) -> list[Figure]:
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                f"select * from webhook_figures where {condition}",  # noqa: S608 - our own words
                (value,),
            )
            return [Figure(*row) for row in await cursor.fetchall()]

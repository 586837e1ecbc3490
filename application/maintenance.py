"""Housekeeping of a node: snapshots of long streams, outcomes of commands past their time."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import structlog
from psycopg_pool import PoolTimeout

from aia_mas.application.clock import Clock
from aia_mas.application.engine.snapshots import PostgresSnapshots
from aia_mas.application.event_log.connections import Pool

log = structlog.stdlib.get_logger("aia.maintenance")

KEPT = timedelta(days=7)
"""How long the outcome of a client's command is kept for its repetition."""
_SLICE = 5_000


class Maintenance:
    """Runs beside everything else and never fails it."""

    def __init__(
        self, pool: Pool, snapshots: PostgresSnapshots, clock: Clock, *, interval: float = 5.0
    ) -> None:
        """Look every ``interval`` seconds whether there is something to do."""
        self._pool = pool
        self._snapshots = snapshots
        self._clock = clock
        self._interval = interval

    async def run(self) -> None:
        """Keep house until cancelled."""
        forgotten_at = self._clock.monotonic()
        while True:
            await self._clock.sleep(self._interval)
            await self._snapshots.write_waiting()
            if self._clock.monotonic() - forgotten_at >= 600:
                forgotten_at = self._clock.monotonic()
                await self._forget()

    async def _forget(self) -> None:
        try:
            while True:
                async with self._pool.connection() as connection:
                    cursor = await connection.execute(
                        "select forget_commands(clock_timestamp() - %s, %s)", (KEPT, _SLICE)
                    )
                    row = await cursor.fetchone()
                if row is None or row[0] < _SLICE:
                    return
        except (psycopg.Error, PoolTimeout, OSError) as error:
            log.warning("commands_not_forgotten", error=str(error))

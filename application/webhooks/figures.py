"""How deliveries to each endpoint went of late, for people, and for the next leader."""

from __future__ import annotations

from collections.abc import Sequence

import psycopg
import structlog
from psycopg_pool import PoolTimeout

from aia_mas.application.clock import Clock
from aia_mas.application.webhooks.store import Figure, WebhookStore

log = structlog.stdlib.get_logger("aia.webhooks")

_EVERY = 0.5
"""Seconds between two writes; a killed leader loses what it learned since the last one."""
_PAGE = 500


class Figures:
    """Figures, written by whoever delivers a moment after they are noted."""

    def __init__(self, store: WebhookStore, clock: Clock) -> None:
        """Keep them in a store."""
        self._store = store
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
        return await self._store.figure(agent_id)

    async def failing(self) -> Sequence[Figure]:
        """Return the figures of endpoints whose last delivery failed.

        Raises:
            psycopg.Error: The store cannot be reached.
        """
        return await self._store.failing()

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
            await self._store.write(page)
            for figure in page:
                if self._fresh.get(figure.agent_id) is figure:
                    del self._fresh[figure.agent_id]

"""Where figures of endpoints and the master secret are kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from aia_mas.application.event_log.connections import Pool


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


class WebhookStore(Protocol):
    """The store as those who send need it."""

    async def master_secret(self, made_up: bytes) -> bytes:
        """Return the secret of the store (``made_up``: what it is if there is none yet)."""
        ...

    async def write(self, figures: Sequence[Figure]) -> None:
        """Keep the figures of some agents, unless it has those of a later endpoint."""
        ...

    async def figure(self, agent_id: str) -> Figure | None:
        """Return the figure of an agent; None: nothing was ever delivered."""
        ...

    async def failing(self) -> Sequence[Figure]:
        """Return the figures of endpoints whose last delivery failed."""
        ...


class PostgresWebhooks:
    """The tables ``webhook_master_secret`` and ``webhook_figures``; see ``WebhookStore``."""

    def __init__(self, pool: Pool) -> None:
        """Use a migrated database."""
        self._pool = pool

    async def master_secret(self, made_up: bytes) -> bytes:
        """Return the secret, made by whoever asks first."""
        async with self._pool.connection() as connection:
            await connection.execute(
                "insert into webhook_master_secret (secret) values (%s) on conflict do nothing",
                (made_up,),
            )
            cursor = await connection.execute("select secret from webhook_master_secret")
            row = await cursor.fetchone()
        assert row is not None
        return bytes(row[0])

    async def write(self, figures: Sequence[Figure]) -> None:
        """Write rows."""
        # Sorted, so that two nodes never lock the same rows in opposite orders.
        rows = sorted((msgspec.structs.astuple(each) for each in figures), key=lambda row: row[0])
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

    async def figure(self, agent_id: str) -> Figure | None:
        """Read a row."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                "select * from webhook_figures where agent_id = %s", (agent_id,)
            )
            row = await cursor.fetchone()
        return None if row is None else Figure(*row)

    async def failing(self) -> Sequence[Figure]:
        """Read the rows of those that fail."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute("select * from webhook_figures where failures > 0")
            return [Figure(*row) for row in await cursor.fetchall()]


class MemoryWebhooks:
    """The same in memory; see ``WebhookStore``."""

    def __init__(self) -> None:
        """Start empty."""
        self._secret: bytes | None = None
        self._figures: dict[str, Figure] = {}

    async def master_secret(self, made_up: bytes) -> bytes:
        """Return the secret, the first one that was made up."""
        if self._secret is None:
            self._secret = made_up
        return self._secret

    async def write(self, figures: Sequence[Figure]) -> None:
        """Keep them."""
        for figure in figures:
            known = self._figures.get(figure.agent_id)
            if known is None or known.since <= figure.since:
                self._figures[figure.agent_id] = figure

    async def figure(self, agent_id: str) -> Figure | None:
        """Return what was kept."""
        return self._figures.get(agent_id)

    async def failing(self) -> Sequence[Figure]:
        """Return those that fail."""
        return [figure for figure in self._figures.values() if figure.failures]

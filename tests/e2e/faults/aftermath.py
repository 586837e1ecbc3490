"""What is found in the data directory once all nodes have ended."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psycopg

from aia_mas.application.embedded_postgres import EmbeddedPostgres
from aia_mas.application.event_log import chain
from aia_mas.application.event_log.fold_snapshots import PostgresFoldSnapshots
from aia_mas.application.event_log.postgres_log import PostgresEventLog
from aia_mas.application.event_log.records import RecordedEvent
from aia_mas.application.event_log.refolding import refold
from aia_mas.application.registry import event_mapper
from aia_mas.domain.kernel.steps import at_once
from aia_mas.interfaces.process_folds import MAILROOM
from aia_mas.projections.rebuilding import rebuild
from aia_mas.projections.registry import READ_MODELS, LiveView
from aia_mas.projections.table import Projection

from .history import History

NOT_HERE = {
    "agent_directory_v3_stake",
    "ledger_v1_closed",
    *("budgets_v1", "budgets_v1_uses", "budgets_v1_days"),
    *("incentives_v1", "incentives_v1_payments"),
    *("governance_v1", "governance_v1_votes", "governance_v1_delegations"),
    *("messages_v1", "messages_v1_deliveries"),
    *("stakes_v1", "task_rewards_v1"),
}
"""Tables that may be empty: nobody stakes, spends by a budget, proposes or writes anything here."""


class Aftermath:
    """The database without any node.

    Attributes:
        url: Where it is, as its owner.
        history: The log.
    """

    def __init__(self, url: str, history: History) -> None:
        self.url = url
        self.history = history

    async def read_models_equal_rebuilds(self) -> None:
        """Build every read model anew from position 0 and compare it with what was there."""
        async with open_log(self.url) as log:
            for model in READ_MODELS:
                if isinstance(model, LiveView):
                    await self._view_equals_rebuild(model, log)
                else:
                    live = await self._contents(model)
                    assert {name for name, rows in live.items() if not rows} <= NOT_HERE
                    assert await rebuild(model, log, self.url) == len(self.history.events)
                    assert await self._contents(model) == live

    async def messages_equal_rebuilds(self) -> None:
        """Do the same with what is known of messages, and with the mailroom that was left."""
        (model,) = [
            each
            for each in READ_MODELS
            if isinstance(each, Projection) and "messages_v1" in each.table_names()
        ]
        async with open_log(self.url) as log:
            live = await self._contents(model)
            assert all(live.values())
            assert await rebuild(model, log, self.url) == len(self.history.events)
            assert await self._contents(model) == live
            await self._view_equals_rebuild(MAILROOM, log)

    async def nothing_was_given_up(self) -> None:
        """No event was too much for a read model, and none has stopped."""
        for table in ("projection_parked", "fold_skips"):
            assert await self.rows(f"select t::text from {table} t") == []
        stopped = "select projection from projection_checkpoints where stopped is not null"
        assert await self.rows(stopped) == []

    async def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        async with await psycopg.AsyncConnection.connect(self.url) as connection:
            return await (await connection.execute(query.encode())).fetchall()

    async def _contents(self, model: Projection) -> dict[str, list[tuple[Any, ...]]]:
        return {
            name: await self.rows(f"select t::text from {name} t order by 1")
            for name in model.table_names()
        }

    async def _view_equals_rebuild(self, model: LiveView, log: PostgresEventLog) -> None:
        snapshots = PostgresFoldSnapshots(log.pool, log.store_id)
        stored = await snapshots.load(model.name, model.version)
        assert stored is not None
        fresh = model.make()
        assert await refold(log, fresh, upto=stored.position) == stored.position
        restored = model.make()
        at_once(restored.restore(stored.pieces))
        assert list(at_once(fresh.snapshot())) == list(at_once(restored.snapshot()))


@asynccontextmanager
async def aftermath(data_dir: Path) -> AsyncIterator[Aftermath]:
    """Open what the nodes left behind; the log must be whole, and its history sound."""
    async with EmbeddedPostgres(data_dir) as server:
        audit = await chain.verify(server.owner_url)
        assert audit.whole, audit.findings
        history = History(await _everything(server.owner_url))
        assert audit.events == audit.head == len(history.events)
        yield Aftermath(server.owner_url, history)


@asynccontextmanager
async def open_log(url: str) -> AsyncIterator[PostgresEventLog]:
    """Open the log as a node does."""
    async with PostgresEventLog(url, event_mapper()).running() as log:
        yield log


async def _everything(url: str) -> list[RecordedEvent]:
    events: list[RecordedEvent] = []
    async with open_log(url) as log:
        while page := await log.read(len(events), 5_000):
            events += page
    return events

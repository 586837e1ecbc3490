"""The read models of a database, for commands that look after them without running a node."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aia_mas.application.event_log.fold_snapshots import PostgresFoldSnapshots
from aia_mas.application.event_log.leases import LeaseKeeper
from aia_mas.application.event_log.postgres_log import PostgresEventLog
from aia_mas.application.registry import event_mapper
from aia_mas.application.settings import Settings
from aia_mas.interfaces.cli.database import existing_database
from aia_mas.interfaces.process_folds import PROCESS_FOLDS
from aia_mas.projections.host import ProjectionHost
from aia_mas.projections.registry import READ_MODELS


@asynccontextmanager
async def read_models(settings: Settings) -> AsyncIterator[ProjectionHost]:
    """Open the database and wire the read models; none of them is folded here."""
    async with existing_database(settings) as database:
        log = PostgresEventLog(database.url, event_mapper())
        async with log.running():
            keeper = LeaseKeeper(log.pool, log.store_id, "mas projections")
            snapshots = PostgresFoldSnapshots(log.pool, log.store_id)
            yield ProjectionHost(log, keeper, snapshots, (*READ_MODELS, *PROCESS_FOLDS))

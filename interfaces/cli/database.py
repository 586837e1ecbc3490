"""The database for commands that work on it without a server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aia_mas.application import database
from aia_mas.application.embedded_postgres.layout import DataDirectory
from aia_mas.application.settings import Settings
from aia_mas.interfaces.cli.failures import NoData


@asynccontextmanager
async def existing_database(settings: Settings) -> AsyncIterator[database.Database]:
    """Open the database of the settings, unless that would make an empty one.

    Raises:
        NoData: There is none in the data directory.
        EmbeddedPostgresError: The embedded PostgreSQL cannot be used.
    """
    if settings.database_url is None and not DataDirectory(settings.data_dir).cluster.exists():
        raise NoData(f"there is no database in {settings.data_dir}; see --data-dir")
    async with database.open_database(settings) as found:
        yield found

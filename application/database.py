"""The database of a node: the one that the settings name, or the embedded one; migrated."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from aia_mas.application.embedded_postgres import EmbeddedPostgres
from aia_mas.application.settings import Settings


class Database(NamedTuple):
    """How to connect.

    Attributes:
        url: As the program.
        owner_url: As the owner of the tables.
        program_role: The role of ``url`` when it is not the owner.
        embedded: The server, when it is ours.
    """

    url: str
    owner_url: str
    program_role: str | None
    embedded: EmbeddedPostgres | None


@asynccontextmanager
async def open_database(settings: Settings) -> AsyncIterator[Database]:
    """Use the database of the settings, or start or join the embedded PostgreSQL.

    Raises:
        EmbeddedPostgresError: The embedded one cannot be used.
    """
    if settings.database_url is not None:
        yield described(settings.database_url, settings.owner_database_url)
        return
    async with EmbeddedPostgres(settings.data_dir) as server:
        yield described(server.url, server.owner_url, server)


def described(
    url: str, owner_url: str | None, embedded: EmbeddedPostgres | None = None
) -> Database:
    """Return how to connect with one URL for the program and perhaps another for the owner."""
    url = make_conninfo(url, application_name="aia_mas")
    owner_url = make_conninfo(owner_url or url, application_name="aia_mas_owner")
    role = conninfo_to_dict(url).get("user")
    same = role is None or role == conninfo_to_dict(owner_url).get("user")
    return Database(url, owner_url, None if same else str(role), embedded)

"""Brings a database to the schema of this program, safely when many nodes start at once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib import resources
from typing import NamedTuple

import psycopg
import structlog
from psycopg import sql

log = structlog.stdlib.get_logger("aia.migrations")

OLDEST_SERVER = 150000
_LOCK = 0x6D61735F6D696772  # "mas_migr"


class MigrationError(Exception):
    """The database cannot be brought to the schema of this program."""

    code = "migration_failed"


class Migration(NamedTuple):
    """One numbered SQL file."""

    number: int
    name: str
    sql: str


def migrations() -> Sequence[Migration]:
    """Return all migrations in order."""
    found = []
    for file in resources.files("aia_mas.migrations").iterdir():
        match = re.fullmatch(r"(\d{4})_(\w+)\.sql", file.name)
        if match:
            found.append(Migration(int(match[1]), match[2], file.read_text(encoding="utf-8")))
    return sorted(found)


async def migrate(owner_url: str, *, program_role: str | None = None) -> list[str]:
    """Apply what is missing, each migration in its own transaction, under one lock.

    Args:
        owner_url: libpq URL of a role that may create tables.
        program_role: The role that the program works under, when it is another one. It is granted
            what it needs, and that never includes changing events.

    Returns:
        The names of the migrations applied now.

    Raises:
        MigrationError: The server is too old, or the database comes from a newer program.
    """
    applied: list[str] = []
    async with await psycopg.AsyncConnection.connect(owner_url, autocommit=True) as connection:
        if connection.info.server_version < OLDEST_SERVER:
            raise MigrationError("PostgreSQL 15 or newer is needed")
        await connection.execute("select pg_advisory_lock(%s)", (_LOCK,))
        await connection.execute(
            """create table if not exists migrations (
                number integer primary key, name text not null,
                applied_at timestamptz not null default clock_timestamp())"""
        )
        rows = await (await connection.execute("select number from migrations")).fetchall()
        done = {number for (number,) in rows}
        known = migrations()
        unknown = done - {migration.number for migration in known}
        if unknown:
            raise MigrationError(
                f"the database has migration {max(unknown)}, which this program does not know:"
                " it was used by a newer release"
            )
        for migration in known:
            if migration.number not in done:
                async with connection.transaction():
                    await connection.execute(migration.sql.encode())
                    await connection.execute(
                        "insert into migrations values (%s, %s)",
                        (migration.number, migration.name),
                    )
                applied.append(f"{migration.number:04d}_{migration.name}")
                log.info("migration_applied", migration=applied[-1])
        if program_role is not None:
            async with connection.transaction():
                await connection.execute(_grants(program_role))
    return applied


def _grants(role: str) -> sql.Composed:
    text = resources.files("aia_mas.migrations").joinpath("grants.sql").read_text(encoding="utf-8")
    # The file is ours; only the name of the role comes from outside, and it is quoted.
    return sql.SQL(text).format(role=sql.Identifier(role), name=sql.Literal(role))

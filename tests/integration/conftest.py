"""A real PostgreSQL for every test: one embedded server per run, a fresh database per test."""

import os
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import anyio
import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from aia_mas.application.embedded_postgres import EmbeddedPostgres
from aia_mas.application.migrations import migrate

TEMPLATE = "mas_template"


def in_a_thread(work: Callable[..., Coroutine[Any, Any, Any]], *args: Any) -> None:
    """Run a coroutine to its end; this thread may have a loop of anyio's fixtures at work."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(anyio.run, work, *args).result()


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """The server of this run, shared by all workers; the last one to leave stops it."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    # Durability is what many of these tests are about: the settings stay those of the product.
    server = EmbeddedPostgres(Path(shared) / "postgres", settings={"max_connections": "500"})
    in_a_thread(server.start)
    try:
        in_a_thread(_template, server.owner_url)
        yield server
    finally:
        in_a_thread(server.stop)


@pytest.fixture
def database(postgres: EmbeddedPostgres) -> Iterator[str]:
    """A migrated, empty database; its owner's URL."""
    yield from _database(postgres, template=TEMPLATE)


@pytest.fixture
def empty_database(postgres: EmbeddedPostgres) -> Iterator[str]:
    """A database without any tables; its owner's URL."""
    yield from _database(postgres, template="template1")


def _database(postgres: EmbeddedPostgres, template: str) -> Iterator[str]:
    name = f"test_{uuid4().hex}"
    with psycopg.connect(postgres.owner_url, autocommit=True) as connection:
        connection.execute(f"create database {name} template {template}")
        # Copies share the identity of the template, and with it locks and channels.
        if template == TEMPLATE:
            _new_identity(make_conninfo(postgres.owner_url, dbname=name))
    yield make_conninfo(postgres.owner_url, dbname=name)
    with psycopg.connect(postgres.owner_url, autocommit=True) as connection:
        connection.execute(f"drop database {name} with (force)")


def _new_identity(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("update store set store_id = gen_random_uuid()")
        connection.execute("alter table batches disable trigger batches_append_only")
        connection.execute(
            "update batches set hash = sha256(uuid_send(store_id)) from store"
            " where last_position = 0"
        )
        connection.execute("alter table batches enable trigger batches_append_only")


async def _template(url: str) -> None:
    """Make the migrated template once, whichever worker comes first."""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        await connection.execute("select pg_advisory_lock(7001)")
        known = await connection.execute(
            "select 1 from pg_database where datname = %s", (TEMPLATE,)
        )
        if await known.fetchone() is None:
            await connection.execute(f"create database {TEMPLATE}_new")
            await migrate(make_conninfo(url, dbname=f"{TEMPLATE}_new"))
            await connection.execute(f"alter database {TEMPLATE}_new rename to {TEMPLATE}")


@pytest.fixture
async def connection(database: str) -> AsyncIterator[psycopg.AsyncConnection]:
    """A connection to the database of the test."""
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
        yield connection

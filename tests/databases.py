"""The PostgreSQL server of a run, shared by all workers, and databases on it, migrated already."""

import fcntl
import os
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import anyio
import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from aia_mas.application.database import open_database
from aia_mas.application.embedded_postgres import EmbeddedPostgres
from aia_mas.application.migrations import migrate
from aia_mas.application.settings import Settings

TEMPLATE = "mas_template"
"""The migrated database that others are copied from: to migrate takes longer than to copy."""


def in_a_thread(work: Callable[..., Coroutine[Any, Any, Any]], *args: Any) -> None:
    """Run a coroutine to its end; this thread may have a loop of anyio's fixtures at work."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(anyio.run, work, *args).result()


def _folder_of_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder that all workers of this run share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@contextmanager
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """The server of this run; the last worker to leave stops it."""
    shared = _folder_of_run(tmp_path_factory)
    # Durability is what many of these tests are about: the settings stay those of the product.
    server = EmbeddedPostgres(shared / "postgres", settings={"max_connections": "500"})
    in_a_thread(server.start)
    try:
        in_a_thread(_make_template, server.owner_url)
        yield server
    finally:
        in_a_thread(server.stop)


@contextmanager
def new_database(postgres: EmbeddedPostgres, template: str = TEMPLATE) -> Iterator[str]:
    """A database without any events; its owner's URL (``template``: what it is copied from)."""
    name = f"test_{uuid4().hex}"
    with psycopg.connect(postgres.owner_url, autocommit=True) as connection:
        connection.execute(f"create database {name} template {template}")
    url = make_conninfo(postgres.owner_url, dbname=name)
    # Copies share the identity of the template, and with it locks and channels.
    if template == TEMPLATE:
        _give_new_identity(url)
    yield url
    with psycopg.connect(postgres.owner_url, autocommit=True) as connection:
        connection.execute(f"drop database {name} with (force)")


def _give_new_identity(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("update store set store_id = gen_random_uuid()")
        connection.execute("alter table batches disable trigger batches_append_only")
        connection.execute(
            "update batches set hash = sha256(uuid_send(store_id)) from store"
            " where last_position = 0"
        )
        connection.execute("alter table batches enable trigger batches_append_only")


async def _make_template(url: str) -> None:
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


def prepared_data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data directory with a migrated database that no node has used: to be copied.

    A node makes its own in more than a second of computing; whichever worker comes first does so.
    """
    shared = _folder_of_run(tmp_path_factory)
    data_dir, complete = shared / "prepared", shared / "prepared.complete"
    with (shared / "prepared.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not complete.exists():
            in_a_thread(_prepare, data_dir)
            complete.touch()
    return data_dir


async def _prepare(data_dir: Path) -> None:
    async with open_database(Settings(data_dir=data_dir)) as database:
        await migrate(database.owner_url, program_role=database.program_role)

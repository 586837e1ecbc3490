"""A real PostgreSQL for every test: one embedded server per run, a fresh database per test."""

from collections.abc import AsyncIterator, Iterator

import psycopg
import pytest

from aia_mas.application.embedded_postgres import EmbeddedPostgres

from ..databases import new_database, shared_server


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """The server of this run, shared by all workers; the last one to leave stops it."""
    with shared_server(tmp_path_factory) as server:
        yield server


@pytest.fixture
def database(postgres: EmbeddedPostgres) -> Iterator[str]:
    """A migrated, empty database; its owner's URL."""
    with new_database(postgres) as url:
        yield url


@pytest.fixture
def empty_database(postgres: EmbeddedPostgres) -> Iterator[str]:
    """A database without any tables; its owner's URL."""
    with new_database(postgres, template="template1") as url:
        yield url


@pytest.fixture
async def connection(database: str) -> AsyncIterator[psycopg.AsyncConnection]:
    """A connection to the database of the test."""
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
        yield connection

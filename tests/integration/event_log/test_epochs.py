"""Which history positions belong to: the same through restarts, another one after a restore."""

import asyncio
import re
from collections.abc import Iterator
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from aia_mas.application.event_log import chain
from aia_mas.application.event_log.postgres_log import PostgresEventLog

from .conftest import MAPPER, NEW, note


async def started(url: str) -> tuple[UUID, UUID]:
    """Start a node, append, and return the store's id and the epoch."""
    async with PostgresEventLog(url, MAPPER).running() as log:
        await log.append(note(f"s{uuid4().hex}", NEW, "1"))
        return log.store_id, log.epoch


@pytest.fixture
def restored(database: str) -> Iterator[str]:
    """The URL at which the test may put a copy of its database."""
    name = f"restored_{uuid4().hex}"
    yield make_conninfo(database, dbname=name)
    with psycopg.connect(make_conninfo(database, dbname="postgres"), autocommit=True) as other:
        other.execute(f"drop database if exists {name} with (force)".encode())


async def test_an_epoch_lasts_from_start_to_start(database: str) -> None:
    first = await started(database)

    assert [await started(database) for _ in range(3)] == [first] * 3


async def test_a_restored_store_has_another_epoch_and_the_same_chain(
    database: str, restored: str
) -> None:
    store_id, epoch = await started(database)
    names = [conninfo_to_dict(url)["dbname"] for url in (restored, database)]
    # Not blocking: what was under way as the log was closed must be able to come to its end.
    where = make_conninfo(database, dbname="postgres")
    async with await psycopg.AsyncConnection.connect(where, autocommit=True) as other:
        await other.execute("create database {} template {}".format(*names).encode())

    first, *others = await asyncio.gather(*(started(restored) for _ in range(4)))

    assert first == others[0] == others[1] == others[2], "of nodes that start at once, one decides"
    assert first[0] == store_id
    assert first[1] != epoch
    assert (await chain.verify(restored)).whole
    assert await started(database) == (store_id, epoch), "where it was it stays"


@pytest.mark.parametrize("part", range(4), ids=["cluster", "timeline", "database", "table"])
async def test_each_sign_of_a_restore_makes_another_epoch(database: str, part: int) -> None:
    _, epoch = await started(database)
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
        row = await (await connection.execute("select place from store")).fetchone()
        assert row is not None
        assert re.fullmatch(r"\d{10,}/0{7}1/\d+/\d+", row[0])
        signs = row[0].split("/")
        signs[part] = "7"
        await connection.execute("update store set place = %s", ("/".join(signs),))

    _, other = await started(database)

    assert other != epoch
    assert (await started(database))[1] == other
    assert (await chain.verify(database)).whole

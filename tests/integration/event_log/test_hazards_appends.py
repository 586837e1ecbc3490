"""One test for each hazard of appending, named after it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import anyio
import psycopg
import pytest

from aia_mas.application.event_log import chain
from aia_mas.application.event_log.batch import Batch
from aia_mas.application.event_log.errors import AppendFailed, StaleExpectation
from aia_mas.application.event_log.memory_log import MemoryEventLog
from aia_mas.application.event_log.postgres_log import PostgresEventLog
from aia_mas.application.event_log.records import Appended, AppendRequest

from .conftest import (
    MAPPER,
    NEW,
    PATIENCE,
    Place,
    check,
    collect,
    end_of,
    leaves_no_trace,
    lock_held,
    note,
    outcomes,
    positions,
    texts,
    waiting_for_lock,
)

ARGUMENTS = """uuid text[] bytea[] bytea[] smallint[] integer[] integer[] text[] bigint[] integer[]
    integer[] text[] integer[] text[] integer[] bigint[] text[] integer[] integer[] text[] bigint[]
    text[] bytea[] text[] text[] text[] text[] bytea[]""".split()


@asynccontextmanager
async def uncommitted(database: str, *requests: AppendRequest) -> AsyncIterator[Any]:
    """Append in a transaction that stays open; yields its connection."""
    async with await psycopg.AsyncConnection.connect(database) as connection:
        cursor = await connection.execute("select store_id from store")
        store_id = await cursor.fetchone()
        assert store_id is not None
        columns = Batch(requests).columns(look_up_all=True)
        await connection.execute(
            f"select append_batch({', '.join(f'%s::{each}' for each in ARGUMENTS)})",
            [store_id[0], *columns],
        )
        yield connection
        await connection.rollback()


@pytest.mark.parametrize("ends", ["commit", "rollback"])
async def test_neighbour_uncommitted_while_a_later_one_commits(
    node: PostgresEventLog, database: str, connection: psycopg.AsyncConnection, ends: str
) -> None:
    """No position is ever seen while an earlier one may yet appear, or never will."""
    neighbour = note("a", NEW, "neighbour")
    async with uncommitted(database, neighbour) as transaction:
        later = node.enqueue(note("b", NEW, "later"))
        await waiting_for_lock(connection)

        assert await node.read(0, 10) == []
        assert (await node.head()).position == 0
        assert not later.done()

        await (transaction.commit() if ends == "commit" else transaction.rollback())
        with anyio.fail_after(PATIENCE):
            appended = await later

    seen = await collect(node, 0, appended.last)
    assert texts(seen) == (["neighbour", "later"] if ends == "commit" else ["later"])
    assert positions(seen) == list(range(1, appended.last + 1))


async def test_stale_request_inside_a_batch_rejects_only_itself_and_its_dependants(
    node: PostgresEventLog, database: str, connection: psycopg.AsyncConnection
) -> None:
    """All in one transaction: the batch fills while the lock is held by somebody else."""
    async with lock_held(database):
        first = node.enqueue(note("first"))
        await waiting_for_lock(connection)
        stale = note("a", (4, "gone"))
        requests = [
            note("before"),
            stale,
            note("a", end_of(stale)),
            note("behind"),
            check(("a", end_of(stale))),
        ]
        futures = [node.enqueue(request) for request in requests]
    results = await asyncio.gather(first, *futures, return_exceptions=True)

    assert [type(result) for result in results] == [
        Appended,
        Appended,
        StaleExpectation,
        StaleExpectation,
        Appended,
        StaleExpectation,
    ]
    cursor = await connection.execute("select first_position, last_position from batches")
    assert sorted(await cursor.fetchall()) == [(0, 0), (1, 1), (2, 3)]
    await leaves_no_trace(node, *requests[1:3], requests[4])


async def test_equal_version_from_another_history(node: PostgresEventLog, database: str) -> None:
    """Both nodes decide on version 1; only one of them on the version 1 that came to be."""
    async with PostgresEventLog(database, MAPPER).running() as other:
        ours, theirs = note("a", NEW, "ours"), note("a", NEW, "theirs")
        assert end_of(ours)[0] == end_of(theirs)[0]
        await other.append(theirs)

        results = await outcomes(node, ours, note("a", end_of(ours), "on ours"))
        assert all(isinstance(result, StaleExpectation) for result in results)
        await other.append(note("a", end_of(theirs), "on theirs"))

    assert texts(await node.read_stream("a")) == ["theirs", "on theirs"]


async def test_two_nodes_appending_to_one_stream(node: PostgresEventLog, database: str) -> None:
    """Both read, decide and append as fast as they can; every version is written once."""
    accepted: list[str] = []

    async def write(log: PostgresEventLog, name: str) -> None:
        done = 0
        while done < 40:
            heads = await log.stream_heads(["a"])
            place: Place = (heads["a"].version, heads["a"].command_id) if heads else NEW
            request = note("a", place, f"{name}{done}")
            try:
                await log.append(request)
            except StaleExpectation:
                continue
            accepted.append(f"{name}{done}")
            done += 1

    async with PostgresEventLog(database, MAPPER).running() as other:
        with anyio.fail_after(PATIENCE):
            await asyncio.gather(write(node, "left"), write(other, "right"))
        for log in (node, other):
            assert positions(await collect(log, 0, 80)) == list(range(1, 81))

    events = await node.read_stream("a")
    assert [event.version for event in events] == list(range(1, 81))
    assert sorted(texts(events)) == sorted(accepted)
    for name in ("left", "right"):
        own = [text for text in texts(events) if text.startswith(name)]
        assert own == [f"{name}{number}" for number in range(40)]


async def test_two_nodes_appending_at_full_load(node: PostgresEventLog, database: str) -> None:
    async def write(log: PostgresEventLog, name: str) -> None:
        place = NEW
        for number in range(25):
            request = note(name, place, f"{name}:{number}")
            await log.append(request)
            place = end_of(request)

    async with PostgresEventLog(database, MAPPER).running() as other:
        with anyio.fail_after(PATIENCE):
            async with anyio.create_task_group() as tasks:
                for number in range(40):
                    tasks.start_soon(write, (node, other)[number % 2], f"s{number}")
        both = [await collect(log, 0, 1000) for log in (node, other)]

    assert positions(both[0]) == list(range(1, 1001))
    assert both[0] == both[1]
    assert (await chain.verify(database)).findings == ()


# Locks that they take; VACUUM and ANALYZE themselves are over too soon to be in anybody's way.
LONG_WORK = {
    "analyze": "lock table events, stream_heads, commands, batches in share update exclusive mode",
    "held snapshot": "set transaction isolation level repeatable read; select count(*) from events",
}


@pytest.mark.parametrize("work", LONG_WORK)
async def test_analyze_vacuum_and_a_long_open_transaction_during_appends(
    node: PostgresEventLog, database: str, work: str
) -> None:
    await node.append(note("hot", command_id="c0"))
    async with await psycopg.AsyncConnection.connect(database) as transaction:
        for statement in LONG_WORK[work].split(";"):
            await transaction.execute(statement.encode())
        async with await psycopg.AsyncConnection.connect(database, autocommit=True) as other:
            place: Place = (1, "c0")
            with anyio.fail_after(PATIENCE):
                for round_ in range(5):
                    # One stream over and over: its head has many versions that nobody may remove.
                    requests = []
                    for number in range(40):
                        requests.append(note("hot", place, command_id=f"c{round_}:{number}"))
                        place = end_of(requests[-1])
                    results = await outcomes(node, *requests)
                    assert all(isinstance(result, Appended) for result in results)
                    if work == "held snapshot":
                        await other.execute("vacuum (analyze) stream_heads")
                        await other.execute("vacuum (analyze) events")
        cursor = await transaction.execute("select count(*) from events")
        assert await cursor.fetchone() == ((1,) if work == "held snapshot" else (201,))
        await transaction.rollback()

    assert [event.version for event in await node.read_stream("hot")] == list(range(1, 202))


async def test_a_new_partition_waits_for_no_open_transaction(own_database: str) -> None:
    """An audit that reads for minutes must not stop every append at the end of a partition."""
    async with await psycopg.AsyncConnection.connect(own_database) as reader:
        await reader.execute("insert into batches values (1, 9999998, now(), '', '')")
        await reader.commit()
        await reader.execute("select count(*) from events")

        async with PostgresEventLog(own_database, MAPPER).running() as node:
            with anyio.fail_after(PATIENCE):
                appended = await node.append(note("a", NEW, *"1234"))
            assert (appended.first, appended.last) == (9_999_999, 10_000_002)
            assert positions(await node.read(0, 10)) == [
                9_999_999,
                10_000_000,
                *range(10_000_001, 10_000_003),
            ]
            assert texts(await node.read_stream("a", 1)) == ["2", "3", "4"]
        cursor = await reader.execute(
            "select count(*) from pg_inherits where inhparent = 'events'::regclass"
        )
        assert await cursor.fetchone() == (2,)


async def test_nul(node: PostgresEventLog) -> None:
    """PostgreSQL cannot store it; among many others it fails alone, wherever it stands."""
    requests = [note(f"s{number}") for number in range(130)]
    poisoned = [0, 63, 64, 100, 129]
    for number in poisoned:
        requests[number].actor = "a\0b"

    results = await outcomes(node, *requests)

    for number, result in enumerate(results):
        assert isinstance(result, AppendFailed if number in poisoned else Appended), number
    assert positions(await node.read(0, 200)) == list(range(1, 126))


async def test_1_mb_payload(node: PostgresEventLog) -> None:
    large = "ü" * 2**19
    requests = [note(f"s{number}", NEW, large, "small") for number in range(12)]

    results = await outcomes(node, *requests)

    assert [result.first for result in results] == list(range(1, 25, 2))
    for event in await node.read(0, 100):
        assert event.event.text in (large, "small")
        assert event.size == len(event.event.text.encode()) + len(b'\1{"text":""}')
    assert (await collect(node, 0, 24))[0].event.text == large


def _long_key() -> str:
    """A key of more than an index page holds, even compressed."""
    return "".join(chr(0x4E00 + (number * 7919) % 20000) for number in range(5000))


UNSTORABLE = {
    "stream too long for an index": lambda: note(_long_key()),
    "command id too long for an index": lambda: note("a", command_id=_long_key()),
    "version out of range": lambda: note("a", (2**63 - 1, "x")),
    "nul": lambda: note("a", actor="\0"),
}


@pytest.mark.parametrize("what", UNSTORABLE)
async def test_one_row_that_breaks_a_batch(node: PostgresEventLog, what: str) -> None:
    """Whatever PostgreSQL refuses for one request's sake, the others never hear of it."""
    bad = UNSTORABLE[what]()
    requests = [*(note(f"s{n}") for n in range(40)), bad, *(note(f"t{n}") for n in range(40))]

    with anyio.fail_after(PATIENCE):
        results = await outcomes(node, *requests)

    assert isinstance(results[40], AppendFailed), results[40]
    assert [result.first for result in results[:40] + results[41:]] == list(range(1, 81))
    assert await node.append(note("a")), "the log is as good as before"


async def test_what_is_decided_on_a_broken_row_falls_with_it(node: PostgresEventLog) -> None:
    bad = note("a", actor="\0")

    results = await outcomes(node, note("b"), bad, note("a", end_of(bad)), note("c"))

    assert [type(result) for result in results] == [
        Appended,
        AppendFailed,
        StaleExpectation,
        Appended,
    ]


async def test_clock_stepping_back(node: PostgresEventLog, database: str) -> None:
    """The last batch was written an hour ahead; time stands still until the clock is there."""
    ahead = datetime.now(UTC) + timedelta(hours=1)
    async with await psycopg.AsyncConnection.connect(database) as connection:
        await connection.execute(
            "insert into batches values (1, 1, %s, '', '')", [ahead.replace(microsecond=0)]
        )

    first = await node.append(note("a"))
    second = await node.append(note("b"))

    assert first.recorded_at == second.recorded_at == ahead.replace(microsecond=0)
    assert [event.recorded_at for event in await node.read(0, 10)] == [first.recorded_at] * 2


async def test_clock_stepping_back_in_memory() -> None:
    clock = [datetime(2026, 1, 1, tzinfo=UTC)]
    async with MemoryEventLog(MAPPER, now=lambda: clock[0]).running() as log:
        stamps: list[datetime] = []
        for step in (5, -60, 1, 100):
            clock[0] += timedelta(seconds=step)
            stamps.append((await log.append(note(f"s{step}"))).recorded_at)

    assert stamps == sorted(stamps)
    assert stamps[0] == stamps[1] == stamps[2] < stamps[3]


@pytest.mark.parametrize("table", ["events", "events_0000000000000000001", "batches"])
@pytest.mark.parametrize(
    "rewrite", ["update {} set recorded_at = now()", "delete from {}", "truncate {}"]
)
async def test_history_is_not_rewritten_by_mistake(
    node: PostgresEventLog, connection: psycopg.AsyncConnection, table: str, rewrite: str
) -> None:
    await node.append(note("a"))

    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"):
        await connection.execute(rewrite.format(table).encode())

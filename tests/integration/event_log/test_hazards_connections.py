"""One test for each hazard between the program and PostgreSQL, named after it.

In all of them the question is the same: does every acknowledged request stand in the log exactly
once, and does nothing stand there that was refused?
"""

import asyncio
from collections.abc import AsyncIterator, Sequence

import anyio
import psycopg
import pytest

from aia_mas.application.event_log import chain
from aia_mas.application.event_log.errors import (
    CommandIdReused,
    LogUnavailable,
    StaleExpectation,
)
from aia_mas.application.event_log.postgres_log import PostgresEventLog
from aia_mas.application.event_log.records import Appended, AppendRequest, Kind

from .conftest import (
    MAPPER,
    NEVER,
    NEW,
    PATIENCE,
    Place,
    check,
    collect,
    end_of,
    eventually,
    lock_held,
    note,
    outcomes,
    positions,
    texts,
    waiting_for_lock,
)
from .wires import Line, Wire


@pytest.fixture
async def wired(wire: Wire) -> AsyncIterator[PostgresEventLog]:
    """A node whose connections can be cut; it has appended the event at position 1."""
    async with PostgresEventLog(wire.conninfo, MAPPER, poll=NEVER).running() as log:
        await log.append(note("first", NEW, "first", command_id="first"))
        yield log


async def test_a_log_that_is_given_up_leaves_nobody_waiting_for_the_store(
    wired: PostgresEventLog, wire: Wire
) -> None:
    async def all_wait() -> bool:
        return bool(wired.committer.waiting and wired.pool.get_stats()["requests_waiting"])

    wire.break_down()
    with anyio.fail_after(PATIENCE):
        appended = wired.enqueue(note("second", NEW, "second"))
        reading = asyncio.create_task(wired.read(0, 10))
        await eventually(all_wait)
        assert not wired.contact.whole

        await wired.give_up()
        with pytest.raises(LogUnavailable):
            await appended
        with pytest.raises(psycopg.OperationalError):
            await reading
        with pytest.raises(psycopg.OperationalError):
            await wired.head()


def _group(kind: Kind, *, new: bool = True) -> list[AppendRequest]:
    """A batch in which requests build on each other, and one is stale.

    Args:
        kind: What kind of ids they have.
        new: They begin streams; else they go on with the one that is there.
    """

    def noted(stream: str, after: Place, text: str) -> AppendRequest:
        return note(
            stream,
            after,
            text,
            outcome=text.encode(),
            kind=kind,
            maybe_known=kind is not Kind.NOT_KEPT,
        )

    first = noted("a", NEW, "1") if new else noted("first", (1, "first"), "1")
    second = noted("a" if new else "first", end_of(first), "2")
    third = noted("c", NEW, "3") if new else noted("first", end_of(second), "3")
    return [first, second, noted("b", (5, "gone"), "stale"), third]


def _all_once(results: Sequence[object]) -> None:
    assert isinstance(results[2], StaleExpectation), results
    accepted = [result for result in results if isinstance(result, Appended)]
    assert [(result.first, result.last) for result in accepted] == [(2, 2), (3, 3), (4, 4)]


async def _stands_once(database: str, log: PostgresEventLog) -> None:
    assert texts(await log.read(0, 100)) == ["first", "1", "2", "3"]
    assert texts(await collect(log, 0, 4)) == ["first", "1", "2", "3"]
    assert (await chain.verify(database)).findings == ()


IDS = {"client's key": Kind.EXPIRING, "work item": Kind.FOREVER, "made-up id": Kind.NOT_KEPT}
KINDS = pytest.mark.parametrize("kind", IDS.values(), ids=IDS)
NEW_STREAMS = pytest.mark.parametrize("new", [True, False], ids=["new streams", "a known stream"])


@KINDS
@NEW_STREAMS
async def test_connection_cut_while_waiting_for_the_lock(
    wired: PostgresEventLog,
    wire: Wire,
    database: str,
    connection: psycopg.AsyncConnection,
    kind: Kind,
    new: bool,
) -> None:
    """The backend whose client is gone still waits, and commits when it gets the lock."""
    async with lock_held(database):
        futures = [wired.enqueue(request) for request in _group(kind, new=new)]
        await waiting_for_lock(connection)
        lost = wire.committer
        lost.cut()
        await waiting_for_lock(connection, 2)  # the abandoned one, and the one that came instead
    with anyio.fail_after(PATIENCE):
        results = await asyncio.gather(*futures, return_exceptions=True)
        await lost.answered.wait()

    assert wire.committer is not lost
    _all_once(results)
    await _stands_once(database, wired)


async def test_connection_cut_with_a_second_batch_sent_ahead(
    wired: PostgresEventLog, wire: Wire, database: str, connection: psycopg.AsyncConnection
) -> None:
    """Both of them may yet be committed by the backend whose client is gone."""
    first = note("a", NEW, "1")
    behind = [note("a", end_of(first), "2"), *(note(f"s{number}") for number in range(99))]
    async with lock_held(database):
        futures = [wired.enqueue(first)]
        await waiting_for_lock(connection)
        futures += [wired.enqueue(request) for request in behind]
        lost = wire.committer
        await eventually(lambda: _was_sent(lost, "s62"))
        lost.cut()
        await waiting_for_lock(connection, 2)
    with anyio.fail_after(PATIENCE):
        results = await asyncio.gather(*futures)

    assert sorted(result.first for result in results) == list(range(2, 103))
    assert positions(await wired.read(0, 1000)) == list(range(1, 103))
    assert (await chain.verify(database)).findings == ()


@KINDS
@NEW_STREAMS
async def test_connection_cut_after_commit_was_sent(
    wired: PostgresEventLog, wire: Wire, database: str, kind: Kind, new: bool
) -> None:
    """The batch is committed, but nobody is told."""
    lost = wire.committer
    lost.deaf = True
    futures = [wired.enqueue(request) for request in _group(kind, new=new)]
    with anyio.fail_after(PATIENCE):
        await lost.answered.wait()
    assert not any(future.done() for future in futures), "nothing is concluded from silence"
    lost.cut()
    with anyio.fail_after(PATIENCE):
        results = await asyncio.gather(*futures, return_exceptions=True)

    _all_once(results)
    await _stands_once(database, wired)


@KINDS
@NEW_STREAMS
async def test_a_late_original_arrives_after_its_resubmission(
    wired: PostgresEventLog, wire: Wire, database: str, kind: Kind, new: bool
) -> None:
    """The network keeps the call back, and hands it over when all is done."""
    late = wire.committer
    late.keep()
    futures = [wired.enqueue(request) for request in _group(kind, new=new)]
    with anyio.fail_after(PATIENCE):
        await late.kept.wait()
        late.cut()
        results = await asyncio.gather(*futures, return_exceptions=True)
        late.deliver()
        await late.answered.wait()

    _all_once(results)
    await _stands_once(database, wired)


async def test_the_connection_is_cut_again_and_again(
    wired: PostgresEventLog, wire: Wire, database: str, connection: psycopg.AsyncConnection
) -> None:
    """Five abandoned backends wait for the lock before the one whose answer arrives."""
    async with lock_held(database):
        futures = [wired.enqueue(request) for request in _group(Kind.NOT_KEPT)]
        for number in range(1, 6):
            await waiting_for_lock(connection, number)
            wire.committer.cut()
        await waiting_for_lock(connection, 6)
    with anyio.fail_after(PATIENCE):
        results = await asyncio.gather(*futures, return_exceptions=True)

    _all_once(results)
    await _stands_once(database, wired)


async def test_a_terminated_backend(
    wired: PostgresEventLog, database: str, connection: psycopg.AsyncConnection
) -> None:
    """An administrator ends the committer's backend while it waits."""
    async with lock_held(database):
        futures = [wired.enqueue(request) for request in _group(Kind.NOT_KEPT)]
        await waiting_for_lock(connection)
        first = await _waiting(connection)
        await connection.execute("select pg_terminate_backend(%s)", first)
        await eventually(lambda: _others_wait(connection, first))
    with anyio.fail_after(PATIENCE):
        results = await asyncio.gather(*futures, return_exceptions=True)

    _all_once(results)
    await _stands_once(database, wired)


async def _waiting(connection: psycopg.AsyncConnection) -> list[int]:
    cursor = await connection.execute(
        """select pid from pg_stat_activity where datname = current_database()
        and wait_event_type = 'Lock' and wait_event = 'advisory'"""
    )
    return [pid for (pid,) in await cursor.fetchall()]


async def _others_wait(connection: psycopg.AsyncConnection, but: list[int]) -> bool:
    return bool(set(await _waiting(connection)) - set(but))


async def test_crash_between_commit_and_reply(wire: Wire, database: str) -> None:
    """The node dies with the answer; its client tries the next node with the same key."""

    def request(text: str, body: bytes) -> AppendRequest:
        return note(
            "a", NEW, text, command_id="http:a:1", outcome=b"o", body_hash=body, maybe_known=True
        )

    async with PostgresEventLog(wire.conninfo, MAPPER, poll=NEVER, grace=0).running() as log:
        await log.append(note("first", NEW, "first"))
        wire.committer.deaf = True
        future = log.enqueue(request("text", b"body"))
        with anyio.fail_after(PATIENCE):
            await wire.committer.answered.wait()
        wire.refuse()
        wire.committer.cut()
        with anyio.fail_after(PATIENCE):
            await wire.refused.wait()
    assert isinstance(future.exception(), LogUnavailable), "nobody can know its outcome"

    async with PostgresEventLog(database, MAPPER).running() as other:
        again = await other.append(request("text", b"body"))
        with pytest.raises(CommandIdReused):
            await other.append(request("other", b"other"))
        assert (again.first, again.last, again.replayed) == (2, 2, b"o")
        assert texts(await other.read(0, 10)) == ["first", "text"]


async def _was_sent(line: Line, text: str) -> bool:
    return text.encode() in line.sent


async def test_readers_connections_are_replaced_when_they_were_killed(
    wired: PostgresEventLog, connection: psycopg.AsyncConnection
) -> None:
    await connection.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where datname = current_database() and pid <> pg_backend_pid()"
    )

    assert texts(await wired.read(0, 10)) == ["first"]
    assert (await outcomes(wired, check(("first", NEW)), note("a")))[1].first == 2

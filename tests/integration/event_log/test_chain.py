"""What an audit of the log finds: a whole log whole, and each kind of tampering by its name."""

from collections.abc import AsyncIterator

import psycopg
import pytest

from aia_mas.application.event_log import chain
from aia_mas.application.event_log.chain import Verification
from aia_mas.application.event_log.postgres_log import PostgresEventLog
from aia_mas.application.event_log.records import NewEvent
from aia_mas.application.event_log.row_hashes import row_hashes

from .conftest import MAPPER, NEW, Crossed, end_of, note, outcomes


@pytest.fixture
async def filled(database: str) -> AsyncIterator[psycopg.AsyncConnection]:
    """A log of six batches and twelve events, and a connection of somebody who may do anything.

    Positions 1-2 are stream a; 3-5 one batch of b, c, d; 6 b; 7-8 a; 9-11 one batch of e, f, g;
    12 b.
    """
    async with PostgresEventLog(database, MAPPER).running() as log:
        a = note("a", NEW, "1", "2", actor="alice", correlation_id="x")
        await log.append(a)
        b = note("b", NEW, "3", actor="bob")
        await outcomes(log, b, note("c", NEW, "4"), note("d", NEW, Crossed(text="5")))
        b2 = note("b", end_of(b), "6")
        await log.append(b2)
        await log.append(note("a", end_of(a), "7", "8"))
        await outcomes(log, *(note(stream, NEW, stream) for stream in "efg"))
        await log.append(note("b", end_of(b2), "12"))
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
        await connection.execute("set session_replication_role = replica")
        yield connection


async def _verified(database: str) -> tuple[Verification, list[tuple[str, int]]]:
    result = await chain.verify(database)
    return result, [(finding.code, finding.position) for finding in result.findings]


async def test_an_empty_log_is_whole(node: PostgresEventLog, database: str) -> None:
    result, findings = await _verified(database)

    assert findings == []
    assert result.whole
    assert (result.events, result.batches, result.head) == (0, 0, 0)
    assert result.hash == (await node.head()).hash.hex()


async def test_an_intact_log_is_whole(filled: psycopg.AsyncConnection, database: str) -> None:
    seen: list[tuple[int, int]] = []
    result = await chain.verify(database, lambda position, events: seen.append((position, events)))

    assert result.findings == ()
    assert result.whole
    assert (result.events, result.batches, result.head) == (12, 6, 12)
    cursor = await filled.execute("select hash from batches where last_position = 12")
    row = await cursor.fetchone()
    assert row is not None
    assert result.hash == row[0].hex()
    assert seen == [(2, 2), (5, 5), (6, 6), (8, 8), (11, 11), (12, 12)]


async def test_a_log_is_whole_after_thousands_of_events(
    node: PostgresEventLog, database: str
) -> None:
    await outcomes(node, *(note(f"s{number}", NEW, "x", "y") for number in range(1500)))

    result, findings = await _verified(database)

    assert findings == []
    assert result.events == 3000


@pytest.mark.parametrize(
    "change",
    [
        "state = set_byte(state, 3, get_byte(state, 3) # 1)",
        "state = set_byte(state, 0, 2)",
        "state = state || '\\x20'",
        "actor = 'mallory'",
        "topic = 'test.crossed.v1'",
        "command_id = 'another'",
        "correlation_id = 'another'",
        "correlation_id = null",
        "causation_id = ''",
        "row_hash = sha256('')",
        "recorded_at = recorded_at + interval '1 microsecond'",
    ],
)
async def test_a_changed_column_is_found_and_named(
    filled: psycopg.AsyncConnection, database: str, change: str
) -> None:
    await filled.execute(f"update events set {change} where position = 2".encode())

    _, findings = await _verified(database)

    assert ("row_changed", 2) in findings
    assert {position for _, position in findings} <= {1, 2, 3}


async def test_a_change_with_a_fitting_row_hash_breaks_the_digest(
    filled: psycopg.AsyncConnection, database: str
) -> None:
    """Whoever computes the row hash anew must change the digest, and then the chain."""
    await filled.execute(
        "update events set (stream, state, row_hash) = (select stream, state, row_hash from events"
        " where position = 9) where position = 10"
    )

    _, findings = await _verified(database)

    assert ("digest_broken", 9) in findings


async def test_a_change_with_a_fitting_digest_breaks_the_chain(
    filled: psycopg.AsyncConnection, database: str
) -> None:
    await filled.execute("update events set actor = 'mallory' where position = 6")
    cursor = await filled.execute("select * from events where position = 6")
    row = await cursor.fetchone()
    assert row is not None
    _, stream, version, topic, state, _, command_id, actor, correlation, causation, _ = row
    event = NewEvent(stream, version, topic, state, None)
    (row_hash,) = row_hashes([event], command_id, actor, correlation, causation)
    await filled.execute("update events set row_hash = %s where position = 6", [row_hash])
    await filled.execute(
        "update batches set digest = sha256(%s) where last_position = 6", [row_hash]
    )

    assert (await _verified(database))[1] == [("chain_broken", 6)]

    await filled.execute(
        """update batches b set hash = sha256(p.hash || int8send(b.first_position)
            || int8send(b.last_position) || timestamptz_send(b.recorded_at) || b.digest)
        from batches p where b.last_position = 6 and p.last_position = 5"""
    )
    assert (await _verified(database))[1] == [("chain_broken", 7)], "and so on up to the head"


@pytest.mark.parametrize(
    ("position", "expected"),
    [
        (1, {("position_gap", 2), ("version_gap", 2), ("missing_events", 1), ("digest_broken", 1)}),
        (4, {("position_gap", 5), ("missing_events", 3), ("digest_broken", 3), ("head_wrong", 0)}),
        (
            6,
            {("position_gap", 7), ("missing_events", 6), ("digest_broken", 6), ("version_gap", 12)},
        ),
        (12, {("missing_events", 12), ("digest_broken", 12), ("head_wrong", 0)}),
    ],
)
async def test_a_deleted_event_is_found_and_named(
    filled: psycopg.AsyncConnection,
    database: str,
    position: int,
    expected: set[tuple[str, int]],
) -> None:
    await filled.execute("delete from events where position = %s", [position])

    result, findings = await _verified(database)

    assert set(findings) == expected
    assert not result.whole


@pytest.mark.parametrize(("one", "other"), [(3, 4), (2, 9)], ids=["in a batch", "across batches"])
async def test_swapped_rows_are_found(
    filled: psycopg.AsyncConnection, database: str, one: int, other: int
) -> None:
    """Every row is as it was written, but not where."""
    for old, new in ((one, 1000), (other, one), (1000, other)):
        await filled.execute("update events set position = %s where position = %s", [new, old])

    _, findings = await _verified(database)

    assert {("digest_broken", 3 if one == 3 else 1)} <= set(findings)


async def test_swapped_contents_are_found(filled: psycopg.AsyncConnection, database: str) -> None:
    await filled.execute(
        """update events e set state = o.state from events o
        where (e.position, o.position) in ((7, 8), (8, 7))"""
    )

    _, findings = await _verified(database)

    assert {("row_changed", 7), ("row_changed", 8), ("digest_broken", 7)} == set(findings)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("digest = sha256('')", {("digest_broken", 3), ("chain_broken", 3)}),
        ("hash = sha256('')", {("chain_broken", 3), ("chain_broken", 6)}),
        (
            "recorded_at = recorded_at + interval '1 microsecond'",
            {("chain_broken", 3), ("row_changed", 3), ("row_changed", 4), ("row_changed", 5)},
        ),
        (
            "first_position = 2",
            {("chain_broken", 2), ("batch_gap", 2), ("missing_events", 2)},
        ),
        (
            "last_position = 4",
            {
                ("chain_broken", 3),
                ("digest_broken", 3),
                ("batch_gap", 6),
            },
        ),
    ],
)
async def test_a_changed_batch_row_is_found_and_named(
    filled: psycopg.AsyncConnection, database: str, change: str, expected: set[tuple[str, int]]
) -> None:
    await filled.execute(f"update batches set {change} where last_position = 5".encode())

    _, findings = await _verified(database)

    assert set(findings) == expected


async def test_a_deleted_batch_row_is_found_and_named(
    filled: psycopg.AsyncConnection, database: str
) -> None:
    await filled.execute("delete from batches where last_position = 5")

    _, findings = await _verified(database)

    assert findings == [("batch_gap", 6), ("chain_broken", 6)]


async def test_a_last_batch_without_its_row_is_found(
    filled: psycopg.AsyncConnection, database: str
) -> None:
    await filled.execute("delete from batches where last_position = 12")

    assert (await _verified(database))[1] == [("chain_broken", 12)]


@pytest.mark.parametrize(
    "change",
    [
        "update stream_heads set version = 2 where stream = 'b'",
        "update stream_heads set command_id = 'another' where stream = 'b'",
        "delete from stream_heads where stream = 'b'",
        "insert into stream_heads values ('z', 1, 'nobody')",
    ],
)
async def test_a_wrong_head_is_found(
    filled: psycopg.AsyncConnection, database: str, change: str
) -> None:
    """It would let an append through that must be refused, or the other way round."""
    await filled.execute(change.encode())

    result, findings = await _verified(database)

    assert {code for code, _ in findings} == {"head_wrong"}
    assert any(name in result.findings[0].detail for name in ("b", "z", "6 heads"))


async def test_the_log_of_another_store_is_found(
    filled: psycopg.AsyncConnection, database: str
) -> None:
    await filled.execute("update store set store_id = gen_random_uuid()")

    assert (await _verified(database))[1] == [("chain_broken", 0), ("chain_broken", 1)]


async def test_time_that_goes_back_is_found(filled: psycopg.AsyncConnection, database: str) -> None:
    await filled.execute(
        "update events set recorded_at = recorded_at - interval '1 day' where position = 6"
    )

    _, findings = await _verified(database)

    assert set(findings) == {("time_went_back", 6), ("row_changed", 6)}


async def test_an_audit_sees_one_moment_of_a_log_in_use(
    node: PostgresEventLog, database: str
) -> None:
    """What is appended while it reads is not half in it."""
    await outcomes(node, *(note(f"s{number}") for number in range(100)))
    appended: list[int] = []

    def append(_position: int, _events: int) -> None:
        appended.append(len(appended))
        _ = node.enqueue(note(f"later{len(appended)}"))

    result = await chain.verify(database, append)

    assert result.findings == ()
    assert result.events == 100
    assert appended
    await node.drain()
    assert (await chain.verify(database)).events == 100 + len(appended)


async def test_at_most_a_hundred_findings_are_kept(
    node: PostgresEventLog, database: str, connection: psycopg.AsyncConnection
) -> None:
    await outcomes(node, *(note(f"s{number}") for number in range(150)))
    await connection.execute("set session_replication_role = replica")
    await connection.execute("update events set actor = 'mallory'")

    assert len((await chain.verify(database)).findings) == 100

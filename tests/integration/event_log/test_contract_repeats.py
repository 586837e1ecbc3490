"""Commands that are given again: what every event log answers, and for how long it remembers."""

import pytest

from aia_mas.application.event_log.errors import (
    CommandIdReused,
    StaleExpectation,
)
from aia_mas.application.event_log.log import EventLog
from aia_mas.application.event_log.postgres_log import PostgresEventLog
from aia_mas.application.event_log.records import (
    Fence,
    Kind,
)

from .conftest import (
    NEW,
    check,
    end_of,
    grant,
    note,
    outcomes,
)


async def test_a_repeated_command_gets_its_first_answer_again(log: EventLog) -> None:
    def request() -> object:
        return note(
            "a", command_id="http:alice:1", outcome=b"done", body_hash=b"h", maybe_known=True
        )

    first = await log.append(request())  # type: ignore[arg-type]
    await log.append(note("b"))
    again = await log.append(request())  # type: ignore[arg-type]

    assert first.replayed is None
    assert again.replayed == b"done"
    assert (again.first, again.last) == (first.first, first.last)
    assert again.recorded_at == first.recorded_at
    assert (await log.head()).position == 2


async def test_a_command_repeated_at_once_is_applied_once(log: EventLog) -> None:
    results = await outcomes(
        log,
        *(
            note("a", command_id="twice", outcome=b"done", body_hash=b"h", maybe_known=True)
            for _ in range(5)
        ),
    )

    assert [result.replayed for result in results] == [None, *[b"done"] * 4]
    assert {(result.first, result.last) for result in results} == {(1, 1)}
    assert (await log.head()).position == 1


async def test_a_command_id_is_never_applied_with_another_body(log: EventLog) -> None:
    await log.append(note("a", command_id="key", body_hash=b"one", maybe_known=True))

    with pytest.raises(CommandIdReused):
        await log.append(note("b", command_id="key", body_hash=b"two", maybe_known=True))

    assert await log.read_stream("b") == []
    stored = await log.command("key")
    assert stored is not None
    assert stored.body_hash == b"one"


async def test_an_id_said_to_be_new_is_not_applied_twice_either(log: EventLog) -> None:
    neighbours = [note("n1"), note("n2")]
    await log.append(note("a", command_id="known", outcome=b"first"))

    results = await outcomes(
        log, neighbours[0], note("b", command_id="known", outcome=b"second"), neighbours[1]
    )

    assert [result.replayed for result in results] == [None, b"first", None]
    assert (await log.head()).position == 3


async def test_a_refusal_is_remembered_as_well(log: EventLog) -> None:
    def refusal() -> object:
        return check(("a", NEW), command_id="key", outcome=b"refused", maybe_known=True)

    await log.append(note("x"))
    first = await log.append(refusal())  # type: ignore[arg-type]
    await log.append(note("a"))
    again = await log.append(refusal())  # type: ignore[arg-type]

    assert (first.last, first.replayed) == (1, None)
    assert (again.last, again.replayed) == (1, b"refused")


async def test_the_answer_repeated_is_the_position_of_the_first_one(log: EventLog) -> None:
    """What is decided when it comes again may have more events, or fewer, than the first time."""
    await log.append(note("a", NEW, "1", "2", "3", command_id="three", maybe_known=True))
    await log.append(check(command_id="none", maybe_known=True))

    fewer = await log.append(check(("a", NEW), command_id="three", maybe_known=True))
    more = await log.append(note("b", NEW, "1", "2", command_id="none", maybe_known=True))

    assert (fewer.first, fewer.last) == (1, 3)
    assert more.last == 3, "not beyond the end of the log"
    assert (await log.head()).position == 3


async def test_a_repeated_command_is_known_before_it_is_judged(log: EventLog) -> None:
    await grant(log, "lease", 1)
    request = note(
        "a", command_id="key", maybe_known=True, outcome=b"first", fence=Fence("lease", 1)
    )
    await log.append(request)
    await log.append(note("a", end_of(request)))
    await grant(log, "lease", 2)

    again = await log.append(note("a", command_id="key", maybe_known=True, fence=Fence("lease", 1)))

    assert again.replayed == b"first", "neither stale nor fenced"


async def test_outcomes_can_be_looked_up(log: EventLog) -> None:
    await log.append(note("a", NEW, "1", "2", command_id="key", outcome=b"o", body_hash=b"h"))

    assert await log.command("key") == (b"h", b"o", 1, 2)
    assert await log.command("another") is None


async def test_a_rejected_command_may_be_given_again(log: EventLog) -> None:
    with pytest.raises(StaleExpectation):
        await log.append(note("a", (3, "gone"), command_id="key", maybe_known=True))

    appended = await log.append(note("a", NEW, command_id="key", maybe_known=True))

    assert appended.replayed is None


async def test_only_clients_commands_are_forgotten_and_only_after_their_time(
    node: PostgresEventLog,
) -> None:
    await node.append(note("a", command_id="http:a:1", kind=Kind.EXPIRING))
    await node.append(note("b", command_id="proc:x:1", kind=Kind.FOREVER))

    async def forget(before: str) -> int:
        async with node.pool.connection() as connection:
            cursor = await connection.execute(
                "select forget_commands(clock_timestamp() + %s::interval, 10)", [before]
            )
            row = await cursor.fetchone()
        assert row is not None
        return int(row[0])

    assert await forget("-1 hour") == 0
    assert await forget("1 hour") == 1
    assert await node.command("http:a:1") is None
    assert await node.command("proc:x:1") is not None

"""What both logs promise when there is too much to do, and when they are to stop."""

import asyncio

import anyio
import pytest

from aia_mas.application.event_log.errors import AppendFailed, LogClosed, LogUnavailable, Overloaded
from aia_mas.application.event_log.log import EventLog
from aia_mas.application.event_log.memory_log import MemoryEventLog
from aia_mas.application.event_log.postgres_log import PostgresEventLog
from aia_mas.application.event_log.records import Kind

from .conftest import MAPPER, NEW, PATIENCE, check, lock_held, note, outcomes, texts

QUEUE = 20_000


async def test_a_full_queue_refuses_more_and_loses_nothing(log: EventLog) -> None:
    waiting = [log.enqueue(check(("a", NEW), kind=Kind.NOT_KEPT)) for _ in range(QUEUE)]

    for _ in range(3):
        with pytest.raises(Overloaded):
            _ = log.enqueue(note("a"))
    with anyio.fail_after(PATIENCE):
        await asyncio.gather(*waiting)

    assert (await log.append(note("a"))).first == 1


async def test_draining_answers_what_is_queued_and_takes_nothing_more(log: EventLog) -> None:
    waiting = [log.enqueue(note(f"s{number}")) for number in range(300)]

    draining = asyncio.create_task(log.drain())  # type: ignore[attr-defined]
    await asyncio.sleep(0)
    with pytest.raises(LogClosed):
        _ = log.enqueue(note("late"))
    with anyio.fail_after(PATIENCE):
        await draining

    assert all(future.done() for future in waiting)
    assert [future.result().first for future in waiting] == list(range(1, 301))
    assert len(await log.read(0, 1000)) == 300, "it can still be read"


async def test_an_idle_log_is_drained_at_once(log: EventLog) -> None:
    with anyio.fail_after(PATIENCE):
        await log.drain()  # type: ignore[attr-defined]
        await log.drain()  # type: ignore[attr-defined]


async def test_leaving_the_log_answers_what_is_queued(place: str | None) -> None:
    made = MemoryEventLog(MAPPER) if place is None else PostgresEventLog(place, MAPPER)
    async with made.running() as log:
        waiting = [log.enqueue(note(f"s{number}")) for number in range(100)]

    assert [future.result().first for future in waiting] == list(range(1, 101))
    with pytest.raises(LogClosed):
        _ = log.enqueue(note("late"))


async def test_a_call_under_way_is_not_cut_off_by_a_cancelled_task_group(database: str) -> None:
    """Whoever cancels the node's tasks must not make an append's outcome unknown."""
    async with anyio.create_task_group() as tasks:
        started = asyncio.Event()
        waiting: list[asyncio.Future[object]] = []

        async def run() -> None:
            async with PostgresEventLog(database, MAPPER).running() as log:
                waiting.extend(log.enqueue(note(f"s{n}")) for n in range(100))  # type: ignore[misc]
                started.set()
                await asyncio.Event().wait()

        tasks.start_soon(run)
        await started.wait()
        tasks.cancel_scope.cancel()

    assert [future.result().first for future in waiting] == list(range(1, 101))  # type: ignore[attr-defined]


async def test_leaving_does_not_wait_for_ever_for_a_store_that_does_not_answer(
    database: str,
) -> None:
    async with lock_held(database):
        with anyio.fail_after(PATIENCE):
            async with PostgresEventLog(database, MAPPER, grace=0.01).running() as log:
                future = log.enqueue(note("a"))
                await asyncio.sleep(0)

    with pytest.raises(LogUnavailable):
        future.result()


NUL = "\0"
PLACES_OF_NUL = {
    "stream": lambda: note(f"a{NUL}"),
    "command id": lambda: note("a", command_id=f"c{NUL}"),
    "actor": lambda: note("a", actor=f"x{NUL}"),
    "correlation": lambda: note("a", correlation_id=NUL),
    "causation": lambda: note("a", causation_id=NUL),
    "expected command": lambda: note("a", (0, NUL)),
    "stream only read": lambda: note("a", reads=[(NUL, NEW)]),
}


@pytest.mark.parametrize("where", PLACES_OF_NUL)
async def test_nul_is_refused_and_its_neighbours_are_not(
    node: PostgresEventLog, where: str
) -> None:
    results = await outcomes(
        node, note("n1", NEW, "one"), PLACES_OF_NUL[where](), note("n2", NEW, "two")
    )

    assert isinstance(results[1], AppendFailed)
    assert [results[0].first, results[2].first] == [1, 2]
    assert texts(await node.read(0, 10)) == ["one", "two"]

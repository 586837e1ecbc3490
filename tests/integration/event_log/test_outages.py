"""PostgreSQL is away for less than a lease: nothing expires within one window after it is back."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from typing import Any

import anyio
import pytest

from aia_mas.application.clock import SystemClock
from aia_mas.application.settings import Settings
from aia_mas.domain.kernel.principal import system
from aia_mas.domain.orchestration.agent_commands import RegisterAgent
from aia_mas.domain.orchestration.agent_events import AgentWentOffline
from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.domain.orchestration.task_commands import RecordProgress, StartTask, SubmitTask
from aia_mas.domain.orchestration.task_events import ReleaseReason, TaskReleased
from aia_mas.domain.orchestration.task_specification import TaskSpecification
from aia_mas.interfaces.bootstrap import System

from ...valkeys import start, valkey_at_rest
from .conftest import PATIENCE, eventually
from .wires import Wire

TESTER = system("test")
WINDOW = timedelta(seconds=2)
"""Of agents without heartbeats, of tasks without a sign of life, and of tasks not taken up."""


@pytest.fixture(params=["postgres", "valkey"])
async def node(request: pytest.FixtureRequest, wire: Wire) -> AsyncIterator[System]:
    """A node that leads, behind a wire to its database."""
    with_redis = request.param == "valkey"
    server = valkey_at_rest()
    if with_redis:
        await asyncio.to_thread(start, server)
    settings = Settings(
        database_url=wire.conninfo,
        redis_url=server.connection_url if with_redis else None,
        heartbeat_interval_seconds=WINDOW.total_seconds() / 3,
        task_lease_seconds=WINDOW.total_seconds(),
        pickup_timeout_seconds=WINDOW.total_seconds(),
        # It outlasts every outage here: a takeover would begin the windows anew by itself.
        leader_lease_seconds=30.0,
    )
    async with System(settings) as made:
        yield made
    await asyncio.to_thread(server.terminate)


@pytest.mark.parametrize("seconds", [1.0, 3.0])
async def test_nothing_expires_within_one_window_after_an_outage_of_postgresql(
    node: System, wire: Wire, seconds: float
) -> None:
    """Nobody could start a task meanwhile, or report on one."""

    async def do(command: Any) -> None:
        await node.engine.execute(command, TESTER)

    async def leads() -> bool:
        return {lease.name for lease in node.leases.held} >= {"dispatcher", "deadlines"}

    await eventually(leads)
    await do(RegisterAgent(agent_id="a", capabilities=Capabilities(max_concurrent_tasks=2)))
    leases: dict[str, str] = {}

    async def assigned(task_id: str) -> bool:
        # At once, unless the dispatcher has only just begun to lead.
        node.presence.beat("agent", "a")
        node.heartbeats.tasks([*leases.values()])
        task = await node.workload.task(task_id)
        if task is not None and task.lease is not None:
            leases[task_id] = task.lease
        return task_id in leases

    # That which nobody gives a sign of life of comes last: no window is over before the outage.
    for task in ("busy", "idle"):
        spec = TaskSpecification(task_type="x", lease_seconds=WINDOW.total_seconds())
        await do(SubmitTask(task_id=task, spec=spec))
        await eventually(partial(assigned, task))
        if task == "busy":
            await do(StartTask(task_id=task, agent_id="a", lease=leases[task]))
            await do(RecordProgress(task_id=task, agent_id="a", lease=leases[task]))
    node.heartbeats.tasks([leases["busy"]])
    node.presence.beat("agent", "a")

    led = set(node.leases.held)
    wire.break_down()
    await anyio.sleep(seconds)  # the length of the outage is what the test is about
    back = SystemClock().now()
    wire.admit()

    ended: list[Any] = []
    position = 0
    with anyio.fail_after(PATIENCE):
        while len(ended) < 3:
            await node.log.feed.wait(position)
            events = node.log.feed.since(position) or []
            position = events[-1].position
            ended += [e for e in events if isinstance(e.event, TaskReleased | AgentWentOffline)]
    for event in ended:
        assert event.recorded_at >= back + WINDOW, event
    reasons = {e.event.reason for e in ended if isinstance(e.event, TaskReleased)}
    assert reasons <= {
        ReleaseReason.NOT_STARTED,
        ReleaseReason.LEASE_EXPIRED,
        ReleaseReason.AGENT_OFFLINE,
    }
    assert set(node.leases.held) == led, "the same leases all the time"

"""Whole task lives inside the process, with every projection and process running."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from aia_mas.application.engine.engine import Origin
from aia_mas.application.engine.outcomes import CommandResult
from aia_mas.application.settings import load_settings
from aia_mas.domain.kernel import Principal, Role
from aia_mas.domain.orchestration.agent_commands import PutAgent
from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.domain.orchestration.task_commands import CompleteTask, StartTask, SubmitTask
from aia_mas.domain.orchestration.task_specification import Requirements, TaskSpecification
from aia_mas.interfaces.bootstrap import System
from aia_mas.interfaces.cli import collection

CLIENT = Principal("bench", frozenset({Role.ADMIN}))
LIVES = 10_000
CLIENTS = 200
BATCH, BATCHES_AT_ONCE = 100, 4
SPEC = TaskSpecification(
    task_type="data_analysis",
    description="Analyze sales data",
    requirements=Requirements(skills={"statistics": 0.5}),
    max_cost=50 * 10**18,
)
Lives = Callable[[System, int], Coroutine[Any, Any, None]]


class Measured(NamedTuple):
    """What came out of a run.

    Attributes:
        rate: Lives per second.
        events: Events per life.
        lag: Seconds until every read model, and what assignments are decided by, had caught up.
    """

    rate: float
    events: float
    lag: float


async def fleet(system: System, agents: int) -> None:
    """Register the agents and wait until somebody assigns."""
    able = Capabilities(
        skills={"statistics": 0.9}, max_concurrent_tasks=10, cost_per_task=15 * 10**18
    )
    for number in range(agents):
        await system.engine.execute(PutAgent(agent_id=f"agent_{number}", capabilities=able), CLIENT)
    while not system.dispatcher.is_leader:
        await asyncio.sleep(0.01)


async def singly(system: System, lives: int) -> None:
    """Submit, assign, start, complete: each acknowledged after its commit."""

    async def life() -> None:
        execute, task_id = system.engine.execute, system.new_id()
        result = await execute(SubmitTask(task_id=task_id, spec=SPEC), CLIENT)
        task = msgspec.json.decode(result.body)
        assert task["status"] == "assigned"
        agent_id, lease = task["agent_id"], task["lease"]
        await execute(StartTask(task_id=task_id, agent_id=agent_id, lease=lease), CLIENT)
        await execute(
            CompleteTask(task_id=task_id, agent_id=agent_id, lease=lease, result={"rows": 7}),
            CLIENT,
        )

    async def client() -> None:
        for _ in range(lives // CLIENTS):
            await life()

    await asyncio.gather(*(client() for _ in range(CLIENTS)))


async def in_bulk(system: System, lives: int) -> None:
    """The same by batches: each is acknowledged as a whole, every item with its own answer."""

    async def execute(commands: list[Any]) -> list[dict[str, Any]]:
        results = await system.engine.execute_many(commands, Origin(CLIENT))
        accepted = [result for result in results if isinstance(result, CommandResult)]
        assert len(accepted) == len(commands), results
        return [msgspec.json.decode(result.body) for result in accepted]

    async def client() -> None:
        for _ in range(lives // BATCH // BATCHES_AT_ONCE):
            tasks = await execute(
                [SubmitTask(task_id=system.new_id(), spec=SPEC) for _ in range(BATCH)]
            )
            assert all(task["status"] == "assigned" for task in tasks)
            own = [
                {name: task[name] for name in ("task_id", "agent_id", "lease")} for task in tasks
            ]
            await execute([StartTask(**attempt) for attempt in own])
            await execute([CompleteTask(**attempt, result={"rows": 7}) for attempt in own])

    await asyncio.gather(*(client() for _ in range(BATCHES_AT_ONCE)))


async def measured(data_dir: Path, agents: int, run_lives: Lives) -> Measured:
    """Run lives on a new node, the first ones to warm it up; garbage is collected as in ``mas``."""
    settings = load_settings({"data_dir": data_dir}, environment={})
    async with System(settings) as system:
        await fleet(system, agents)
        await run_lives(system, LIVES // 5)
        collection.tune()
        before, began = system.log.feed.position, time.perf_counter()
        await run_lives(system, LIVES)
        took = time.perf_counter() - began
        head, ended = system.log.feed.position, time.perf_counter()
        for name in system.projections.names:
            assert await system.projections.wait_for(name, head, 60)
        assert await system.dispatcher.knows(head, 60)
        lag = time.perf_counter() - ended
    return Measured(LIVES / took, (head - before) / LIVES, lag)


@pytest.mark.usefixtures("collector")
@pytest.mark.parametrize("agents", [100, 1_000])
@pytest.mark.parametrize(
    ("run_lives", "how", "target"),
    [(singly, "singly acknowledged", "2,500"), (in_bulk, f"in batches of {BATCH}", "4,000")],
    ids=["singly", "in_bulk"],
)
def test_task_lives(
    benchmark: BenchmarkFixture,
    run: Callable[[Coroutine[Any, Any, Any]], Any],
    figure: Callable[..., None],
    tmp_path: Path,
    agents: int,
    run_lives: Lives,
    how: str,
    target: str,
) -> None:
    found: Measured = benchmark.pedantic(
        lambda: run(measured(tmp_path / "mas", agents, run_lives)), rounds=1
    )
    figure(
        f"whole task lives/s in the process, {how}, {agents:,} agents",
        f"{found.rate:,.0f}",
        target,
        f"{found.events:.2f} events per life (at most 4),"
        f" read models {found.lag:.3f} s behind at the end",
    )

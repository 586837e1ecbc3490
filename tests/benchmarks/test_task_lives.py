"""Whole task lives inside the process, with every projection and process running."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import msgspec
from pytest_benchmark.fixture import BenchmarkFixture

from aia_mas.application.settings import load_settings
from aia_mas.domain.kernel import Principal, Role
from aia_mas.domain.orchestration.agent_commands import PutAgent
from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.domain.orchestration.task_commands import CompleteTask, StartTask, SubmitTask
from aia_mas.domain.orchestration.task_specification import Requirements, TaskSpecification
from aia_mas.interfaces.bootstrap import System

CLIENT = Principal("bench", frozenset({Role.ADMIN}))
AGENTS, CLIENTS, LIVES = 100, 200, 50
SPEC = TaskSpecification(
    task_type="data_analysis",
    description="Analyze sales data",
    requirements=Requirements(skills={"statistics": 0.5}),
    max_cost=50 * 10**18,
)


async def fleet(system: System) -> None:
    """Register the agents and wait until somebody assigns."""
    able = Capabilities(
        skills={"statistics": 0.9}, max_concurrent_tasks=10, cost_per_task=15 * 10**18
    )
    for number in range(AGENTS):
        await system.engine.execute(PutAgent(agent_id=f"agent_{number}", capabilities=able), CLIENT)
    while not system.dispatcher.is_leader:
        await asyncio.sleep(0.01)


async def life(system: System) -> None:
    """Submit, assign, start, complete: each acknowledged after its commit."""
    execute, task_id = system.engine.execute, system.new_id()
    result = await execute(SubmitTask(task_id=task_id, spec=SPEC), CLIENT)
    task = msgspec.json.decode(result.body)
    assert task["status"] == "assigned"
    agent_id, lease = task["agent_id"], task["lease"]
    await execute(StartTask(task_id=task_id, agent_id=agent_id, lease=lease), CLIENT)
    await execute(
        CompleteTask(task_id=task_id, agent_id=agent_id, lease=lease, result={"rows": 7}), CLIENT
    )


async def measured(data_dir: Path) -> tuple[float, float, float]:
    """Return lives per second, events per life, and the lag of the read models in seconds."""
    settings = load_settings({"data_dir": data_dir}, environment={})

    async def client(system: System, lives: int) -> None:
        for _ in range(lives):
            await life(system)

    async with System(settings) as system:
        await fleet(system)
        await asyncio.gather(*(client(system, 10) for _ in range(CLIENTS)))
        before, began = system.log.feed.position, time.perf_counter()
        await asyncio.gather(*(client(system, LIVES) for _ in range(CLIENTS)))
        took = time.perf_counter() - began
        head, ended = system.log.feed.position, time.perf_counter()
        for name in system.projections.names:
            assert await system.projections.wait_for(name, head, 60)
        lag = time.perf_counter() - ended
    return CLIENTS * LIVES / took, (head - before) / (CLIENTS * LIVES), lag


def test_task_lives(
    benchmark: BenchmarkFixture,
    run: Callable[[Coroutine[Any, Any, Any]], Any],
    figure: Callable[..., None],
    tmp_path: Path,
) -> None:
    rate, events, lag = benchmark.pedantic(lambda: run(measured(tmp_path / "mas")), rounds=1)
    figure(
        "whole task lives/s in the process, 100 agents",
        f"{rate:,.0f}",
        "1,500",
        f"{events:.2f} events per life, read models {lag:.3f} s behind at the end",
    )

"""Task lives with rewards and without, in one run, and how fast rewards are paid meanwhile."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from aia_mas.application.event_log.log import EventFilter
from aia_mas.application.settings import load_settings
from aia_mas.domain.economy.rewards.due import RewardsDue
from aia_mas.domain.economy.rewards.events import RewardBlockReserved, RewardsSettled
from aia_mas.domain.economy.staking.events import StakeBonded
from aia_mas.domain.kernel.money import ONE
from aia_mas.domain.orchestration.agent_commands import PutAgent
from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.interfaces.bootstrap import System
from aia_mas.interfaces.cli import collection

from .test_task_lives import CLIENT, LIVES, singly

AGENTS = 100
ROUNDS = 3
TARGET = 0.8


class Measured(NamedTuple):
    """What came out of a run (both by the second; ``settled``: how many rewards)."""

    lives: float
    rewards: float
    settled: int


async def fleet(system: System, stake: int) -> None:
    """Register agents that may hold ten tasks each (``stake``: tokens), and wait until all is set.

    A stake of 100 tokens backs one rewarded task at a time.
    """
    able = Capabilities(skills={"statistics": 0.9}, max_concurrent_tasks=10, cost_per_task=15 * ONE)
    for number in range(AGENTS):
        command = PutAgent(agent_id=f"agent_{number}", capabilities=able, initial_stake=stake * ONE)
        await system.engine.execute(command, CLIENT)
    while not system.dispatcher.is_leader:
        await asyncio.sleep(0.01)
    for kind, count in ((StakeBonded, AGENTS), (RewardBlockReserved, 1)):
        while stake and await _count(system, kind) < count:
            await asyncio.sleep(0.05)
    assert await system.dispatcher.knows(system.log.feed.position, 60)


async def measured(data_dir: Path, stake: int) -> Measured:
    """Run lives on a new node; nothing waits for a rating. Garbage is collected as in ``mas``."""
    values = {
        "data_dir": data_dir,
        "rating_window_seconds": 0,
        "base_task_reward": "10" if stake else "0",
    }
    async with System(load_settings(values, environment={})) as system:
        due = system.economy.fold.lists[RewardsDue.name]
        assert isinstance(due, RewardsDue)
        await fleet(system, stake)
        await singly(system, LIVES // 5)
        await _paid(system, due)
        collection.tune()
        before, began = await _count(system, RewardsSettled), time.perf_counter()
        await singly(system, LIVES)
        lives = LIVES / (time.perf_counter() - began)
        await _paid(system, due)
        took = time.perf_counter() - began
        settled = await _count(system, RewardsSettled) - before
    return Measured(lives, settled / took, settled)


async def _paid(system: System, due: RewardsDue) -> None:
    await system.economy.host.reached(system.log.feed.position)
    while len(due):
        await system.economy.host.reached(system.log.feed.position + 1, 0.05)


async def _count(system: System, kind: type[Any]) -> int:
    """Return how many blocks, or settled attempts, there were."""
    found = await system.log.read(0, 1_000_000, EventFilter(topics=(kind.topic,)))
    return sum(len(getattr(each.event, "items", (1,))) for each in found)


@pytest.mark.usefixtures("collector")
def test_task_lives_with_rewards(
    benchmark: BenchmarkFixture,
    run: Callable[[Coroutine[Any, Any, Any]], Any],
    figure: Callable[..., None],
    tmp_path: Path,
) -> None:
    def both() -> list[tuple[Measured, Measured]]:
        """Take turns, so that whatever else the machine does falls on both."""
        return [
            (
                run(measured(tmp_path / f"without{number}", 0)),
                run(measured(tmp_path / f"with{number}", 2_000)),
            )
            for number in range(ROUNDS)
        ]

    found = benchmark.pedantic(both, rounds=1)
    ratios = sorted(paid.lives / free.lives for free, paid in found)
    ratio, (free, paid) = ratios[ROUNDS // 2], found[-1]
    figure(
        f"task lives/s with rewards over those without, {AGENTS:,} agents",
        f"{ratio:.2f}",
        f"{TARGET}",
        f"{paid.lives:,.0f} over {free.lives:,.0f} in the last of {ROUNDS} rounds, from"
        f" {ratios[0]:.2f} to {ratios[-1]:.2f}",
    )
    figure(
        "rewards settled/s while tasks run",
        f"{paid.rewards:,.0f}",
        "",
        f"{paid.settled:,} of {LIVES:,} lives were rewarded, each is in the wallet at the end",
    )

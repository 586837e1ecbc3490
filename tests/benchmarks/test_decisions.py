"""How long it takes to choose an agent, as the fleet grows; everybody suits and has room."""

import gc
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from statistics import quantiles
from typing import Any

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from aia_mas.domain.economy.staking.events import StakeBonded
from aia_mas.domain.orchestration.agent_events import AgentRegistered
from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.domain.orchestration.fleet import Fleet
from aia_mas.domain.orchestration.requirement import RequirementSignature, signature_of
from aia_mas.domain.orchestration.scoring.seeds import seed_of
from aia_mas.domain.orchestration.task_events import (
    TaskAssigned,
    TaskCompleted,
    TaskFailed,
    TaskStarted,
)
from aia_mas.domain.orchestration.task_specification import Requirements
from aia_mas.domain.orchestration.task_status import TaskStatus

NOW = datetime(2026, 1, 2, tzinfo=UTC)
DECISIONS = 5_000
SIGNATURE = signature_of("analysis", Requirements(skills={"statistics": 0.5}), 50 * 10**18)


def fleet(agents: int) -> Fleet:
    """Agents with a record each, a third of them specialised."""
    made = Fleet()
    for number in range(agents):
        able = Capabilities(
            specializations=("analysis",) if number % 3 == 0 else (),
            skills={"statistics": 0.9},
            max_concurrent_tasks=1_000,
            cost_per_task=(number % 40 + 1) * 10**18,
        )
        event = AgentRegistered(capabilities=able, owner="o", registered_at=NOW)
        stake = number * 10**18
        bonded = StakeBonded(amount=stake, transfer_id="t", at=NOW, effective=stake)
        made.apply(f"stake/agent_{number}", bonded)
        made.apply(f"agent/agent_{number}", event)
    for number in range(agents):
        life(made, f"r{number}", f"agent_{number}", 0.1 + number % 7, failed=number % 11 == 0)
    return made


def life(made: Fleet, task_id: str, agent_id: str, seconds: float, *, failed: bool) -> None:
    """Fold the events of one attempt."""
    stream, after = f"task/{task_id}", NOW + timedelta(seconds=seconds)
    assigned = TaskAssigned(
        agent_id=agent_id, attempt=1, lease="L", lease_seconds=60.0, assigned_at=NOW
    )
    started = TaskStarted(agent_id=agent_id, attempt=1, lease="L", started_at=NOW)
    end: Any = TaskCompleted(agent_id=agent_id, attempt=1, lease="L", completed_at=after)
    if failed:
        end = TaskFailed(
            agent_id=agent_id,
            attempt=1,
            error_code="e",
            retryable=True,
            outcome=TaskStatus.QUEUED,
            failed_at=after,
        )
    for event in (assigned, started, end):
        made.apply(stream, event, "analysis")


def decisions(made: Fleet, signature: RequirementSignature) -> tuple[list[float], list[float]]:
    """Choose, reserve and fold again and again.

    Returns:
        How long each choice took by the clock, and of the processor's time, seconds.
    """
    took, busy = [], []
    gc.collect()
    gc.freeze()
    for number in range(DECISIONS):
        task_id = f"t{number}"
        seed = seed_of(task_id, 1)
        began, worked = time.perf_counter(), time.thread_time()
        pick = made.pick(signature, seed)
        busy.append(time.thread_time() - worked)
        took.append(time.perf_counter() - began)
        assert pick is not None
        made.reserve(task_id, pick.agent_id)
        life(made, task_id, pick.agent_id, 0.5, failed=False)
    gc.unfreeze()
    return took, busy


@pytest.mark.parametrize("agents", [100, 1_000, 10_000])
def test_decisions(agents: int, benchmark: BenchmarkFixture, figure: Callable[..., None]) -> None:
    made = fleet(agents)
    made.pick(SIGNATURE)  # what is remembered of the signature and the type is there
    took, busy = benchmark.pedantic(lambda: decisions(made, SIGNATURE), rounds=1)
    cuts, work = quantiles(took, n=100), quantiles(busy, n=100)
    figure(
        f"choice of an agent, {agents:,} agents who suit and have room, p99",
        f"{cuts[98] * 1e3:.3f} ms",
        "0.4 ms" if agents == 10_000 else "",
        f"p50 {cuts[49] * 1e3:.3f} ms; processor's time p50 {work[49] * 1e3:.3f} ms,"
        f" p99 {work[98] * 1e3:.3f} ms; {DECISIONS:,} choices, each by the records of those before",
    )

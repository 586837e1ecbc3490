"""What an agent inside a program does with its tasks, and how that program has agents chosen."""

from collections.abc import AsyncIterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from aia.agents.multi_agent_system import AgentCapabilities, MultiAgentSystem, TaskSpecification
from aia_mas.domain.kernel.errors import InvalidValue
from aia_mas.domain.orchestration.errors import TaskHasBeenCancelled, UnknownPolicy
from aia_mas.domain.orchestration.scoring.policies import Policy
from aia_mas.interfaces.bootstrap import System
from aia_mas.projections.task_board import Task

pytestmark = pytest.mark.anyio

LAST = Policy("last", lambda shortlist, _weights, _seed: len(shortlist) - 1, "The last one")


@pytest.fixture(scope="module")
async def mas(data_dir: Path) -> AsyncIterator[MultiAgentSystem]:
    async with MultiAgentSystem(data_dir=data_dir, policies=[LAST]) as system:
        yield system


async def given(mas: MultiAgentSystem, agent_id: str, **fields: Any) -> TaskSpecification:
    """Register an agent, and have it hold a task that only this one can do."""
    able = AgentCapabilities(agent_id=agent_id, skills={agent_id: 0.9}, cost_per_task=2)
    await mas.register_agent(agent_id, able)
    requirements = {"skills": [agent_id]}
    task = TaskSpecification(task_type="work", requirements=requirements, **fields)
    assert await mas.orchestration_engine.assign_task(task) == agent_id
    return task


async def shown(mas: MultiAgentSystem, task: TaskSpecification) -> Task:
    async def get(system: System) -> Task:
        await system.projections.wait_for("task_board", system.log.feed.position, 30)
        found = await system.projections.board.get(task.task_id)
        assert found is not None
        return found

    assert mas._node is not None
    return await mas._node.call(get)


async def heard_of(mas: MultiAgentSystem, lease: str) -> datetime | None:
    """Return when an attempt was heard of last, which is what its lease is counted from."""

    async def ask(system: System) -> datetime | None:
        return system.presence.last_seen("task", lease)

    assert mas._node is not None
    return await mas._node.call(ask)


async def test_progress_is_reported_and_shown(mas: MultiAgentSystem) -> None:
    engine = mas.orchestration_engine
    task = await given(mas, "reporter")
    (work,) = await engine.claim_tasks("reporter")
    await engine.start_task(work)

    answer = await engine.report_progress(work, 40, "read", partial={"rows": 7}, log=["a", "b"])

    assert answer.status == "running"
    progress = (await shown(mas, task)).progress
    assert progress is not None
    assert (progress.percent, progress.message, progress.log) == (40, "read", ("a", "b"))
    with pytest.raises(InvalidValue):
        await engine.report_progress(work, 101)


@pytest.mark.parametrize("way", ["progress", "heartbeat"])
async def test_a_lease_is_renewed_by_whatever_is_heard_of_the_task(
    mas: MultiAgentSystem, way: str
) -> None:
    engine, agent_id = mas.orchestration_engine, f"busy-{way}"
    await given(mas, agent_id)
    (work,) = await engine.claim_tasks(agent_id)
    await engine.start_task(work)
    assert await heard_of(mas, work.lease) is None

    if way == "progress":
        await engine.report_progress(work)
    else:
        assert await engine.heartbeat(agent_id)
        assert await heard_of(mas, work.lease) is None, "it was not named"
        told = await engine.heartbeat(agent_id, [work])
        assert told is not None
        assert [each.lease for each in told.tasks] == [work.lease]
        assert told.lost == []

    assert await heard_of(mas, work.lease) is not None


async def test_a_lease_that_is_lost_is_not_renewed(mas: MultiAgentSystem) -> None:
    engine = mas.orchestration_engine
    await given(mas, "loser")
    (work,) = await engine.claim_tasks("loser")
    await engine.start_task(work)
    await engine.cancel_task(work.task_id)

    told = await engine.heartbeat("loser", [work])
    assert told is not None
    assert [(each.task_id, each.status) for each in told.lost] == [(work.task_id, "cancelled")]
    assert told.tasks == []
    with pytest.raises(TaskHasBeenCancelled):
        await engine.report_progress(work)

    assert await heard_of(mas, work.lease) is None


async def test_what_an_attempt_consumed_is_told_in_tokens(mas: MultiAgentSystem) -> None:
    engine = mas.orchestration_engine
    task = await given(mas, "accountant", max_cost=3)
    (work,) = await engine.claim_tasks("accountant")
    usage = {"model": "large", "tokens_in": 10, "tokens_out": 20, "cost": Decimal("3.5")}
    with pytest.raises(InvalidValue):
        await engine.complete_task(work, usage={"words": 1})

    await engine.complete_task(work, usage=usage)

    found = await shown(mas, task)
    assert found.usage is not None
    assert found.cost is not None
    assert (found.usage.model, found.usage.tokens_out, found.usage.cost) == ("large", 20, "3.5")
    assert (found.cost.actual, found.cost.excess, found.cost.over_max_cost) == ("3.5", "1.5", True)


async def test_a_program_puts_its_own_policy_in_force(mas: MultiAgentSystem) -> None:
    engine = mas.orchestration_engine
    for price in range(3):
        agent_id = f"chosen-{price}"
        able = AgentCapabilities(
            agent_id=agent_id, skills={"choice": 1}, cost_per_task=price, max_concurrent_tasks=9
        )
        await mas.register_agent(agent_id, able)

    async def chosen(task_type: str) -> str | None:
        requirements = {"skills": ["choice"]}
        task = TaskSpecification(task_type=task_type, requirements=requirements, max_cost=10)
        return await engine.assign_task(task)

    await engine.set_policy("cheapest")
    await engine.set_policy("last", task_type="special")

    assert await chosen("special") == "chosen-2"
    assert await chosen("plain") == "chosen-0"
    await engine.set_policy(None, task_type="special")
    assert await chosen("special") == "chosen-0"
    with pytest.raises(UnknownPolicy):
        await engine.set_policy("nobody's")
    await engine.set_policy(None)

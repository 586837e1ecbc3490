"""The system inside a program: agents and tasks."""

import asyncio
import logging
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from aia.agents.multi_agent_system import AgentCapabilities, MultiAgentSystem, TaskSpecification
from aia_mas.domain.kernel import DomainError
from aia_mas.domain.kernel.errors import InvalidValue
from aia_mas.domain.orchestration.errors import StaleLease

from .programs import OFTEN, capabilities, task_for

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
async def mas(data_dir: Path) -> AsyncIterator[MultiAgentSystem]:
    async with MultiAgentSystem(OFTEN, data_dir=data_dir) as system:
        yield system


async def test_what_an_agent_stakes_is_staked_when_it_is_registered(mas: MultiAgentSystem) -> None:
    assert await mas.register_agent("staker", capabilities("staker", initial_stake=500))
    agent = await mas.get_agent("staker")
    assert agent is not None
    assert (agent.tier, agent.initial_stake) == ("silver", 500)


async def test_registration_may_be_repeated_and_changed(mas: MultiAgentSystem) -> None:
    price = Decimal("15.000000000000000001")

    assert await mas.register_agent("again", capabilities("again", cost_per_task=price))
    assert await mas.register_agent("again", capabilities("again", cost_per_task=price))
    assert await mas.register_agent("again", capabilities("again", max_concurrent_tasks=5))

    agent = await mas.get_agent("again")
    assert agent is not None
    assert agent.available
    assert (agent.max_concurrent_tasks, agent.cost_per_task) == (5, 0)


async def test_amounts_are_exact(mas: MultiAgentSystem) -> None:
    price = Decimal("15.000000000000000001")
    await mas.register_agent("exact", capabilities("exact", cost_per_task=price))

    agent = await mas.get_agent("exact")

    assert agent is not None
    assert agent.cost_per_task == price


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"skills": {"python": 1.5}}, "invalid_skill_level"),
        ({"skills": {"python": "good"}}, "invalid_value"),
        ({"cost_per_task": Decimal(-1)}, "negative_amount"),
        ({"max_concurrent_tasks": 0}, "invalid_value"),
        ({"specializations": "data_analysis"}, "invalid_value"),
        ({"metadata": {"a": "\0"}}, "invalid_text"),
    ],
)
async def test_impossible_capabilities_are_refused(
    mas: MultiAgentSystem, fields: dict[str, Any], code: str
) -> None:
    with pytest.raises(InvalidValue) as caught:
        await mas.register_agent("impossible", AgentCapabilities(agent_id="impossible", **fields))

    assert caught.value.code == code
    assert await mas.get_agent("impossible") is None


async def test_capabilities_of_another_agent_are_refused(mas: MultiAgentSystem) -> None:
    with pytest.raises(InvalidValue, match="not of 'me'"):
        await mas.register_agent("me", capabilities("you"))


async def test_unregistered_agent_is_gone_and_may_come_back(mas: MultiAgentSystem) -> None:
    await mas.register_agent("leaver", capabilities("leaver"))

    assert await mas.unregister_agent("leaver", "done")
    assert not await mas.unregister_agent("leaver")
    assert await mas.get_agent("leaver") is None
    assert await mas.register_agent("leaver", capabilities("leaver"))


async def test_task_is_assigned_worked_on_and_completed(mas: MultiAgentSystem) -> None:
    engine = mas.orchestration_engine
    await mas.register_agent("worker", capabilities("worker"))
    task = task_for("worker", payload={"quarter": "Q3"}, max_cost=Decimal("50.0"))

    assert await engine.assign_task(task) == "worker"
    assert await engine.assign_task(task) == "worker"  # the same task, not another one
    (work,) = await engine.claim_tasks("worker", limit=10)
    assert (work.task_id, work.payload) == (task.task_id, {"quarter": "Q3"})
    await engine.start_task(work)
    done = await engine.complete_task(work, {"sum": 3}, quality=0.9)
    assert done.status == "completed"
    assert await engine.assign_task(task) == "worker"
    with pytest.raises(DomainError):
        await engine.complete_task(work, {"sum": 4})


async def test_task_that_nobody_can_do_waits_and_is_assigned_later(mas: MultiAgentSystem) -> None:
    engine = mas.orchestration_engine
    task = task_for("late")

    assert await engine.assign_task(task) is None
    await mas.register_agent("late", capabilities("late"))
    (work,) = await engine.claim_tasks("late", wait=30.0)
    assert work.task_id == task.task_id


async def test_agent_gets_no_more_than_it_can_do(mas: MultiAgentSystem) -> None:
    engine = mas.orchestration_engine
    await mas.register_agent("busy", capabilities("busy", max_concurrent_tasks=2))

    assert await engine.assign_task(task_for("busy")) == "busy"
    assert await engine.assign_task(task_for("busy")) == "busy"
    assert await engine.assign_task(task_for("busy")) is None
    agent = await mas.get_agent("busy")
    assert agent is not None
    assert (agent.active_tasks, agent.available) == (2, False)


async def test_failed_attempt_is_tried_again_under_a_new_lease(mas: MultiAgentSystem) -> None:
    engine = mas.orchestration_engine
    await mas.register_agent("clumsy", capabilities("clumsy"))
    await engine.assign_task(task_for("clumsy", max_attempts=2))
    (first,) = await engine.claim_tasks("clumsy")
    await engine.start_task(first)
    assert (await engine.fail_task(first, "dropped it")).status == "queued"

    (second,) = await engine.claim_tasks("clumsy", wait=30.0)
    with pytest.raises(StaleLease):
        await engine.complete_task(first, "too late")
    assert (await engine.complete_task(second, "now")).status == "completed"


async def test_task_can_be_cancelled(mas: MultiAgentSystem) -> None:
    task = task_for("nobody")
    await mas.orchestration_engine.submit_task(task)

    assert (await mas.orchestration_engine.cancel_task(task.task_id)).status == "cancelled"
    assert await mas.orchestration_engine.assign_task(task) is None


@pytest.mark.parametrize(
    "fields",
    [
        {"task_type": ""},
        {"priority": "urgent"},
        {"requirements": {"skils": ["python"]}},
        {"requirements": {"skills": {"python": 2.0}}},
        {"max_cost": Decimal("NaN")},
        {"payload": object()},
        {"max_attempts": 0},
    ],
)
async def test_impossible_specification_is_refused(
    mas: MultiAgentSystem, fields: dict[str, Any]
) -> None:
    with pytest.raises(InvalidValue):
        await mas.orchestration_engine.assign_task(
            TaskSpecification(**{"task_type": "work", **fields})
        )


async def test_agents_of_this_program_stay_online_while_it_runs(mas: MultiAgentSystem) -> None:
    await mas.register_agent("present", capabilities("present"))

    await asyncio.sleep(4.5)  # longer than the three intervals after which it would be offline

    agent = await mas.get_agent("present")
    assert agent is not None
    assert agent.online


async def test_metrics_are_there(mas: MultiAgentSystem) -> None:
    assert await mas.get_system_metrics()


async def test_level_of_aia_agents_shows_what_happens(
    mas: MultiAgentSystem, caplog: pytest.LogCaptureFixture
) -> None:
    logging.getLogger("aia.agents").setLevel(logging.DEBUG)
    try:
        await mas.register_agent("logged", capabilities("logged"))
    finally:
        logging.getLogger("aia.agents").setLevel(logging.NOTSET)

    assert "agent_registered agent_id='logged'" in caplog.messages

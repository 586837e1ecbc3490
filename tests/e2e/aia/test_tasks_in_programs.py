"""What a program says about tasks arrives, and a task that takes long is not lost."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from aia.agents.multi_agent_system import AgentCapabilities, MultiAgentSystem
from aia_mas.domain.orchestration.errors import StaleLease

from .programs import task_for

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
async def mas(data_dir: Path) -> AsyncIterator[MultiAgentSystem]:
    async with MultiAgentSystem(data_dir=data_dir) as system:
        yield system


async def test_an_agent_is_shown_as_it_was_declared(mas: MultiAgentSystem) -> None:
    declared = AgentCapabilities(
        agent_id="whole",
        specializations=["finance"],
        skills={"sql": 0.5},
        max_concurrent_tasks=3,
        cost_per_task="1.5",
        labels={"cores": 8, "zone": "eu"},
        resources={"gpu": 2.0},
        data_sources=["db"],
        endpoint="https://agent.example/a",
        wallet_address="0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        metadata={"k": [1]},
        initial_stake=500,
        owner="alice",
    )

    assert await mas.register_agent("whole", declared)
    agent = await mas.get_agent("whole")

    assert agent is not None
    assert (agent.specializations, agent.skills) == (("finance",), {"sql": 0.5})
    assert (agent.labels, agent.resources) == ({"cores": "8", "zone": "eu"}, {"gpu": 2.0})
    assert (agent.data_sources, agent.endpoint) == (("db",), "https://agent.example/a")
    assert (agent.wallet_address, agent.metadata) == (
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        {"k": [1]},
    )
    assert (str(agent.cost_per_task), str(agent.initial_stake)) == ("1.5", "500")
    assert (agent.owner, agent.tier) == ("alice", "silver")


async def test_work_of_the_same_dedup_key_is_one_task(mas: MultiAgentSystem) -> None:
    engine = mas.orchestration_engine
    first, again = (task_for("later", dedup_key="report") for _ in range(2))

    submitted = await engine.submit_task(first)
    repeated = await engine.submit_task(again)
    assert (submitted.task_id, repeated.task_id) == (first.task_id, first.task_id)
    assert await engine.assign_task(again) is None

    await mas.register_agent("later", AgentCapabilities(agent_id="later", skills={"later": 1.0}))
    assert await engine.assign_task(again) == "later"
    (work,) = await engine.claim_tasks("later", limit=5)
    assert work.task_id == first.task_id


async def test_work_in_progress_is_reported_and_its_cost_told(mas: MultiAgentSystem) -> None:
    engine = mas.orchestration_engine
    await mas.register_agent("slow", AgentCapabilities(agent_id="slow", skills={"slow": 1.0}))
    await engine.assign_task(task_for("slow"))
    (work,) = await engine.claim_tasks("slow")
    await engine.start_task(work)

    reported = await engine.report_progress(work, percent=40, message="half way", log=["a"])
    assert (reported.status, reported.lease) == ("running", work.lease)
    assert await engine.heartbeat("slow", [work])
    done = await engine.complete_task(work, usage={"model": "m", "tokens_in": 3, "cost": "0.25"})
    assert done.status == "completed"
    told = await engine.heartbeat("slow", [work])
    assert told is not None
    assert [each.status for each in told.lost] == ["completed"]
    assert await engine.heartbeat("nobody", [work]) is None


async def test_who_lost_a_task_is_told_so(mas: MultiAgentSystem) -> None:
    engine = mas.orchestration_engine
    await mas.register_agent("late", AgentCapabilities(agent_id="late", skills={"late": 1.0}))
    await engine.assign_task(task_for("late"))
    (work,) = await engine.claim_tasks("late")
    await engine.fail_task(work, "could not")

    with pytest.raises(StaleLease):
        await engine.report_progress(work, percent=50)

"""The system inside a program: agents, tasks, life cycle, and a host that keeps its own ways."""

import asyncio
import logging
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest

from aia.agents import running
from aia.agents.multi_agent_system import (
    AgentCapabilities,
    AgentOrchestrationEngine,
    MultiAgentSystem,
    TaskSpecification,
)
from aia_mas.application.embedded_postgres import DataDirectoryIsFile, EmbeddedPostgres
from aia_mas.application.settings import SettingsError
from aia_mas.domain.kernel import DomainError
from aia_mas.domain.kernel.errors import InvalidValue
from aia_mas.domain.orchestration.errors import StaleLease

pytestmark = pytest.mark.anyio

OFTEN: dict[str, Any] = {"orchestration": {"heartbeat_interval": 1, "max_agents": 20}}


@pytest.fixture(autouse=True)
def _no_settings_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("MAS_", "REDIS_", "WEBSOCKET_")):
            monkeypatch.delenv(name)


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mas") / "data"


@pytest.fixture
async def mas(data_dir: Path) -> AsyncIterator[MultiAgentSystem]:
    async with MultiAgentSystem(OFTEN, data_dir=data_dir) as system:
        yield system


def capabilities(agent_id: str, **fields: Any) -> AgentCapabilities:
    return AgentCapabilities(agent_id=agent_id, **{"skills": {agent_id: 0.9}, **fields})


def _stakes(agent_id: str, tokens: int) -> AgentCapabilities:
    return capabilities(agent_id, initial_stake=tokens)


async def test_what_an_agent_stakes_is_staked_when_it_is_registered(mas: MultiAgentSystem) -> None:
    assert await mas.register_agent("staker", _stakes("staker", 500))
    agent = await mas.get_agent("staker")
    assert agent is not None
    assert (agent.tier, agent.initial_stake) == ("silver", 500)


async def test_elsewhere_who_has_not_as_much_as_it_stakes_is_not_registered(
    data_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    config = {**OFTEN, "server": {"jwt_secret": "a secret of this test, long enough for it"}}
    async with MultiAgentSystem(config, data_dir=data_dir.parent / "elsewhere") as system:
        assert not await system.register_agent("staker", _stakes("staker", 500))
        assert await system.get_agent("staker") is None
        assert await system.register_agent("staker", _stakes("staker", 0))
    assert "insufficient_funds" in caplog.text


def task_for(agent_id: str, **fields: Any) -> TaskSpecification:
    """A task that only one agent can do."""
    return TaskSpecification(task_type="work", requirements={"skills": [agent_id]}, **fields)


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


async def test_registration_beyond_the_limit_is_false(tmp_path: Path) -> None:
    async with MultiAgentSystem({"orchestration": {"max_agents": 1}}, data_dir=tmp_path) as mas:
        assert await mas.register_agent("first", capabilities("first"))
        assert not await mas.register_agent("second", capabilities("second"))
        assert await mas.register_agent("first", capabilities("first"))


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


async def test_assignment_waits_for_the_lease_of_a_node_that_crashed(data_dir: Path) -> None:
    async with MultiAgentSystem(OFTEN, data_dir=data_dir):
        pass  # makes the tables
    async with (
        EmbeddedPostgres(data_dir) as server,
        await psycopg.AsyncConnection.connect(server.owner_url, autocommit=True) as connection,
    ):
        await connection.execute(
            """insert into leases values ('dispatcher', 'crashed', 1, now() + interval '2 seconds')
            on conflict (name) do update
            set holder = excluded.holder, expires_at = excluded.expires_at"""
        )
        async with MultiAgentSystem(OFTEN, data_dir=data_dir) as mas:
            await mas.register_agent("patient", capabilities("patient"))

            assert await mas.orchestration_engine.assign_task(task_for("patient")) == "patient"


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


async def test_components_of_one_program_share_one_node(data_dir: Path) -> None:
    one = MultiAgentSystem(OFTEN, data_dir=data_dir)
    two = MultiAgentSystem(OFTEN, data_dir=f"{data_dir}/../{data_dir.name}")
    other = MultiAgentSystem(data_dir=data_dir)
    await asyncio.gather(one.start(), two.start())
    try:
        node = running.current()
        with pytest.raises(RuntimeError, match="other settings"):
            await other.start()
        await one.register_agent("shared", capabilities("shared"))
        assert await two.get_agent("shared") is not None
        await one.stop()
        assert running.current() is node
        engine = AgentOrchestrationEngine()  # finds the running system by itself
        assert await engine.get_agent("shared") is not None
    finally:
        await one.stop()
        await two.stop()
    assert not node.alive
    with pytest.raises(RuntimeError, match="start one first"):
        await engine.get_agent("shared")


async def test_start_and_stop_may_happen_in_different_tasks(data_dir: Path) -> None:
    mas = MultiAgentSystem(OFTEN, data_dir=data_dir)
    await asyncio.create_task(mas.start())
    await asyncio.create_task(mas.start())
    assert mas.running
    await asyncio.create_task(mas.stop())
    await asyncio.create_task(mas.stop())
    assert not mas.running


async def test_start_that_is_given_up_leaves_nothing_running(data_dir: Path) -> None:
    mas = MultiAgentSystem(OFTEN, data_dir=data_dir)
    starting = asyncio.create_task(mas.start())
    await asyncio.sleep(0)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting

    with pytest.raises(RuntimeError, match="start one first"):
        running.current()
    await mas.start()
    await mas.stop()


async def test_use_before_the_start_is_told() -> None:
    with pytest.raises(RuntimeError, match="await its start"):
        await MultiAgentSystem().register_agent("early", capabilities("early"))


async def test_start_that_fails_tells_why_and_can_be_repeated(tmp_path: Path) -> None:
    place = tmp_path / "data"
    place.write_text("a file")
    mas = MultiAgentSystem(data_dir=place)

    with pytest.raises(DataDirectoryIsFile):
        await mas.start()

    place.unlink()
    await mas.start()
    await mas.stop()


def test_bad_setting_is_named() -> None:
    with pytest.raises(SettingsError, match=r"orchestration\.max_agent: .*max_agents"):
        MultiAgentSystem({"orchestration": {"max_agent": 1}})


async def test_level_of_aia_agents_shows_what_happens(
    mas: MultiAgentSystem, caplog: pytest.LogCaptureFixture
) -> None:
    logging.getLogger("aia.agents").setLevel(logging.DEBUG)
    try:
        await mas.register_agent("logged", capabilities("logged"))
    finally:
        logging.getLogger("aia.agents").setLevel(logging.NOTSET)

    assert "agent_registered agent_id='logged'" in caplog.messages


HOST = """
import asyncio, logging, sys
logging.basicConfig(level=logging.WARNING, format="HOST %(name)s %(message)s")
before = logging.getLogger().handlers[:]
from aia.agents.multi_agent_system import MultiAgentSystem

async def main():
    mas = MultiAgentSystem({"economic": {"treasury_address": "your_treasury_address"}})
    await mas.start()
    await mas.stop()

asyncio.run(main())
assert logging.getLogger().handlers == before
"""


def test_host_keeps_its_logging(tmp_path: Path) -> None:
    answer = subprocess.run(
        [sys.executable, "-c", HOST],
        cwd=tmp_path,
        env={**os.environ, "MAS_DATA_DIR": str(tmp_path / "data")},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (answer.returncode, answer.stdout) == (0, "")
    (line,) = answer.stderr.splitlines()
    assert line.startswith("HOST aia.agents setting_ignored ")

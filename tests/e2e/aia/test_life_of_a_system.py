"""The system inside a program: how it begins and ends, alone and with others, and who is told."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from aia.agents import running
from aia.agents.economic_integration import AgentEconomicIntegrator
from aia.agents.multi_agent_system import AgentOrchestrationEngine, MultiAgentSystem
from aia_mas.application.embedded_postgres import DataDirectoryIsFile, EmbeddedPostgres
from aia_mas.application.settings import SettingsError

from .programs import OFTEN, capabilities, task_for

pytestmark = pytest.mark.anyio


async def test_elsewhere_who_has_not_as_much_as_it_stakes_is_not_registered(
    data_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    config = {**OFTEN, "server": {"jwt_secret": "a secret of this test, long enough for it"}}
    async with MultiAgentSystem(config, data_dir=data_dir.parent / "elsewhere") as system:
        assert not await system.register_agent("staker", capabilities("staker", initial_stake=500))
        assert await system.get_agent("staker") is None
        assert await system.register_agent("staker", capabilities("staker"))
    assert "insufficient_funds" in caplog.text


async def test_registration_beyond_the_limit_is_false(tmp_path: Path) -> None:
    async with MultiAgentSystem({"orchestration": {"max_agents": 1}}, data_dir=tmp_path) as mas:
        assert await mas.register_agent("first", capabilities("first"))
        assert not await mas.register_agent("second", capabilities("second"))
        assert await mas.register_agent("first", capabilities("first"))


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


async def test_without_a_system_it_says_so() -> None:
    with pytest.raises(RuntimeError, match="start one first"):
        await AgentEconomicIntegrator().get_profile("ann")


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
    lines = answer.stderr.splitlines()
    # On a machine that stands still for seconds, more is told: as the host wants it, too.
    assert all(line.startswith("HOST aia.") for line in lines)
    (ignored,) = [line for line in lines if "setting_ignored" in line]
    assert ignored.startswith("HOST aia.agents setting_ignored ")

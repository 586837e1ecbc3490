"""The integration test of the guide: python test_mas_integration.py

It starts a whole system in a folder of its own (or in MAS_DATA_DIR, or on MAS_DATABASE_URL) and
prints a line for everything that it has seen working. Components that this release does not have
yet are named at the end; the guide's last line stands there when there are none.
"""

import asyncio
import importlib
import importlib.util
import os
import sys
import tempfile
from collections.abc import Awaitable, Callable
from decimal import Decimal
from types import ModuleType

COMPONENTS = (
    "multi_agent_system",
    "economic_integration",
    "communication_framework",
    "workflow_management",
    "integration_apis",
)
AGENT = "test_agent_001"


def import_components() -> dict[str, ModuleType]:
    """Import the modules of the guide that this release has."""
    found = {}
    for name in COMPONENTS:
        if importlib.util.find_spec(f"aia.agents.{name}") is not None:
            found[name] = importlib.import_module(f"aia.agents.{name}")
    if len(found) == len(COMPONENTS):
        print("✅ All MAS components imported successfully")
    else:
        print(f"✅ MAS components imported successfully: {', '.join(found)}")
    return found


async def test_agent(mas, module: ModuleType) -> None:
    """Register an agent, twice: it may restart at any time."""
    capabilities = module.AgentCapabilities(
        agent_id=AGENT,
        specializations=["data_analysis", "statistics"],
        skills={"python": 0.9, "statistics": 0.85},
        max_concurrent_tasks=3,
        cost_per_task=Decimal("15.0"),
    )
    for _ in range(2):
        assert await mas.register_agent(AGENT, capabilities), "the agent was not registered"
    agent = await mas.get_agent(AGENT)
    assert agent.online and agent.status == "active", agent
    print("✅ Test agent registered successfully")


async def test_task(mas, module: ModuleType) -> None:
    """Let the agent do a task, from the assignment to the result."""
    engine = mas.orchestration_engine
    task = module.TaskSpecification(
        task_type="data_analysis",
        description="Analyze Q3 sales data",
        requirements={"skills": ["statistics", "python"], "preferred_agents": [AGENT]},
        max_cost=Decimal("50.0"),
    )
    assert await engine.assign_task(task) == AGENT, "the task was not assigned"
    work = [
        item for item in await engine.claim_tasks(AGENT, limit=100) if item.task_id == task.task_id
    ]
    assert len(work) == 1, "the task was not there to be claimed"
    await engine.start_task(work[0])
    done = await engine.complete_task(work[0], {"rows": 42}, quality=0.9)
    assert done.status == "completed", done
    print("✅ Task assigned, worked on and completed")


async def test_economy(module: ModuleType) -> None:
    """Give an agent tokens, stake some, propose something and vote on it."""
    economy = module.AgentEconomicIntegrator()
    await economy.register_agent_economically(AGENT, Decimal("500.0"))
    profile = await economy.stake_tokens(AGENT, Decimal("300.0"))
    assert profile.staked >= Decimal("300.0"), profile
    proposal_id = f"proposal_{profile.as_of}"
    await economy.create_proposal(proposal_id, title="Integration test", proposer=AGENT)
    assert await economy.participate_in_governance(AGENT, proposal_id, "yes"), "no vote"
    print("✅ Economic integration successful")


async def test_communication(module: ModuleType) -> None:
    """Send an agent a message, and let it acknowledge that; a handler hears of it as well."""
    async with module.EventDrivenCommunicationFramework() as framework:
        heard = asyncio.Event()

        @framework.on("message:integration_test", to_agent=AGENT)
        async def hear(message) -> None:
            heard.set()

        message = module.CommunicationMessage(
            from_agent="system",
            to_agent=AGENT,
            message_type="integration_test",
            payload={"task_id": "123"},
        )
        async with framework.receive(AGENT) as inbox, asyncio.timeout(30):
            await framework.send_message(message)
            async for received in inbox:
                await received.ack()
                if received.message_id == message.message_id:
                    assert received.payload == {"task_id": "123"}, received
                    break
            await heard.wait()
    print("✅ Communication framework test successful")


async def run_tests(found: dict[str, ModuleType]) -> None:
    """Run the tests of all components on one system."""
    module = found["multi_agent_system"]
    mas = module.MultiAgentSystem()
    await mas.start()
    try:
        print("✅ Multi-Agent System started")
        steps: list[Callable[..., Awaitable[None]]] = [test_agent, test_task]
        for step in steps:
            await step(mas, module)
        if (economic := found.get("economic_integration")) is not None:
            await test_economy(economic)
        if (communication := found.get("communication_framework")) is not None:
            await test_communication(communication)
    finally:
        await mas.stop()


def main() -> int:
    """Run everything; the exit code tells whether all that is here works."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # a terminal without these signs is no failure
    print("🚀 Starting MAS Integration Tests...", flush=True)
    try:
        found = import_components()
    except ImportError as error:
        print(
            f"❌ {error}\nInstall it first (make base), then use .venv/bin/python for this program."
        )
        return 1
    with tempfile.TemporaryDirectory(prefix="mas-integration-") as folder:
        if not any(os.environ.get(name) for name in ("MAS_DATA_DIR", "MAS_DATABASE_URL")):
            os.environ["MAS_DATA_DIR"] = folder
        try:
            asyncio.run(run_tests(found))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the result
            print(f"❌ {type(error).__name__}: {error}")
            return 1
    missing = [name for name in COMPONENTS if name not in found]
    if missing:
        print(f"👍 All MAS integration tests of this release passed; to come: {', '.join(missing)}")
    else:
        print("🎉 All MAS integration tests completed successfully!")
    return 0


if __name__ == "__main__":
    sys.exit(main())

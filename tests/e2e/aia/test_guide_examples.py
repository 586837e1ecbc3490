"""The guide's Python examples that there are, word for word, as its readers write programs."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from textwrap import indent

import pytest

ROOT = Path(__file__).parents[3]
PATIENCE = 120.0  # seconds; only ever waited out when something is wrong

EXAMPLE_1 = """\
from aia.agents.multi_agent_system import MultiAgentSystem, AgentCapabilities
from decimal import Decimal

mas = MultiAgentSystem()
await mas.start()

capabilities = AgentCapabilities(
    agent_id="data_analyst_001",
    specializations=["data_analysis", "statistics"],
    skills={"python": 0.9, "sql": 0.8, "statistics": 0.85},
    max_concurrent_tasks=3,
    cost_per_task=Decimal("15.0")
)

success = await mas.register_agent("data_analyst_001", capabilities)
"""

EXAMPLE_2 = """\
from aia.agents.multi_agent_system import TaskSpecification

task = TaskSpecification(
    task_type="data_analysis",
    description="Analyze Q3 sales data",
    requirements={
        "skills": ["statistics", "python"],
        "data_sources": ["sales_db"]
    },
    max_cost=Decimal("50.0")
)

agent_id = await mas.orchestration_engine.assign_task(task)
"""

EXAMPLE_4 = """\
from aia.agents.economic_integration import AgentEconomicIntegrator

economic_integrator = AgentEconomicIntegrator()

# Register agent economically
await economic_integrator.register_agent_economically("agent_001", Decimal("500.0"))

# Stake tokens
await economic_integrator.stake_tokens("agent_001", Decimal("300.0"))

# Participate in governance
await economic_integrator.participate_in_governance("agent_001", "proposal_123", "yes")
"""

EXAMPLE_5 = """\
from aia.agents.communication_framework import EventDrivenCommunicationFramework, CommunicationMessage

comm_framework = EventDrivenCommunicationFramework()
await comm_framework.start()

message = CommunicationMessage(
    from_agent="system",
    to_agent="agent_001",
    message_type="task_request",
    payload={"task_id": "123", "description": "Process data"}
)

await comm_framework.send_message(message)
"""  # noqa: E501

PROGRAM = """\
import asyncio, json

async def main():
{examples}
    print(json.dumps([success, agent_id, await comm_framework.queue.size("agent_001")]))
{ending}

asyncio.run(main())
"""


def environment(**variables: str) -> dict[str, str]:
    """The environment of this run without settings of ours, and with those given."""
    ours = ("MAS_", "REDIS_", "WEBSOCKET_", "AIA_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return kept | variables


STOPPED = "    await comm_framework.stop()\n    await mas.stop()"


@pytest.mark.parametrize("ending", [STOPPED, ""], ids=["stopped", "just ended"])
def test_examples_run_word_for_word_and_again_on_the_same_folder(
    tmp_path: Path, ending: str
) -> None:
    examples = indent(EXAMPLE_1 + EXAMPLE_2 + EXAMPLE_4 + EXAMPLE_5, "    ")
    program = PROGRAM.format(examples=examples, ending=ending)
    for messages in (1, 2):
        answer = subprocess.run(
            [sys.executable, "-W", "error", "-c", program],
            cwd=tmp_path,
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        assert answer.returncode == 0, answer.stderr
        # The proposal of the example was never made; that is no error, and the log tells.
        (line,) = answer.stderr.splitlines()
        assert line.startswith("unknown_proposal ")
        assert json.loads(answer.stdout) == [True, "data_analyst_001", messages]
    assert (tmp_path / ".mas").is_dir()


def test_the_example_of_messages_runs_in_a_program_of_its_own(tmp_path: Path) -> None:
    body = indent(EXAMPLE_5 + "print(await comm_framework.queue.size('agent_001'))\n", "    ")
    answer = subprocess.run(
        [
            sys.executable,
            "-W",
            "error",
            "-c",
            f"import asyncio\nasync def main():\n{body}\nasyncio.run(main())",
        ],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, "1\n", "")


def test_python_of_the_documentation_of_messages_runs_as_it_stands_there(
    module_database: str, tmp_path: Path
) -> None:
    page = (ROOT / "docs" / "communication-framework.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    body = indent("\n".join(blocks), "    ")
    answer = subprocess.run(
        [
            sys.executable,
            "-W",
            "error",
            "-c",
            f"import asyncio\nasync def main():\n{body}\nasyncio.run(main())",
        ],
        cwd=tmp_path,
        env=environment(MAS_DATABASE_URL=module_database),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert (answer.returncode, answer.stderr) == (0, "")
    lines = answer.stdout.splitlines()
    assert lines[:2] == ["{'task_id': '123', 'description': 'Process data'}", "42"]
    assert lines[2].startswith("('firefighter',)")


def test_python_of_the_readme_runs_as_it_stands_there(tmp_path: Path) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    program = f"import asyncio\nasync def main():\n{indent(example, '    ')}\n    print(agent_id)\n"

    answer = subprocess.run(
        [sys.executable, "-c", program + "asyncio.run(main())"],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )

    assert (answer.returncode, answer.stdout) == (0, "data_analyst_001\n"), answer.stderr


def test_integration_test_of_the_guide_passes_twice() -> None:
    for _ in range(2):
        answer = subprocess.run(
            [sys.executable, "test_mas_integration.py"],
            cwd=ROOT,
            env=environment(PYTHONIOENCODING="utf-8"),
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        lines = answer.stdout.splitlines()
        assert (answer.returncode, answer.stderr) == (0, ""), answer.stdout
        assert lines[0] == "🚀 Starting MAS Integration Tests..."
        assert "✅ Multi-Agent System started" in lines
        assert "✅ Test agent registered successfully" in lines
        assert "✅ Economic integration successful" in lines
        assert "✅ Communication framework test successful" in lines
        assert not any(line.startswith("❌") for line in lines)


def test_integration_test_fails_when_the_system_does(tmp_path: Path) -> None:
    answer = subprocess.run(
        [sys.executable, "test_mas_integration.py"],
        cwd=ROOT,
        env=environment(PYTHONIOENCODING="utf-8", MAS_DATABASE_URL="postgresql://127.0.0.1:1/x"),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )

    assert answer.returncode == 1
    assert "❌" in answer.stdout
    assert "🎉" not in answer.stdout

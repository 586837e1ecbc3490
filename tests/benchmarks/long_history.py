"""Writes a long history through a node, or starts a node on one and tells what that took.

``long_history.py DATA_DIR EVENTS write`` runs task lives of 1,000 agents until the log has so many
events; ``... start`` prints one line of JSON with the seconds of the start and the memory after it.
"""

import asyncio
import json
import sys
import time
from pathlib import Path

import msgspec
import uvloop

from aia_mas.application.settings import load_settings
from aia_mas.domain.kernel import Principal, Role
from aia_mas.domain.orchestration.agent_commands import PutAgent
from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.domain.orchestration.task_commands import CompleteTask, SubmitTask
from aia_mas.domain.orchestration.task_specification import TaskSpecification
from aia_mas.interfaces.bootstrap import System

WRITER = Principal("bench", frozenset({Role.ADMIN}))
AGENTS, CLIENTS = 1_000, 400
SPEC = TaskSpecification(task_type="data_analysis", description="Analyze sales data")


async def write(system: System, events: int) -> None:
    """Run task lives until the log is long enough."""
    execute = system.engine.execute
    able = Capabilities(max_concurrent_tasks=10)
    for first in range(0, AGENTS, 100):
        await asyncio.gather(
            *(
                execute(PutAgent(agent_id=f"agent_{number}", capabilities=able), WRITER)
                for number in range(first, first + 100)
            )
        )
    while not system.dispatcher.is_leader:
        await asyncio.sleep(0.01)

    async def beat() -> None:
        # Whoever is not chosen for two minutes would be taken for gone.
        while True:
            for number in range(AGENTS):
                system.presence.beat("agent", f"agent_{number}")
            await asyncio.sleep(10)

    async def client() -> None:
        while system.log.feed.position < events:
            task_id = system.new_id()
            result = await execute(SubmitTask(task_id=task_id, spec=SPEC), WRITER)
            task = msgspec.json.decode(result.body)
            assert task["status"] == "assigned"
            await execute(
                CompleteTask(task_id=task_id, agent_id=task["agent_id"], lease=task["lease"]),
                WRITER,
            )

    beating = asyncio.create_task(beat())
    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    beating.cancel()
    head = system.log.feed.position
    for name in system.projections.names:
        assert await system.projections.wait_for(name, head, 120)


async def main(data_dir: Path, events: int, action: str) -> None:
    """Do one of the two."""
    settings = load_settings({"data_dir": data_dir}, environment={})
    began = time.perf_counter()
    async with System(settings) as system:
        took = time.perf_counter() - began
        if action == "write":
            await write(system, events)
            return
        head = system.log.feed.position
        for name in system.projections.names:
            assert await system.projections.wait_for(name, head, 120)
        status = Path("/proc/self/status").read_text(encoding="ascii")
        resident = int(status.partition("VmRSS:")[2].split()[0])
        print(json.dumps({"start_s": took, "rss_mb": resident / 1024}))


if __name__ == "__main__":
    uvloop.run(main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]))

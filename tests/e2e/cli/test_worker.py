"""`mas worker`: a program that knows nothing of the system does its tasks."""

import fcntl
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from .conftest import PATIENCE, Run, environment
from .working import API, ended, started, submit, until, written


@pytest.fixture(scope="module")
def node(start_for_module: Callable[..., Any]) -> Any:
    return start_for_module()


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> str:
    return written(tmp_path_factory.mktemp("a program"))


@pytest.fixture(scope="module")
def do(node: Any, program: str) -> Iterator[Callable[..., dict[str, Any]]]:
    """Has a program do a task, to its end."""

    def run(payload: Any, task_type: str = "work") -> dict[str, Any]:
        return ended(node, submit(node, "general", payload, task_type))

    options = ("--concurrency", "2", "--max-output", "10000")
    with started(node, "general", program, *options, MAS_JWT_SECRET="kept from programs"):
        yield run


def logged(node: Any, task_id: str, line: str) -> dict[str, Any]:
    return until(node, task_id, lambda task: line in (task["progress"] or {"log": ()})["log"])


def test_payload_and_result_are_json_on_stdin_and_stdout(do: Any) -> None:
    payload = {"do": "echo", "what": {"text": "dünn", "list": [1, None, 2.5]}}
    task = do(payload)
    assert (task["status"], task["result"]) == ("completed", payload["what"])


def test_a_program_that_writes_nothing_is_done_all_the_same(do: Any) -> None:
    task = do("nothing")
    assert (task["status"], task["result"]) == ("completed", None)


def test_a_program_need_not_read_what_it_is_given(do: Any) -> None:
    assert do("x" * 1_000_000, "deaf")["result"] == "did not listen"


def test_the_task_is_told_in_the_environment_and_secrets_are_not(do: Any) -> None:
    names = [
        "AGENT_ID",
        "TASK_ID",
        "TASK_TYPE",
        "ATTEMPT",
        "TASK_TAGS",
        "TASK_PRIORITY",
        "JWT_SECRET",
    ]
    task = do({"do": "environment", "names": [f"MAS_{name}" for name in (*names, "DEADLINE")]})
    assert task["result"].pop("MAS_DEADLINE").endswith("+00:00")
    assert task["result"] == {
        "MAS_AGENT_ID": "general",
        "MAS_TASK_ID": task["task_id"],
        "MAS_TASK_TYPE": "work",
        "MAS_ATTEMPT": "1",
        "MAS_TASK_TAGS": "one,two",
        "MAS_TASK_PRIORITY": "normal",
        "MAS_JWT_SECRET": None,
    }


@pytest.mark.parametrize(
    ("payload", "status", "code", "words"),
    [
        ({"do": "fail", "code": 3, "stderr": ["no good"]}, "failed", "exit_3", "no good"),
        ({"do": "fail", "code": 75, "stderr": ["later"]}, "dead", "exit_75", "later"),
        ({"do": "fail", "code": 1, "stderr": []}, "failed", "exit_1", "It ended with exit_1"),
        ({"do": "die"}, "dead", "signal_SIGKILL", "It ended with signal_SIGKILL"),
        ({"do": "write", "what": "no json"}, "failed", "invalid_output", "What it wrote is no"),
        ({"do": "write", "what": "[" * 5000}, "failed", "invalid_output", "What it wrote is no"),
        ({"do": "write", "what": "x" * 10_001}, "failed", "output_too_large", "It wrote more"),
        (
            {"do": "write", "what": "x", "times": 50_000_000},
            "failed",
            "output_too_large",
            "It wrote more than 10000 bytes",
        ),
    ],
)
def test_how_a_program_fails(
    do: Any, payload: dict[str, Any], status: str, code: str, words: str
) -> None:
    task = do(payload)
    assert task["error"]["code"] == code
    assert task["status"] == status  # dead: it might have been tried again, had it attempts left
    assert task["error"]["message"].startswith(words)


def test_the_end_of_stderr_is_the_message_and_its_lines_are_the_log(do: Any) -> None:
    lines = [f"line {number}" for number in range(1000)]
    task = do({"do": "fail", "code": 2, "stderr": lines})
    message = task["error"]["message"]
    assert message.endswith("line 998\nline 999")
    assert len(message) <= 2_000
    assert task["progress"]["log"][-1] == "line 999"


def test_what_a_program_leaves_behind_does_not_keep_its_task(do: Any) -> None:
    assert do({"do": "leave a child"})["result"] == 1


def test_a_program_that_takes_too_long_is_ended_with_all_that_it_started(
    node: Any, program: str, unique: str, tmp_path: Path
) -> None:
    lock = tmp_path / "lock"
    with started(node, unique, program, "--timeout", "1.5"):
        task = ended(node, submit(node, unique, {"do": "hang", "lock": str(lock)}))
    assert (task["status"], task["error"]["code"]) == ("dead", "timed_out")
    assert all_have_ended(lock)


def all_have_ended(lock: Path) -> bool:
    """Wait until nobody holds a lock."""
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
    return True


def test_a_cancelled_task_ends_its_program(node: Any, do: Any, tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    task_id = submit(node, "general", {"do": "hang", "lock": str(lock)})
    logged(node, task_id, "holding")
    node.client.post(f"{API}/agents/tasks/{task_id}/cancel", json={})
    assert ended(node, task_id)["status"] == "cancelled"
    assert all_have_ended(lock)


def test_a_worker_that_is_asked_to_stop_lets_its_program_finish(
    node: Any, program: str, unique: str, tmp_path: Path
) -> None:
    with started(node, unique, program) as worker:
        task_id = submit(node, unique, {"do": "finish", "when": str(tmp_path / "now")})
        logged(node, task_id, "under way")
        worker.send_signal(signal.SIGINT)
        until_draining(node, unique)
        (tmp_path / "now").touch()
        assert worker.wait(PATIENCE) == 0
        assert worker.stderr is not None
        assert "the worker has stopped" in worker.stderr.read()
    assert ended(node, task_id)["result"] == "finished"


def until_draining(node: Any, agent_id: str) -> None:
    end = time.monotonic() + PATIENCE
    while node.client.get(f"{API}/agents/{agent_id}").json()["status"] != "draining":
        assert time.monotonic() < end, "it does not drain"
        time.sleep(0.01)


def test_a_second_signal_ends_the_program_and_gives_the_task_back(
    node: Any, program: str, unique: str, tmp_path: Path
) -> None:
    lock = tmp_path / "lock"
    with started(node, unique, program) as worker:
        task_id = submit(node, unique, {"do": "hang", "lock": str(lock)}, retry={"max_attempts": 2})
        logged(node, task_id, "holding")
        worker.terminate()
        until_draining(node, unique)
        worker.terminate()
        assert worker.wait(PATIENCE) == 0
    assert all_have_ended(lock)
    task = until(node, task_id, lambda task: task["status"] == "queued")
    assert (task["error"]["code"], task["error"]["retryable"]) == ("worker_stopped", True)


def test_a_worker_takes_the_types_that_it_is_for(node: Any, program: str, unique: str) -> None:
    with started(node, unique, program, "--task-type", "a", "--task-type", "b"):
        assert ended(node, submit(node, unique, "nothing", "b"))["status"] == "completed"
        assert ended(node, submit(node, unique, "nothing", "c"))["error"]["code"] == "no_handler"
        agent = node.client.get(f"{API}/agents/{unique}").json()
    assert agent["specializations"] == ["a", "b"]
    assert agent["skills"] == {unique: 0.9}


@pytest.mark.parametrize(
    ("page", "task_type", "skill", "payload", "result"),
    [
        ("README.md", "data_analysis", "statistics", {"rows": [40, 2]}, {"total": 42}),
        ("docs/workers.md", "count_words", "reading", {"text": "one two"}, {"words": 2}),
    ],
)
def test_a_worker_of_a_page_works_as_it_stands_there(
    node: Any, page: str, task_type: str, skill: str, payload: Any, result: Any
) -> None:
    text = (Path(__file__).parents[3] / page).read_text(encoding="utf-8")
    (block,) = re.findall(r"```python worker\n(.*?)```", text, re.DOTALL)
    variables = environment(MAS_URL=node.url)
    with subprocess.Popen([sys.executable, "-c", block], env=variables) as process:
        task = ended(node, submit(node, skill, payload, task_type))
        assert (task["status"], task["result"]) == ("completed", result)
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0


def test_a_worker_that_is_not_taken_tells_why(node: Any, run: Run) -> None:
    answer = run("worker", "--agent-id", "no id", "--exec", "true", "--url", node.url)
    assert answer.returncode == 7
    assert "invalid_id" in answer.stderr
    assert "Traceback" not in answer.stderr

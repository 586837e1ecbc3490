"""`mas worker`: a program that knows nothing of the system does its tasks."""

import fcntl
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from .conftest import MAS, PATIENCE, Run, environment

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


@pytest.fixture(scope="module")
def node(start_for_module: Callable[..., Any]) -> Any:
    return start_for_module()


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("a program") / "agent.py"
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


@pytest.fixture(scope="module")
def do(node: Any, program: str) -> Iterator[Callable[..., dict[str, Any]]]:
    """Has a program do a task, to its end."""

    def run(payload: Any, task_type: str = "work") -> dict[str, Any]:
        return ended(node, submit(node, "general", payload, task_type))

    options = ("--concurrency", "2", "--max-output", "10000")
    with started(node, "general", program, *options, MAS_JWT_SECRET="kept from programs"):
        yield run


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


SPEAKING = """
import sys
from aia.client import Fail, Worker

worker = Worker(sys.argv[1], skills=[sys.argv[1]])

@worker.task("good")
async def good(ctx, payload):
    return payload

@worker.task("bad")
async def bad(ctx, payload):
    raise Fail("too_bad", "no way")

worker.run(quiet="quiet" in sys.argv)
"""


def speaks(node: Any, unique: str, process: "subprocess.Popen[str]", *task_types: str) -> str:
    """Have a worker do tasks and stop; return what it said."""
    tasks = [ended(node, submit(node, unique, None, kind)) for kind in task_types]
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, said
    for number, task in enumerate(tasks):
        said = said.replace(task["task_id"], f"<{number}>")
    return said


@pytest.mark.parametrize("quiet", [False, True], ids=["loud", "quiet"])
def test_a_program_tells_on_its_terminal_what_it_does(node: Any, unique: str, quiet: bool) -> None:
    command = [sys.executable, "-c", SPEAKING, unique, *(["quiet"] if quiet else [])]
    variables = environment(MAS_URL=node.url)
    with subprocess.Popen(command, env=variables, stderr=subprocess.PIPE, text=True) as process:
        said = speaks(node, unique, process, "good", "bad")

    failed = r"task <1> \(bad\) has failed after \S+ s and is not tried again: too_bad: no way"
    if quiet:
        assert re.fullmatch(f"{failed}\n", said)
        return
    lines = [
        rf"registered as {unique} at {node.url}, 1 at once",
        "connected, waiting for tasks",
        r"task <0> \(good\) is taken, attempt 1",
        r"task <0> \(good\) is completed after \S+ s",
        r"task <1> \(bad\) is taken, attempt 1",
        failed,
        "stopping; 0 in hand",
        r"1 completed, 1 failed, in \d+ s",
    ]
    assert re.fullmatch("".join(rf"[\d:]+ (INFO|WARNING) +{line}\n" for line in lines), said)


@pytest.mark.parametrize("quiet", [False, True], ids=["loud", "quiet"])
def test_the_command_tells_on_its_terminal_what_it_does(
    node: Any, program: str, unique: str, quiet: bool
) -> None:
    with started(node, unique, program, *(["--quiet"] if quiet else [])) as process:
        said = speaks(node, unique, process, "work")

    told = ("registered as", "is taken", "is completed", "1 completed, 0 failed")
    assert [words in said for words in told] == [not quiet] * len(told)
    assert ("the worker has stopped" in said) is not quiet
    assert said == "" or not quiet

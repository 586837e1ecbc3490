"""The Python examples work as a user starts them: a process each, tasks over HTTP."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[3] / "examples"
API = "/mas/api/v1"
PATIENCE = 60.0  # seconds; only ever waited out when something is wrong


@pytest.fixture(scope="module")
def node(start_for_module: Callable[..., Any]) -> Any:
    return start_for_module()


@contextmanager
def example(node: Any, name: str, *options: str, **variables: str) -> Iterator[None]:
    """An example at work; it stops in order."""
    command = [sys.executable, str(FOLDER / name), *options]
    variables = {**os.environ, "MAS_URL": node.url, **variables}
    with subprocess.Popen(command, env=variables) as process:
        try:
            yield
            process.send_signal(signal.SIGINT)
            assert process.wait(PATIENCE) == 0
        finally:
            process.kill()


def submit(node: Any, task_type: str, skill: str, payload: Any) -> str:
    body = {
        "task_type": task_type,
        "payload": payload,
        "requirements": {"skills": [skill]},
        "retry": {"max_attempts": 1},
    }
    answer = node.client.post(f"{API}/agents/tasks/submit", json=body)
    assert answer.status_code == 201, answer.text
    task_id: str = answer.json()["task_id"]
    return task_id


def until(node: Any, task_id: str, *statuses: str) -> dict[str, Any]:
    path, end = f"{API}/agents/tasks/{task_id}", time.monotonic() + PATIENCE
    task: dict[str, Any] = {}
    while time.monotonic() < end:
        answer = node.client.get(path)
        if answer.status_code == 503:  # for want of a connection, on a busy machine
            time.sleep(0.1)
            continue
        assert answer.status_code == 200, answer.text
        task = answer.json()
        if task["status"] in statuses:
            return task
        # Answered when something has happened, or after a while.
        node.client.get(path, params={"min_position": int(answer.headers["x-event-position"]) + 1})
    raise AssertionError(f"it is not {statuses} in time: {task}")


def ended(node: Any, task_id: str) -> dict[str, Any]:
    return until(node, task_id, "completed", "failed", "dead")


def test_statistics_over_a_csv(node: Any, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    rows = "".join(f"{number};{'even' if number % 2 == 0 else 'odd'};\n" for number in range(1, 6))
    (folder / "numbers.csv").write_text(f"n;kind;empty\n{rows}", encoding="utf-8-sig")
    (tmp_path / "outside.csv").write_text("a\n1\n")
    (folder / "link.csv").symlink_to(tmp_path / "outside.csv")

    def of(payload: Any) -> dict[str, Any]:
        return ended(node, submit(node, "csv_statistics", "statistics", payload))

    with example(node, "csv_statistics.py", "--folder", str(folder)):
        task = of({"csv": 'city,size\n"Bad, Ems",2\nUlm,4\nUlm,nan\n'})
        assert task["result"] == {
            "rows": 3,
            "columns": {
                "city": {
                    "count": 3,
                    "missing": 0,
                    "distinct": 2,
                    "most_common": [["Ulm", 2], ["Bad, Ems", 1]],
                },
                "size": {
                    "count": 3,
                    "missing": 0,
                    "distinct": 3,
                    "most_common": [["nan", 1], ["2", 1], ["4", 1]],
                },
            },
        }
        assert task["progress"]["log"] == ["3 rows, 2 columns"]
        assert of({"path": "numbers.csv"})["result"]["columns"] == {
            "n": {
                "count": 5,
                "missing": 0,
                "min": 1,
                "max": 5,
                "mean": 3,
                "median": 3,
                "stdev": 1.5811388300841898,
            },
            "kind": {
                "count": 5,
                "missing": 0,
                "distinct": 2,
                "most_common": [["odd", 3], ["even", 2]],
            },
            "empty": {"count": 0, "missing": 5, "distinct": 0, "most_common": []},
        }
        for payload, code in (
            ({"path": "link.csv"}, "no_such_file"),
            ({"path": "../outside.csv"}, "no_such_file"),
            ({"csv": "a\n1\n", "columns": ["b"]}, "no_such_column"),
            ({"csv": "a\n1\n", "delimiter": "two"}, "no_csv"),
            ({}, "invalid_payload"),
            ({"csv": 1}, "invalid_payload"),
        ):
            task = of(payload)
            assert (task["status"], task["error"]["code"]) == ("failed", code)


def test_a_language_function_tells_its_usage_and_asks_when_it_is_not_sure(node: Any) -> None:
    text = "The report is late. The report is good. Everybody has read the report, and it works."
    with example(node, "llm_agent.py"):
        payload = {"instruction": "Keywords, please", "text": text}
        task = ended(node, submit(node, "language", "language", payload))
        assert task["result"]["intent"] == "keywords"
        assert task["result"]["answer"].startswith("report, ")
        usage = task["usage"]
        assert (usage["model"], usage["tokens_in"], usage["tokens_out"]) == (
            "word-counter-1",
            len(text.split()) + 2,
            5,
        )
        assert usage["cost"] == f"{(usage['tokens_in'] + 5) / 100_000:.5f}"
        assert task["quality"] == 1.0

        task_id = submit(node, "language", "language", {"text": text})
        question = until(node, task_id, "input_required")["inputs"][-1]
        assert question["choices"] == ["keywords", "sentiment", "summarize"]
        node.client.post(f"{API}/agents/tasks/{task_id}/input", json={"answer": "sentiment"})
        assert ended(node, task_id)["result"] == {"intent": "sentiment", "answer": "positive"}


def test_a_graph_is_an_agent(node: Any) -> None:
    with example(node, "graph_agent.py"):
        result = ended(node, submit(node, "graph", "graph", {"number": 3}))["result"]
        assert result["number"] == 1
        assert result["path"].count("even") == 5
        assert result["path"].count("odd") == 2
        task = ended(node, submit(node, "graph", "graph", {"number": 0}))
        assert task["error"]["code"] == "invalid_payload"


GRAPH = """
class Compiled:
    async def ainvoke(self, state):
        return {**state, "answer": state["question"].upper()}
graph = Compiled()
"""


def test_any_compiled_graph_is_an_agent(node: Any, tmp_path: Path) -> None:
    (tmp_path / "my_graph.py").write_text(GRAPH)
    options = ("--graph", "my_graph:graph", "--agent-id", "other_graph")
    with example(node, "graph_agent.py", *options, PYTHONPATH=str(tmp_path)):
        task = ended(node, submit(node, "graph", "graph", {"question": "why"}))
        assert task["result"] == {"question": "why", "answer": "WHY"}
        assert task["agent_id"] == "other_graph"


def test_every_example_stands_in_the_page_about_them() -> None:
    page = (FOLDER / "README.md").read_text(encoding="utf-8")
    programs = {path.name for path in FOLDER.glob("*.py")}
    assert programs
    assert {name for name in programs if f"examples/{name}" not in page} == set()


def test_agents_talk_and_the_audit_goes_on_where_it_was(module_database: str) -> None:
    command = [sys.executable, str(FOLDER / "conversation.py"), "--questions", "2"]
    variables = {**os.environ, "MAS_DATABASE_URL": module_database}
    audited = 0
    for _ in range(2):
        run = subprocess.run(
            command, env=variables, capture_output=True, text=True, check=False, timeout=PATIENCE
        )
        assert run.returncode == 0, run.stderr
        lines = run.stdout.splitlines()
        assert sum(line.startswith("operator: it is ") for line in lines) == 2
        audited += sum(line.startswith("audit: operator -> thermometer") for line in lines)
        assert not any(line.startswith("dead:") for line in lines)
    # What it was not told before it ended, it was told then: of the first two for certain.
    assert 2 <= audited <= 4

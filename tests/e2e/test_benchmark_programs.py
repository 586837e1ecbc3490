"""The programs that the benchmarks start still run: nothing else does between two measurements."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
PATIENCE = 60.0  # seconds; only ever waited out when something is wrong


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data of all nodes here, one after the other; none minds what others left there."""
    return tmp_path_factory.mktemp("benchmarks") / "mas"


def run(program: str, *arguments: object) -> str:
    """Run a program to its end and return what it printed."""
    command = [sys.executable, str(BENCHMARKS / program), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def figures(output: str) -> dict[str, Any]:
    """Return the one line of JSON among those of the log."""
    (line,) = (line for line in output.splitlines() if line.startswith("{"))
    found: dict[str, Any] = json.loads(line)
    return found


@contextmanager
def serving(told: Path, *arguments: object) -> Iterator[tuple[int, int]]:
    """Run a server; yields its port and process id. It ends by itself when its input does."""
    command = [sys.executable, str(BENCHMARKS / "serving.py"), *map(str, arguments)]
    with (
        told.open("w") as errors,
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True
        ) as process,
    ):
        assert process.stdin is not None and process.stdout is not None
        bound = threading.Timer(PATIENCE, process.kill)
        bound.start()
        try:
            port = process.stdout.readline()
            assert port, told.read_text()
            yield int(port), process.pid
            process.stdin.close()
            process.stdout.read()
            assert process.wait() == 0, told.read_text()
        finally:
            bound.cancel()
            process.kill()


@pytest.mark.parametrize(
    ("server", "path"), [("bare", "/submit"), ("product", "/mas/api/v1/agents/tasks/submit")]
)
def test_both_servers_take_what_the_loader_sends(
    server: str, path: str, data_dir: Path, tmp_path: Path
) -> None:
    arguments = [server, data_dir] if server == "product" else [server]
    with serving(tmp_path / "errors", *arguments) as (port, _):
        found = figures(run("http_loader.py", port, path, 2, 0.1, BENCHMARKS / "submission.json"))
    assert (found["rate"] > 0, found["refused"]) == (True, 0)


def test_a_history_is_written_and_started_on(data_dir: Path) -> None:
    run("long_history.py", data_dir, 2_000, "write")
    assert figures(run("long_history.py", data_dir, 2_000, "start")).keys() == {
        "start_s",
        "rss_mb",
    }


def test_waiting_tasks_are_weighed(data_dir: Path) -> None:
    found = figures(run("waiting_tasks.py", data_dir, 20))
    assert found.keys() == {"before", "after", "most"}


def test_sockets_are_held_and_told(data_dir: Path, tmp_path: Path) -> None:
    with serving(tmp_path / "errors", "product", data_dir) as (port, pid):
        ours = figures(run("socket_loader.py", "hold", port, pid, 5, 2))
    with serving(tmp_path / "errors", "sockets", ours["frame_bytes"]) as (port, pid):
        bare = figures(run("socket_loader.py", "hold", port, pid, 5, 2))
    assert ours.keys() == bare.keys()
    assert ours["frame_bytes"] == bare["frame_bytes"]
    for found in (ours, bare):
        assert (found["all"]["count"], found["all_with_metrics"]["count"]) == (2, 2)


def test_events_are_timed_and_clients_come_back(data_dir: Path, tmp_path: Path) -> None:
    commits, arrivals = tmp_path / "commits", tmp_path / "arrivals"
    with serving(tmp_path / "errors", "product", data_dir, 20, 1000, commits) as (port, _):
        found = figures(run("socket_loader.py", "arrivals", port, 40, 0.5, arrivals))
        back = figures(run("socket_loader.py", "reconnect", port, 5, 10))
    assert found["since_record"]["count"] == 20
    known = [last for last, _ in json.loads(commits.read_text())]
    told = [position for position, _ in json.loads(arrivals.read_text())]
    assert (len(told), told) == (20, sorted(told))
    assert max(told) <= max(known)
    assert (back["lost"], back["repeated"], back["caught_up"]["count"]) == (0, 0, 5)
    assert back["missed_each"] >= 20


def test_work_is_timed_and_counted(tmp_path: Path) -> None:
    # A history of its own: the agents of this one are all there are.
    with serving(tmp_path / "errors", "product", tmp_path / "mas", 3, 10) as (port, _):
        pickup = figures(run("work_loader.py", "pickup", port, 20, 0.5, 3))
        lives = [figures(run("work_loader.py", "sockets", port, 0.5, 3, batch)) for batch in (1, 4)]
        lives.append(figures(run("work_loader.py", "http", port, 0.5, 3, 1)))
    assert pickup["pickup"]["count"] == 10
    assert all(found["lives_per_s"] > 0 for found in lives)


def test_profiles_of_rich_agents_are_asked_for(data_dir: Path, tmp_path: Path) -> None:
    with serving(tmp_path / "errors", "economy", data_dir, 3) as (port, _):
        path = "/mas/api/v1/economic/agents/agent_#"
        found = figures(run("query_loader.py", port, path, 2, 0.2, 3))
    assert (found["rate"] > 0, found["refused"]) == (True, 0)

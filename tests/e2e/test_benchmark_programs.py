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
def serving(told: Path, *arguments: object) -> Iterator[int]:
    """Run a server; yields its port. It ends by itself when its input does."""
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
            yield int(port)
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
    with serving(tmp_path / "errors", *arguments) as port:
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

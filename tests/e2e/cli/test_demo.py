"""`mas demo`: with one command a server and a fleet live, and nothing is left of them."""

import json
import re
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from .conftest import MAS, PATIENCE, Run, environment


@contextmanager
def demo(folder: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    """A demo whose temporary files lie in a folder."""
    with subprocess.Popen(
        [*MAS, "demo", *options],
        env=environment(TMPDIR=str(folder), PYTHONUNBUFFERED="1", MAS_JWT_SECRET="not for it" * 9),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        patience = threading.Timer(2 * PATIENCE, process.kill)
        patience.start()
        try:
            yield process
        finally:
            patience.cancel()
            if process.poll() is None:
                process.send_signal(signal.SIGINT)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the data of demos is kept: the second one need not make a database."""
    return tmp_path_factory.mktemp("demo") / "kept"


def test_fleet_does_all_tasks_that_there_are(kept: Path, tmp_path: Path) -> None:
    profile = tmp_path / "profile.yaml"
    profile.write_text("task_types:\n  sort: {share: 3, failures: 0.5}\n  count: {failures: 0}\n")
    options = ("--agents", "5", "--tasks", "30", "--rate", "60", "--latency", "0.01-0.05")
    more = ("--profile", str(profile), "--seed", "3", "--data-dir", str(kept), "--json")

    with demo(tmp_path, *options, *more) as running:
        out, err = running.communicate()

    assert running.returncode == 0, err
    tasks = json.loads(out)["metrics"]["tasks"]
    assert (tasks["submitted"], tasks["queue_depth"], tasks["active"]) == (30, 0, 0)
    assert tasks["completed"] + tasks["failed"] == 30
    assert set(tasks["by_type"]) == {"sort", "count"}
    assert tasks["by_type"]["count"]["failed"] == 0 < tasks["failed_attempts"]
    assert f"mas serve --data-dir {kept / 'data'}" in err


def test_demo_is_a_server_like_others_until_it_is_stopped(kept: Path, tmp_path: Path) -> None:
    options = ("--agents", "3", "--rate", "20", "--latency", "0.05", "--every", "0.2")
    with demo(tmp_path, *options, "--data-dir", str(kept)) as running:
        assert running.stdout is not None
        url = _announced(running)
        before = _completed(running.stdout.readline())
        # Whoever has just registered is about to stake.
        for _ in iter(running.stdout.readline, ""):
            agents = httpx.get(f"{url}/agents?limit=500", timeout=PATIENCE).json()["items"]
            if agents and all(agent["stake"] == agent["initial_stake"] for agent in agents):
                break
        next(line for line in iter(running.stdout.readline, "") if _completed(line) > before)
        running.send_signal(signal.SIGINT)
        out, err = running.communicate()

    assert running.returncode == 0, err
    assert {agent["agent_id"].split("-")[0] for agent in agents} == {"demo"}
    assert [agent["stake"] for agent in agents] == [agent["initial_stake"] for agent in agents]
    assert any(agent["tier"] for agent in agents)
    assert " completed, " in out.splitlines()[-2]


def test_stopped_at_its_start_it_leaves_nothing(tmp_path: Path) -> None:
    with demo(tmp_path) as running:
        assert running.stderr is not None
        assert "starting a server" in running.stderr.readline()
        running.send_signal(signal.SIGINT)
        _, err = running.communicate()

    assert (running.returncode, err) == (130, "mas: stopped before the server was there\n")
    assert list(tmp_path.iterdir()) == []


def _announced(running: subprocess.Popen[str]) -> str:
    assert running.stderr is not None
    return next(line.split()[-1] for line in iter(running.stderr.readline, "") if "  API " in line)


def _completed(line: str) -> int:
    found = re.search(r"completed (\d+)", line)
    assert found is not None, line
    return int(found[1])


def test_bad_profile_starts_nothing(run: Run, tmp_path: Path) -> None:
    (tmp_path / "profile.yaml").write_text("agents: 3\nrate: fast\n")

    refused = run("demo", "--profile", str(tmp_path / "profile.yaml"), TMPDIR=str(tmp_path))

    assert refused.returncode == 2
    assert "profile.yaml:2: rate" in refused.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["profile.yaml"]

"""`mas projections`: how far read models are, and building one anew beside a working server."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .conftest import Run, Server


@pytest.fixture(scope="module")
def worked_on(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with some history, left in order."""
    data_dir = tmp_path_factory.mktemp("worked") / "data"
    server = Server(data_dir)
    try:
        for number in range(3):
            server.call("PUT", f"/agents/agent-{number}", {"max_concurrent_tasks": 1})
        server.call("POST", "/agents/tasks/submit", {"task_type": "work"})
    finally:
        assert server.stop() == 0
    return data_dir


def test_status_names_every_read_model_and_how_far_it_is(run: Run, worked_on: Path) -> None:
    told = run("projections", "status", "--data-dir", str(worked_on))
    models = json.loads(run("projections", "status", "--json", "--data-dir", str(worked_on)).stdout)

    assert told.returncode == 0, told.stderr
    names = {model["name"] for model in models}
    assert names >= {"agent_directory", "task_board", "system_metrics", "dispatching", "expiry"}
    for model in models:
        assert model["name"] in told.stdout
        assert model["lag"] == 0
        assert model["stopped"] is None


def test_rebuild_beside_a_server_changes_nothing_that_is_read(
    run: Run, start: Callable[..., Server], worked_on: Path
) -> None:
    server = start(worked_on)

    def agents() -> list[dict[str, Any]]:
        listed = server.call("GET", "/agents")[1]["items"]
        # When one was last heard of stands in no read model as long as it is online.
        return [{**agent, "last_seen": None} for agent in listed]

    before = agents()

    for name in ("agent_directory", "system_metrics", "dispatching", "expiry"):
        result = run("projections", "rebuild", name, "--data-dir", str(worked_on))
        assert result.returncode == 0, result.stderr
        assert f"rebuilt {name} up to position " in result.stdout

    assert agents() == before


def test_unknown_read_model_is_told_with_those_there_are(run: Run, worked_on: Path) -> None:
    result = run("projections", "rebuild", "agents", "--data-dir", str(worked_on))

    assert result.returncode == 2
    assert "agent_directory" in result.stderr
    assert "Traceback" not in result.stderr


def test_nothing_of_this_release_is_pruned(run: Run, worked_on: Path) -> None:
    result = run("projections", "prune", "--data-dir", str(worked_on))

    assert (result.returncode, result.stdout) == (0, "nothing to remove\n")


def test_status_does_not_make_a_database_to_look_at(run: Run, tmp_path: Path) -> None:
    result = run("projections", "status", "--data-dir", str(tmp_path / "data"))

    assert result.returncode == 4
    assert "no database" in result.stderr

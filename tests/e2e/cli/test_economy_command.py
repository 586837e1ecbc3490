"""`mas economy`: tokens are moved, votes cast; an audit tells by its exit code what is wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import anyio
import psycopg
from click.testing import CliRunner

from aia_mas.application.embedded_postgres import EmbeddedPostgres
from aia_mas.interfaces.cli.main import cli

from .conftest import Run, Server


def test_tokens_are_moved_and_audited(
    start: Callable[..., Server], run: Run, tmp_path: Path
) -> None:
    server = start(tmp_path / "data")
    url = server.url.removesuffix("/mas/api/v1")

    def mas(*arguments: str, refused: str | None = None) -> str:
        # Not in processes of their own, which take longer to start than all of this.
        done = CliRunner().invoke(cli, ["economy", *arguments, "--url", url])
        assert getattr(done.exception, "code", None) == refused, (arguments, done.output)
        return done.output

    assert "executed" in mas("fund", "alice", "1000", "--note", "to begin with")
    assert "bonded 300 AIA" in mas("stake", "alice", "300")
    assert "t1: 12.5 AIA from alice to bob" in mas("transfer", "alice", "bob", "12.5", "--id", "t1")
    different = "exists_with_different_amount"
    mas("transfer", "alice", "bob", "13", "--id", "t1", refused=different)
    mas("show", "nobody", refused="agent_not_found")
    proposal = {"proposal_id": "p1", "title": "More tea", "proposer": "alice", "kind": "text"}
    assert server.call("POST", "/economic/governance/proposals", proposal)[0] == 201
    assert "p1" in mas("proposals", "--status", "active")
    assert "alice votes yes with 300" in mas("vote", "p1", "alice", "yes")
    assert "More tea" in mas("proposals", "p1")
    assert "Effective stake" in mas("show", "alice")
    assert "Gini of stake" in mas("show")
    assert "wallet:AIA:bob" in mas("balances", "--owner", "bob", "--in", "AIA")

    data = ("--data-dir", str(tmp_path / "data"))
    right = run("economy", "audit", *data)  # while the server works on
    assert (right.returncode, right.stderr) == (0, "")
    assert right.stdout.endswith("the economy is what the log says\n")
    assert server.stop() == 0
    anyio.run(_forge, tmp_path / "data")

    wrong = run("economy", "audit", *data)
    assert wrong.returncode == 11
    assert "stakes: alice: position" in wrong.stdout
    assert "the economy is NOT what the log says: 1 differences" in wrong.stdout
    report = json.loads(run("economy", "audit", *data, "--json").stdout)
    assert report["differences"] == {"stakes": 1}


async def _forge(folder: Path) -> None:
    async with (
        EmbeddedPostgres(folder) as server,
        await psycopg.AsyncConnection.connect(server.owner_url) as connection,
    ):
        await connection.execute("update stakes_v1 set bonded_gov = 5")


def test_without_data_there_is_nothing_to_audit(run: Run, tmp_path: Path) -> None:
    done = run("economy", "audit", "--data-dir", str(tmp_path / "none"))

    assert done.returncode == 4
    assert "there is no database" in done.stderr

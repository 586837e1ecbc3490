"""`mas audit verify`: a whole log is told to be whole, a changed one where it was changed."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import anyio
import psycopg

from aia_mas.application.embedded_postgres import EmbeddedPostgres

from .conftest import Run, Server


def test_change_behind_our_back_is_found_with_its_position(
    start: Callable[..., Server], run: Run, tmp_path: Path
) -> None:
    data_dir = tmp_path / "data"
    server = start(data_dir)
    for number in range(3):
        assert server.call("PUT", f"/agents/agent-{number}", {"max_concurrent_tasks": 1})[0] == 201
    assert server.stop() == 0
    before = run("audit", "verify", "--data-dir", str(data_dir))
    assert before.returncode == 0, before.stderr
    assert "the log is whole: " in before.stdout

    with ThreadPoolExecutor(1) as thread:  # this one may have a loop of anyio's fixtures at work
        thread.submit(
            anyio.run,
            _tamper,
            data_dir,
            "update events set actor = 'somebody else' where position = 2",
        ).result()

    after = run("audit", "verify", "--data-dir", str(data_dir))
    assert after.returncode == 1
    assert "position 2: row_changed" in after.stdout
    assert "NOT whole" in after.stdout
    findings = json.loads(run("audit", "verify", "--json", "--data-dir", str(data_dir)).stdout)
    assert findings["whole"] is False
    assert findings["findings"][0]["position"] == 2


async def _tamper(data_dir: Path, sql: str) -> None:
    async with (
        EmbeddedPostgres(data_dir) as server,
        await psycopg.AsyncConnection.connect(server.owner_url) as connection,
    ):
        await connection.execute("set session_replication_role = replica")  # no triggers
        await connection.execute(sql.encode())

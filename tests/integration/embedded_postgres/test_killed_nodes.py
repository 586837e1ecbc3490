"""What becomes of the embedded PostgreSQL of a node that was killed."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import anyio

from aia_mas.application.embedded_postgres import (
    EmbeddedPostgres,
)

from .conftest import Node, answers, eventually, guardian_pid, processes, server_pid, socket_folder


async def test_the_server_of_a_killed_node_is_taken_over(
    data_dir: Path, nodes: Callable[[Path], Node]
) -> None:
    node = nodes(data_dir).up()
    pid = server_pid(data_dir)
    node.kill()
    async with EmbeddedPostgres(data_dir) as server:
        assert server_pid(data_dir) == pid
        await anyio.sleep(0.5)  # two rounds of the guardian
        assert answers(server.url)
    assert not processes(data_dir)


async def test_the_guardian_stops_the_server_of_the_last_node_when_that_was_killed(
    data_dir: Path, nodes: Callable[[Path], Node]
) -> None:
    first, second = nodes(data_dir).up(), nodes(data_dir).up()
    folder = socket_folder(first.url)
    first.kill()
    await anyio.sleep(0.5)
    assert answers(second.url)

    second.kill()
    await eventually(lambda: not processes(data_dir))
    assert not folder.exists()
    assert not (data_dir / "postgres/postmaster.pid").exists()  # an orderly shutdown


async def test_starts_in_the_face_of_the_guardian(
    data_dir: Path, nodes: Callable[[Path], Node]
) -> None:
    """Nodes are killed and started while the guardian looks: a node never stands without server."""
    for delay in (0.0, 0.1, 0.2, 0.3):
        node = nodes(data_dir).up()
        assert answers(node.url)
        node.kill()
        await anyio.sleep(delay)
    async with EmbeddedPostgres(data_dir) as server:
        assert answers(server.url)


async def test_a_killed_guardian_is_replaced(data_dir: Path) -> None:
    async with EmbeddedPostgres(data_dir, watch_interval=0.05):
        old = guardian_pid(data_dir)
        os.kill(old, signal.SIGKILL)
        await eventually(lambda: len(processes(data_dir)) == 2 and guardian_pid(data_dir) != old)


async def test_the_guardian_is_small_and_holds_nothing_of_ours(data_dir: Path) -> None:
    async with EmbeddedPostgres(data_dir):
        guardian = Path("/proc") / str(guardian_pid(data_dir))
        await anyio.sleep(0.2)
        held = {os.readlink(entry) for entry in (guardian / "fd").iterdir()}
        assert held == {"/dev/null", str(data_dir / "guardian.lock")}
        status = (guardian / "status").read_text()
        assert int(status.split("VmRSS:")[1].split()[0]) < 25_000  # kB

"""Nodes that share one embedded PostgreSQL, and restart it when it dies."""

import contextlib
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import anyio
import psycopg
import pytest

from aia_mas.application.embedded_postgres import (
    DataDirectoryDamaged,
    EmbeddedPostgres,
    EmbeddedPostgresError,
)

from .conftest import (
    Node,
    answers,
    ask,
    eventually,
    guardian_pid,
    processes,
    server_pid,
    socket_folder,
)


async def test_nodes_share_one_server_and_the_last_one_out_stops_it(
    data_dir: Path, nodes: Callable[[Path], Node]
) -> None:
    first, second = nodes(data_dir).up(), nodes(data_dir).up()
    assert first.url == second.url
    pid = server_pid(data_dir)

    first.stop()
    assert answers(second.url)
    assert server_pid(data_dir) == pid

    second.stop()
    assert not processes(data_dir)


async def test_nodes_that_start_at_once_on_a_new_directory_make_one_database(
    tmp_path: Path, nodes: Callable[[Path], Node]
) -> None:
    started = [nodes(tmp_path / "data") for _ in range(3)]
    assert len({node.up().url for node in started}) == 1
    for node in started:
        node.stop()
    assert not processes(tmp_path / "data")


async def test_ctrl_c_reaches_the_node_but_not_the_server(
    data_dir: Path, nodes: Callable[[Path], Node]
) -> None:
    node = nodes(data_dir).up()
    async with EmbeddedPostgres(data_dir) as server:
        pid = server_pid(data_dir)
        assert os.getsid(pid) not in (os.getsid(0), os.getsid(node.process.pid))
        assert os.getsid(guardian_pid(data_dir)) not in (os.getsid(0), os.getsid(node.process.pid))

        os.killpg(node.process.pid, signal.SIGINT)  # as the terminal does
        node.process.communicate(timeout=60)

        assert node.process.returncode != 0
        assert answers(server.url)
        assert server_pid(data_dir) == pid


async def test_a_killed_server_is_restarted_for_all_nodes(
    data_dir: Path, nodes: Callable[[Path], Node]
) -> None:
    other = nodes(data_dir).up()
    async with EmbeddedPostgres(data_dir, watch_interval=0.1) as server:
        ask(server.owner_url, "CREATE TABLE kept AS SELECT 42 AS answer")
        old = server_pid(data_dir)
        os.kill(old, signal.SIGKILL)
        await eventually(lambda: answers(server.url) and server_pid(data_dir) != old)
        assert ask(server.owner_url, "SELECT answer FROM kept") == 42
        assert answers(other.url)
        await eventually(lambda: len(processes(data_dir)) == 2)  # a server and a guardian
    other.stop()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGQUIT, signal.SIGINT])
async def test_whoever_finds_the_server_dead_first_restarts_it_once_in_its_old_place(
    data_dir: Path, how: signal.Signals
) -> None:
    one, two = EmbeddedPostgres(data_dir), EmbeddedPostgres(data_dir)
    await one.start()
    await two.start()
    url = one.url
    os.kill(server_pid(data_dir), how)
    third = EmbeddedPostgres(data_dir)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(third.start)
        for server in (one, two, one, two):
            tasks.start_soon(server.ensure_running)
    assert {one.url, two.url, third.url} == {url}
    assert answers(url)
    await eventually(lambda: len(processes(data_dir)) == 2)
    await third.stop()
    await one.stop()
    assert answers(url)
    await two.stop()
    with pytest.raises(EmbeddedPostgresError, match="has not started"):
        await two.ensure_running()


async def test_a_busy_process_of_a_killed_server_does_not_keep_the_next_one_out(
    data_dir: Path,
) -> None:
    async with EmbeddedPostgres(data_dir, watch_interval=0.1) as server:
        with contextlib.closing(psycopg.connect(server.url)) as connection:
            connection.pgconn.send_query(b"SELECT count(*) FROM generate_series(1, 10000000000)")
            await anyio.sleep(0.3)
            old = server_pid(data_dir)
            os.kill(old, signal.SIGKILL)
            await eventually(lambda: answers(server.url) and server_pid(data_dir) != old)


async def test_a_busy_process_of_a_killed_server_is_stopped_too(data_dir: Path) -> None:
    server = EmbeddedPostgres(data_dir)
    await server.start()
    with contextlib.closing(psycopg.connect(server.url)) as connection:
        connection.pgconn.send_query(b"SELECT count(*) FROM generate_series(1, 10000000000)")
        await anyio.sleep(0.3)
        os.kill(server_pid(data_dir), signal.SIGKILL)
        with anyio.fail_after(60):
            await server.stop()


async def test_a_removed_socket_folder_is_replaced(data_dir: Path) -> None:
    async with EmbeddedPostgres(data_dir) as server:
        url = server.url
        shutil.rmtree(socket_folder(url))
        assert not answers(url)
        await server.ensure_running()
        assert answers(url)


async def test_whoever_replaces_a_removed_socket_does_it_where_the_others_look(
    data_dir: Path,
) -> None:
    """Also a node that comes just then; it knows the address by the note in the data directory."""
    async with EmbeddedPostgres(data_dir, watch_interval=60) as server:
        url = server.url
        shutil.rmtree(socket_folder(url))
        async with EmbeddedPostgres(data_dir, watch_interval=60) as another:
            assert another.url == url
            assert answers(url)


async def test_a_database_removed_below_a_running_node_is_not_replaced_by_an_empty_one(
    data_dir: Path,
) -> None:
    async with EmbeddedPostgres(data_dir, watch_interval=60) as server:
        os.kill(server_pid(data_dir), signal.SIGKILL)
        shutil.rmtree(data_dir / "postgres")
        with pytest.raises(DataDirectoryDamaged):
            await server.ensure_running()

"""The embedded PostgreSQL of one node: made, started, used, stopped, and found again later."""

import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import anyio
import psycopg
import pytest

from aia_mas.application.embedded_postgres import (
    EmbeddedPostgres,
    EmbeddedPostgresError,
)

from .conftest import Node, answers, ask, eventually, processes, server_pid, socket_folder


async def test_a_fresh_start_makes_the_cluster_the_role_and_the_database(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    data_dir = tmp_path / "project" / ".mas"
    async with EmbeddedPostgres(data_dir) as server:
        assert ask(server.url, "SELECT current_user || '@' || current_database()") == "mas@mas"
        assert ask(server.url, "SHOW is_superuser") == "off"
        assert ask(server.owner_url, "SHOW is_superuser") == "on"
        assert (
            ask(server.url, "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'mas'")
            == "postgres"
        )
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            ask(server.url, "CREATE TABLE public.t (i int)")
        assert not any(server.log_dir.glob("postgres-*.log.*"))

    assert "\n*\n" in (data_dir / ".gitignore").read_text()
    assert data_dir.stat().st_mode & 0o777 == 0o700
    assert (data_dir / "passwords.json").stat().st_mode & 0o777 == 0o600
    assert tmp_path.stat().st_mode & 0o777 == 0o755
    assert not processes(data_dir)


async def test_settings_are_durable_and_text_is_unicode(data_dir: Path) -> None:
    expected = {
        "fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "jit": "off",
        "data_checksums": "on", "server_encoding": "UTF8", "lc_collate": "C",
        "listen_addresses": "", "logging_collector": "on", "max_wal_size": "2GB",
        "checkpoint_timeout": "15min", "wal_level": "replica", "TimeZone": "UTC",
        "password_encryption": "scram-sha-256", "work_mem": "9MB",
    }  # fmt: skip
    async with EmbeddedPostgres(data_dir, settings={"work_mem": "9MB"}) as server:
        shown = {name: ask(server.url, f"SELECT current_setting('{name}', true)")
                 for name in expected if name != "lc_collate"}  # fmt: skip
        assert shown | {"lc_collate": "C"} == expected
        assert ask(server.url, "SELECT lower('ÄRGER')") == "ärger"
        assert ask(server.url, "SELECT 'Z' < 'a'") is True


async def test_the_data_survive(data_dir: Path) -> None:
    async with EmbeddedPostgres(data_dir) as server:
        ask(server.owner_url, "CREATE TABLE kept AS SELECT 42 AS answer")

    async with EmbeddedPostgres(data_dir) as server:
        assert ask(server.owner_url, "SELECT answer FROM kept") == 42


async def test_a_long_path_with_spaces_umlauts_and_quotes(made: Path, tmp_path: Path) -> None:
    data_dir = tmp_path / ("Straße der 'Ähren' % \" " + "x" * 100) / "Daten ordner"
    shutil.copytree(made, data_dir)
    assert len(os.fsencode(data_dir)) > 107
    async with EmbeddedPostgres(data_dir) as server:
        assert answers(server.url)
    async with EmbeddedPostgres(data_dir) as server:
        assert answers(server.url)


async def test_without_a_folder_for_the_socket_it_listens_on_loopback(data_dir: Path) -> None:
    async with EmbeddedPostgres(data_dir, socket_parents=[Path("/proc")]) as server:
        assert "@127.0.0.1:" in server.url
        assert answers(server.url)
        pid = server_pid(data_dir)
        os.kill(pid, signal.SIGKILL)
        await eventually(lambda: answers(server.url) and server_pid(data_dir) != pid)


async def test_nobody_gets_in_without_the_password(data_dir: Path) -> None:
    async with EmbeddedPostgres(data_dir) as server:
        secret = server.url.split(":")[2].split("@")[0]
        assert not answers(server.url.replace(secret, "guessed"))
        folder = socket_folder(server.url)
        assert folder.stat().st_mode & 0o777 == 0o700
    assert not folder.exists()


async def test_lost_passwords_are_made_anew(data_dir: Path) -> None:
    (data_dir / "passwords.json").unlink()
    async with EmbeddedPostgres(data_dir) as server:
        assert answers(server.url)
        assert answers(server.owner_url)


async def test_a_cluster_with_other_passwords_gets_ours(data_dir: Path) -> None:
    """A cluster restored from a backup knows the passwords of its time."""
    (data_dir / "passwords.json").write_text('{"owner": "older", "program": "older"}')
    async with EmbeddedPostgres(data_dir) as server:
        assert answers(server.url)
        assert answers(server.owner_url)


async def test_a_stop_without_a_start_does_nothing(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "data")
    await server.stop()
    assert not (tmp_path / "data").exists()
    with pytest.raises(EmbeddedPostgresError, match="not been started"):
        _ = server.url


async def test_an_error_of_the_block_comes_out_as_it_is(data_dir: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        async with EmbeddedPostgres(data_dir):
            _ = 1 / 0
    assert not processes(data_dir)


async def test_a_start_that_is_cancelled_leaves_nothing_behind(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    for delay in (0.0, 0.02, 0.3, 0.9):
        with anyio.move_on_after(delay):
            async with EmbeddedPostgres(data_dir):
                await anyio.sleep_forever()
        assert not processes(data_dir)
    async with EmbeddedPostgres(data_dir) as server:
        assert answers(server.url)


async def test_a_cluster_left_half_made_is_made_anew(
    tmp_path: Path, nodes: Callable[[Path], Node]
) -> None:
    data_dir = tmp_path / "data"
    node = nodes(data_dir)
    await eventually((data_dir / "postgres-unfinished/cluster/base").exists)
    node.kill()
    assert not (data_dir / "postgres").exists()
    async with EmbeddedPostgres(data_dir) as server:
        assert answers(server.url)
    assert not (data_dir / "postgres-unfinished").exists()


async def test_a_stale_pid_file_that_names_a_living_process_is_not_believed(data_dir: Path) -> None:
    stale = [str(os.getpid()), str(data_dir / "postgres"), "1", "5432", "/tmp", "", "", "ready"]
    (data_dir / "postgres/postmaster.pid").write_text("\n".join(stale))
    async with EmbeddedPostgres(data_dir) as server:
        assert answers(server.url)


async def test_the_copy_of_a_running_database_leaves_the_original_alone(
    data_dir: Path, tmp_path: Path
) -> None:
    async with EmbeddedPostgres(data_dir) as original:
        shutil.copytree(data_dir, tmp_path / "copy")
        async with EmbeddedPostgres(tmp_path / "copy") as copy:
            assert copy.url != original.url
            assert answers(copy.url)
        assert answers(original.url)


async def test_the_log_stays_bounded(data_dir: Path) -> None:
    log = data_dir / "postgres-log"
    for number in range(30):
        (log / f"postgres-2000-{number}.log").write_text("old")
        os.utime(log / f"postgres-2000-{number}.log", (number, number))
    async with EmbeddedPostgres(data_dir, watch_interval=0.02):
        await eventually(lambda: len(list(log.iterdir())) <= 8)

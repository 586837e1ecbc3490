"""Visits to an embedded PostgreSQL by processes of other users, and under other conditions."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

NOBODY = 65534
STRANGER = 54_321
IMPORTABLE = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="what root does, only root can show")

# Starts, asks and stops; or says which error came and what it tells.
VISIT = """
import sys
from pathlib import Path
import anyio, psycopg
from aia_mas.application.embedded_postgres import EmbeddedPostgres, EmbeddedPostgresError

async def main():
    try:
        async with EmbeddedPostgres(Path(sys.argv[1]), start_timeout=20) as server:
            with psycopg.connect(server.owner_url) as connection:
                print("up", *connection.execute("SELECT current_setting('shared_buffers')"))
    except EmbeddedPostgresError as error:
        print(error.code, error)

anyio.run(main)
"""


def visit(
    data_dir: Path,
    *before: str,
    environment: Mapping[str, str] | None = None,
    prepare: str = ":",
    python: str = sys.executable,
) -> str:
    """Visit the server in a process of its own.

    Args:
        data_dir: The data directory.
        before: What to run the process with (`setpriv`, `unshare`...).
        environment: What differs in its environment.
        prepare: Shell commands that run first, in the same process; "$4" is the data directory.
        python: The interpreter.
    """
    finished = subprocess.run(
        [*before, "sh", "-c", f'{prepare} && exec "$@"', "sh", python, "-c", VISIT, str(data_dir)],
        env={**os.environ, **IMPORTABLE, **(environment or {})},
        capture_output=True,
        text=True,
        timeout=60,
        cwd="/",
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


class User(NamedTuple):
    """An ordinary user to run a process as."""

    uid: int
    before: tuple[str, ...]
    python: str

    def visit(self, data_dir: Path) -> str:
        return visit(data_dir, *self.before, python=self.python)


def ordinary_user(folder: Path) -> User:
    """Return an ordinary user, to whom a folder is given."""
    if os.geteuid() != 0:
        return User(os.geteuid(), (), sys.executable)
    become = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
    seem = ("unshare", "--user", f"--map-user={NOBODY}", f"--map-group={NOBODY}")
    system = f"/usr/bin/python{sys.version_info.major}.{sys.version_info.minor}"
    # In the home of root an interpreter is out of reach for others; seeming to be one must do then.
    for found in (
        User(NOBODY, become, sys.executable),
        User(NOBODY, become, system),
        User(0, seem, sys.executable),
    ):
        probe = [
            "sh",
            "-c",
            'exec "$@"',
            "sh",
            found.python,
            "-c",
            f"{VISIT.partition('async')[0]}",
        ]
        environment = {**os.environ, **IMPORTABLE}
        if not subprocess.run([*found.before, *probe], env=environment, check=False).returncode:
            os.chown(folder, found.uid, found.uid)
            return found
    pytest.fail("no ordinary user can run this Python")

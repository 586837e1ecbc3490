"""The process that stops the server when the last node was killed and could not do it.

It is started by path in an isolated interpreter (no site-packages, about 10 MB), in which only this
folder is known, as a bare package. Hence the relative imports, and the standard library only, here
and in the modules imported here.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from .detached import environment, let_go, reap
from .layout import DataDirectory
from .locks import try_exclusive, wait_exclusive
from .postmaster import stop
from .run_record import clear_record

# A package without its __init__, which would load the database driver and more.
_BOOT = """
import sys, types
package = types.ModuleType("keep")
package.__path__ = [sys.argv[1]]
sys.modules["keep"] = package
from keep.guardian import watch_over
watch_over(sys.argv[2], float(sys.argv[3]))
"""


def watch_over(root: str, interval: float) -> None:
    """Wait until no node is left, stop the server if it still runs, and return.

    Args:
        root: The data directory.
        interval: Seconds between two looks.
    """
    data = DataDirectory(Path(root))
    while not _nothing_left(data):
        time.sleep(interval)


def post(data: DataDirectory, interval: float) -> None:
    """Start a guardian, unless there is one (or no interpreter to run it, as in a frozen program).

    Args:
        data: The data directory to watch over.
        interval: Seconds between two looks of the guardian.
    """
    if not sys.executable or hasattr(sys, "frozen"):
        return
    lock = try_exclusive(data.guardian_lock)
    if lock is None:
        return
    try:
        if (predecessor := _pid_in(data)) is not None:
            reap(predecessor)
        os.ftruncate(lock, 0)
        # It gets the lock from us and holds it to its end: there is never a second one.
        process = subprocess.Popen(
            [
                *(sys.executable, "-I", "-S", "-c", _BOOT),
                *(str(Path(__file__).parent), str(data.root), str(interval)),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env=environment(),
            start_new_session=True,
            pass_fds=(lock,),
        )
        let_go(process)
        try:
            os.pwrite(lock, str(process.pid).encode(), 0)
        except OSError:
            pass  # a full disk: it will end by itself, a little later
    finally:
        os.close(lock)


def dismiss(data: DataDirectory) -> None:
    """End the guardian; there is nothing left to watch over.

    Args:
        data: The data directory; the caller holds the startup lock, so the guardian is idle.
    """
    lock = try_exclusive(data.guardian_lock)
    if lock is None and (pid := _pid_in(data)) is not None:
        os.kill(pid, signal.SIGTERM)
        lock = wait_exclusive(data.guardian_lock, seconds=5)
        reap(pid)
    if lock is not None:
        os.close(lock)


def _nothing_left(data: DataDirectory) -> bool:
    try:
        startup = try_exclusive(data.startup_lock)
        if startup is None:
            return False  # a node comes or goes: the next look tells which
        try:
            nodes = try_exclusive(data.nodes_lock)
            if nodes is None:
                return False
            try:
                if not stop(data):
                    return False
                clear_record(data)
                return True
            finally:
                os.close(nodes)
        finally:
            os.close(startup)
    except FileNotFoundError:
        return True  # someone removed the data directory; PostgreSQL ends itself then


def _pid_in(data: DataDirectory) -> int | None:
    try:
        pid = int(data.guardian_lock.read_bytes())
    except (OSError, ValueError):
        return None
    return pid if pid > 0 else None

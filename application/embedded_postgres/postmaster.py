"""The running server, as it describes itself in postmaster.pid.

Standard library only: the guardian runs without anything else.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path
from typing import NamedTuple

from .detached import environment, reap  # relative: see guardian.py
from .layout import DataDirectory
from .locks import Pause, try_exclusive

_PROC = Path("/proc")
_POLL_SECONDS = 0.02
_ORPHANS_END_SECONDS = 1.0  # by themselves, as a rule


class Postmaster(NamedTuple):
    """The first process of a PostgreSQL server."""

    pid: int
    port: int
    socket_folder: str
    address: str
    status: str

    @property
    def is_ready(self) -> bool:
        """Whether the server says that it takes connections."""
        return self.status == "ready"


def last_started(cluster: Path) -> Postmaster | None:
    """Read who wrote postmaster.pid last; it may be gone since.

    Args:
        cluster: Folder of the cluster.

    Returns:
        What the file says, or None without a readable file, and when it came with the copy of
        another cluster (whose server may well be running).
    """
    try:
        lines = os.fsdecode((cluster / "postmaster.pid").read_bytes()).splitlines()
        pid, port = int(lines[0]), int(lines[3])
    except (FileNotFoundError, ValueError, IndexError):
        return None
    if Path(lines[1]) != cluster:
        return None
    lines += [""] * 4  # the last lines are added while the server starts
    return Postmaster(pid, port, lines[4].strip(), lines[5].strip(), lines[7].strip())


def running(cluster: Path) -> Postmaster | None:
    """Find the living server of a cluster.

    Args:
        cluster: Folder of the cluster.

    Returns:
        The server, or None when postmaster.pid is missing or names a process that has ended or
        (pids are used again) is not a PostgreSQL server of this cluster.
    """
    found = last_started(cluster)
    if found is None or found.pid <= 0:
        return None
    reap(found.pid)
    return found if _serves(found.pid, cluster) else None


def is_seen_by_server(file: Path, cluster: Path) -> bool:
    """Tell whether a file exists for the server, which may have a file system of its own.

    Args:
        file: Absolute path of the file.
        cluster: Folder of the cluster.

    Returns:
        Whether it does, as far as can be known; also when we may not look.
    """
    server = running(cluster)
    if server is None or not _PROC.is_dir():
        return False
    try:
        (_PROC / str(server.pid) / "root" / file.relative_to("/")).stat()
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return True


def stop(data: DataDirectory, patience: float = 30.0, pause: Pause = time.sleep) -> bool:
    """Shut the server down, and do not return before all its processes are gone.

    Its address stays noted, so that the next server takes its place there.

    Args:
        data: The data directory; the caller holds the startup lock.
        patience: Seconds for an orderly shutdown, before the server is told to drop everything
            (which costs a recovery at the next start, never data).
        pause: Called between two looks.

    Returns:
        Whether nothing of the server is left.
    """
    steps = (
        (signal.SIGINT, patience),
        (signal.SIGQUIT, 5.0),
        (signal.SIGKILL, 5.0),
        (signal.SIGKILL, 5.0),  # once more, for those that the first process left behind
    )
    last = last_started(data.cluster)
    for number, seconds in steps:
        began, signalled = time.monotonic(), None
        while (lock := try_exclusive(data.server_lock)) is None:
            waited = time.monotonic() - began
            # Looked up each time: a server that is only just starting has written no pid yet.
            alive = running(data.cluster)
            if waited > (seconds if alive else min(seconds, _ORPHANS_END_SECONDS)):
                break
            if alive and alive.pid != signalled:
                _send(alive.pid, number)
                signalled = alive.pid
            if alive is None and number is not signal.SIGINT:
                kill_orphans(data.cluster, number)
            pause(_POLL_SECONDS)
        else:
            os.close(lock)
            if last:
                reap(last.pid)
            return True
    return False


def kill_orphans(cluster: Path, number: signal.Signals) -> None:
    """Signal the processes of a server whose first process was killed.

    They notice by themselves, unless they are busy with a long query. Found by their working
    directory, hence on Linux only; elsewhere one has to wait for them.

    Args:
        cluster: Folder of the cluster.
        number: Signal to send.
    """
    if running(cluster) or not _PROC.is_dir():
        return
    for entry in _PROC.iterdir():
        if entry.name.isdecimal() and _works_in(int(entry.name), cluster):
            _send(int(entry.name), number)


def _send(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass  # it has just ended


def _works_in(pid: int, cluster: Path) -> bool:
    """Whether the process is a PostgreSQL program that has its working directory in the cluster."""
    try:
        name = (_PROC / str(pid) / "comm").read_text(errors="replace").strip()
        return name == "postgres" and (_PROC / str(pid) / "cwd").samefile(cluster)
    except OSError:
        return False


def _serves(pid: int, cluster: Path) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, PermissionError):
        return False  # a process of somebody else is not the server that we are to use
    if not (_PROC / "self").exists():
        return _command_names(pid, cluster)
    try:
        (_PROC / str(pid) / "cwd").stat()
    except PermissionError:
        # Root in a container may not look into the processes of other users this way.
        try:
            arguments = (_PROC / str(pid) / "cmdline").read_bytes().split(b"\0")
        except OSError:
            return False
        return os.fsencode(cluster) in arguments
    except OSError:
        return False  # a zombie has none
    return _works_in(pid, cluster)


def _command_names(pid: int, cluster: Path) -> bool:
    asked = ["ps", "-ww", "-o", "stat=,command=", "-p", str(pid)]
    answer = subprocess.run(asked, capture_output=True, env=environment(), check=False).stdout
    return not answer.lstrip().startswith(b"Z") and os.fsencode(cluster) in answer

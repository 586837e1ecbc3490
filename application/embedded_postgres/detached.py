"""Processes that outlive the one that starts them.

Standard library only: the guardian runs without anything else.
"""

from __future__ import annotations

import os
import subprocess

_PASSED_ON = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TMPDIR")


def environment() -> dict[str, str]:
    """Return the environment for our child processes.

    Nothing else is passed on: secrets in ours would be readable in theirs, a foreign locale breaks
    initdb, and PG* variables would redirect it.
    """
    passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return {"PATH": os.defpath, **passed_on, "LC_ALL": "C", "LANG": "C", "TZ": "UTC"}


def let_go(process: subprocess.Popen[bytes]) -> None:
    """Forget a child that is to live on, after which `reap` collects it.

    Popen warns about an object that is dropped while its process runs, unless it has an exit code.
    """
    process.returncode = 0


def reap(pid: int) -> None:
    """Collect the child if it is ours and has ended, so that it does not stay as a zombie."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        pass  # another node started it

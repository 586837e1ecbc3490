"""File locks between processes, which the kernel releases however a process ends.

Standard library only: the guardian runs without anything else.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable
from pathlib import Path

Pause = Callable[[float], object]
"""Sleeps for some seconds; may raise to end the wait."""

_POLL_SECONDS = 0.02


def try_exclusive(path: Path) -> int | None:
    """Take the lock for one holder if it is free.

    Args:
        path: File to lock; created when missing, never to be deleted while in use.

    Returns:
        A descriptor that holds the lock until it is closed here and in every process that
        inherited it, or None when someone else holds it.
    """
    return _try(path, fcntl.LOCK_EX)


def try_shared(path: Path) -> int | None:
    """Take the lock among any number of shared holders, unless someone holds it exclusively.

    Args:
        path: As for `try_exclusive`.

    Returns:
        As for `try_exclusive`.
    """
    return _try(path, fcntl.LOCK_SH)


def wait_exclusive(path: Path, seconds: float, pause: Pause = time.sleep) -> int | None:
    """Take the lock for one holder, waiting for it if need be.

    Args:
        path: As for `try_exclusive`.
        seconds: Longest wait.
        pause: Called between two attempts.

    Returns:
        A descriptor as from `try_exclusive`, or None when the time is over.
    """
    deadline = time.monotonic() + seconds
    while (lock := try_exclusive(path)) is None and time.monotonic() < deadline:
        pause(_POLL_SECONDS)
    return lock


def _try(path: Path, kind: int) -> int | None:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor

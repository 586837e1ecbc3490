"""The short private folder in which the server's socket lies.

A socket's path may have about 100 bytes, whatever the length of the data directory's.
Standard library only: the guardian runs without anything else.
"""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

_PREFIX = "mas-pg-"
_LONGEST = 104 - len("/.s.PGSQL.65535.lock")  # macOS has 104 bytes, Linux 108
_PLAIN = re.compile(r"[A-Za-z0-9/._+-]+")  # PostgreSQL splits a list of folders at commas


def usual_parents() -> list[Path]:
    """Return the folders in which to try to make one, best first."""
    places = [os.environ.get("TMPDIR") or "/tmp", "/tmp", "/var/tmp", "/dev/shm"]  # noqa: S108
    return [Path(place) for place in dict.fromkeys(places)]


def make(parent: Path, uid: int, gid: int) -> str | None:
    """Make a folder that only one user may enter.

    Args:
        parent: Where to make it.
        uid: User the server runs as.
        gid: That user's group.

    Returns:
        Its path, or None when there cannot be one here.
    """
    folder = os.path.join(parent, _PREFIX + os.urandom(6).hex())
    return folder if _made(folder, uid, gid) else None


def remade(folder: str, uid: int, gid: int) -> str | None:
    """Take the folder of an earlier server again, so that clients find the new one there.

    Args:
        folder: Path of the folder, which may have been removed since.
        uid: User the server runs as.
        gid: That user's group.

    Returns:
        The path, or None when it is not ours (any more).
    """
    if not Path(folder).name.startswith(_PREFIX):
        return None
    remove(folder)
    return folder if _made(folder, uid, gid) else None


def remove(folder: str) -> None:
    """Remove the folder and what a killed server left in it, if it is ours.

    Args:
        folder: Path of the folder; nothing happens unless it is private to one user.
    """
    if not Path(folder).name.startswith(_PREFIX):
        return
    try:
        found = os.lstat(folder)
        if stat.S_ISDIR(found.st_mode) and not found.st_mode & 0o077:
            for entry in Path(folder).glob(".s.PGSQL.*"):
                entry.unlink(missing_ok=True)
            Path(folder).rmdir()
    except OSError:
        pass  # it belongs to somebody else, or is gone: it does no harm


def _made(folder: str, uid: int, gid: int) -> bool:
    if len(os.fsencode(folder)) > _LONGEST or not _PLAIN.fullmatch(folder):
        return False
    try:
        Path(folder).mkdir(mode=0o700)
        if uid != os.geteuid():
            os.chown(folder, uid, gid)
    except OSError:
        return False
    return True

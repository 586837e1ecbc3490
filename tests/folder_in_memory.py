"""A folder whose files are kept in memory, where the system has one of use."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

FOLDER = Path("/dev/shm")
_NEEDED = 6 * 2**30
"""Bytes that must be free there, and in memory: several times what a run keeps at a time."""


def usable() -> bool:
    """Tell whether there is such a folder, programs can be started from it, and it has room."""
    try:
        there = os.access(FOLDER, os.W_OK) and not os.statvfs(FOLDER).f_flag & os.ST_NOEXEC
        return there and min(shutil.disk_usage(FOLDER).free, _available()) >= _NEEDED
    except OSError:
        return False


def _available() -> int:
    """Return how much memory can be had without swapping, bytes."""
    told = re.search(r"^MemAvailable:\s+(\d+) kB", Path("/proc/meminfo").read_text(), re.MULTILINE)
    return int(told[1]) * 1024 if told else 0

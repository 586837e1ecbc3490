"""What the server writes about itself, and what it means."""

from __future__ import annotations

import re
from pathlib import Path

from aia_mas.application.embedded_postgres.errors import (
    DataDirectoryNotWritable,
    DataDirectoryOfOtherVersion,
    DiskFull,
    EmbeddedPostgresError,
    ServerDidNotStart,
)

_FILES_KEPT = 8
_TAIL_LINES = 15
_TAIL_BYTES = 8_192
_CLOCK_TICK_SECONDS = 0.05  # file times lag behind

_MEMORY = re.compile(
    r"could not \w+ [^\n]*shared memory|could not create semaphores|Cannot allocate memory"
    r"|out of memory"
)
_ADDRESS = re.compile(
    r"could not create any (Unix-domain|TCP/IP) sockets|\.s\.PGSQL\.\d+\.lock|could not bind"
    r"|Address already in use"
)
_KNOCKING = re.compile(r"FATAL: +the database system is (starting up|shutting down|not )")
_MEANINGS: tuple[tuple[re.Pattern[str], type[EmbeddedPostgresError]], ...] = (
    # "File too large" and signal 25 are the limits of `ulimit -f`.
    (
        re.compile(r"No space left on device|quota exceeded|File too large|by signal 25"),
        DiskFull,
    ),
    (re.compile(r"Read-only file system|Permission denied"), DataDirectoryNotWritable),
    (re.compile(r"database files are incompatible"), DataDirectoryOfOtherVersion),
)


def lacks_memory(text: str) -> bool:
    """Whether the server failed for want of memory.

    Args:
        text: What it wrote.
    """
    return bool(_MEMORY.search(text))


def lacks_address(text: str) -> bool:
    """Whether the server failed because it could not listen where it was told to.

    Args:
        text: What it wrote.
    """
    return bool(_ADDRESS.search(text))


def failure(data_dir: Path, text: str) -> EmbeddedPostgresError:
    """Return the error that tells why a program of PostgreSQL failed.

    Args:
        data_dir: The data directory.
        text: What the program wrote.
    """
    kinds = [kind for pattern, kind in _MEANINGS if pattern.search(text)]
    kind = ServerDidNotStart if lacks_memory(text) or not kinds else kinds[0]
    lines = [line for line in text.splitlines() if line and not _KNOCKING.search(line)]
    words = "\n".join(lines[-_TAIL_LINES:])
    return kind(f"Data directory: {data_dir}. Its last words:\n{words}")


def last_words(log: Path, since: float) -> str:
    """Return the end of what the server wrote.

    Args:
        log: Folder of the log files.
        since: Older files are not looked at (seconds since 1970).
    """
    files = [file for file in _by_age(log) if file.stat().st_mtime >= since - _CLOCK_TICK_SECONDS]
    return b"\n".join(file.read_bytes()[-_TAIL_BYTES:] for file in files).decode(errors="replace")


def prune_logs(log: Path) -> None:
    """Remove the oldest log files, so that the log stays bounded.

    Args:
        log: Folder of the log files.
    """
    for file in _by_age(log)[:-_FILES_KEPT]:
        file.unlink(missing_ok=True)


def _by_age(log: Path) -> list[Path]:
    return sorted(log.glob("*.log"), key=lambda file: file.stat().st_mtime)

"""How the server is set up: durable first, then sparing with memory."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

_MB = 2**20
_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - looked at, never written to
_ENOUGH_SHARED_MEMORY = 256 * _MB

SMALLER: tuple[Mapping[str, str], ...] = (
    {},
    {"shared_buffers": "64MB"},
    {"shared_buffers": "16MB", "dynamic_shared_memory_type": "mmap"},
    {"shared_buffers": "4MB", "dynamic_shared_memory_type": "mmap", "max_wal_senders": "0"},
)
"""What to change, step by step, on machines that refuse the memory asked for."""


def tuned(*, has_lz4: bool) -> dict[str, str]:
    """Return the settings for this machine.

    Args:
        has_lz4: Whether the server was built with LZ4.
    """
    memory = _memory()
    return {
        # An answered command is on the disk, whole.
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "wal_level": "replica",
        # Fewer checkpoints mean fewer full pages in the log; recovery reads at most this much.
        "max_wal_size": "2GB",
        "min_wal_size": "128MB",
        "checkpoint_timeout": "15min",
        "wal_compression": "lz4" if has_lz4 else "pglz",
        "shared_buffers": f"{min(256, max(16, memory // _MB // 8))}MB",
        "effective_cache_size": f"{max(64, memory // _MB // 2)}MB",
        # A container may forbid huge pages after having promised them, which kills the server.
        "huge_pages": "off",
        "dynamic_shared_memory_type": _dynamic_shared_memory(),
        "max_connections": "200",
        "random_page_cost": "1.1",
        "autovacuum": "on",
        # Our statements are short: compiling them takes longer than running them.
        "jit": "off",
        "statement_timeout": "0",
        "idle_in_transaction_session_timeout": "0",
        "password_encryption": "scram-sha-256",
        "unix_socket_permissions": "0700",
        "timezone": "UTC",
        "lc_messages": "C",
        # A new file per start and per 10 MB; `prune_logs` removes the oldest ones.
        "logging_collector": "on",
        "log_destination": "stderr",
        "log_directory": "../postgres-log",
        "log_filename": "postgres-%Y%m%d-%H%M%S.log",
        "log_file_mode": "0600",
        "log_rotation_size": "10MB",
        "log_rotation_age": "0",
        "log_timezone": "UTC",
        "log_line_prefix": "%m [%p] %q%u@%d ",
        "log_statement": "none",
    }


def rendered(settings: Mapping[str, str]) -> str:
    """Return the settings in the syntax of postgresql.conf.

    Args:
        settings: Values by name.
    """
    quoted = {name: value.replace("'", "''") for name, value in settings.items()}
    lines = [f"{name} = '{value}'" for name, value in quoted.items()]
    head = "# Written at every start. Use ALTER SYSTEM to change a setting for good."
    return "\n".join([head, *lines, ""])


def as_arguments(settings: Mapping[str, str]) -> list[str]:
    """Return the settings as arguments of the server program.

    Args:
        settings: Values by name.
    """
    return [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]


def _memory() -> int:
    """Bytes of memory that we may use: the machine's, or the container's when it has less."""
    return min(_limits())


def _limits() -> Iterator[int]:
    yield os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    groups = Path("/sys/fs/cgroup")
    files = [groups / "memory.max", groups / "memory/memory.limit_in_bytes"]
    with suppress(OSError):
        lines = Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines()
        files += [groups / line.rpartition(":")[2].strip("/") / "memory.max" for line in lines]
    for file in files:
        try:
            yield int(file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue  # no such limit, or "max"


def _dynamic_shared_memory() -> str:
    """Files in the cluster where a container's /dev/shm (64 MB by default) is too small."""
    if sys.platform != "linux":
        return "posix"
    try:
        space = os.statvfs(_SHARED_MEMORY)
    except OSError:
        return "mmap"
    enough = space.f_bavail * space.f_frsize >= _ENOUGH_SHARED_MEMORY
    return "posix" if enough and os.access(_SHARED_MEMORY, os.W_OK) else "mmap"

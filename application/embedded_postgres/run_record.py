"""Where the server listens, or listened: kept in the data directory while nodes use it.

A restarted server takes its old address again, whichever node starts it, and whoever stops it
knows which folder to remove. Standard library only: the guardian runs without anything else.
"""

from __future__ import annotations

import json
import os
from typing import NamedTuple

from . import socket_folder  # relative: see guardian.py
from .layout import DataDirectory


class RunRecord(NamedTuple):
    """The address of the last server."""

    host: str
    port: int


def read_record(data: DataDirectory) -> RunRecord | None:
    """Read the address of the last server.

    Args:
        data: The data directory.

    Returns:
        The address, or None when there is none, and when it came with the copy of another data
        directory (whose server may well be running).
    """
    try:
        content = json.loads(data.run.read_bytes())
        if content["cluster"] != str(data.cluster):
            return None
        return RunRecord(str(content["host"]), int(content["port"]))
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def write_record(data: DataDirectory, host: str, port: int) -> None:
    """Note the address of the server that is about to start.

    Args:
        data: The data directory.
        host: Folder of its socket, or its IP address.
        port: Its port.
    """
    content = {"cluster": str(data.cluster), "host": host, "port": port}
    data.write_private(data.run.name, json.dumps(content).encode())


def clear_record(data: DataDirectory) -> None:
    """Forget the address, and remove the folder of the socket; the server has stopped.

    Args:
        data: The data directory.
    """
    record = read_record(data)
    if record and os.path.isabs(record.host):
        socket_folder.remove(record.host)
    data.run.unlink(missing_ok=True)

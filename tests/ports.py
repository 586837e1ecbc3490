"""Ports for servers that go away and come back."""

import random
import socket
from pathlib import Path


def stable_port() -> int:
    """Return a free port that no outgoing connection gets.

    The system picks those from a range of its own: a client that keeps trying a port in it can
    connect to itself while the server is away, and keep the port from the server that comes back.
    """
    try:
        lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    except OSError:
        lowest = 32_768
    for port in random.sample(range(lowest // 2, lowest), 100):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no port is free")

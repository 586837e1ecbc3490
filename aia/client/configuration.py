"""Where the server is and how it is spoken to: arguments first, then the environment."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import TypeAlias
from urllib.parse import urlsplit

from aia.client.retrying import Backoff

DEFAULT_URL = "http://127.0.0.1:8000"
API = "/mas/api/v1"

Token: TypeAlias = str | Callable[[], str] | None
"""A token, or what returns the one to be used now; asked before every request."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """What a client goes by.

    Attributes:
        url: Of the server, without a slash at the end.
        token: Who asks; None: nobody, as in development mode.
        timeout_seconds: How long one try may go without a sign from the server.
        retries: How often a request is sent again.
        consistent: Every read waits for the last position that this client has seen.
        headers: Sent with every request.
        max_connections: How many connections there may be at once, live streams included.
    """

    url: str
    token: Token = field(repr=False)
    timeout_seconds: float
    retries: Backoff
    consistent: bool
    headers: Mapping[str, str] = field(repr=False)
    max_connections: int

    def authorization(self) -> dict[str, str]:
        """Return the header that says who asks."""
        token = self.token() if callable(self.token) else self.token
        return {"authorization": f"Bearer {token}"} if token else {}


def configuration(
    base_url: str | None,
    token: Token,
    *,
    timeout: float,
    retries: Backoff,
    consistent: bool,
    headers: Mapping[str, str],
    max_connections: int,
) -> Configuration:
    """Return what a client goes by; ``MAS_URL`` and ``MAS_TOKEN`` stand for what is None."""
    return Configuration(
        url=(base_url or os.environ.get("MAS_URL") or DEFAULT_URL).rstrip("/"),
        token=token if token is not None else os.environ.get("MAS_TOKEN"),
        timeout_seconds=timeout,
        retries=retries,
        consistent=consistent,
        headers={"user-agent": "aia-client", **headers},
        max_connections=max_connections,
    )


def on_this_machine(url: str) -> bool:
    """Return whether an address is one of this machine: no proxy could know the way to it."""
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


class SeenPosition:
    """The last position of the log that a client has seen; threads may share it."""

    def __init__(self) -> None:
        self._value = 0
        self._lock = threading.Lock()

    @property
    def value(self) -> int:
        """The position; 0: none was seen."""
        return self._value

    def saw(self, position: int | None) -> None:
        """Take note of a position."""
        if position is not None:
            with self._lock:
                self._value = max(self._value, position)

# Written by `make client` from its asynchronous twin; changes are lost.
"""The synchronous client: all operations of the HTTP API, in groups."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType

import httpx

from aia.client.configuration import Token, configuration
from aia.client.retrying import Backoff
from aia.client.synchronous.connection import Connection
from aia.client.synchronous.groups import (
    Agents,
    Audit,
    HealthChecks,
    KeyLimits,
    MetricsReads,
    Policies,
    Queue,
    Tasks,
)

_BACKOFF = Backoff()


class Client:
    """A client of one server, with a pool of connections.

    Example::

        with Client("http://127.0.0.1:8000", token="...") as client:
            task = client.tasks.submit("data_analysis", payload={"quarter": "Q3"})
            print(task.status, task.position)

    Attributes:
        agents: Who does the work.
        tasks: The work.
        queue: Tasks that wait, and pauses.
        limits: Limits of concurrency keys.
        policies: The rules by which tasks go to agents.
        metrics: Figures of the whole system.
        audit: The event log.
        health: How the server is.
    """

    def __init__(
        self,
        base_url: str | None = None,
        token: Token = None,
        *,
        timeout: float = 30.0,
        retries: Backoff = _BACKOFF,
        consistent: bool = False,
        headers: Mapping[str, str] | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """Prepare a client; nothing is connected yet.

        Args:
            base_url: Of the server, with the prefix that a proxy serves it under; ``MAS_URL`` or
                ``http://127.0.0.1:8000`` when left out.
            token: Who asks; ``MAS_TOKEN`` when left out. A function is asked before every request,
                so that it can return a fresh one.
            timeout: How long one try may go without a sign from the server, seconds.
            retries: How often, and for how long at most, a request is sent again.
            consistent: Every read waits until it shows what this client has seen or done before,
                whichever node serves it.
            headers: Sent with every request.
            transport: What carries the requests, instead of connections of its own.
        """
        settled = configuration(base_url, token, timeout, retries, consistent, headers or {})
        self._connection = connection = Connection(settled, transport)
        self.agents = Agents(connection)
        self.tasks = Tasks(connection)
        self.queue = Queue(connection)
        self.limits = KeyLimits(connection)
        self.policies = Policies(connection)
        self.metrics = MetricsReads(connection)
        self.audit = Audit(connection)
        self.health = HealthChecks(connection)

    def __enter__(self) -> Client:
        """Return the client; it is closed at the end of the block."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self._connection.close()

    @property
    def url(self) -> str:
        """The address of the server."""
        return self._connection.configuration.url

    @property
    def last_position(self) -> int:
        """The last position of the log that came with an answer; 0: none did."""
        return self._connection.seen.value

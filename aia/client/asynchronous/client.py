"""The asynchronous client: all operations of the HTTP API, in groups."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType

import httpx

from aia.client.asynchronous.connection import AsyncConnection
from aia.client.asynchronous.groups import (
    AsyncAgents,
    AsyncAudit,
    AsyncHealthChecks,
    AsyncKeyLimits,
    AsyncMetricsReads,
    AsyncPolicies,
    AsyncQueue,
    AsyncTasks,
)
from aia.client.configuration import Token, configuration
from aia.client.retrying import Backoff

_BACKOFF = Backoff()


class AsyncClient:
    """A client of one server, with a pool of connections.

    Example::

        async with AsyncClient("http://127.0.0.1:8000", token="...") as client:
            task = await client.tasks.submit("data_analysis", payload={"quarter": "Q3"})
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
        transport: httpx.AsyncBaseTransport | None = None,
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
        self._connection = connection = AsyncConnection(settled, transport)
        self.agents = AsyncAgents(connection)
        self.tasks = AsyncTasks(connection)
        self.queue = AsyncQueue(connection)
        self.limits = AsyncKeyLimits(connection)
        self.policies = AsyncPolicies(connection)
        self.metrics = AsyncMetricsReads(connection)
        self.audit = AsyncAudit(connection)
        self.health = AsyncHealthChecks(connection)

    async def __aenter__(self) -> AsyncClient:
        """Return the client; it is closed at the end of the block."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close it."""
        await self.aclose()

    async def aclose(self) -> None:
        """Close all connections."""
        await self._connection.aclose()

    @property
    def url(self) -> str:
        """The address of the server."""
        return self._connection.configuration.url

    @property
    def last_position(self) -> int:
        """The last position of the log that came with an answer; 0: none did."""
        return self._connection.seen.value

"""The asynchronous client: all operations of the HTTP API, in groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType

import httpx

from aia.client.asynchronous.connection import AsyncConnection
from aia.client.asynchronous.groups import (
    AsyncAgents,
    AsyncAudit,
    AsyncBudgets,
    AsyncConnections,
    AsyncEconomy,
    AsyncGovernance,
    AsyncHealthChecks,
    AsyncIncentives,
    AsyncKeyLimits,
    AsyncMetrics,
    AsyncPolicies,
    AsyncQueue,
    AsyncRevocations,
    AsyncTasks,
)
from aia.client.asynchronous.message_groups import AsyncMessages, AsyncRouting
from aia.client.asynchronous.streams import AsyncStream
from aia.client.configuration import Token, configuration
from aia.client.retrying import Backoff
from aia.client.types.live import Topic, Update

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
        messages: What agents tell each other.
        routing: Where that goes.
        queue: Tasks that wait, and pauses.
        limits: Limits of concurrency keys.
        policies: The rules by which tasks go to agents.
        metrics: Figures of the whole system.
        economy: Tokens: who has them, who stakes them, who earns them.
        budgets: What may be spent on tasks.
        incentives: Programs that reward more than single tasks.
        governance: Proposals and votes.
        audit: The event log.
        connections: Who is connected, and tickets to connect with.
        revocations: Tokens that are refused before they expire.
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
        max_connections: int = 100,
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
            max_connections: How many there may be at once; every live stream takes one.
            transport: What carries the requests, instead of connections of its own.
        """
        settled = configuration(
            base_url,
            token,
            timeout=timeout,
            retries=retries,
            consistent=consistent,
            headers=headers or {},
            max_connections=max_connections,
        )
        self._connection = connection = AsyncConnection(settled, transport)
        self.agents = AsyncAgents(connection)
        self.tasks = AsyncTasks(connection)
        self.messages = AsyncMessages(connection)
        self.routing = AsyncRouting(connection)
        self.queue = AsyncQueue(connection)
        self.limits = AsyncKeyLimits(connection)
        self.policies = AsyncPolicies(connection)
        self.metrics = AsyncMetrics(connection)
        self.economy = AsyncEconomy(connection)
        self.budgets = AsyncBudgets(connection)
        self.incentives = AsyncIncentives(connection)
        self.governance = AsyncGovernance(connection)
        self.audit = AsyncAudit(connection)
        self.connections = AsyncConnections(connection)
        self.revocations = AsyncRevocations(connection)
        self.health = AsyncHealthChecks(connection)

    def stream(
        self,
        topics: Topic | Sequence[Topic] | None = None,
        *,
        task_id: str | Sequence[str] | None = None,
        agent_id: str | Sequence[str] | None = None,
        task_type: str | Sequence[str] | None = None,
        status: str | Sequence[str] | None = None,
        event: str | Sequence[str] | None = None,
        proposal_id: str | Sequence[str] | None = None,
        after: int | None = None,
        epoch: str | None = None,
        snapshot: bool = False,
        place: str | None = None,
        patience: float | None = None,
    ) -> AsyncStream[Update]:
        """Return a live stream of what happens; ``client.tasks.updates`` is one of tasks alone.

        It is resumed after every loss of the connection, on whichever node: nothing is lost, and
        nothing told twice. Filters concern facts; a fact must match all of them.

        Args:
            topics: What is wanted: `metrics`, `tasks`, `agents`, `economy`, `proposals`, `budgets`,
                `messages`; the first three when left out.
            task_id: Only of these tasks.
            agent_id: Only of these agents.
            task_type: Only of these types.
            status: Only what leads to these statuses.
            event: Only these events, for example `task.completed`.
            proposal_id: Only of these proposals.
            after: The last position already known; left out: from now on.
            epoch: The history in which that was given out.
            snapshot: Begin with how tasks and agents stand, in pages, unless the stream can go on
                where it was; see ``client.tasks.watch``.
            place: That of the last update of a former stream of the same topics: it goes on there.
            patience: For how long the server may be away before it is given up, seconds; left out:
                as long as a request may take (60); ``math.inf``: never.

        Example::

            async with client.stream(["tasks", "agents"]) as updates:
                async for update in updates:
                    match update:
                        case TaskUpdate(task_id=task_id, status=status):
                            print(task_id, status)
        """
        wanted = (topics,) if isinstance(topics, str) else topics
        query = {
            "topic": wanted or ("metrics", "tasks", "agents"),
            "task_id": task_id,
            "agent_id": agent_id,
            "task_type": task_type,
            "status": status,
            "event": event,
            "proposal_id": proposal_id,
            "after": after,
            "epoch": epoch,
            "snapshot": snapshot or None,
        }
        return AsyncStream(self._connection, query, place=place, patience=patience)

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

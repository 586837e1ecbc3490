"""What a live view shows: figures, tokens, the busiest agents, tasks in hand, latest events."""

from __future__ import annotations

import math
from collections import deque
from typing import TYPE_CHECKING

import anyio

from aia_mas.interfaces.cli.remote.server import Server

if TYPE_CHECKING:
    from aia.client import AsyncClient
    from aia.client.types import (
        EconomicSummary,
        Health,
        Metrics,
        PresentAgent,
        Task,
        TaskStatus,
        Topic,
    )
    from aia.client.types.live import AgentUpdate, TaskUpdate

ROWS = 50
_EVENTS = 100
_TOPICS: tuple[Topic, ...] = ("metrics", "economy", "agents", "tasks")
_HELD: tuple[TaskStatus, ...] = ("running", "assigned", "input_required")
_PAUSE = 1.0  # seconds between two readings, at least
_LONGEST = 5.0  # ... and at most


class Picture:
    """How things stand; kept up to date by ``watch``.

    Attributes:
        url: Of the server.
        metrics: The figures of the whole system.
        economy: Where the tokens are.
        health: How the node is.
        agents: Those that hold most tasks.
        tasks: Those in hand, of which there was news last.
        events: What happened last, the latest at the end.
        trouble: Why it may be out of date; empty: it is not.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.metrics: Metrics | None = None
        self.economy: EconomicSummary | None = None
        self.health: Health | None = None
        self.agents: list[PresentAgent] = []
        self.tasks: list[Task] = []
        self.events: deque[AgentUpdate | TaskUpdate] = deque(maxlen=_EVENTS)
        self.trouble = ""
        self._news = anyio.Event()

    async def read(self, client: AsyncClient) -> None:
        """Read how things stand now."""
        self.health = await client.health.get()
        self.metrics = await client.metrics.system()
        self.economy = await client.economy.summary()
        self.tasks = (await client.tasks.list(status=_HELD, sort="-updated_at", limit=ROWS)).items
        self.agents = (await client.agents.list(sort="-active_tasks", limit=ROWS)).items

    async def watch(self, server: Server) -> None:
        """Keep it up to date until cancelled; a server that is away is waited for."""
        async with (
            server.async_client() as listening,
            server.async_client(retries=False) as reading,
            anyio.create_task_group() as group,
        ):
            group.start_soon(self._listen, listening)
            group.start_soon(self._reread, reading)

    async def _listen(self, client: AsyncClient) -> None:
        from aia.client import HistoryLost
        from aia.client.types.live import AgentUpdate, EconomicUpdate, MetricsUpdate, TaskUpdate

        while True:
            try:
                async with client.stream(_TOPICS, patience=math.inf) as updates:
                    async for update in updates:
                        if isinstance(update, MetricsUpdate):
                            self.metrics = update.metrics
                        elif isinstance(update, EconomicUpdate):
                            self.economy = update.summary
                        elif isinstance(update, AgentUpdate | TaskUpdate):
                            self.events.append(update)
                            self._news.set()
            except HistoryLost:  # another log: what was seen of the former one is over
                self.events.clear()

    async def _reread(self, client: AsyncClient) -> None:
        """Read lists again after there was news, once a second at most."""
        from aia.client import ConnectionFailed, RateLimited, Unavailable

        while True:
            try:
                await self.read(client)
                self.trouble = ""
            except (ConnectionFailed, RateLimited, Unavailable) as error:
                self.trouble = str(error)
            await anyio.sleep(_PAUSE)
            with anyio.move_on_after(_LONGEST - _PAUSE):
                await self._news.wait()
            self._news = anyio.Event()

"""Pings: asks endpoints that got nothing else of late whether their agents are there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from heapq import heappop, heappush

import anyio
import psycopg
import structlog
from psycopg_pool import PoolTimeout

from aia_mas.application.clock import Clock
from aia_mas.application.event_log.errors import EventLogError
from aia_mas.application.orchestration.heartbeats import Heartbeats
from aia_mas.application.orchestration.workload import Workload
from aia_mas.application.presence import Presence
from aia_mas.application.webhooks.posting import Posting
from aia_mas.application.webhooks.sending import Reply
from aia_mas.domain.kernel import DomainError, Principal
from aia_mas.domain.orchestration.webhooks import Endpoint, Webhooks

log = structlog.stdlib.get_logger("aia.webhooks")

_LOOK = 1.0
"""Seconds between looks, at most: an agent that just came is not due before."""

Gone = Callable[[str, Endpoint], Awaitable[None]]
"""Called for an agent whose endpoint says that it is gone."""


class Pings:
    """Pings each endpoint an interval after its agent was heard of last, by whichever way.

    Attributes:
        outcomes: How many pings of this node ended in each way.
    """

    def __init__(
        self,
        posting: Posting,
        presence: Presence,
        workload: Workload,
        heartbeats: Heartbeats,
        clock: Clock,
        new_id: Callable[[], str],
        principal: Principal,
        *,
        interval: float,
    ) -> None:
        """Wire the pings.

        Args:
            posting: Sends.
            presence: Tells when agents were heard of.
            workload: Knows agents.
            heartbeats: Takes an answer as a sign of life.
            clock: What time it is.
            new_id: Makes ids up.
            principal: In whose name that is.
            interval: Seconds in which an agent should be heard of.
        """
        self._posting = posting
        self._presence = presence
        self._workload = workload
        self._heartbeats = heartbeats
        self._clock = clock
        self._new_id = new_id
        self._principal = principal
        self._interval = interval
        self._planned: set[str] = set()
        self._looks: list[tuple[float, str]] = []
        self.outcomes: Counter[str] = Counter()

    def expect(self, agent_id: str) -> None:
        """Look after an agent from now on, for as long as it has an endpoint."""
        if agent_id not in self._planned:
            self._planned.add(agent_id)
            self._plan(agent_id, self._left(agent_id))

    async def run(self, endpoints: Callable[[], Webhooks], gone: Gone) -> None:
        """Ping whoever is due, until cancelled.

        Args:
            endpoints: Tells where agents are called.
            gone: See there.
        """
        self._planned.clear()
        self._looks.clear()
        for agent_id, _ in list(endpoints().endpoints()):
            self.expect(agent_id)
        async with anyio.create_task_group() as tasks:
            while True:
                now = self._clock.monotonic()
                while self._looks and self._looks[0][0] <= now:
                    _, agent_id = heappop(self._looks)
                    endpoint = endpoints().endpoint(agent_id)
                    if endpoint is None or not endpoint.enabled:
                        self._planned.discard(agent_id)
                        continue
                    left = self._left(agent_id)
                    if left > 0:
                        self._plan(agent_id, left)
                        continue
                    self._plan(agent_id, self._interval)
                    tasks.start_soon(self._ping, agent_id, endpoint, gone)
                wait = self._looks[0][0] - now if self._looks else _LOOK
                await self._clock.sleep(min(max(wait, 0.0), _LOOK, self._interval))

    def _plan(self, agent_id: str, seconds: float) -> None:
        heappush(self._looks, (self._clock.monotonic() + seconds, agent_id))

    def _left(self, agent_id: str) -> float:
        """Return in how many seconds an agent should be heard of again; below 0: it is overdue."""
        heard = self._presence.last_seen("agent", agent_id)
        if heard is None:
            return 0.0
        return self._interval - (self._clock.now() - heard).total_seconds()

    async def _ping(self, agent_id: str, endpoint: Endpoint, gone: Gone) -> None:
        try:
            agent = await self._workload.agent(agent_id)
            if agent is None:
                return
            webhook_id = f"ping:{self._new_id()}"
            answer = await self._posting.ping(agent_id, agent, endpoint.url, webhook_id)
            status = answer.status if isinstance(answer, Reply) else None
            if isinstance(answer, Reply) and answer.answered:
                await self._heartbeats.agent(agent_id, self._principal)
                self.outcomes["answered"] += 1
                return
            outcome = answer.outcome
            self.outcomes[outcome] += 1
            log.info("webhook_ping_unanswered", agent_id=agent_id, outcome=outcome, status=status)
            if status == 410:
                await gone(agent_id, endpoint)
        except (DomainError, EventLogError, psycopg.Error, PoolTimeout, OSError) as error:
            log.info("webhook_ping_failed", agent_id=agent_id, error=str(error))

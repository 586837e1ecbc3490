"""Deliveries: sends tasks to the endpoints of their agents, and records what these answer."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable

import anyio
import psycopg
import structlog
from anyio.abc import TaskGroup
from psycopg_pool import PoolTimeout

from aia_mas.application.clock import Clock
from aia_mas.application.engine.engine import Engine
from aia_mas.application.event_log.errors import EventLogError, Fenced
from aia_mas.application.event_log.fold_host import FoldHost
from aia_mas.application.event_log.leases import Lease
from aia_mas.application.orchestration.claims import Claims
from aia_mas.application.orchestration.heartbeats import Heartbeats
from aia_mas.application.orchestration.workload import Workload
from aia_mas.application.processes.pings import Pings
from aia_mas.application.processes.webhook_fold import WebhookFold
from aia_mas.application.processes.webhook_records import PRINCIPAL, Records
from aia_mas.application.webhooks.figures import Figures
from aia_mas.application.webhooks.lines import Backoff, Line, Lines
from aia_mas.application.webhooks.posting import Posting
from aia_mas.application.webhooks.sending import Reply, Unanswered
from aia_mas.application.webhooks.store import Figure
from aia_mas.application.webhooks.verdicts import (
    Completed,
    GivenUp,
    Gone,
    Later,
    Read,
    Taken,
    Undelivered,
    Verdict,
    verdict_on,
)
from aia_mas.domain.kernel import DomainError
from aia_mas.domain.orchestration.agent_endpoint import FAILING, GONE
from aia_mas.domain.orchestration.webhooks import Endpoint, Work

log = structlog.stdlib.get_logger("aia.webhooks")

LEASE = "webhooks"
_LOOK = 1.0
"""Seconds between looks at what is done with, should nothing be heard of it."""
_AWAY = (psycopg.Error, PoolTimeout, EventLogError, OSError)


class Deliveries:
    """Sends what is open, each attempt again and again until its agent has it or lost it.

    Attributes:
        outcomes: How many deliveries ended in each way on this node.
    """

    def __init__(
        self,
        fold: WebhookFold,
        host: FoldHost,
        posting: Posting,
        figures: Figures,
        pings: Pings,
        claims: Claims,
        workload: Workload,
        heartbeats: Heartbeats,
        clock: Clock,
        *,
        read: Read,
        random: Callable[[], float],
        backoff: Backoff,
        disable_after: int,
    ) -> None:
        """Wire the process.

        Args:
            fold: What is open.
            host: Keeps the fold up to date.
            posting: Sends.
            figures: Where it is told how it went.
            pings: Asks those whether they are there who get nothing else.
            claims: Tells what there is to say about a task.
            workload: Knows agents.
            heartbeats: Takes an answer as a sign of life.
            clock: What time it is.
            read: Reads what endpoints answer.
            random: A fraction, 0..1, for the jitter of retries of tasks.
            backoff: How long to wait between deliveries that fail.
            disable_after: Failures in a row after which an endpoint is disabled.
        """
        self._fold = fold
        self._host = host
        self._posting = posting
        self._figures = figures
        self._pings = pings
        self._claims = claims
        self._workload = workload
        self._heartbeats = heartbeats
        self._clock = clock
        self._read = read
        self._random = random
        self._backoff = backoff
        self._disable_after = disable_after
        self._lines = Lines()
        # What is being sent, or waits to be sent again; set when that has become idle.
        self._under_way: dict[str, dict[Work, asyncio.Event]] = {}
        self.outcomes: Counter[str] = Counter()

    async def lead(self, lease: Lease, engine: Engine) -> None:
        """Send what is open for as long as the lease lasts."""
        await self._host.reached(lease.head)
        self._lines = await self._former_lines()
        self._under_way.clear()
        self._fold.state.touch_all()
        records = Records(engine, lease, self._clock, self._random)

        async def gone(agent_id: str, endpoint: Endpoint) -> None:
            await records.disable(agent_id, endpoint, GONE, 0)

        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._figures.run)
                tasks.start_soon(self._pings.run, lambda: self._fold.state, gone)
                while True:
                    self._fold.changed.clear()
                    self._look(tasks, records)
                    await self._fold.changed.wait()
        except* Fenced:
            log.warning("webhooks_fenced", epoch=lease.epoch)

    async def _former_lines(self) -> Lines:
        """Return what the leader before knew of endpoints that fail."""
        while True:
            try:
                return Lines(await self._figures.failing())
            except _AWAY as error:
                log.warning("webhook_figures_not_read", error=str(error))
                await self._clock.sleep(_LOOK)

    def _look(self, tasks: TaskGroup, records: Records) -> None:
        """Begin what is new, and wake what has become idle."""
        state = self._fold.state
        touched, state.touched = state.touched, set()
        for agent_id in touched:
            endpoint = state.endpoint(agent_id)
            if endpoint is None:
                self._lines.drop(agent_id)
            elif endpoint.enabled:
                self._pings.expect(agent_id)
            due, under_way = state.due(agent_id), self._under_way.setdefault(agent_id, {})
            for work in due:
                if work not in under_way:
                    over = under_way[work] = asyncio.Event()
                    tasks.start_soon(self._deliver, work, over, records)
            for work in under_way.keys() - set(due):
                under_way[work].set()
            if not under_way:
                del self._under_way[agent_id]

    async def _deliver(self, work: Work, over: asyncio.Event, records: Records) -> None:
        """Send an attempt until its agent has it, or it is not to be sent any more."""
        failures, not_before, done = 0, float("-inf"), False
        try:
            while True:
                over.clear()
                endpoint = self._endpoint(work)
                if endpoint is None:
                    return
                line = self._lines.of(work.agent_id, endpoint)
                wait = max(not_before, line.not_before) - self._clock.monotonic()
                if done or wait > 0:
                    # Also when it is done with: the fold is to say so before anybody looks again.
                    with anyio.move_on_after(_LOOK if done else wait):
                        await over.wait()
                    continue
                done = await self._try(work, endpoint, line, records)
                failures += 1
                not_before = self._clock.monotonic() + self._backoff.seconds(failures)
        finally:
            of_agent = self._under_way.get(work.agent_id, {})
            of_agent.pop(work, None)
            if not of_agent:
                self._under_way.pop(work.agent_id, None)

    def _endpoint(self, work: Work) -> Endpoint | None:
        state = self._fold.state
        return state.endpoint(work.agent_id) if state.is_due(work) else None

    async def _try(self, work: Work, endpoint: Endpoint, line: Line, records: Records) -> bool:
        """Send an attempt once; tells whether it is done with."""
        began = self._clock.monotonic()
        try:
            task = await self._claims.one(work.agent_id, work.task_id, work.lease)
            agent = await self._workload.agent(work.agent_id)
            if task is None or agent is None:
                return False  # this node's states are not there yet
            answer = await self._posting.task(agent, endpoint.url, work.webhook_id, task)
        except _AWAY as error:
            log.warning("webhook_not_sent", webhook_id=work.webhook_id, error=str(error))
            return False
        verdict = verdict_on(answer, self._read, self._clock.now())
        if isinstance(verdict, Taken | Completed | GivenUp):
            verdict = await records.record(work, verdict)
        self._note(work, endpoint, line, answer, verdict, began)
        if isinstance(verdict, Taken | Completed | GivenUp):
            await self._is_there(work.agent_id)
            return True
        if isinstance(verdict, Gone):
            await records.disable(work.agent_id, endpoint, GONE, line.failures)
        elif isinstance(verdict, Undelivered) and line.failures >= self._disable_after:
            await records.disable(work.agent_id, endpoint, FAILING, line.failures)
        return False

    def _note(
        self,
        work: Work,
        endpoint: Endpoint,
        line: Line,
        answer: Reply | Unanswered,
        verdict: Verdict,
        began: float,
    ) -> None:
        now = self._clock.monotonic()
        if isinstance(verdict, Undelivered | Gone):
            line.failed(began, now, self._backoff)
        elif isinstance(verdict, Later):
            line.pause(now + verdict.seconds)
        else:
            line.worked()
        status = answer.status if isinstance(answer, Reply) else None
        self.outcomes[verdict.outcome] += 1
        self._figures.note(
            Figure(
                work.agent_id,
                endpoint.since,
                line.failures,
                self._clock.now(),
                work.webhook_id,
                verdict.outcome,
                status,
            )
        )
        log.info(
            "webhook_delivered",
            webhook_id=work.webhook_id,
            agent_id=work.agent_id,
            outcome=verdict.outcome,
            status=status,
            failures=line.failures,
        )

    async def _is_there(self, agent_id: str) -> None:
        try:
            await self._heartbeats.agent(agent_id, PRINCIPAL)
        except (DomainError, EventLogError) as error:
            log.info("webhook_agent_not_noted", agent_id=agent_id, code=error.code)

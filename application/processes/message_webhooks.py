"""Sends messages to the endpoints of agents that want them there; one leader."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import anyio
import psycopg
import structlog
from anyio.abc import TaskGroup
from psycopg_pool import PoolTimeout

from aia_mas.application.clock import Clock
from aia_mas.application.communication.collecting import Collection
from aia_mas.application.communication.mailroom_fold import MailroomFold
from aia_mas.application.communication.out import Delivered
from aia_mas.application.communication.post_office import PostOffice
from aia_mas.application.engine.engine import Engine
from aia_mas.application.event_log.errors import EventLogError, Fenced, LogClosed
from aia_mas.application.event_log.fold_host import FoldHost
from aia_mas.application.event_log.leases import Lease
from aia_mas.application.orchestration.workload import Workload
from aia_mas.application.processes.webhook_fold import WebhookFold
from aia_mas.application.processes.webhook_records import Records
from aia_mas.application.webhooks.lines import Backoff, Line
from aia_mas.application.webhooks.posting import Posting
from aia_mas.application.webhooks.sending import Reply
from aia_mas.application.webhooks.verdicts import Gone, Later, Taken, Undelivered, verdict_on
from aia_mas.domain.kernel import DomainError
from aia_mas.domain.orchestration.agent_endpoint import FAILING, GONE
from aia_mas.domain.orchestration.webhooks import Endpoint

log = structlog.stdlib.get_logger("aia.webhooks")

LEASE = "message-webhooks"
_LOOK = 0.25
"""Seconds between looks who wants messages sent."""
_AT_ONCE = 4
"""Messages on their way to one endpoint, at most."""
_AWAY = (psycopg.Error, PoolTimeout, EventLogError, OSError)


class MessageWebhooks:
    """Sends the messages of each agent that has them forwarded, for as long as it can be called.

    An endpoint that cannot be reached costs no message an attempt: it is left alone for a while,
    and disabled like one that does not take its tasks. Any other answer than a 2xx counts as
    refused by the agent.

    Attributes:
        outcomes: How many deliveries ended in each way on this node.
    """

    def __init__(
        self,
        endpoints: WebhookFold,
        fold: MailroomFold,
        host: FoldHost,
        office: PostOffice,
        posting: Posting,
        workload: Workload,
        clock: Clock,
        *,
        random: Callable[[], float],
        backoff: Backoff,
        disable_after: int,
    ) -> None:
        """Wire the process.

        Args:
            endpoints: Where agents are called.
            fold: What waits for whom.
            host: Keeps it up to date.
            office: Hands messages over.
            posting: Sends.
            workload: Knows agents.
            clock: What time it is.
            random: A fraction, 0..1, for jitter.
            backoff: How long to leave an endpoint alone.
            disable_after: Failures in a row after which it is disabled.
        """
        self._endpoints = endpoints
        self._fold = fold
        self._host = host
        self._office = office
        self._posting = posting
        self._workload = workload
        self._clock = clock
        self._random = random
        self._backoff = backoff
        self._disable_after = disable_after
        self._served: set[str] = set()
        self.outcomes: Counter[str] = Counter()

    async def lead(self, lease: Lease, engine: Engine) -> None:
        """Send what waits for as long as the lease lasts."""
        await self._host.reached(lease.head)
        self._served.clear()
        records = Records(engine, lease, self._clock, self._random)
        try:
            async with anyio.create_task_group() as tasks:
                while True:
                    self._look(tasks, records)
                    await self._clock.sleep(_LOOK)
        except* Fenced:
            log.warning("message_webhooks_fenced", epoch=lease.epoch)

    def _look(self, tasks: TaskGroup, records: Records) -> None:
        directory = self._fold.state.directory
        for number in directory.by_webhook:
            name = directory.recipients[number].name
            if name not in self._served and self._endpoint(name) is not None:
                self._served.add(name)
                tasks.start_soon(self._serve, name, records)

    def _endpoint(self, name: str) -> Endpoint | None:
        """Return where an agent's messages are sent now; None: nowhere."""
        known = self._fold.state.directory.get(name)
        endpoint = self._endpoints.state.endpoint(name)
        wanted = known is not None and known.webhook and endpoint is not None and endpoint.enabled
        return endpoint if wanted else None

    async def _serve(self, name: str, records: Records) -> None:
        """Send one agent's messages until it does not want that any more."""
        line: Line | None = None
        try:
            with Collection(self._office, self._clock, name, "webhook", _AT_ONCE) as collection:
                # It is never the agent that ends it: what it did not answer is no attempt.
                collection.in_order = True
                while (endpoint := self._endpoint(name)) is not None:
                    if line is None or line.since != endpoint.since:
                        line = Line(endpoint.since)
                    wait = line.not_before - self._clock.monotonic()
                    if wait > 0:
                        await self._clock.sleep(min(wait, 1.0))
                        continue
                    handed = await collection.next(_AT_ONCE, seconds=1.0)
                    if self._endpoint(name) != endpoint:
                        # It said so while a message was waited for: this one came after that.
                        for each in handed:
                            self._office.put_back(each.out)
                        continue
                    async with anyio.create_task_group() as sending:
                        for each in handed:
                            sending.start_soon(self._send, name, endpoint, line, each, records)
        except* Fenced:
            raise
        except* _AWAY as errors:
            log.warning("messages_not_sent", agent_id=name, error=str(errors.exceptions[0]))
            await self._clock.sleep(1.0)
        finally:
            self._served.discard(name)

    async def _send(
        self, name: str, endpoint: Endpoint, line: Line, handed: Delivered, records: Records
    ) -> None:
        began, message_id = self._clock.monotonic(), handed.letter.message_id
        try:
            agent = await self._workload.agent(name)
            if agent is None:
                self._office.put_back(handed.out)
                return
            body = b'{"type":"message","attempt":%d,%b' % (handed.attempt, handed.content.json[1:])
            webhook_id = f"message:{message_id}:{name}"
            answer = await self._posting.message(name, agent, endpoint.url, webhook_id, body)
            verdict = verdict_on(answer, lambda _: None, self._clock.now())
            if isinstance(answer, Reply) and answer.answered:
                verdict = Taken()
            self.outcomes[verdict.outcome] += 1
            status = answer.status if isinstance(answer, Reply) else None
            log.info(
                "message_sent_to_endpoint",
                message_id=message_id,
                agent_id=name,
                outcome=verdict.outcome,
                status=status,
            )
            now = self._clock.monotonic()
            if isinstance(verdict, Taken):
                line.worked()
                await self._office.acknowledge(name, message_id)
                return
            if isinstance(verdict, Later):
                line.pause(now + verdict.seconds)
            elif status is None or status >= 500 or isinstance(verdict, Gone):
                line.failed(began, now, self._backoff)
            if status is not None and isinstance(verdict, Undelivered):
                why = f"the endpoint answered {status}"
                await self._office.refuse(name, message_id, why)
            else:
                self._office.put_back(handed.out)
            if isinstance(verdict, Gone):
                await records.disable(name, endpoint, GONE, line.failures)
            elif line.failures >= self._disable_after:
                await records.disable(name, endpoint, FAILING, line.failures)
        except DomainError:
            # It was taken over another way, or its time was over meanwhile.
            log.info("message_settled_otherwise", message_id=message_id, agent_id=name)
        except LogClosed:
            log.info("message_not_settled", message_id=message_id, agent_id=name)

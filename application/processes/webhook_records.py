"""Has the log say what endpoints answered: once for each attempt, and only while leading."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
import structlog

from aia_mas.application.clock import Clock
from aia_mas.application.engine.engine import Engine, Origin
from aia_mas.application.event_log.errors import EventLogError, Fenced
from aia_mas.application.event_log.leases import Lease
from aia_mas.application.event_log.records import Kind
from aia_mas.application.webhooks.verdicts import (
    Completed,
    GivenUp,
    Taken,
    Undelivered,
    Verdict,
)
from aia_mas.domain.kernel import DomainError
from aia_mas.domain.kernel.errors import InvalidValue
from aia_mas.domain.kernel.principal import system
from aia_mas.domain.orchestration.agent_commands import DisableEndpoint
from aia_mas.domain.orchestration.errors import CostExceeded
from aia_mas.domain.orchestration.task_commands import CompleteTask, FailTask, StartTask
from aia_mas.domain.orchestration.webhooks import Endpoint, Work

log = structlog.stdlib.get_logger("aia.webhooks")

PRINCIPAL = system("webhooks")
_PAUSE = 0.25


class Records:
    """Gives commands in the name of agents that answered, under the lease of one leader."""

    def __init__(
        self, engine: Engine, lease: Lease, clock: Clock, random: Callable[[], float]
    ) -> None:
        """Act under a lease.

        Args:
            engine: Carries out commands.
            lease: Stands in each of them.
            clock: Waits.
            random: A fraction, 0..1, for the jitter of retries of tasks.
        """
        self._engine = engine
        self._lease = lease
        self._clock = clock
        self._random = random

    async def record(self, work: Work, verdict: Taken | Completed | GivenUp) -> Verdict:
        """Record what an agent has answered; return what that comes to.

        An answer whose values are out of bounds changes nothing.

        Raises:
            Fenced: Another node leads by now.
        """
        start = StartTask(task_id=work.task_id, agent_id=work.agent_id, lease=work.lease)
        if isinstance(verdict, Taken):
            await self._carry_out(work, [start])
            return verdict
        if isinstance(verdict, GivenUp):
            refusal = await self._fail(work, verdict)
        else:
            complete = CompleteTask(
                task_id=work.task_id,
                agent_id=work.agent_id,
                lease=work.lease,
                result=verdict.result,
                quality=verdict.quality,
                usage=verdict.usage,
            )
            refusal = await self._carry_out(work, [start, complete])
            if isinstance(refusal, CostExceeded):
                # Nobody is there who could deliver the same for less.
                refusal = await self._fail(work, GivenUp(refusal.code, refusal.detail, True))
        return Undelivered("invalid_answer") if isinstance(refusal, InvalidValue) else verdict

    async def disable(self, agent_id: str, endpoint: Endpoint, reason: str, failures: int) -> None:
        """Disable an endpoint, unless it is another one by now.

        Args:
            agent_id: Whose.
            endpoint: Which one.
            reason: See ``AgentEndpointDisabled``.
            failures: How many deliveries failed in a row.

        Raises:
            Fenced: Another node leads by now.
        """
        command = DisableEndpoint(
            agent_id=agent_id, endpoint=endpoint.url, reason=reason, failures=failures
        )
        try:
            await self._engine.run(
                command, self._origin(f"webhook-disable:{agent_id}:{endpoint.since}")
            )
            log.warning("webhook_endpoint_disabled", agent_id=agent_id, reason=reason)
        except Fenced:
            raise
        except (DomainError, EventLogError) as error:
            log.info("webhook_endpoint_not_disabled", agent_id=agent_id, code=error.code)

    async def _fail(self, work: Work, failure: GivenUp) -> DomainError | None:
        command = FailTask(
            task_id=work.task_id,
            agent_id=work.agent_id,
            lease=work.lease,
            error_code=failure.error_code,
            message=failure.message,
            retryable=failure.retryable,
            jitter=self._random(),
        )
        return await self._carry_out(work, [command])

    async def _carry_out(
        self, work: Work, commands: Sequence[msgspec.Struct]
    ) -> DomainError | None:
        """Carry out all commands or none; return the refusal, if there was one."""
        # One identity for whatever an attempt comes to: a second answer changes nothing.
        origin = self._origin(f"webhook:{work.webhook_id}")
        while True:
            try:
                await self._engine.execute_many(commands, origin, atomic=True)
            except Fenced:
                raise
            except DomainError as error:
                log.info("webhook_answer_void", webhook_id=work.webhook_id, code=error.code)
                return error
            except EventLogError as error:
                # The agent has it: what is not recorded now would be sent to it once more.
                log.warning("webhook_not_recorded", webhook_id=work.webhook_id, code=error.code)
                await self._clock.sleep(_PAUSE)
                continue
            return None

    def _origin(self, item: str) -> Origin:
        return Origin(
            PRINCIPAL, command_id=f"proc:{item}", fence=self._lease.fence, kind=Kind.FOREVER
        )

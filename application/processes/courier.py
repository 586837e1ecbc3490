"""The courier: ends what is not delivered any more; one leader.

Whatever it does follows from the mailroom: messages whose time is over, letters without a further
attempt, deliveries of nodes that are gone, and inboxes with more in them than they may have.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice

import anyio
import msgspec
import structlog
from anyio.abc import TaskGroup

from aia_mas.application.clock import Clock
from aia_mas.application.communication.mailroom_fold import MailroomFold
from aia_mas.application.engine.engine import Engine, Origin
from aia_mas.application.event_log.errors import EventLogError, Fenced
from aia_mas.application.event_log.fold_host import FoldHost
from aia_mas.application.event_log.leases import Lease
from aia_mas.application.event_log.records import Kind
from aia_mas.domain.communication.delivery_events import Failed
from aia_mas.domain.communication.ending import BuryMessage, DropMessage, ExpireMessage
from aia_mas.domain.communication.mailroom.routing import bound_of
from aia_mas.domain.communication.recording import RecordDeliveries
from aia_mas.domain.communication.terms import MessageTerms
from aia_mas.domain.kernel import DomainError
from aia_mas.domain.kernel.principal import system

log = structlog.stdlib.get_logger("aia.courier")

LEASE = "courier"
PRINCIPAL = system("courier")
_AT_ONCE = 200
"""Things done at the same time, at most."""
_SOON = 0.02
"""Seconds until the next look while there is something to do."""
_GRACE = 5.0
"""Seconds that the node which delivered has after the deadline to say so itself."""


class Courier:
    """Does what is due under its lease, each thing once, whoever leads."""

    def __init__(
        self,
        fold: MailroomFold,
        host: FoldHost,
        terms: MessageTerms,
        clock: Clock,
        *,
        interval: float = 0.25,
    ) -> None:
        """Wire the courier.

        Args:
            fold: What waits for whom.
            host: Keeps it up to date.
            terms: How much may wait, and how long is waited between deliveries.
            clock: What time it is.
            interval: Seconds between looks.
        """
        self._fold = fold
        self._host = host
        self._terms = terms
        self._clock = clock
        self._interval = interval
        self._under_way: set[str] = set()

    async def lead(self, lease: Lease, engine: Engine) -> None:
        """Do what is due for as long as the lease lasts."""
        await self._host.reached(lease.head)
        self._under_way.clear()
        # What the leader before was told of, it need not have done.
        state = self._fold.state
        state.fuller.update(inbox.number for inbox in state.inboxes())
        async with anyio.create_task_group() as tasks:
            while True:
                now = self._clock.now().timestamp()
                self._expire(tasks, engine, lease, now)
                self._bury(tasks, engine, lease)
                self._make_room(tasks, engine, lease)
                await self._take_back(engine, lease, now)
                await self._clock.sleep(_SOON if self._under_way else self._interval)

    def _expire(self, tasks: TaskGroup, engine: Engine, lease: Lease, now: float) -> None:
        state = self._fold.state
        for position in tuple(islice(state.expiring.due(now), _AT_ONCE)):
            if len(self._under_way) >= _AT_ONCE:
                return
            letter = state.letters[position]
            work = f"expire:{letter.message_id}:{position}"
            command = ExpireMessage(message_id=letter.message_id)
            self._begin(tasks, engine, lease, work, command)

    def _bury(self, tasks: TaskGroup, engine: Engine, lease: Lease) -> None:
        state = self._fold.state
        for (position, recipient), delivery in tuple(state.spent.items()):
            if len(self._under_way) >= _AT_ONCE:
                return
            letter = state.letters.get(position)
            if letter is None:
                continue
            command = BuryMessage(
                message_id=letter.message_id,
                recipient=recipient,
                position=position,
                attempts=delivery.failures,
                reason=delivery.reason,
            )
            self._begin(tasks, engine, lease, f"bury:{position}:{recipient}", command)

    def _make_room(self, tasks: TaskGroup, engine: Engine, lease: Lease) -> None:
        """Drop the lowest of whoever has more than they may have."""
        state, terms = self._fold.state, self._terms
        for number in tuple(state.fuller):
            if len(self._under_way) >= _AT_ONCE:
                return
            state.fuller.discard(number)
            recipient, inbox = state.directory.recipients[number], state.inbox(number)
            bound = max(bound_of(recipient, terms), recipient.backlog)
            if inbox is None or len(inbox.open) <= bound:
                continue
            # Who keeps what they had while they were away loses no more than what has come since.
            idle = (
                letter
                for letter, delivery in state.read(inbox)
                if delivery is None or not delivery.deadline
            )
            most = len(inbox.open) - bound
            lowest = sorted(idle, key=lambda each: (-each.rank, each.position))[:most]
            for letter in lowest[: _AT_ONCE - len(self._under_way)]:
                command = DropMessage(
                    message_id=letter.message_id,
                    recipient=recipient.name,
                    position=letter.position,
                    waiting=len(inbox.open),
                    bound=bound,
                )
                work = f"drop:{letter.position}:{recipient.name}"
                self._begin(tasks, engine, lease, work, command)
            state.fuller.add(number)

    async def _take_back(self, engine: Engine, lease: Lease, now: float) -> None:
        """Have failed what was delivered by nodes that never said what became of it."""
        state, failed = self._fold.state, list[Failed]()
        for position, number in islice(state.out.due(now - _GRACE), _AT_ONCE):
            delivery, letter = state.delivery(position, number), state.letters.get(position)
            if delivery is None or letter is None:
                continue
            attempt = delivery.failures + 1
            retry = None
            if attempt < letter.max_attempts:
                wait = self._terms.backoff(attempt, 0.0)
                retry = self._clock.now() + timedelta(seconds=wait)
            name = state.directory.recipients[number].name
            delivered_at = datetime.fromtimestamp(delivery.deadline - letter.ack_seconds, UTC)
            failed.append(Failed(position, name, attempt, "", delivered_at, "timed_out", retry))
        if failed:
            # Whatever is not recorded stays due.
            command = RecordDeliveries(writer=f"courier-{lease.epoch}", failed=tuple(failed))
            await self._do(engine, lease, "", command)

    def _begin(
        self, tasks: TaskGroup, engine: Engine, lease: Lease, work: str, command: msgspec.Struct
    ) -> None:
        if work not in self._under_way:
            self._under_way.add(work)
            tasks.start_soon(self._do, engine, lease, work, command)

    async def _do(self, engine: Engine, lease: Lease, work: str, command: msgspec.Struct) -> bool:
        command_id = f"proc:courier:{work}" if work else None
        origin = Origin(PRINCIPAL, command_id=command_id, fence=lease.fence, kind=Kind.FOREVER)
        try:
            done = await engine.run(command, origin)
            await self._host.reached(done.position)
        except Fenced:
            log.warning("courier_fenced", epoch=lease.epoch)
            await self._clock.sleep(self._interval)
            return False
        except (DomainError, EventLogError) as error:
            log.info("courier_put_off", work=work, code=error.code)
            await self._clock.sleep(self._interval)
            return False
        except Exception:
            # One thing at fault must not keep all the others from being done.
            log.exception("courier_failed", work=work)
            await self._clock.sleep(self._interval)
            return False
        finally:
            self._under_way.discard(work)
        return True

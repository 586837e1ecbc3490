"""The courier: ends what is not delivered any more; one leader.

Whatever it does follows from the mailroom: messages whose time is over, letters without a further
attempt, deliveries of nodes that are gone, inboxes with more in them than they may have, and
subscriptions of more who are no agents than may have some.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from heapq import nsmallest
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
from aia_mas.application.event_log.slices import Slices
from aia_mas.domain.communication.delivery_events import Dropped, Failed
from aia_mas.domain.communication.ending import BuryMessage, ExpireMessage
from aia_mas.domain.communication.mailbox import CloseMailbox
from aia_mas.domain.communication.mailroom.routing import most_of
from aia_mas.domain.communication.message_events import Died
from aia_mas.domain.communication.recording import RecordDeliveries
from aia_mas.domain.communication.terms import MessageTerms
from aia_mas.domain.kernel import DomainError
from aia_mas.domain.kernel.principal import system

log = structlog.stdlib.get_logger("aia.courier")

LEASE = "courier"
PRINCIPAL = system("courier")
_AT_ONCE = 200
"""Things done at the same time, at most."""
_DROPPED_AT_ONCE = _BURIED_AT_ONCE = 500
"""Deliveries that one event says were dropped, or recipients for whom one says it is dead."""
_IN_TURN = 500
"""Recipients that are looked at in turn, at once."""
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
        self._turn = 0

    async def lead(self, lease: Lease, engine: Engine) -> None:
        """Do what is due for as long as the lease lasts."""
        await self._host.reached(lease.head)
        self._under_way.clear()
        # What the leader before was told of, it need not have done.
        state = self._fold.state
        state.inboxes.fuller.update(range(len(state.directory.recipients)))
        async with anyio.create_task_group() as tasks:
            while True:
                more = False
                # Whoever knows less than before would do things that are over.
                if not self._fold.is_behind:
                    now = self._clock.now().timestamp()
                    self._expire(tasks, engine, lease, now)
                    self._bury(tasks, engine, lease)
                    self._close(tasks, engine, lease)
                    more = await self._make_room(engine, lease)
                    await self._take_back(engine, lease, now)
                await self._clock.sleep(_SOON if more or self._under_way else self._interval)

    def _expire(self, tasks: TaskGroup, engine: Engine, lease: Lease, now: float) -> None:
        state = self._fold.state
        for position in tuple(islice(state.expiring.due(now), _AT_ONCE)):
            if len(self._under_way) >= _AT_ONCE:
                return
            letter = state.letters[position]
            assert letter.expires is not None
            command = ExpireMessage(message_id=letter.message_id, due=_moment(letter.expires))
            work = f"expire:{letter.message_id}:{position}"
            self._begin(tasks, engine, lease, work, command, f"proc:courier:{work}")

    def _bury(self, tasks: TaskGroup, engine: Engine, lease: Lease) -> None:
        """Have dead what has no further attempt, for many recipients of a message at a time."""
        state = self._fold.state
        for position, spent in state.inboxes.spent.items():
            if len(self._under_way) >= _AT_ONCE:
                return
            letter, work = state.letters.get(position), f"bury:{position}"
            if letter is None or work in self._under_way:
                continue  # it has expired, only its inbox does not know yet; or it is seen to
            items = tuple(
                Died(recipient=name, attempts=delivery.failures, reason=delivery.reason)
                for name, delivery in islice(spent.items(), _BURIED_AT_ONCE)
            )
            command = BuryMessage(
                message_id=letter.message_id,
                position=position,
                items=items,
                expires=None if letter.expires is None else _moment(letter.expires),
            )
            # Without an id: those who follow are another piece of the same work, and the message
            # knows itself for whom it is dead.
            self._begin(tasks, engine, lease, work, command, None)

    def _close(self, tasks: TaskGroup, engine: Engine, lease: Lease) -> None:
        """Forget what those subscribed to who have not been agents for longest, if too many did."""
        directory = self._fold.state.directory
        too_many = max(len(directory.absent) - self._terms.absent, 0)
        for number in islice(directory.absent, min(too_many, _AT_ONCE)):
            name = directory.recipients[number].name
            command = CloseMailbox(agent_id=name)
            self._begin(tasks, engine, lease, f"close:{name}", command, None)

    async def _make_room(self, engine: Engine, lease: Lease) -> bool:
        """Drop the lowest of whoever has more than they may have, some at a time.

        Returns:
            Whether there may be more to drop.
        """
        inboxes, slices = self._fold.state.inboxes, Slices()
        fuller, inboxes.fuller = inboxes.fuller, set()
        if inboxes.has_spread:
            fuller.update(self._some())
        dropped, touched = list[Dropped](), set[int]()
        while fuller and len(dropped) < _DROPPED_AT_ONCE and inboxes is self._fold.state.inboxes:
            number = fuller.pop()
            lowest = self._lowest(number, _DROPPED_AT_ONCE - len(dropped))
            if lowest is not None:
                dropped += lowest
                touched.add(number)
            if slices.over():
                await slices.give_way()
        # Whoever has too much is looked at again: what is out cannot be dropped yet.
        inboxes.fuller |= fuller | touched
        if not dropped:
            return False
        # What ends otherwise before this is recorded is not dropped: the first outcome holds.
        command = RecordDeliveries(writer=_writer(lease), dropped=tuple(dropped))
        return await self._do(engine, lease, "", command)

    def _some(self) -> range:
        """Return some recipients, in turns: nobody knows yet that letters to many are for them."""
        everybody = len(self._fold.state.directory.recipients)
        begin = self._turn if self._turn < everybody else 0
        self._turn = begin + _IN_TURN
        return range(begin, min(self._turn, everybody))

    def _lowest(self, number: int, at_most: int) -> list[Dropped] | None:
        """Return what to drop at a recipient's, the lowest that waits longest first.

        None: no more waits there than may.
        """
        state, now = self._fold.state, self._clock.now().timestamp()
        recipient = state.directory.recipients[number]
        # Who keeps what they had while they were away loses no more than what has come since.
        bound = max(most_of(recipient, self._terms), recipient.backlog)
        if not recipient.name or state.inboxes.at_most(number) <= bound:
            return None
        inbox = state.inbox(number)
        if inbox is None or len(inbox.open) <= bound:
            return None
        idle, ending = [], 0
        for letter, delivery in state.read(inbox):
            if letter.is_over(now) or (delivery is not None and delivery.spent):
                ending += 1  # it expires or is buried anyway
            elif delivery is None or not delivery.deadline:
                idle.append((-letter.rank, letter.position))
        waiting = len(inbox.open)
        most = waiting - bound - ending
        if most <= 0:
            return None
        return [
            Dropped(position, recipient.name, waiting, bound)
            for _, position in nsmallest(min(most, at_most), idle)
        ]

    async def _take_back(self, engine: Engine, lease: Lease, now: float) -> None:
        """Have failed what was delivered by nodes that never said what became of it."""
        state, failed = self._fold.state, list[Failed]()
        for position, number in islice(state.inboxes.out.due(now - _GRACE), _AT_ONCE):
            delivery, letter = state.delivery(position, number), state.letters.get(position)
            if delivery is None or letter is None:
                continue
            attempt = delivery.failures + 1
            retry = None
            if attempt < letter.max_attempts:
                wait = self._terms.backoff(attempt, 0.0)
                retry = self._clock.now() + timedelta(seconds=wait)
            name = state.directory.recipients[number].name
            delivered_at = _moment(delivery.deadline - letter.ack_seconds)
            failed.append(Failed(position, name, attempt, "", delivered_at, "timed_out", retry))
        if failed:
            # Whatever is not recorded stays due.
            command = RecordDeliveries(writer=_writer(lease), failed=tuple(failed))
            await self._do(engine, lease, "", command)

    def _begin(
        self,
        tasks: TaskGroup,
        engine: Engine,
        lease: Lease,
        work: str,
        command: msgspec.Struct,
        command_id: str | None,
    ) -> None:
        if work not in self._under_way:
            self._under_way.add(work)
            tasks.start_soon(self._do, engine, lease, work, command, command_id)

    async def _do(
        self,
        engine: Engine,
        lease: Lease,
        work: str,
        command: msgspec.Struct,
        command_id: str | None = None,
    ) -> bool:
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


def _writer(lease: Lease) -> str:
    """Return under which name a leader writes what became of deliveries."""
    return f"courier-{lease.epoch}"


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)

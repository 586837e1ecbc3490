"""Gathers what becomes of deliveries on this node, and records it in batches."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias, TypeVar

import structlog

from aia_mas.application.clock import Clock
from aia_mas.application.engine.engine import Engine, Origin
from aia_mas.application.event_log.errors import EventLogError, LogClosed
from aia_mas.domain.communication.delivery_events import Acknowledged, Failed, Noted, Returned
from aia_mas.domain.communication.recording import RecordDeliveries
from aia_mas.domain.kernel.errors import DomainError
from aia_mas.domain.kernel.principal import system
from aia_mas.domain.kernel.steps import chunks

log = structlog.stdlib.get_logger("aia.messages")

PRINCIPAL = system("post")
MOST = 10_000
"""Acknowledgements, or deliveries that are out, in one event, at most: about a megabyte."""
_MOST_FAILED = 500
"""The same of deliveries that failed; each of them has a reason."""
_AT_ONCE = 250
"""Of those who wait for an event so many are told before others can run."""
_PAUSE = 0.25
_GATHER, _GATHER_LONGEST = 0.05, 0.5
"""Seconds that an acknowledgement of a letter to many waits for others, and for all of them.

Those of ten thousand recipients come within a second or two, and are to be a few events, however
many they are: as long as others come, they wait for each other.
"""


Refusal: TypeAlias = Callable[[], DomainError | None]
_Arrived: TypeAlias = tuple[Acknowledged, asyncio.Future[int], Refusal]
T = TypeVar("T")


class Records:
    """What became of deliveries and does not stand in the log yet.

    Attributes:
        writer: Under which name this run of the node writes.
    """

    def __init__(
        self,
        engine: Engine,
        reached: Callable[[int], Awaitable[object]],
        clock: Clock,
        new_id: Callable[[], str],
        writer: str,
    ) -> None:
        """Wire it.

        Args:
            engine: The way into the log.
            reached: Waits until this node's mailroom has a position.
            clock: What time it is.
            new_id: Makes ids up.
            writer: Under which name this run of the node writes.
        """
        self._engine = engine
        self._reached = reached
        self._clock = clock
        self._new_id = new_id
        self.writer = writer
        self._acknowledged: list[_Arrived] = []
        self._of_many: list[_Arrived] = []
        self._failed: list[tuple[Failed, asyncio.Future[int]]] = []
        self._noted: list[Noted] = []
        self._returned: list[tuple[Returned, asyncio.Future[int]]] = []
        self._some = asyncio.Event()
        self._many = asyncio.Event()

    def acknowledged(
        self, item: Acknowledged, refusal: Refusal, *, of_many: bool = False
    ) -> asyncio.Future[int]:
        """Have an acknowledgement recorded; the result is its position, once it is durable.

        Args:
            item: What arrived.
            refusal: Tells then why it came to nothing; None: it did not.
            of_many: Many others are likely to acknowledge the same at the same time.
        """
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        if of_many:
            self._of_many.append((item, future, refusal))
            self._many.set()
        else:
            self._acknowledged.append((item, future, refusal))
            self._some.set()
        return future

    def failed(self, item: Failed) -> asyncio.Future[int]:
        """Have a failure recorded; the result is its position, once it is durable."""
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._failed.append((item, future))
        self._some.set()
        return future

    def returned(self, item: Returned) -> asyncio.Future[int]:
        """Have it recorded that something is out no more; the result is as of a failure."""
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._returned.append((item, future))
        self._some.set()
        return future

    def noted(self, item: Noted) -> None:
        """Have it recorded that something is out."""
        self._noted.append(item)
        self._some.set()

    async def run(self) -> None:
        """Record until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._record_at_once())
            tasks.create_task(self._record_of_many())

    async def _record_at_once(self) -> None:
        while True:
            await self._some.wait()
            acknowledged, self._acknowledged = _cut(self._acknowledged, MOST)
            failed, self._failed = _cut(self._failed, _MOST_FAILED)
            noted, self._noted = _cut(self._noted, MOST)
            # That something is out no more must not stand before that it is.
            most = 0 if self._noted else MOST
            returned, self._returned = _cut(self._returned, most)
            if not (self._acknowledged or self._failed or self._noted or self._returned):
                self._some.clear()
            await self._record_all(acknowledged, failed, noted, returned)

    async def _record_of_many(self) -> None:
        while True:
            await self._many.wait()
            waited, before = 0.0, 0
            while before < len(self._of_many) < MOST and waited < _GATHER_LONGEST:
                before = len(self._of_many)
                await self._clock.sleep(_GATHER)
                waited += _GATHER
            acknowledged, self._of_many = _cut(self._of_many, MOST)
            if not self._of_many:
                self._many.clear()
            await self._record_all(acknowledged)

    async def _record_all(
        self,
        acknowledged: list[_Arrived],
        failed: Sequence[tuple[Failed, asyncio.Future[int]]] = (),
        noted: Sequence[Noted] = (),
        returned: Sequence[tuple[Returned, asyncio.Future[int]]] = (),
    ) -> None:
        """Write it down, and tell whoever waits for it once this node knows of it."""
        command = RecordDeliveries(
            writer=self.writer,
            noted=tuple(noted),
            acknowledged=tuple(item for item, _, _ in acknowledged),
            failed=tuple(item for item, _ in failed),
            returned=tuple(item for item, _ in returned),
        )
        try:
            position = await self._record(command)
        except LogClosed as error:
            # Whoever waits is told: nothing more is recorded by this node.
            for _, future, _ in acknowledged:
                _settle(future, error)
            for _, future in (*failed, *returned):
                _settle(future, error)
            return
        await self._reached(position)
        for number, told in enumerate(chunks(acknowledged, _AT_ONCE)):
            if number:
                await asyncio.sleep(0)
            for _, future, refusal in told:
                _settle(future, refusal() or position)
        for _, future in (*failed, *returned):
            _settle(future, position)

    async def _record(self, command: RecordDeliveries) -> int:
        """Write it, however long the log is away: whoever waits has not been told anything.

        Raises:
            LogClosed: The node is stopping.
        """
        origin = Origin(PRINCIPAL, f"post:{self.writer}:{self._new_id()}")
        while True:
            try:
                return (await self._engine.run(command, origin)).position
            except LogClosed:
                raise
            except (EventLogError, DomainError) as error:
                log.warning("deliveries_not_recorded", code=error.code)
                await self._clock.sleep(_PAUSE)


def _cut(items: list[T], most: int) -> tuple[list[T], list[T]]:
    """Return the first so many, and the others."""
    return items[:most], items[most:]


def _settle(future: asyncio.Future[int], told: int | Exception) -> None:
    if future.done():
        return
    if isinstance(told, int):
        future.set_result(told)
    else:
        future.set_exception(told)
        future.exception()  # whoever wanted to know may have gone away

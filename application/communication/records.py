"""Gathers what becomes of deliveries on this node, and records it in batches."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeAlias

import structlog

from aia_mas.application.clock import Clock
from aia_mas.application.engine.engine import Engine, Origin
from aia_mas.application.event_log.errors import EventLogError, LogClosed
from aia_mas.domain.communication.delivery_events import Acknowledged, Failed, Noted
from aia_mas.domain.communication.recording import RecordDeliveries
from aia_mas.domain.kernel.errors import DomainError
from aia_mas.domain.kernel.principal import system

log = structlog.stdlib.get_logger("aia.messages")

PRINCIPAL = system("post")
MOST = 500
"""Items of one kind in one event, at most: folding them must not hold the event loop for long."""
_PAUSE = 0.25
_GATHER = 0.05
"""Seconds that acknowledgements of letters to many wait for each other while there are many."""


Refusal: TypeAlias = Callable[[], DomainError | None]


class Records:
    """What became of deliveries and does not stand in the log yet."""

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
        self._writer = writer
        self._acknowledged: list[tuple[Acknowledged, asyncio.Future[int], Refusal]] = []
        self._failed: list[tuple[Failed, asyncio.Future[int]]] = []
        self._noted: list[Noted] = []
        self._some = asyncio.Event()
        self._patient = 0

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
        self._acknowledged.append((item, future, refusal))
        self._patient += of_many
        self._some.set()
        return future

    def failed(self, item: Failed) -> asyncio.Future[int]:
        """Have a failure recorded; the result is its position, once it is durable."""
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._failed.append((item, future))
        self._some.set()
        return future

    def noted(self, item: Noted) -> None:
        """Have it recorded that something is out."""
        self._noted.append(item)
        self._some.set()

    async def run(self) -> None:
        """Record until cancelled."""
        while True:
            await self._some.wait()
            if self._patient and self._patient == len(self._acknowledged) < MOST:
                # One event for what comes within a moment, however many they are.
                await self._clock.sleep(_GATHER)
            self._patient = 0
            acknowledged, self._acknowledged = (
                self._acknowledged[:MOST],
                self._acknowledged[MOST:],
            )
            failed, self._failed = self._failed[:MOST], self._failed[MOST:]
            noted, self._noted = self._noted[:MOST], self._noted[MOST:]
            if not (self._acknowledged or self._failed or self._noted):
                self._some.clear()
            command = RecordDeliveries(
                writer=self._writer,
                noted=tuple(noted),
                acknowledged=tuple(item for item, _, _ in acknowledged),
                failed=tuple(item for item, _ in failed),
            )
            try:
                position = await self._record(command)
            except LogClosed as error:
                # Whoever waits is told: nothing more is recorded by this node.
                for _, future, _ in acknowledged:
                    _settle(future, error)
                for _, future in failed:
                    _settle(future, error)
                continue
            await self._reached(position)
            for _, future, refusal in acknowledged:
                _settle(future, refusal() or position)
            for _, future in failed:
                _settle(future, position)

    async def _record(self, command: RecordDeliveries) -> int:
        """Write it, however long the log is away: whoever waits has not been told anything.

        Raises:
            LogClosed: The node is stopping.
        """
        origin = Origin(PRINCIPAL, f"post:{self._writer}:{self._new_id()}")
        while True:
            try:
                return (await self._engine.run(command, origin)).position
            except LogClosed:
                raise
            except (EventLogError, DomainError) as error:
                log.warning("deliveries_not_recorded", code=error.code)
                await self._clock.sleep(_PAUSE)


def _settle(future: asyncio.Future[int], told: int | Exception) -> None:
    if future.done():
        return
    if isinstance(told, int):
        future.set_result(told)
    else:
        future.set_exception(told)
        future.exception()  # whoever wanted to know may have gone away

"""Calls one handler with the events that it wants: in order, one at a time, as long as it takes.

A durable one works under a lease, so on one node at a time, and its checkpoint is moved after each
event: what it was called with when the program died is the one thing that it is called with again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager

import anyio
import structlog

from aia_mas.application.clock import Clock
from aia_mas.application.event_handlers.handler import EventHandler, HandlerFigures, HandlerGone
from aia_mas.application.event_handlers.store import HandlerStore, ParkedEvent
from aia_mas.application.event_log.errors import Fenced, LogClosed, UnreadableEvent
from aia_mas.application.event_log.fold_host import STORE_ERRORS
from aia_mas.application.event_log.leases import Lease
from aia_mas.application.event_log.log import EventLog
from aia_mas.application.event_log.records import Fence, RecordedEvent, Unreadable
from aia_mas.application.event_log.slices import Slices
from aia_mas.application.event_log.subscription import Subscription

log = structlog.stdlib.get_logger("aia.handlers")

_LOOK = 2.0
"""Seconds between looks for parked events that are to be tried again."""
_SAVE_AFTER = 1.0
"""Seconds after which it is written down how far a handler is that wanted nothing on the way."""
_STORE_PAUSE = 0.5
"""Seconds until the next try when the store cannot be reached."""


class Handling:
    """One handler at work.

    Attributes:
        handler: The handler.
        figures: How it has gone.
    """

    def __init__(
        self,
        handler: EventHandler,
        event_log: EventLog,
        store: HandlerStore,
        clock: Clock,
        position: int,
    ) -> None:
        """Wire it (``position``: it begins behind that)."""
        self.handler = handler
        self.figures = HandlerFigures(name=handler.name, durable=handler.durable, position=position)
        self._log = event_log
        self._store = store
        self._clock = clock
        self._stopping = anyio.Event()
        self._waiting = anyio.CancelScope()
        self._saved, self._saved_at = position, 0.0
        self._looked_at = float("-inf")

    def is_stopping(self) -> bool:
        """Tell whether it was told to stop."""
        return self._stopping.is_set()

    def stop(self) -> None:
        """Have it stop after the event that it is called with now."""
        self._stopping.set()
        self._waiting.cancel()

    def look(self) -> None:
        """Have it look for parked events now."""
        self._looked_at = float("-inf")
        self._waiting.cancel()

    async def stopped(self) -> None:
        """Wait until it was told to stop."""
        await self._stopping.wait()

    async def follow(self) -> None:
        """Call it with what happens from now on, until it is told to stop."""
        self.figures.running = True
        try:
            await self._follow(None)
        finally:
            self.figures.running = False

    async def lead(self, lease: Lease) -> None:
        """Call it with what it has not handled, under a lease, until it is told to stop."""
        figures, name = self.figures, self.handler.name
        figures.running = True
        try:
            figures.position = self._saved = await self._store.open(name, figures.position)
            figures.parked = len(await self._store.parked(name))
            await self._follow(lease.fence)
        except Fenced:
            log.warning("handler_fenced", handler=name, epoch=lease.epoch)
        finally:
            figures.running = False

    async def _follow(self, fence: Fence | None) -> None:
        subscription, slices = Subscription(self._log, self.figures.position), Slices()
        try:
            while not self.is_stopping():
                if fence is not None:
                    await self._try_parked(fence)
                for event in await self._next(subscription, fence):
                    if self._wants(event) and not await self._handled(event, fence):
                        return
                    self.figures.position = event.position
                    if slices.over():
                        # What nobody wants costs little, and there may be very much of it.
                        await slices.give_way()
                    if self.is_stopping():
                        return
                if fence is not None and self._clock.monotonic() - self._saved_at >= _SAVE_AFTER:
                    await self._save(fence)
        except (HandlerGone, LogClosed):
            log.info("handler_gone", handler=self.handler.name)
            self._stopping.set()
        finally:
            if fence is not None and self.is_stopping():
                await self._save(fence)

    async def _next(
        self, subscription: Subscription, fence: Fence | None
    ) -> Sequence[RecordedEvent]:
        """Return the next events; none when there is something else to look at."""
        with self._scope(fence) as self._waiting:
            # Whoever said so before there was this scope could not cancel it.
            if self.is_stopping() or self._is_to_look(fence):
                return ()
            await self._log.feed.wait(subscription.position)
        if self._waiting.cancel_called:
            return ()
        try:
            # Only the wait is cut short: to read takes as long as it takes.
            return await subscription.next()
        except STORE_ERRORS as error:
            await self._store_away(error)
            return ()

    def _scope(self, fence: Fence | None) -> AbstractContextManager[anyio.CancelScope]:
        return anyio.CancelScope() if fence is None else self._clock.within(_LOOK)

    def _wants(self, event: RecordedEvent) -> bool:
        if event.topic not in self.handler.topics:
            return False
        if type(event.event) is Unreadable:
            return True  # it may be what it wants
        try:
            return self.handler.wants(event)
        except Exception:  # noqa: BLE001 - it fails again when it is called
            return True

    async def _handled(self, event: RecordedEvent, fence: Fence | None) -> bool:
        """Call it until that is over, one way or the other; False: it was told to stop before."""
        failures = 0
        while (reason := await self._called(event)) is not None:
            failures += 1
            if failures >= self.handler.attempts:
                await self._give_up(event, failures, reason, fence)
                return True
            with self._clock.within(self.handler.backoff(failures)):
                await self._stopping.wait()
            if self.is_stopping():
                return False
        if fence is not None:
            held, name, position = fence, self.handler.name, event.position
            await self._written(lambda: self._store.move(name, position, held))
            self._saved_as(position)
        return True

    async def _called(self, event: RecordedEvent) -> str | None:
        """Call it once; returns why that failed."""
        try:
            if type(event.event) is Unreadable:
                raise UnreadableEvent(event.event.reason)
            if self.handler.wants(event):
                self.figures.handled += await self.handler.handle(event)
        except (HandlerGone, LogClosed):
            raise
        except Exception as error:
            self.figures.failed += 1
            log.warning(
                "handler_failed",
                handler=self.handler.name,
                topic=event.topic,
                position=event.position,
                exc_info=error,
            )
            return _told(error)
        return None

    async def _give_up(
        self, event: RecordedEvent, failures: int, reason: str, fence: Fence | None
    ) -> None:
        told = {"handler": self.handler.name, "position": event.position, "reason": reason}
        if fence is None:
            self.figures.skipped += 1
            log.error("event_skipped", topic=event.topic, **told)
            return
        await self._park(event, failures, reason, fence)
        self._saved_as(event.position)
        self.figures.parked += 1
        log.error("event_parked", topic=event.topic, **told)

    async def _park(self, event: RecordedEvent, failures: int, reason: str, fence: Fence) -> None:
        parked = ParkedEvent(
            position=event.position,
            stream=event.stream,
            topic=event.topic,
            failures=failures,
            reason=reason,
            parked_at=self._clock.now(),
        )
        await self._written(lambda: self._store.park(self.handler.name, parked, fence))

    def _is_to_look(self, fence: Fence | None) -> bool:
        return fence is not None and self._clock.monotonic() - self._looked_at >= _LOOK

    async def _try_parked(self, fence: Fence) -> None:
        """Call it once with each parked event that somebody wants it to be called with again."""
        if not self._is_to_look(fence):
            return
        self._looked_at, name = self._clock.monotonic(), self.handler.name
        try:
            wanted = await self._store.wanted_again(name)
            events = [await self._log.read(each.position - 1, 1) for each in wanted]
        except STORE_ERRORS as error:
            await self._store_away(error)
            return
        for parked, found in zip(wanted, events, strict=True):
            if self.is_stopping():
                return
            for event in found:
                await self._try_once_more(event, parked.failures, fence)

    async def _try_once_more(self, event: RecordedEvent, failures: int, fence: Fence) -> None:
        name, position = self.handler.name, event.position
        reason = await self._called(event)
        if reason is not None:
            await self._park(event, failures + 1, reason, fence)
            return
        await self._written(lambda: self._store.release(name, position, fence))
        self.figures.parked -= 1
        log.info("parked_event_handled", handler=name, position=position)

    async def _save(self, fence: Fence) -> None:
        """Write down how far it is, also where it wanted nothing."""
        position = self.figures.position
        if position > self._saved:
            await self._written(lambda: self._store.move(self.handler.name, position, fence))
        self._saved_as(position)

    def _saved_as(self, position: int) -> None:
        self._saved, self._saved_at = position, self._clock.monotonic()

    async def _written(self, write: Callable[[], Awaitable[bool]]) -> None:
        """Write something down, however long the store is away.

        Raises:
            Fenced: The lease is lost.
        """
        while True:
            try:
                held = await write()
            except STORE_ERRORS as error:
                await self._store_away(error)
                continue
            if not held:
                raise Fenced
            return

    async def _store_away(self, error: Exception) -> None:
        log.warning("handler_waits_for_store", handler=self.handler.name, error=str(error))
        await self._clock.sleep(_STORE_PAUSE)


def _told(error: Exception) -> str:
    """Return what a handler raised, in a line."""
    kind = type(error).__name__
    try:
        words = str(error)
    except Exception:  # noqa: BLE001 - it is the program's own
        return kind
    return f"{kind}: {words}"

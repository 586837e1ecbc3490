"""All handlers of this node: taken in, called, and let go."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Protocol

import anyio
import structlog
from anyio.abc import TaskGroup
from msgspec.structs import replace

from aia_mas.application.clock import Clock
from aia_mas.application.event_handlers.handler import EventHandler, HandlerFigures
from aia_mas.application.event_handlers.handling import Handling
from aia_mas.application.event_handlers.store import HandlerStore, ParkedEvent
from aia_mas.application.event_log.leases import Lease
from aia_mas.application.event_log.log import EventLog
from aia_mas.domain.kernel.errors import Conflict
from aia_mas.domain.kernel.ids import check_id

log = structlog.stdlib.get_logger("aia.handlers")


class HandlerExists(Conflict):
    """There is a durable handler of this name on this node already."""

    code = "handler_exists"


class Leading(Protocol):
    """Runs something whenever this node holds a lease; see ``LeaseKeeper.lead``."""

    async def lead(self, name: str, work: Callable[[Lease], Awaitable[None]]) -> None:
        """Run ``work`` under the lease, for ever."""
        ...


class Handlings:
    """The handlers of one node."""

    def __init__(
        self, event_log: EventLog, store: HandlerStore, leases: Leading, clock: Clock
    ) -> None:
        """Wire them.

        Args:
            event_log: Where events come from.
            store: Where durable handlers keep how far they are.
            leases: Decides on which node a durable handler is called.
            clock: Measures waits.
        """
        self._log = event_log
        self._store = store
        self._leases = leases
        self._clock = clock
        self._tasks: TaskGroup | None = None
        self._ends: dict[Handling, tuple[anyio.CancelScope, anyio.Event]] = {}

    async def run(self) -> None:
        """Call handlers until cancelled."""
        async with anyio.create_task_group() as self._tasks:
            await anyio.sleep_forever()

    async def add(self, handler: EventHandler) -> Handling:
        """Have a handler called from now on; the node must run.

        Raises:
            HandlerExists: It is durable, and there is one of its name here.
            InvalidId: It is durable, and its name is none.
        """
        assert self._tasks is not None
        position = 0 if handler.from_beginning else self._log.feed.position
        handling = Handling(handler, self._log, self._store, self._clock, position)
        if handler.durable:
            check_id(handler.name, "durable")
            if self._durable(handler.name) is not None:
                raise HandlerExists(f"there is a durable handler {handler.name} on this node")
        scope, ended = self._ends[handling] = anyio.CancelScope(), anyio.Event()
        try:
            if handler.durable:
                # Also if it is called elsewhere first: what happens from now on is for it.
                await self._store.open(handler.name, position)
        except BaseException:
            del self._ends[handling]
            raise
        self._tasks.start_soon(self._live, handling, scope, ended)
        return handling

    async def remove(self, handling: Handling, seconds: float) -> None:
        """Have a handler called no more, after the event that it is called with.

        Args:
            handling: The handler.
            seconds: How long to wait for that; then it is cancelled.
        """
        found = self._ends.get(handling)
        if found is None:
            return
        scope, ended = found
        handling.stop()
        with anyio.move_on_after(seconds):
            await ended.wait()
        scope.cancel()
        await ended.wait()

    async def drain(self) -> None:
        """Have all of them stop, and wait until they have."""
        ends = dict(self._ends)
        for handling in ends:
            handling.stop()
        for _, ended in ends.values():
            await ended.wait()

    async def figures(self, handlings: Iterable[Handling] | None = None) -> list[HandlerFigures]:
        """Return how it goes with some (None: all); where a durable one is, whoever calls it."""
        told = []
        for handling in tuple(self._ends) if handlings is None else tuple(handlings):
            figures = replace(handling.figures)
            if figures.durable and not figures.running:
                figures.position = await self._store.open(figures.name, figures.position)
                figures.parked = len(await self._store.parked(figures.name))
            told.append(figures)
        return told

    async def parked(self, name: str) -> Sequence[ParkedEvent]:
        """Return what a durable handler went on without, oldest first.

        Raises:
            InvalidId: It is no name of one.
        """
        check_id(name, "durable")
        return await self._store.parked(name)

    async def try_again(self, name: str, position: int | None = None) -> int:
        """Have a durable handler called once more with what it went on without.

        Args:
            name: The handler, on whichever node it is called.
            position: Which event; None: all.

        Returns:
            With how many events.

        Raises:
            InvalidId: It is no name of one.
        """
        check_id(name, "durable")
        count = await self._store.try_again(name, position)
        if (handling := self._durable(name)) is not None:
            handling.look()
        return count

    def _durable(self, name: str) -> Handling | None:
        named = (each for each in self._ends if each.handler.durable and each.handler.name == name)
        return next(named, None)

    async def _live(self, handling: Handling, scope: anyio.CancelScope, ended: anyio.Event) -> None:
        try:
            with scope:
                if handling.handler.durable:
                    await self._lead(handling)
                else:
                    await handling.follow()
        except Exception:
            # One handler at fault must not take the node along.
            log.exception("handler_ended", handler=handling.handler.name)
        finally:
            del self._ends[handling]
            ended.set()

    async def _lead(self, handling: Handling) -> None:
        async with anyio.create_task_group() as tasks:

            async def work(lease: Lease) -> None:
                await handling.lead(lease)
                if handling.is_stopping():
                    tasks.cancel_scope.cancel()

            async def waiting() -> None:
                await handling.stopped()
                if not handling.figures.running:
                    tasks.cancel_scope.cancel()

            tasks.start_soon(waiting)
            await self._leases.lead(f"handler/{handling.handler.name}", work)

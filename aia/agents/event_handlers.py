"""Functions of a program that are called with events and messages."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Literal

import anyio
import anyio.to_thread
import msgspec

from aia.agents.event_wishes import Wishes
from aia.agents.handler_calls import Calls
from aia.agents.running import Node
from aia_mas.application.event_handlers.handler import (
    ATTEMPTS,
    DURABLE_ATTEMPTS,
    EventHandler,
    HandlerFigures,
)
from aia_mas.application.event_handlers.handling import Handling
from aia_mas.application.event_log.records import RecordedEvent
from aia_mas.domain.kernel.errors import InvalidValue
from aia_mas.domain.kernel.ids import check_id
from aia_mas.interfaces.bootstrap import System

Function = Callable[[Any], Any]
"""A handler: gets a ``SystemEvent`` or a ``CommunicationMessage``; or a coroutine function so."""
Predicate = Callable[[Any], bool]


class Wanted(msgspec.Struct, frozen=True, eq=False):
    """A handler as it was written down.

    Attributes:
        function: The function.
        wishes: What it is called with.
        where: Tells whether it is called with one of these after all.
        name: What it is called.
        durable: It goes on where it was, under its name.
        from_beginning: It begins at the beginning of the log.
        attempts: How often it is called with what it fails at.
        backoff_seconds: The wait after the first failure.
    """

    function: Function
    wishes: Wishes
    where: Predicate | None
    name: str
    durable: bool
    from_beginning: bool
    attempts: float
    backoff_seconds: float


def wanted(
    function: Function,
    wishes: Wishes,
    where: Predicate | None,
    durable: str | None,
    since: Literal["now", "beginning"],
    attempts: float | None,
    backoff_seconds: float,
) -> Wanted:
    """Return a handler; the arguments: see ``EventDrivenCommunicationFramework.on``.

    Raises:
        TypeError: It cannot be called with one thing, or is a generator; or ``where`` is
            asynchronous.
        InvalidValue: An argument is none.
    """
    name = getattr(function, "__qualname__", repr(function))
    try:
        inspect.signature(function).bind(None)
    except TypeError:
        raise TypeError(f"{name} must take one argument: the event or the message") from None
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise TypeError(f"{name} is a generator: to call it would do nothing")
    if _is_asynchronous(where):
        raise TypeError("where must be a plain function: nobody would wait for what it tells")
    if durable is not None:
        check_id(durable, "durable")
    if since not in ("now", "beginning"):
        raise InvalidValue(f"{since!r} is none of now, beginning", field="since")
    if attempts is None:
        attempts = ATTEMPTS if durable is None else DURABLE_ATTEMPTS
    if not attempts >= 1:
        raise InvalidValue("attempts is 1 or more", field="attempts")
    if not backoff_seconds >= 0:
        raise InvalidValue("backoff_seconds is not below 0", field="backoff_seconds")
    return Wanted(
        function=function,
        wishes=wishes,
        where=where,
        name=durable or name,
        durable=durable is not None,
        from_beginning=since == "beginning",
        attempts=attempts,
        backoff_seconds=backoff_seconds,
    )


class EventHandlers:
    """The handlers of one program, at work on a node while that is in use."""

    def __init__(self) -> None:
        """Begin without any."""
        self._wanted: list[Wanted] = []
        self._at_work: dict[Wanted, Handling] = {}
        self._node: Node | None = None
        self._calls: Calls | None = None

    def add(self, handler: Wanted) -> None:
        """Take in a handler; it is at work at once when the others are.

        Raises:
            HandlerExists: There is a durable one of its name.
        """
        if self._node is not None:
            self._at_work[handler] = self._node.call_and_wait(partial(self._begin, handler))
        self._wanted.append(handler)

    async def remove(self, function: Function, seconds: float) -> bool:
        """Let a function go; False: it was no handler."""
        gone = [handler for handler in self._wanted if handler.function == function]
        for handler in gone:
            self._wanted.remove(handler)
            handling = self._at_work.pop(handler, None)
            if handling is not None and self._node is not None:
                await self._node.call(partial(_end, handling, seconds))
        return bool(gone)

    async def start(self, node: Node) -> None:
        """Have all of them called with what happens from now on, in this event loop.

        Raises:
            HandlerExists: There is a durable one of the same name on the node.
        """
        self._calls = Calls()
        try:
            for handler in self._wanted:
                self._at_work[handler] = await node.call(partial(self._begin, handler))
        except BaseException:
            await self.stop(node, 0.0)
            raise
        self._node = node

    async def stop(self, node: Node, seconds: float) -> None:
        """Have none of them called any more, after what they are called with now.

        Args:
            node: Where they are at work.
            seconds: How long to wait for that; then they are cancelled.
        """
        self._node, calls = None, self._calls
        at_work, self._at_work = list(self._at_work.values()), {}

        async def end(system: System) -> None:
            async with anyio.create_task_group() as tasks:
                for handling in at_work:
                    tasks.start_soon(system.communication.handlings.remove, handling, seconds)

        try:
            if node.alive:
                await node.call(end)
        finally:
            if calls is not None:
                await calls.close()

    async def figures(self) -> list[HandlerFigures]:
        """Return how it goes with each that is at work."""
        if self._node is None:
            return []
        mine = tuple(self._at_work.values())
        return await self._node.call(lambda system: system.communication.handlings.figures(mine))

    async def _begin(self, handler: Wanted, system: System) -> Handling:
        calls, communication = self._calls, system.communication
        assert calls is not None
        called = _Called(handler)

        async def handle(recorded: RecordedEvent) -> bool:
            told = handler.wishes.told(recorded, communication.sealing.opened)
            handled: bool = await calls.call(partial(called, told))
            return handled

        return await communication.handlings.add(
            EventHandler(
                name=handler.name,
                topics=handler.wishes.topics,
                wants=handler.wishes.takes,
                handle=handle,
                durable=handler.durable,
                from_beginning=handler.from_beginning,
                attempts=handler.attempts,
                backoff_seconds=handler.backoff_seconds,
            )
        )


async def _end(handling: Handling, seconds: float, system: System) -> None:
    await system.communication.handlings.remove(handling, seconds)


def _is_asynchronous(function: object) -> bool:
    """Tell whether it returns something to wait for: a function, or an object with ``__call__``."""
    return inspect.iscoroutinefunction(function) or (
        inspect.iscoroutinefunction(getattr(function, "__call__", None))  # noqa: B004
    )


class _Called:
    """A function, called in the event loop of its program; plain ones in a thread of their own."""

    def __init__(self, handler: Wanted) -> None:
        self._function, self._where = handler.function, handler.where
        self._asynchronous = _is_asynchronous(handler.function)
        self._thread: anyio.CapacityLimiter | None = None

    async def __call__(self, told: Any) -> bool:
        if self._where is not None and not self._where(told):
            return False
        if self._asynchronous:
            await self._function(told)
            return True
        # One of its own: a function that takes its time keeps no other from a thread.
        self._thread = self._thread or anyio.CapacityLimiter(1)
        result = await anyio.to_thread.run_sync(self._function, told, limiter=self._thread)
        if isinstance(result, Awaitable):
            await result
        return True

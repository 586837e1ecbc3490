"""Calls functions of a program in its own event loop; who wants that is in the node's thread."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from functools import partial
from typing import Any

from aia_mas.application.event_handlers.handler import HandlerGone

Call = Callable[[], Awaitable[Any]]


class CancelledItself(Exception):
    """The handler was cancelled, and neither its program nor the system did that."""


class Calls:
    """The event loop in which it was made, as long as that runs."""

    def __init__(self) -> None:
        """Take calls from now on."""
        self._loop = asyncio.get_running_loop()
        self._tasks = asyncio.TaskGroup()
        self._closed = False
        self._ending = asyncio.Event()
        self._life = self._loop.create_task(self._live(), name="aia-mas-handlers")

    async def call(self, function: Call) -> Any:
        """Call a function there and return what it returns, or raise what it raises.

        Raises:
            HandlerGone: The loop does not run any more, or is about to end.
        """
        answer: Future[Any] = Future()
        try:
            self._loop.call_soon_threadsafe(self._begin, function, answer)
        except RuntimeError:  # it is closed
            raise HandlerGone from None
        return await asyncio.wrap_future(answer)

    async def close(self) -> None:
        """Take no more calls, and wait for those under way."""
        self._closed = True
        self._ending.set()
        await asyncio.wait({self._life})

    async def _live(self) -> None:
        async with self._tasks:
            try:
                await self._ending.wait()
            finally:
                self._closed = True

    def _begin(self, function: Call, answer: Future[Any]) -> None:
        if self._closed:
            _answer(answer.set_exception, HandlerGone())
            return
        task = self._tasks.create_task(_answered(function, answer))
        # Whoever waits may give up: it lost its lease, or the node stops.
        answer.add_done_callback(partial(self._given_up, task))

    def _given_up(self, task: asyncio.Task[None], answer: Future[Any]) -> None:
        if answer.cancelled():
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(task.cancel)


async def _answered(function: Call, answer: Future[Any]) -> None:
    try:
        result = await function()
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            _answer(answer.set_exception, HandlerGone())
            raise
        _answer(answer.set_exception, CancelledItself())
    except Exception as error:  # noqa: BLE001 - handed on to whoever wanted the call
        _answer(answer.set_exception, error)
    except BaseException:
        # The program is about to end by it.
        _answer(answer.set_exception, HandlerGone())
        raise
    else:
        _answer(answer.set_result, result)


def _answer(give: Callable[[Any], None], what: Any) -> None:
    with suppress(InvalidStateError):  # nobody waits for it any more
        give(what)

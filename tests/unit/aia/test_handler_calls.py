"""Functions called in another thread's event loop, and what becomes of calls when that ends."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import pytest

from aia.agents.handler_calls import Calls, CancelledItself
from aia_mas.application.event_handlers.handler import HandlerGone

PATIENCE = 30.0


class Program:
    """A program with an event loop in a thread of its own, which takes calls until it is ended."""

    def __init__(self) -> None:
        self._up = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main()))
        self._thread.start()
        assert self._up.wait(PATIENCE)

    async def _main(self) -> None:
        self.calls, self.loop = Calls(), asyncio.get_running_loop()
        self._end = asyncio.Event()
        self._up.set()
        await self._end.wait()

    def end(self) -> None:
        """Have it end as a program does that stops nothing: what runs in its loop is cancelled."""
        self.loop.call_soon_threadsafe(self._end.set)
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()


@pytest.fixture
def program() -> Any:
    program = Program()
    yield program
    if not program.loop.is_closed():
        program.end()


async def where() -> asyncio.AbstractEventLoop:
    return asyncio.get_running_loop()


def holding(begun: threading.Event, cancelled: threading.Event) -> Callable[[], Awaitable[None]]:
    async def hold() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    return hold


async def begun_by(begun: threading.Event) -> None:
    assert await anyio.to_thread.run_sync(begun.wait, PATIENCE)


async def test_it_runs_there_and_answers_here(program: Program) -> None:
    async def fail() -> None:
        raise ValueError("no")

    async def cancel() -> None:
        raise asyncio.CancelledError

    assert await program.calls.call(where) is program.loop
    with pytest.raises(ValueError, match="no"):
        await program.calls.call(fail)
    with pytest.raises(CancelledItself):
        await program.calls.call(cancel)
    assert await program.calls.call(where) is program.loop


async def test_who_gives_up_cancels_it_there(program: Program) -> None:
    begun, cancelled = threading.Event(), threading.Event()
    call = asyncio.ensure_future(program.calls.call(holding(begun, cancelled)))
    await begun_by(begun)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await begun_by(cancelled)
    assert await program.calls.call(where) is program.loop


async def test_a_program_that_ends_takes_its_calls_along(program: Program) -> None:
    begun, cancelled = threading.Event(), threading.Event()
    call = asyncio.ensure_future(program.calls.call(holding(begun, cancelled)))
    await begun_by(begun)
    await anyio.to_thread.run_sync(program.end)
    with pytest.raises(HandlerGone):
        await call
    assert cancelled.is_set()
    with pytest.raises(HandlerGone):
        await program.calls.call(where)


async def test_closed_it_waits_for_what_it_does_and_takes_no_more(program: Program) -> None:
    begun, may_end = threading.Event(), asyncio.Event()

    async def hold() -> str:
        begun.set()
        await may_end.wait()
        return "done"

    call = asyncio.ensure_future(program.calls.call(hold))
    await begun_by(begun)
    closing = asyncio.run_coroutine_threadsafe(program.calls.close(), program.loop)
    with pytest.raises(HandlerGone):
        while True:  # until the order to close has come there
            await program.calls.call(where)
    program.loop.call_soon_threadsafe(may_end.set)
    assert await call == "done"
    await asyncio.wrap_future(closing)

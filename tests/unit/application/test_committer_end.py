"""How a committer ends: drained, stopped, cancelled or killed, nobody is left waiting."""

from __future__ import annotations

import asyncio

import anyio
import pytest

from aia_mas.application.event_log.committer import Committer
from aia_mas.application.event_log.errors import (
    LogClosed,
    LogUnavailable,
)

from .committer_writer import Writer, many, request
from .conftest import PATIENCE, settle


async def test_draining_answers_everything_and_ends_the_run() -> None:
    writer = Writer()
    committer = Committer(writer, lambda _: None)
    running = asyncio.create_task(committer.run())
    waiting = [committer.enqueue(request) for request in many(200)]
    with anyio.fail_after(PATIENCE):
        await committer.drain()
        await running

    assert all(future.done() for future in waiting)
    with pytest.raises(LogClosed):
        _ = committer.enqueue(request("late"))


async def test_stopping_before_it_has_begun() -> None:
    committer = Committer(Writer(), lambda _: None)
    with anyio.fail_after(PATIENCE):
        await committer.stop()
        await committer.run()


async def test_stopping_gives_up_after_the_grace() -> None:
    writer = Writer()
    writer.gate.clear()
    committer = Committer(writer, lambda _: None)
    with anyio.fail_after(PATIENCE):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(committer.run)
            waiting = [committer.enqueue(request) for request in many(100)]
            await settle()
            await committer.stop(grace=0.01)

    for future in waiting:
        assert isinstance(future.exception(), LogUnavailable)
    await committer.drain()


async def test_a_cancelled_task_group_does_not_end_it_before_it_is_stopped() -> None:
    writer = Writer()
    writer.gate.clear()
    committer = Committer(writer, lambda _: None)
    with anyio.fail_after(PATIENCE):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(committer.run)
            future = committer.enqueue(request("c"))
            await settle()
            tasks.cancel_scope.cancel()
            with anyio.CancelScope(shield=True):
                await settle()
                assert not future.done()
                writer.gate.set()
                await committer.stop()

    assert future.result().first == 1


async def test_a_killed_run_leaves_nobody_waiting() -> None:
    writer = Writer()
    writer.gate.clear()
    committer = Committer(writer, lambda _: None)
    running = asyncio.create_task(committer.run())
    waiting = [committer.enqueue(request) for request in many(100)]
    await settle()
    running.cancel()
    with anyio.fail_after(PATIENCE):
        results = await asyncio.gather(*waiting, return_exceptions=True)
        await committer.drain()

    assert all(isinstance(result, LogUnavailable) for result in results)
    with pytest.raises(LogClosed):
        _ = committer.enqueue(request("late"))

"""Positions that are waited for."""

import asyncio

from aia_mas.application.event_log.progress import Progress


async def test_what_is_reached_is_not_waited_for() -> None:
    assert await Progress(5).reached(5, 0)


async def test_waiters_wake_in_the_order_of_their_positions() -> None:
    progress = Progress()
    woken: list[int] = []

    async def wait(position: int) -> None:
        assert await progress.reached(position)
        woken.append(position)

    async with asyncio.TaskGroup() as tasks:
        for position in (3, 1, 2, 7, 2):
            tasks.create_task(wait(position))
        await asyncio.sleep(0)
        progress.move(2)
        await asyncio.sleep(0)
        assert woken == [1, 2, 2]
        progress.move(10)

    assert woken == [1, 2, 2, 3, 7]
    assert not progress.has_waiters


async def test_a_waiter_gives_up_after_its_time_and_is_forgotten() -> None:
    progress = Progress()
    assert not await progress.reached(10**18, 0.001)
    assert not progress.has_waiters


async def test_a_cancelled_waiter_is_forgotten_and_the_others_are_not() -> None:
    progress = Progress()
    first, second = (asyncio.create_task(progress.reached(position)) for position in (1, 2))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.wait([first])

    assert progress.has_waiters
    progress.move(2)
    assert await second
    assert not progress.has_waiters


async def test_a_position_may_go_back() -> None:
    progress = Progress(9)
    progress.move(4)
    assert not await progress.reached(9, 0.001)
    assert progress.position == 4


async def test_one_can_wait_for_waiters() -> None:
    progress = Progress()
    assert not await progress.somebody_waits(0.001)
    waiter = asyncio.create_task(progress.reached(1))
    assert await progress.somebody_waits(10)
    progress.move(1)
    assert await waiter
    assert not await progress.somebody_waits(0.001)

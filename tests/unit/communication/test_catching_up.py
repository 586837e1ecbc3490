"""Many who want to know at once what stands in the log share a look into it."""

import asyncio

import pytest

from aia_mas.application.communication.catching_up import CatchingUp


@pytest.mark.anyio
async def test_nobody_is_served_by_a_look_that_began_before_they_came() -> None:
    log, looks = [0], 0
    looking, go_on = asyncio.Event(), asyncio.Event()
    reached: list[int] = []

    async def head() -> int:
        nonlocal looks
        looks += 1
        seen = log[0]
        looking.set()
        await go_on.wait()
        return seen

    async def wait_for(position: int) -> None:
        reached.append(position)

    current = CatchingUp(head, wait_for)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(current())
        await looking.wait()
        log[0] = 7  # what the first look does not see, those who come now must
        for _ in range(1_000):
            tasks.create_task(current())
        await asyncio.sleep(0)
        go_on.set()
    assert looks == 2
    assert reached == [0] + [7] * 1_000


@pytest.mark.anyio
async def test_a_look_that_fails_is_taken_anew_by_the_next_one() -> None:
    answers = iter([OSError("away"), 3])

    async def head() -> int:
        answer = next(answers)
        if isinstance(answer, OSError):
            raise answer
        return answer

    reached: list[int] = []

    async def wait_for(position: int) -> None:
        reached.append(position)

    current = CatchingUp(head, wait_for)
    results = await asyncio.gather(current(), current(), return_exceptions=True)
    assert [type(each) for each in results] == [OSError, type(None)]
    assert reached == [3]

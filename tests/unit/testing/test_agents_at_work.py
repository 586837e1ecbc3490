"""Functions of a test do the tasks of an agent, through the same API as any program's agent."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import msgspec
import pytest

from aia.testing import Context, InMemoryMas, ThreadContext


def topics(mas: InMemoryMas, task_id: str) -> list[str]:
    return [record.topic.removesuffix(".v1") for record in mas.records(f"task/{task_id}")]


async def test_a_function_delivers_its_result(mas: InMemoryMas) -> None:
    async def total(context: Context, payload: list[int]) -> int:
        context.log("adding")
        await context.progress(50, "half way")
        return sum(payload)

    await mas.run_agent("a1", {"sum": total}, skills={"sum": 1.0})
    submitted = await mas.submit_task("sum", payload=[1, 2])
    task = await mas.client.tasks.get(submitted.task_id)
    assert (task.status, task.result, task.agent_id) == ("completed", 3, "a1")
    assert task.progress is not None
    assert (task.progress.percent, task.progress.log) == (50, ["adding"])


async def test_its_heartbeats_keep_it_and_its_leases_while_it_works(mas: InMemoryMas) -> None:
    async def slow(context: Context, payload: None) -> str:
        await context.sleep(600)
        return "done"

    await mas.run_agent("a1", {"*": slow})
    task = await mas.submit_task("slow", lease_seconds=5, timeout_seconds=900)
    await mas.advance(minutes=9)
    assert topics(mas, task.task_id) == ["task.submitted", "task.assigned", "task.started"]
    await mas.advance(minutes=2)
    assert topics(mas, task.task_id)[-1] == "task.completed"
    assert (await mas.client.agents.get("a1")).online


async def test_what_it_raises_is_the_failure_and_is_tried_again(mas: InMemoryMas) -> None:
    class Fail(Exception):
        code, message, retryable = "no_source", "gone for good", False

    async def moody(context: Context, payload: None) -> str:
        if context.attempt == 1:
            raise RuntimeError("not today")
        raise Fail

    await mas.run_agent("a1", {"*": moody})
    submitted = await mas.submit_task("moody", retry={"base_seconds": 10, "jitter": 0})
    task = await mas.client.tasks.get(submitted.task_id)
    assert task.error is not None
    assert (task.status, task.error.code, task.error.message) == (
        *("queued", "RuntimeError", "not today"),
    )
    await mas.advance(seconds=9)
    assert topics(mas, task.task_id)[-1] == "task.failed"
    await mas.advance(seconds=2)
    task = await mas.client.tasks.get(submitted.task_id)
    assert task.error is not None
    assert (task.status, task.error.code, task.attempt) == ("failed", "no_source", 2)


async def test_it_asks_and_goes_on_with_the_answer(mas: InMemoryMas) -> None:
    async def unsure(context: Context, payload: None) -> str:
        return "took " + await context.ask("which?", choices=["left", "right"])

    await mas.run_agent("a1", {"*": unsure})
    task = await mas.submit_task("unsure", timeout_seconds=60)
    await mas.advance(minutes=5)
    assert topics(mas, task.task_id)[-1] == "task.input_requested"
    await mas.client.tasks.give_input(task.task_id, "left")
    await mas.rest()
    assert (await mas.client.tasks.get(task.task_id)).result == "took left"


async def test_a_cancelled_task_stops_its_function(mas: InMemoryMas) -> None:
    stopped: list[str] = []

    async def endless(context: Context, payload: None) -> None:
        try:
            await context.sleep(1_000)
        finally:
            stopped.append(context.task.task_id)

    agent = await mas.run_agent("a1", {"*": endless})
    task = await mas.submit_task("endless")
    await mas.client.tasks.cancel(task.task_id)
    await mas.rest()
    assert stopped == [task.task_id]
    assert agent.in_hand == {}
    following = await mas.submit_task("endless")
    assert list(agent.in_hand) == [following.task_id]


async def test_the_tasks_of_one_that_vanishes_go_to_others(mas: InMemoryMas) -> None:
    async def work(context: Context, payload: None) -> str:
        await context.sleep(20)
        return context.task.agent_id

    first = await mas.run_agent("a1", {"*": work})
    task = await mas.submit_task("work", lease_seconds=600)
    await mas.advance(seconds=10)
    await first.vanish()
    await mas.run_agent("a2", {"*": work})
    await mas.advance(minutes=2)
    assert (await mas.client.tasks.get(task.task_id)).result == "a2"
    assert topics(mas, task.task_id)[3:5] == ["task.released", "task.assigned"]


async def test_it_works_on_as_many_as_it_has_places_for(mas: InMemoryMas) -> None:
    async def work(context: Context, payload: None) -> None:
        await context.sleep(10)

    agent = await mas.run_agent("a1", {"*": work}, concurrency=2)
    for _ in range(5):
        await mas.submit_task("work")
    seen = []
    for _ in range(4):
        seen.append(len(agent.in_hand))
        await mas.advance(seconds=10)
    assert seen == [2, 2, 1, 0]


async def test_a_plain_function_works_in_a_thread(mas: InMemoryMas) -> None:
    def ask(context: ThreadContext, payload: str) -> list[Any]:
        context.progress(10)
        context.sleep(30)
        aside = threading.current_thread() is not threading.main_thread()
        return [payload, context.ask("more?"), aside]

    await mas.run_agent("a1", {"*": ask})
    task = await mas.submit_task("plain", payload="p")
    await mas.advance(minutes=1)
    assert topics(mas, task.task_id)[-1] == "task.input_requested"
    await mas.client.tasks.give_input(task.task_id, 5)
    await mas.rest()
    assert (await mas.client.tasks.get(task.task_id)).result == ["p", 5, True]


class Order(msgspec.Struct):
    amount: int


async def test_a_payload_is_what_the_function_says(mas: InMemoryMas) -> None:
    async def double(context: Context, order: Order) -> int:
        return 2 * order.amount

    await mas.run_agent("a1", {"*": double})
    fits, does_not = await mas.submit_task("t", payload={"amount": 2}), await mas.submit_task("t")
    assert (await mas.client.tasks.get(fits.task_id)).result == 4
    refused = await mas.client.tasks.get(does_not.task_id)
    assert refused.error is not None
    assert (refused.status, refused.error.code) == ("failed", "invalid_payload")
    with pytest.raises(TypeError, match="context and a payload"):
        await mas.run_agent("a2", {"*": lambda payload: payload})


async def test_what_waits_for_the_world_is_waited_for_on_demand(mas: InMemoryMas) -> None:
    gate = asyncio.Event()

    async def outside(context: Context, payload: None) -> str:
        await gate.wait()
        return "done"

    agent = await mas.run_agent("a1", {"*": outside})
    task = await mas.submit_task("t")
    await mas.advance(seconds=10)
    with pytest.raises(TimeoutError):
        await agent.finished(within=0.0)
    gate.set()
    await agent.finished()
    assert (await mas.client.tasks.get(task.task_id)).result == "done"


async def test_a_result_may_say_more_than_itself(mas: InMemoryMas) -> None:
    class Result:
        result, quality, usage = "r", 0.5, {"model": "m", "tokens_in": 7}

    async def rich(context: Context, payload: None) -> Result:
        return Result()

    await mas.run_agent("a1", {"*": rich})
    task = await mas.client.tasks.get((await mas.submit_task("t")).task_id)
    assert task.usage is not None
    assert (task.result, task.quality, task.usage.tokens_in) == ("r", 0.5, 7)


async def test_a_type_without_a_function_fails_for_good(mas: InMemoryMas) -> None:
    await mas.run_agent("a1", {})
    submitted = await mas.submit_task("unheard-of")
    task = await mas.client.tasks.get(submitted.task_id)
    assert task.error is not None
    assert (task.status, task.error.code) == ("failed", "no_handler")


async def test_a_suspended_one_goes_on_once_it_may(mas: InMemoryMas) -> None:
    async def work(context: Context, payload: None) -> str:
        return "done"

    await mas.run_agent("a1", {"*": work})
    await mas.client.agents.suspend("a1")
    task = await mas.submit_task("work")
    await mas.advance(minutes=1)
    assert topics(mas, task.task_id) == ["task.submitted"]
    await mas.client.agents.activate("a1")
    await mas.advance(seconds=30)
    assert topics(mas, task.task_id)[-1] == "task.completed"

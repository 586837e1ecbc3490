"""Time passes when it is told to, and everything that is due happens at its time."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

from aia.client import StaleLease
from aia.testing import InMemoryMas, NeverHappened, NotRunning

START = datetime(2026, 1, 1, tzinfo=UTC)


def told(mas: InMemoryMas, stream: str) -> list[tuple[str, float]]:
    """Return what happened in a stream, and when, in seconds from the start."""
    return [
        (record.topic.removesuffix(".v1"), (record.recorded_at - START).total_seconds())
        for record in mas.records(stream)
    ]


async def test_nothing_happens_while_the_clock_stands(mas: InMemoryMas) -> None:
    await mas.register_agent("a1", skills={"sum": 1.0})
    before = mas.records()
    time.sleep(0.01)
    await mas.rest()
    assert mas.records() == before
    assert mas.now() == START


async def test_what_nobody_picks_up_is_queued_again_until_its_agent_is_offline(
    mas: InMemoryMas,
) -> None:
    await mas.register_agent("a1", skills={"sum": 1.0})
    task = await mas.submit_task("sum", payload=[1, 2])
    assert (task.status, task.agent_id) == ("assigned", "a1")
    await mas.advance(minutes=5)
    lives = told(mas, f"task/{task.task_id}")
    assert [topic for topic, _ in lives] == [
        *("task.submitted", "task.assigned", "task.released", "task.assigned", "task.released")
    ]
    assert [at for _, at in lives][2::2] == [60.0, 90.0]
    assert told(mas, "agent/a1") == [("agent.registered", 0.0), ("agent.went_offline", 90.0)]
    assert mas.now() == START + timedelta(minutes=5)


async def test_a_lease_that_nobody_renews_runs_out(mas: InMemoryMas) -> None:
    await mas.register_agent("a1")
    submitted = await mas.submit_task("sum", lease_seconds=20)
    [task] = (await mas.client.agents.claim("a1")).items
    mine = task.task_id, "a1", task.lease
    await mas.client.tasks.start(*mine)
    await mas.advance(seconds=15)
    await mas.client.tasks.progress(*mine, percent=10)
    await mas.advance(seconds=19.5)
    assert (await mas.client.tasks.get(submitted.task_id)).status == "running"
    await mas.advance(seconds=1)
    assert ("task.released", 35.0) in told(mas, f"task/{task.task_id}")
    with pytest.raises(StaleLease):
        await mas.client.tasks.complete(*mine, result=3)


async def test_due_things_happen_in_their_order_however_far_time_goes_at_once() -> None:
    async def story(*steps: float) -> list[object]:
        async with InMemoryMas(seed=3) as mas:
            await mas.register_agent("a1", max_concurrent_tasks=3)
            for seconds in (70, 30, 50):
                deadline = mas.now() + timedelta(seconds=seconds)
                await mas.submit_task(f"by-{seconds}", deadline=deadline)
            for step in steps:
                await mas.advance(seconds=step)
            return list(mas.records())

    at_once, in_steps = await story(240), await story(*[0.5] * 480)
    assert at_once == in_steps
    assert len(at_once) > 10


async def test_a_claim_waits_by_the_clock(mas: InMemoryMas) -> None:
    import asyncio

    await mas.register_agent("a1")
    claim = asyncio.create_task(mas.client.agents.claim("a1", wait=20))
    await mas.advance(seconds=19)
    assert not claim.done()
    await mas.advance(seconds=2)
    assert (await claim).items == []
    claim = asyncio.create_task(mas.client.agents.claim("a1", wait=20))
    await mas.rest()
    task = await mas.submit_task("sum")
    assert [each.task_id for each in (await claim).items] == [task.task_id]


async def test_time_can_pass_until_something_happens(mas: InMemoryMas) -> None:
    await mas.register_agent("a1")

    def offline() -> bool:
        return any(each.topic == "agent.went_offline.v1" for each in mas.records("agent/a1"))

    with pytest.raises(NeverHappened):
        await mas.advance_until(offline, within=timedelta(seconds=60))
    await mas.advance_until(offline)
    assert mas.now() == START + timedelta(seconds=90)


async def test_days_pass_in_a_moment_where_a_minute_does_not_matter() -> None:
    async with InMemoryMas(precision=60) as mas:
        task = await mas.submit_task("sum", deadline=mas.now() + timedelta(hours=2))
        await mas.advance(hours=2, minutes=1)
        [_, (topic, at)] = told(mas, f"task/{task.task_id}")
        assert topic == "task.expired"
        assert 0 <= at - 2 * 3_600 <= 60


async def test_it_stands_at_any_time_that_is_wanted() -> None:
    async with InMemoryMas(start="2030-05-06T07:08:09+02:00") as mas:
        agent = await mas.register_agent("a1")
        assert mas.now() == datetime(2030, 5, 6, 5, 8, 9, tzinfo=UTC) == agent.registered_at
    with pytest.raises(NotRunning):
        mas.records()
    with pytest.raises(ValueError, match="Invalid isoformat"):
        InMemoryMas(start="yesterday")

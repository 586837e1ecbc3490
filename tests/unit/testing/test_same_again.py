"""The same seed and the same steps give the same events, to the last id and the last draw."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
import uvloop

from aia.testing import InMemoryMas
from aia_mas.application.event_log.records import RecordedEvent

Loop = Callable[[], asyncio.AbstractEventLoop]


async def story(seed: int) -> list[RecordedEvent]:
    """Have several agents work, fail and vanish."""
    async with InMemoryMas(seed=seed) as mas:

        async def work(context: Any, payload: int) -> int:
            await context.sleep(payload)
            if context.attempt == 1 and payload % 2:
                raise ValueError(payload)
            return payload

        agents = [
            await mas.run_agent(name, {"*": work}, concurrency=2, skills={"n": 0.5})
            for name in ("a", "b", "c")
        ]
        for number in range(8):
            await mas.submit_task(f"t{number % 3}", payload=number, requirements={"skills": ["n"]})
        await mas.advance(seconds=5)
        await agents[0].vanish()
        await mas.advance(minutes=2)
        assert (await mas.client.tasks.list(status="completed", total=True)).total == 8
        return mas.records()


def told(seed: int, loop: Loop = asyncio.new_event_loop) -> list[RecordedEvent]:
    with asyncio.Runner(loop_factory=loop) as runner:
        return runner.run(story(seed))


@pytest.fixture(scope="module")
def first() -> list[RecordedEvent]:
    return told(7)


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_the_same_seed_gives_the_same_events_on_any_loop(
    first: list[RecordedEvent], loop: Loop
) -> None:
    assert told(7, loop) == first
    assert len({record.command_id for record in first}) > 30


def test_another_seed_gives_other_ids_and_draws(first: list[RecordedEvent]) -> None:
    both = first, told(8)
    commands = [{each.command_id for each in told if each.actor == "dev"} for told in both]
    assert commands[0].isdisjoint(commands[1])
    delays = [
        [each.event.retry_at for each in told if each.topic == "task.failed.v1"] for told in both
    ]
    assert delays[0] != delays[1]

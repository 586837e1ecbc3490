"""Rewards in memory: the window of a rating passes with the clock of the test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from aia.testing import InMemoryMas


@pytest.fixture
async def mas(logs_as_they_were: None) -> AsyncIterator[InMemoryMas]:
    async with InMemoryMas(seed=1) as system:
        yield system


async def answer(_ctx: Any, _payload: Any) -> int:
    return 42


async def test_what_nobody_rates_is_paid_once_its_window_is_over(mas: InMemoryMas) -> None:
    await mas.run_agent("adder", {"sum": answer}, initial_stake=2_000)
    await mas.rest()
    task = await mas.submit_task("sum")
    await mas.advance(seconds=5)
    unpaid = await mas.client.tasks.get(task.task_id)
    assert unpaid.reward is not None
    assert (unpaid.status, unpaid.reward.status) == ("completed", "promised")

    await mas.advance(seconds=60)

    paid = (await mas.client.tasks.get(task.task_id)).reward
    assert paid is not None
    assert (paid.status, paid.tier, paid.factor, paid.amount) == ("paid", "gold", "1.1", "16.5")
    assert paid.rating is None


async def test_what_is_rated_is_paid_without_waiting(mas: InMemoryMas) -> None:
    await mas.run_agent("adder", {"sum": answer}, initial_stake=2_000)
    await mas.rest()
    task = await mas.submit_task("sum")
    await mas.advance(seconds=1)

    await mas.client.tasks.rate(task.task_id, 1.0)
    await mas.advance(seconds=1)

    paid = (await mas.client.tasks.get(task.task_id)).reward
    assert paid is not None
    assert (paid.status, paid.rating, paid.factor, paid.amount) == ("paid", 1.0, "1.5", "22.5")

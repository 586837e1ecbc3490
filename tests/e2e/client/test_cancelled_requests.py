"""Requests and streams that a program cancels leave nothing behind that keeps others waiting."""

import asyncio
import random
from typing import Any

import anyio
import pytest

from aia.client import AsyncClient

NOBODY_S = {"skills": ["nobody-has-it"]}
PATIENCE = 60
pytestmark = pytest.mark.anyio


async def test_however_many_are_cancelled_at_whichever_moment_others_go_through(node: Any) -> None:
    moment = random.Random(5)
    async with AsyncClient(node.url, max_connections=2) as client:
        cancelled = 0
        for _ in range(150):
            task = asyncio.create_task(client.agents.list(limit=1))
            await asyncio.sleep(moment.uniform(0, 0.01))
            cancelled += task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        assert cancelled

        with anyio.fail_after(PATIENCE):
            await asyncio.gather(*(client.agents.list(limit=1) for _ in range(10)))


async def test_a_stream_whose_reader_is_impatient_loses_nothing(node: Any, unique: str) -> None:
    moment = random.Random(5)
    async with (
        AsyncClient(node.url, max_connections=3) as client,
        client.tasks.updates(task_type=unique, event="task.submitted") as updates,
    ):
        await updates.begin()
        submitted: list[str] = []
        told: list[str] = []
        with anyio.fail_after(PATIENCE):
            while len(told) < 20:
                if len(submitted) < 20:
                    task = await client.tasks.submit(unique, requirements=NOBODY_S)
                    submitted.append(task.task_id)
                with anyio.move_on_after(moment.uniform(0, 0.1)):
                    told.append((await anext(updates)).task_id)

        assert told == submitted
        await client.tasks.cancel_many(ids=submitted)

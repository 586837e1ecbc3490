"""Two nodes are given the same work at once: there is never twice the same task."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import anyio
import msgspec
import pytest

from aia_mas.application.engine.engine import Origin
from aia_mas.application.engine.outcomes import CommandResult
from aia_mas.application.settings import Settings
from aia_mas.domain.orchestration.task_commands import CancelTask, SubmitTask
from aia_mas.domain.orchestration.task_events import TaskCancelled, TaskSubmitted
from aia_mas.domain.orchestration.task_specification import TaskSpecification
from aia_mas.interfaces.bootstrap import System

from .conftest import ALICE, PATIENCE

Pair = tuple[System, System]


@pytest.fixture
async def pair(database: str) -> AsyncIterator[Pair]:
    """Two nodes on one database."""
    settings = Settings(database_url=database)
    async with System(settings) as one, System(settings) as other:
        yield one, other


def submission(key: str) -> SubmitTask:
    spec = TaskSpecification(task_type="t", dedup_key=key)
    return SubmitTask(task_id=str(uuid4()), spec=spec, owner=ALICE.subject)


def told(result: CommandResult) -> tuple[str, bool]:
    """Return which task answers, and whether it was there before."""
    body: dict[str, Any] = msgspec.json.decode(result.body)
    return body["task_id"], body.get("deduplicated", False)


async def most_at_once(node: System) -> dict[str, int]:
    """Return how many unfinished tasks each key ever had at once, by the log."""
    most, now, keys = Counter[str](), Counter[str](), dict[str, str]()
    for event in await node.log.read(0, 100_000):
        if isinstance(event.event, TaskSubmitted):
            key = keys[event.stream] = event.event.spec.dedup_key or ""
            now[key] += 1
            most[key] = max(most[key], now[key])
        elif isinstance(event.event, TaskCancelled):
            now[keys[event.stream]] -= 1
    return dict(most)


async def test_of_many_submissions_on_two_nodes_one_is_carried_out(pair: Pair) -> None:
    keys = ["a", "b", "c"]
    with anyio.fail_after(PATIENCE):
        results = await asyncio.gather(
            *(
                node.engine.execute(submission(key), ALICE)
                for _ in range(8)
                for key in keys
                for node in pair
            )
        )

    answers = [told(result) for result in results]
    assert len({task_id for task_id, _ in answers}) == 3
    assert sum(not before for _, before in answers) == 3
    assert await most_at_once(pair[0]) == dict.fromkeys(keys, 1)


async def test_while_tasks_end_and_begin_there_is_never_more_than_one(pair: Pair) -> None:
    async def submit_and_cancel(node: System) -> None:
        for _ in range(10):
            task_id, _ = told(await node.engine.execute(submission("k"), ALICE))
            await node.engine.execute(CancelTask(task_id=task_id), ALICE)

    with anyio.fail_after(PATIENCE):
        await asyncio.gather(*(submit_and_cancel(node) for node in pair for _ in range(3)))

    assert await most_at_once(pair[0]) == {"k": 1}


async def test_a_batch_on_the_other_node_is_answered_with_the_first(pair: Pair) -> None:
    one, other = pair
    with anyio.fail_after(PATIENCE):
        first, _ = told(await one.engine.execute(submission("k"), ALICE))
        items = await other.engine.execute_many(
            [submission("k"), submission("new"), submission("new")], Origin(ALICE)
        )

    answers = [told(item) for item in items if isinstance(item, CommandResult)]
    assert answers[0] == (first, True)
    assert [before for _, before in answers] == [True, False, True]
    assert answers[1][0] == answers[2][0]

"""Tasks for a simulated fleet, submitted at a rate, and what its clients think of the results."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import anyio

from aia.client import AsyncClient, Conflict, ConnectionFailed, RateLimited, Unavailable
from aia_mas.interfaces.cli.demo.chance import rating_of, task_of
from aia_mas.interfaces.cli.demo.profile import Profile

if TYPE_CHECKING:
    from aia_mas.interfaces.cli.top.picture import Picture

_TICK = 0.1  # seconds
_AWAY = 1.0  # seconds before the next try when the server does not answer
_MOST_AT_ONCE = 500
_MOST_WAITING = 2_000


async def submit(client: AsyncClient, profile: Profile, picture: Picture, most: int | None) -> None:
    """Submit tasks until there are enough, or until cancelled.

    A fleet that cannot keep up gets no more as long as very many wait.

    Args:
        client: To whom.
        profile: Which tasks, and how many a second.
        picture: How things stand.
        most: How many in all; None: without end.
    """
    submitted, owed, last = 0, 1.0, time.monotonic()
    while most is None or submitted < most:
        now = time.monotonic()
        owed = min(owed + (now - last) * profile.rate, _MOST_AT_ONCE)
        last = now
        waiting = picture.metrics.tasks.queue_depth if picture.metrics is not None else 0
        due = 0 if waiting > _MOST_WAITING else int(owed)
        if most is not None:
            due = min(due, most - submitted)
        if due:
            await _submitted(client, [task_of(profile, submitted + at) for at in range(due)])
            submitted += due
            owed -= due
        await anyio.sleep(_TICK)


async def _submitted(client: AsyncClient, tasks: list[dict[str, Any]]) -> None:
    """Submit tasks once, however long the server may be away."""
    key = uuid4().hex
    while True:
        try:
            await client.tasks.submit_batch(tasks, idempotency_key=key)
            return
        except (ConnectionFailed, RateLimited, Unavailable):
            await anyio.sleep(_AWAY)


async def rate(client: AsyncClient, profile: Profile) -> None:
    """Rate results as they come, most of them, until cancelled: that is what rewards go by."""
    async with client.tasks.updates(event="task.completed") as updates:
        async for done in updates:
            rating = rating_of(profile, done.task_id, done.quality)
            if rating is None:
                continue
            try:
                await client.tasks.rate(done.task_id, rating)
            except (ConnectionFailed, RateLimited, Unavailable, Conflict):
                continue  # nobody waits for it: then the reward does without


async def finished(picture: Picture, most: int) -> None:
    """Wait until so many tasks were submitted and none of them waits or runs any more."""
    while True:
        metrics = picture.metrics
        if metrics is not None:
            tasks = metrics.tasks
            if tasks.submitted >= most and tasks.queue_depth == tasks.active == 0:
                return
        await anyio.sleep(_TICK)

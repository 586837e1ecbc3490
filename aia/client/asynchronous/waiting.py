"""Waiting for the end of tasks: one live stream for all of them, and one look at each."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Iterable

from aia.client.asynchronous.connection import AsyncConnection
from aia.client.asynchronous.streams import AsyncStream
from aia.client.configuration import API
from aia.client.errors import HistoryLost
from aia.client.types import Task
from aia.client.types.live import TaskUpdate
from aia.client.writing import segment

ENDED = frozenset({"completed", "failed", "cancelled", "expired", "dead"})
"""Statuses that a task leaves only when somebody has it tried again."""
_MOST_IN_A_FILTER = 256


async def ends_of(
    connection: AsyncConnection, task_ids: Iterable[str], timeout: float | None
) -> AsyncGenerator[Task, None]:
    """Yield tasks as they end, each once.

    Args:
        connection: Whom to ask.
        task_ids: Which.
        timeout: How long to wait for the last of them, seconds; None: as long as it takes.

    Raises:
        TimeoutError: Not all of them have ended in time.
        NotFound: One is none.
        ConnectionFailed: The server was away for too long, or until then.
    """
    until = None if timeout is None else time.monotonic() + timeout
    awaited = dict.fromkeys(task_ids)
    while awaited:
        query = {"topic": ["tasks"], "status": sorted(ENDED)}
        if len(awaited) <= _MOST_IN_A_FILTER:
            query["task_id"] = list(awaited)
        async with AsyncStream[TaskUpdate](connection, query, until=until) as updates:
            try:
                # First listen, then look: so nothing happens in between unseen.
                await updates.begin()
                for task_id in tuple(awaited):
                    task = await _at(connection, task_id, updates.position, until)
                    if task.status in ENDED:
                        del awaited[task_id]
                        yield task
                while awaited:
                    update = await anext(updates)
                    if update.task_id in awaited:
                        task = await _at(connection, update.task_id, update.position, until)
                        if task.status in ENDED:  # nobody has it tried again
                            del awaited[update.task_id]
                            yield task
            except HistoryLost:
                continue  # look at them anew


async def _at(
    connection: AsyncConnection, task_id: str, position: int, until: float | None
) -> Task:
    """Return a task as it stands at a position, or later."""
    path = f"{API}/agents/tasks/{segment(task_id)}"
    return await connection.read(path, Task, {"min_position": position}, until=until)

# Written by `make client` from the OpenAPI document; changes are lost.
"""Operations of the API: queue."""

from __future__ import annotations

from aia.client.asynchronous.group import AsyncGroup
from aia.client.types import Pauses, PausesAnswer, QueueFigures
from aia.client.writing import given


class AsyncQueue(AsyncGroup):
    """Methods of `client.queue`."""

    async def get(
        self,
        *,
        min_position: int | None = None,
    ) -> QueueFigures:
        """Return how many tasks wait, by class, owner and type, and for how long.

        Args:
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            await client.queue.get()
        """
        return await self._connection.read(
            "/mas/api/v1/agents/tasks/queue", QueueFigures, {"min_position": min_position}
        )

    async def pauses(
        self,
        *,
        min_position: int | None = None,
    ) -> Pauses:
        """Return what is paused, by whom and why.

        Args:
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            await client.queue.pauses()
        """
        return await self._connection.read(
            "/mas/api/v1/agents/tasks/pauses", Pauses, {"min_position": min_position}
        )

    async def pause(
        self,
        *,
        task_type: str | None = None,
        reason: str | None = None,
        idempotency_key: str | None = None,
    ) -> PausesAnswer:
        """Assign nothing new of a type, or nothing at all; what runs goes on.

        Assignments that are on their way at this moment still arrive.

        Args:
            task_type: Which type; left out: the whole fleet.
            reason: Why, for the record and for those who wait.
            idempotency_key: Its own key instead of a new one, to repeat a command of before.

        Example::

            await client.queue.pause(task_type="report", reason="the source is being moved")
        """
        body = given({"task_type": task_type, "reason": reason}) or None
        return await self._connection.command(
            "POST", "/mas/api/v1/agents/tasks/pause", PausesAnswer, body, key=idempotency_key
        )

    async def resume(
        self,
        *,
        task_type: str | None = None,
        reason: str | None = None,
        idempotency_key: str | None = None,
    ) -> PausesAnswer:
        """End a pause: that of a type, or that of the whole fleet.

        Args:
            task_type: Which type; left out: the whole fleet.
            reason: Why, for the record and for those who wait.
            idempotency_key: Its own key instead of a new one, to repeat a command of before.

        Example::

            await client.queue.resume(task_type="report", reason="it is there again")
        """
        body = given({"task_type": task_type, "reason": reason}) or None
        return await self._connection.command(
            "POST", "/mas/api/v1/agents/tasks/resume", PausesAnswer, body, key=idempotency_key
        )

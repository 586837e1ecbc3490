# Written by `make client` from its asynchronous twin; changes are lost.
"""Operations of the API: queue."""

from __future__ import annotations

from aia.client.synchronous.group import Group
from aia.client.types import Pauses, PausesAnswer, QueueFigures
from aia.client.writing import given


class Queue(Group):
    """Methods of `client.queue`."""

    def get(
        self,
        *,
        min_position: int | None = None,
    ) -> QueueFigures:
        """Return how many tasks wait, by class, owner and type, and for how long.

        Args:
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            client.queue.get()
        """
        return self._connection.read(
            "/mas/api/v1/agents/tasks/queue", QueueFigures, {"min_position": min_position}
        )

    def pauses(
        self,
        *,
        min_position: int | None = None,
    ) -> Pauses:
        """Return what is paused, by whom and why.

        Args:
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            client.queue.pauses()
        """
        return self._connection.read(
            "/mas/api/v1/agents/tasks/pauses", Pauses, {"min_position": min_position}
        )

    def pause(
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

            client.queue.pause(task_type="report", reason="the source is being moved")
        """
        body = given({"task_type": task_type, "reason": reason}) or None
        return self._connection.command(
            "POST", "/mas/api/v1/agents/tasks/pause", PausesAnswer, body, key=idempotency_key
        )

    def resume(
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

            client.queue.resume(task_type="report", reason="it is there again")
        """
        body = given({"task_type": task_type, "reason": reason}) or None
        return self._connection.command(
            "POST", "/mas/api/v1/agents/tasks/resume", PausesAnswer, body, key=idempotency_key
        )

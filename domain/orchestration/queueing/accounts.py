"""What dispatches cost: those on their way into the log, and those that stand there."""

from __future__ import annotations

from datetime import datetime

from aia_mas.domain.orchestration.queueing.lines import KeyLimit
from aia_mas.domain.orchestration.queueing.task_queue import Place, TaskQueue


class Accounts:
    """Charges dispatches to the turns of their owners and to their concurrency keys."""

    def __init__(self, queue: TaskQueue) -> None:
        """Keep the accounts of a queue."""
        self._queue = queue
        self._under_way: dict[str, Place] = {}

    def reserve(self, task_id: str, place: Place, agent_id: str) -> None:
        """Count a dispatch that is on its way into the log (``agent_id``: to whom)."""
        self._under_way[task_id] = place
        self._queue.classes[place.rank].turns.planned(place.owner, agent_id)
        if place.limit is not None:
            self._queue.keys.state(place.limit.key).reserved += 1

    def settle(self, task_id: str) -> bool:
        """Count it so no longer: it stands in the log, or will never.

        Returns:
            Whether it was counted.
        """
        place = self._under_way.pop(task_id, None)
        if place is None:
            return False
        if place.limit is not None:
            self._queue.keys.state(place.limit.key).reserved -= 1
            self._opened(place.limit)
        return True

    def dispatched(self, place: Place, agent_id: str, at: datetime, *, counted: bool) -> None:
        """Charge a dispatch that stands in the log.

        Args:
            place: Where the task stood.
            agent_id: Who got it.
            at: When it was assigned, UTC.
            counted: It was counted while it was on its way.
        """
        self._queue.classes[place.rank].turns.dispatched(place.owner, agent_id, counted=counted)
        if place.limit is not None:
            self._queue.keys.dispatched(place.limit.key, at)

    def returned(self, limit: KeyLimit | None) -> None:
        """Give the place of a task back that an agent holds no more."""
        if limit is not None:
            self._queue.keys.state(limit.key).held -= 1
            self._opened(limit)

    def _opened(self, limit: KeyLimit) -> None:
        self._queue.open_key(limit.key)
        self._queue.keys.forget_idle(limit.key)

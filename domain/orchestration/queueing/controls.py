"""What holds tasks back by order of somebody: pauses, and limits of concurrency keys."""

from __future__ import annotations

from datetime import datetime

from aia_mas.domain.kernel.event import Event
from aia_mas.domain.orchestration.fleet import Reason
from aia_mas.domain.orchestration.limits import LimitRemoved, LimitSet, limits_of
from aia_mas.domain.orchestration.pauses import DispatchPaused, DispatchResumed, Pause, pause_of
from aia_mas.domain.orchestration.queueing.lines import KeyLimit
from aia_mas.domain.orchestration.queueing.reasons import key_reasons, pause_reason
from aia_mas.domain.orchestration.queueing.task_queue import TaskQueue


class Controls:
    """The pauses and limits of a queue.

    Attributes:
        pauses: By task type (None: of the whole fleet), in the order in which they began.
    """

    def __init__(self, queue: TaskQueue) -> None:
        """Control a queue."""
        self._queue = queue
        self.pauses: dict[str | None, Pause] = {}

    def apply(self, event: Event) -> None:
        """Fold one event; those that neither pause nor limit change nothing."""
        match event:
            case LimitSet():
                self._queue.set_limits(event.key, limits_of(event))
            case LimitRemoved():
                self._queue.set_limits(event.key, None)
            case DispatchPaused():
                self.begin(pause_of(event, self.pauses.get(event.task_type)))
            case DispatchResumed():
                self.pauses.pop(event.task_type, None)
                self._queue.set_paused(event.task_type, False)

    def begin(self, pause: Pause) -> None:
        """Begin a pause, or give one that lasts another reason."""
        self.pauses[pause.task_type] = pause
        self._queue.set_paused(pause.task_type, True)

    def holds(self, task_type: str, limit: KeyLimit | None, now: datetime) -> bool:
        """Tell whether a task is held back."""
        if self.pauses and (None in self.pauses or task_type in self.pauses):
            return True
        if limit is None:
            return False
        return self._queue.keys.shut_until(limit, now.timestamp()) is not None

    def reasons(self, task_type: str, limit: KeyLimit | None, now: datetime) -> list[Reason]:
        """Return what holds a task back."""
        pauses = (self.pauses.get(kind) for kind in (None, task_type))
        reasons = [pause_reason(pause) for pause in pauses if pause is not None]
        return reasons if limit is None else reasons + key_reasons(self._queue.keys, limit, now)


EVENTS: frozenset[type[Event]] = frozenset(
    {LimitSet, LimitRemoved, DispatchPaused, DispatchResumed}
)
"""What ``Controls.apply`` takes note of."""

"""Bounds of the queue: refuses submissions that would have to wait while it is full.

What is on its way into the log counts, so that on one node no bound is exceeded. Another node does
not know what is on its way here: together they may exceed a bound by that much.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from math import ceil
from typing import Any

from msgspec.structs import replace

from aia_mas.application.clock import Clock
from aia_mas.application.engine.handlers import Placement
from aia_mas.application.event_log.records import Fence, NewEvent, RecordedEvent
from aia_mas.domain.kernel.ids import entity_of
from aia_mas.domain.orchestration.queue_bounds import QueueStanding
from aia_mas.domain.orchestration.queueing.figures import Figures, completion_rate
from aia_mas.domain.orchestration.task_commands import SubmitTask
from aia_mas.domain.orchestration.task_events import TaskSubmitted

SOONEST, LATEST = 1, 60
"""Bounds of ``Retry-After``, seconds."""
_UNKNOWN = 10


class Admission:
    """Counts the tasks that wait, and those that are about to."""

    def __init__(
        self,
        figures: Callable[[], Figures],
        place: Callable[[SubmitTask], Placement | None],
        clock: Clock,
        *,
        bound: int | None,
        owner_bound: int | None,
    ) -> None:
        """Set the bounds.

        Args:
            figures: The queue in numbers, as this node's fold knows it.
            place: Chooses an agent for a task that is being submitted; such a task does not wait.
            clock: What time it is.
            bound: How many tasks may wait; None: any number.
            owner_bound: How many of one owner may; None: any number.
        """
        self._figures = figures
        self._place = place
        self._clock = clock
        self._bound = bound
        self._owner_bound = owner_bound
        self._coming: dict[str, str] = {}
        self._owners: Counter[str] = Counter()

    def place(self, command: SubmitTask) -> Placement | None:
        """Tell a submission how full the queue is, and count it from now on."""
        chosen = self._place(command)
        if self._bound is None and self._owner_bound is None:
            return chosen
        figures, owner = self._figures(), command.owner
        standing = QueueStanding(
            waiting=figures.total + len(self._coming),
            bound=self._bound,
            owner_waiting=figures.by_owner[owner] + self._owners[owner],
            owner_bound=self._owner_bound,
            retry_after=self._retry_after(figures),
        )
        entering = Entering(self, command, standing, chosen)
        if chosen is None and standing.refusal() is None:
            self.count(command)
        return entering

    def count(self, command: SubmitTask) -> None:
        """Count a task as about to wait."""
        if command.task_id not in self._coming:
            self._coming[command.task_id] = command.owner
            self._owners[command.owner] += 1

    def leave(self, task_id: str) -> None:
        """Count a task no longer as about to wait."""
        owner = self._coming.pop(task_id, None)
        if owner is not None:
            self._owners[owner] -= 1
            if not self._owners[owner]:
                del self._owners[owner]

    def follow(self, event: RecordedEvent) -> None:
        """Take note that the fold has a submission."""
        if type(event.event) is TaskSubmitted:
            self.leave(entity_of(event.stream))

    def _retry_after(self, figures: Figures) -> int:
        """Return when the next place is free, if it goes on like this, whole seconds."""
        rate = completion_rate(figures.ended, self._clock.now())
        seconds = _UNKNOWN if rate is None else ceil(1 / rate)
        return min(max(seconds, SOONEST), LATEST)


class Entering:
    """A submission under way, and the agent chosen for it, if any."""

    __slots__ = ("_admission", "_chosen", "_submission", "command", "fence")

    def __init__(
        self,
        admission: Admission,
        submission: SubmitTask,
        standing: QueueStanding,
        chosen: Placement | None,
    ) -> None:
        """Put the standing into the command."""
        self._admission = admission
        self._submission = submission
        self._chosen = chosen
        filled: Any = submission if chosen is None else chosen.command
        self.command: Any = replace(filled, queue=standing)
        self.fence: Fence | None = None if chosen is None else chosen.fence

    def used(self, events: Sequence[NewEvent]) -> bool:
        """Tell whether the task was submitted."""
        submitted = any(isinstance(event.event, TaskSubmitted) for event in events)
        chosen = self._chosen
        if submitted and chosen is not None and not chosen.used(events):
            # The agent has just gone: the task waits after all.
            self._chosen = None
            chosen.dropped()
            self._admission.count(self._submission)
        return submitted

    def dropped(self, *, fenced: bool = False) -> None:
        """It does not enter the queue."""
        self._admission.leave(self._submission.task_id)
        chosen, self._chosen = self._chosen, None
        if chosen is not None:
            chosen.dropped(fenced=fenced)

"""What an onlooker writes down who reads the log and knows nothing of the program's states."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from aia_mas.application.event_log.records import RecordedEvent
from aia_mas.domain.kernel import Event
from aia_mas.domain.kernel.ids import entity_of
from aia_mas.domain.orchestration import agent_events as agents
from aia_mas.domain.orchestration import task_events as tasks
from aia_mas.domain.orchestration.amounts import had, taken
from aia_mas.domain.orchestration.limits import LimitRemoved, LimitSet
from aia_mas.domain.orchestration.pauses import DispatchPaused, DispatchResumed
from aia_mas.domain.orchestration.requirement import suitability
from aia_mas.domain.orchestration.task_specification import TaskSpecification, TaskTerms, terms_of
from aia_mas.domain.orchestration.task_status import TaskStatus

from .entries import ENDED, AgentEntry, Attempt, Limits, TaskEntry
from .virtual_time import START


class Books:
    """All that is known by the log.

    Attributes:
        position: The last event in them.
        at: When that was committed.
        agents: By id, those that ever were.
        tasks: By id.
        limits: By key.
        paused: Types that are paused; None: the whole fleet.
        leases: Every lease that was ever given out, in order: the task, and to whom.
    """

    def __init__(self) -> None:
        self.position = 0
        self.at = START
        self.agents: dict[str, AgentEntry] = {}
        self.tasks: dict[str, TaskEntry] = {}
        self.limits: dict[str, Limits] = {}
        self.paused: set[str | None] = set()
        self.leases: dict[str, tuple[str, str]] = {}

    def note(self, recorded: RecordedEvent) -> None:
        """Write an event down."""
        assert recorded.position == self.position + 1, "a gap in the log"
        self.position, self.at = recorded.position, recorded.recorded_at
        fold = _FOLDS.get(type(recorded.event))
        if fold is not None:
            fold(self, entity_of(recorded.stream), recorded.event)

    # ----------------------------------------------------------------------------- questions

    def held(self, agent_id: str) -> list[TaskEntry]:
        """Return what an agent holds."""
        return [
            each
            for each in self.tasks.values()
            if each.attempt is not None and each.attempt.agent_id == agent_id
        ]

    def left(self, agent_id: str, name: str) -> int:
        """Return what an agent has left of a resource, millionths."""
        requirements = [each.terms.requirements.resources for each in self.held(agent_id)]
        used = sum(dict(taken(each)).get(name, 0) for each in requirements)
        return had(self.agents[agent_id].capabilities.resources.get(name, 0.0)) - used

    def has_room(self, agent_id: str) -> bool:
        """Tell whether an agent has a place left."""
        places = self.agents[agent_id].capabilities.max_concurrent_tasks
        return len(self.held(agent_id)) < places

    def suits(self, task: TaskEntry, agent_id: str) -> bool:
        """Tell whether a registered agent suits a task, whatever it holds."""
        entry = self.agents[agent_id]
        registered = entry.status != "unregistered"
        return registered and suitability(task.signature, agent_id, entry.capabilities) > 0

    def fits(self, task: TaskEntry, agent_id: str) -> bool:
        """Tell whether an agent has enough left of its resources."""
        return all(self.left(agent_id, name) >= amount for name, amount in task.signature.resources)

    def could_take(self, task: TaskEntry, agent_id: str) -> bool:
        """Tell whether an agent could take a task now."""
        return (
            self.agents[agent_id].takes_work
            and self.has_room(agent_id)
            and self.suits(task, agent_id)
            and self.fits(task, agent_id)
        )

    def most(self, terms: TaskTerms) -> int | None:
        """Return how many tasks with the key of this one may be held."""
        limits = self.limits.get(terms.concurrency_key or "")
        explicit = None if limits is None else limits.most
        return terms.concurrency_limit if explicit is None else explicit

    def held_of_key(self, key: str | None) -> int:
        """Return how many tasks with a key are held."""
        return sum(
            each.attempt is not None and each.terms.concurrency_key == key
            for each in self.tasks.values()
        )

    def held_back(self, task: TaskEntry) -> bool:
        """Tell whether a pause or a full key holds a task back."""
        if None in self.paused or task.terms.task_type in self.paused:
            return True
        key, most = task.terms.concurrency_key, self.most(task.terms)
        return key is not None and most is not None and self.held_of_key(key) >= most

    def paced(self, key: str | None) -> bool:
        """Tell whether a key goes at a rate."""
        limits = self.limits.get(key or "")
        return limits is not None and limits.rate is not None

    def waiting(self) -> list[TaskEntry]:
        """Return what waits."""
        return [each for each in self.tasks.values() if each.status is TaskStatus.QUEUED]

    # --------------------------------------------------------------------------------- events

    def _registered(self, agent_id: str, event: agents.AgentRegistered) -> None:
        entry = self.agents.get(agent_id)
        assert entry is None or entry.status == "unregistered", "registered twice"
        self.agents[agent_id] = AgentEntry(agent_id, event.capabilities)

    def _updated(self, agent_id: str, event: agents.AgentUpdated) -> None:
        self.agents[agent_id].capabilities = event.capabilities

    def _went_offline(self, agent_id: str, event: agents.AgentWentOffline) -> None:
        self.agents[agent_id].online = False
        for attempt in self._attempts(agent_id):
            attempt.gone = event.at

    def _came_online(self, agent_id: str, _event: Event) -> None:
        self.agents[agent_id].online = True
        for attempt in self._attempts(agent_id):
            # What an agent lost by leaving it does not get back.
            attempt.gone = attempt.gone if attempt.lost else None

    def _drained(self, agent_id: str, _event: Event) -> None:
        self.agents[agent_id].status = "draining"

    def _suspended(self, agent_id: str, _event: Event) -> None:
        self.agents[agent_id].status = "suspended"

    def _activated(self, agent_id: str, _event: Event) -> None:
        self.agents[agent_id].status = "active"

    def _left(self, agent_id: str, event: agents.AgentUnregistered) -> None:
        entry = self.agents[agent_id]
        entry.status, entry.online = "unregistered", False
        for attempt in self._attempts(agent_id):
            attempt.lost, attempt.gone = True, event.at

    def _limited(self, _: str, event: LimitSet) -> None:
        self.limits[event.key] = Limits(event.max_concurrent, event.rate, event.per_seconds)

    def _unlimited(self, _: str, event: LimitRemoved) -> None:
        self.limits.pop(event.key, None)

    def _paused(self, _: str, event: DispatchPaused) -> None:
        self.paused.add(event.task_type)

    def _resumed(self, _: str, event: DispatchResumed) -> None:
        self.paused.discard(event.task_type)

    def _submitted(self, task_id: str, event: tasks.TaskSubmitted) -> None:
        assert task_id not in self.tasks, "submitted twice"
        spec: TaskSpecification = event.spec
        self.tasks[task_id] = TaskEntry(
            task_id,
            terms_of(spec),
            event.owner,
            event.submitted_at,
            self.position,
            spec.not_before,
            entered=self.position,
        )

    def _assigned(self, task_id: str, event: tasks.TaskAssigned) -> None:
        task = self.tasks[task_id]
        task.attempts = event.attempt
        task.status = TaskStatus.ASSIGNED
        task.due = None
        task.attempt = Attempt(
            event.agent_id, event.lease, event.attempt, event.lease_seconds, event.assigned_at
        )
        self.leases[event.lease] = (task_id, event.agent_id)
        limits = self.limits.get(task.terms.concurrency_key or "")
        if limits is not None:
            limits.given = [*limits.given, event.assigned_at]

    def _started(self, task_id: str, event: tasks.TaskStarted) -> None:
        task, attempt = self._in_force(task_id, event)
        assert task.status is TaskStatus.ASSIGNED
        assert attempt.lease == event.lease, "a lease that is over was good enough"
        task.status, attempt.begun = TaskStatus.RUNNING, event.started_at

    def _progressed(self, task_id: str, event: tasks.TaskProgressed) -> None:
        task, _ = self._in_force(task_id, event)
        assert task.status in {TaskStatus.RUNNING, TaskStatus.INPUT_REQUIRED}

    def _asked(self, task_id: str, event: tasks.TaskInputRequested) -> None:
        task, attempt = self._in_force(task_id, event)
        assert task.status is TaskStatus.RUNNING
        task.status, attempt.asked = TaskStatus.INPUT_REQUIRED, event.at

    def _answered(self, task_id: str, event: tasks.TaskInputGiven) -> None:
        task, attempt = self._in_force(task_id, event)
        assert task.status is TaskStatus.INPUT_REQUIRED
        assert attempt.asked is not None and attempt.begun is not None
        task.status = TaskStatus.RUNNING
        # The time that it waited does not count as work.
        attempt.begun += event.at - attempt.asked
        attempt.asked, attempt.answered = None, event.at

    def _completed(self, task_id: str, event: tasks.TaskCompleted) -> None:
        _, attempt = self._in_force(task_id, event)
        assert attempt.lease == event.lease, "a lease that is over was good enough"
        self._over(task_id, TaskStatus.COMPLETED)

    def _failed(self, task_id: str, event: tasks.TaskFailed) -> None:
        self._in_force(task_id, event)
        self._over(task_id, event.outcome, event.retry_at)

    def _released(self, task_id: str, event: tasks.TaskReleased) -> None:
        self._in_force(task_id, event)
        if event.excluded:
            self.tasks[task_id].excluded += (event.agent_id,)
        self._over(task_id, event.outcome, event.retry_at)

    def _called_off(self, task_id: str, event: tasks.TaskCancelled | tasks.TaskExpired) -> None:
        task = self.tasks[task_id]
        assert task.status not in ENDED
        assert (task.attempt and task.attempt.agent_id) == event.agent_id
        cancelled = isinstance(event, tasks.TaskCancelled)
        if not cancelled:
            assert task.terms.deadline is not None and task.terms.deadline <= event.at
        self._over(task_id, TaskStatus.CANCELLED if cancelled else TaskStatus.EXPIRED)

    def _requeued(self, task_id: str, event: tasks.TaskRequeued) -> None:
        task = self.tasks[task_id]
        assert task.status in ENDED - {TaskStatus.COMPLETED}
        task.terms, task.since, task.sequence = event.terms, event.at, self.position
        task.excluded = ()
        self._over(task_id, TaskStatus.QUEUED)

    def _reprioritised(self, task_id: str, event: tasks.TaskReprioritised) -> None:
        task = self.tasks[task_id]
        assert task.status not in ENDED
        task.terms = replace(task.terms, priority=event.priority)
        task.entered = self.position

    def _rated(self, task_id: str, _event: tasks.TaskRated) -> None:
        assert self.tasks[task_id].status is TaskStatus.COMPLETED

    def _refused(self, task_id: str, event: tasks.TaskResultRefused) -> None:
        # What came too late shows another lease than the one in force; what cost too much, that.
        attempt = self.tasks[task_id].attempt
        in_force = attempt is not None and attempt.lease == event.lease
        assert in_force == (event.reason == "cost_exceeded")

    def _attempts(self, agent_id: str) -> list[Attempt]:
        return [each.attempt for each in self.held(agent_id) if each.attempt is not None]

    def _in_force(self, task_id: str, event: Any) -> tuple[TaskEntry, Attempt]:
        """Return a task and its attempt, which an event must be about."""
        task = self.tasks[task_id]
        attempt = task.attempt
        assert attempt is not None, f"{event} without an attempt in force"
        assert (event.agent_id, event.attempt) == (attempt.agent_id, attempt.number)
        return task, attempt

    def _over(self, task_id: str, status: TaskStatus, due: datetime | None = None) -> None:
        task = self.tasks[task_id]
        task.status, task.attempt, task.due, task.entered = status, None, due, self.position
        task.waits_since = self.at

    def statuses(self) -> Counter[str]:
        """Return how many tasks stand where."""
        return Counter(each.status.value for each in self.tasks.values())


# Any: each takes its own event type.
_FOLDS: dict[type[Event], Any] = {
    agents.AgentRegistered: Books._registered,
    agents.AgentUpdated: Books._updated,
    agents.AgentWentOffline: Books._went_offline,
    agents.AgentCameOnline: Books._came_online,
    agents.AgentDrained: Books._drained,
    agents.AgentSuspended: Books._suspended,
    agents.AgentActivated: Books._activated,
    agents.AgentUnregistered: Books._left,
    LimitSet: Books._limited,
    LimitRemoved: Books._unlimited,
    DispatchPaused: Books._paused,
    DispatchResumed: Books._resumed,
    tasks.TaskSubmitted: Books._submitted,
    tasks.TaskAssigned: Books._assigned,
    tasks.TaskStarted: Books._started,
    tasks.TaskProgressed: Books._progressed,
    tasks.TaskInputRequested: Books._asked,
    tasks.TaskInputGiven: Books._answered,
    tasks.TaskCompleted: Books._completed,
    tasks.TaskFailed: Books._failed,
    tasks.TaskReleased: Books._released,
    tasks.TaskCancelled: Books._called_off,
    tasks.TaskExpired: Books._called_off,
    tasks.TaskRequeued: Books._requeued,
    tasks.TaskReprioritised: Books._reprioritised,
    tasks.TaskRated: Books._rated,
    tasks.TaskResultRefused: Books._refused,
}

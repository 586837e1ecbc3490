"""How events become system metrics: integers only, and no time but that of the log."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from aia_mas.application.event_log.records import RecordedEvent
from aia_mas.domain.kernel import Event
from aia_mas.domain.kernel.ids import entity_of
from aia_mas.domain.orchestration.agent import AgentStatus
from aia_mas.domain.orchestration.agent_events import (
    AgentActivated,
    AgentCameOnline,
    AgentDrained,
    AgentRegistered,
    AgentSuspended,
    AgentUnregistered,
    AgentUpdated,
    AgentWentOffline,
)
from aia_mas.domain.orchestration.task_events import (
    TaskAssigned,
    TaskCancelled,
    TaskCompleted,
    TaskExpired,
    TaskFailed,
    TaskInputGiven,
    TaskInputRequested,
    TaskReleased,
    TaskRequeued,
    TaskStarted,
    TaskStatus,
    TaskSubmitted,
)
from aia_mas.domain.orchestration.task_status import LIVE
from aia_mas.projections.metrics_state import (
    ENDED_KEPT,
    HOUR,
    HOURS_KEPT,
    MINUTE,
    MINUTES_KEPT,
    OTHER_TYPES,
    TYPES_KEPT,
    AgentFigures,
    Bucket,
    FleetFigures,
    MetricsState,
    OpenTask,
    TypeFigures,
)


class MetricsFold:
    """Folds events into a ``MetricsState``.

    Attributes:
        state: The figures.
        fleet: The agents of the state, counted.
    """

    def __init__(
        self, state: MetricsState | None = None, fleet: FleetFigures | None = None
    ) -> None:
        """Continue with a state and its agents, counted; or begin with an empty one."""
        self.state = state or MetricsState()
        self.fleet = fleet or FleetFigures()
        self._at: datetime | None = None
        self._bucket = self.state.minutes[-1] if self.state.minutes else Bucket(-MINUTE)

    def apply(self, recorded: RecordedEvent) -> None:
        """Fold one event."""
        if recorded.recorded_at != self._at:
            self._tell_time(recorded.recorded_at)
        state = self.state
        state.position = recorded.position
        state.events += 1
        self._bucket.events += 1
        fold = _FOLDS.get(type(recorded.event))
        if fold is not None:
            fold(self, recorded.stream, recorded.event)

    def levels(self, bucket: Bucket) -> None:
        """Write into a bucket how things stand."""
        statuses = self.state.statuses
        bucket.queued = statuses[TaskStatus.QUEUED]
        bucket.held = sum(statuses[status] for status in LIVE)
        bucket.agents = self.fleet.registered
        bucket.online = self.fleet.online

    def _tell_time(self, at: datetime) -> None:
        self._at = at
        state = self.state
        state.at = round(at.timestamp() * 1000)
        start = state.at - state.at % MINUTE
        if start == self._bucket.start:
            return
        if state.minutes:
            self._close(self._bucket)
        self._bucket = Bucket(start)
        state.minutes.append(self._bucket)

    def _close(self, bucket: Bucket) -> None:
        """Note how a minute ended, add it to its hour, and forget what is too old."""
        state = self.state
        self.levels(bucket)
        hour = bucket.start - bucket.start % HOUR
        if not state.hours or state.hours[-1].start != hour:
            state.hours.append(Bucket(hour))
        state.hours[-1].include(bucket)
        for buckets, width, kept in (
            (state.minutes, MINUTE, MINUTES_KEPT),
            (state.hours, HOUR, HOURS_KEPT),
        ):
            oldest = state.at - width * kept
            outdated = 0
            while outdated < len(buckets) and buckets[outdated].start < oldest:
                outdated += 1
            del buckets[:outdated]

    def _registered(self, stream: str, event: AgentRegistered) -> None:
        agents, agent_id = self.state.agents, entity_of(stream)
        agent = agents.get(agent_id)
        if agent is None:
            agent = agents[agent_id] = AgentFigures()
        else:
            self.fleet.count(agent, -1)
            agent.status, agent.online = AgentStatus.ACTIVE, True
        agent.places = event.capabilities.max_concurrent_tasks
        self.fleet.count(agent, 1)

    def _updated(self, stream: str, event: AgentUpdated) -> None:
        agent = self.state.agents[entity_of(stream)]
        self.fleet.count(agent, -1)
        agent.places = event.capabilities.max_concurrent_tasks
        self.fleet.count(agent, 1)

    def _stand(self, stream: str, status: AgentStatus | None, online: bool | None) -> None:
        agent = self.state.agents[entity_of(stream)]
        self.fleet.count(agent, -1)
        if status is not None:
            agent.status = status
        if online is not None:
            agent.online = online
        self.fleet.count(agent, 1)

    def _holder(self, agent_id: str | None, change: int) -> AgentFigures:
        """Return the agent that takes (1) or gives back (-1) a task; a blank one if unknown."""
        agent = self.state.agents.get(agent_id or "")
        if agent is None:
            return AgentFigures()
        self.fleet.load(agent, change)
        return agent

    def _submitted(self, stream: str, event: TaskSubmitted) -> None:
        state, types = self.state, self.state.types
        kind = event.spec.task_type
        if kind not in types:
            if len(types) >= TYPES_KEPT:
                kind = OTHER_TYPES
            types.setdefault(kind, TypeFigures())
        types[kind].submitted += 1
        state.submitted += 1
        state.statuses[TaskStatus.QUEUED] += 1
        state.tasks[stream] = OpenTask(TaskStatus.QUEUED, kind, state.at, state.at, 0)
        self._bucket.submitted += 1

    def _assigned(self, stream: str, event: TaskAssigned) -> None:
        state = self.state
        task = state.tasks[stream]
        self._move(stream, task, TaskStatus.ASSIGNED, begun=state.at)
        self._holder(event.agent_id, 1).assigned += 1
        waited = max(state.at - task.waiting_since, 0)
        state.waiting.add(waited)
        self._bucket.assigned += 1
        self._bucket.waited += waited

    def _started(self, stream: str, _event: TaskStarted) -> None:
        self._move(stream, self.state.tasks[stream], TaskStatus.RUNNING, begun=self.state.at)

    def _asked(self, stream: str, _event: TaskInputRequested) -> None:
        task, at = self.state.tasks[stream], self.state.at
        self._move(stream, task, TaskStatus.INPUT_REQUIRED, waiting_since=at, begun=task.begun)

    def _answered(self, stream: str, _event: TaskInputGiven) -> None:
        task = self.state.tasks[stream]
        self._move(stream, task, TaskStatus.RUNNING, begun=_begun(task, self.state.at))

    def _completed(self, stream: str, event: TaskCompleted) -> None:
        state = self.state
        task = state.tasks.pop(stream)
        state.statuses[task.status] -= 1
        state.statuses[TaskStatus.COMPLETED] += 1
        state.types[task.task_type].completed += 1
        worked = max(state.at - _begun(task, state.at), 0)
        state.execution.add(worked)
        state.total.add(state.at - task.submitted)
        self._bucket.completed += 1
        self._bucket.worked += worked
        agent = self._holder(event.agent_id, -1)
        agent.completed += 1
        agent.worked += worked
        if event.quality is not None:
            agent.quality += round(event.quality * 1_000_000)
            agent.rated += 1

    def _failed(self, stream: str, event: TaskFailed) -> None:
        self._attempt_over(stream, event)
        self.state.failures += 1
        self._bucket.failed += 1
        self._holder(event.agent_id, -1).failed += 1

    def _released(self, stream: str, event: TaskReleased) -> None:
        self._attempt_over(stream, event)
        self.state.releases += 1
        self._bucket.released += 1
        self._holder(event.agent_id, -1).released += 1

    def _cancelled(self, stream: str, event: TaskCancelled) -> None:
        self._called_off(stream, event, TaskStatus.CANCELLED)
        self._bucket.cancelled += 1

    def _expired(self, stream: str, event: TaskExpired) -> None:
        self._called_off(stream, event, TaskStatus.EXPIRED)
        self._bucket.expired += 1

    def _requeued(self, stream: str, event: TaskRequeued) -> None:
        state = self.state
        kind = event.terms.task_type
        ended = state.ended.pop(stream, None)
        if ended is not None:
            state.statuses[ended] -= 1
            if ended in _LOST:
                state.types[self._kind(kind)].failed -= 1
        state.retries += 1
        state.statuses[TaskStatus.QUEUED] += 1
        state.tasks[stream] = OpenTask(TaskStatus.QUEUED, self._kind(kind), state.at, state.at, 0)

    def _kind(self, task_type: str) -> str:
        return task_type if task_type in self.state.types else OTHER_TYPES

    def _attempt_over(self, stream: str, event: TaskFailed | TaskReleased) -> None:
        task = self.state.tasks[stream]
        if event.outcome is TaskStatus.QUEUED:
            self._move(stream, task, TaskStatus.QUEUED, waiting_since=self.state.at)
        else:
            self._end(stream, task, event.outcome)

    def _called_off(
        self, stream: str, event: TaskCancelled | TaskExpired, status: TaskStatus
    ) -> None:
        task = self.state.tasks[stream]
        held = task.status in LIVE
        self._end(stream, task, status)
        if held:
            self._holder(event.agent_id, -1)

    def _move(
        self,
        stream: str,
        task: OpenTask,
        status: TaskStatus,
        *,
        waiting_since: int | None = None,
        begun: int = 0,
    ) -> None:
        statuses = self.state.statuses
        statuses[task.status] -= 1
        statuses[status] += 1
        self.state.tasks[stream] = OpenTask(
            status,
            task.task_type,
            task.submitted,
            task.waiting_since if waiting_since is None else waiting_since,
            begun,
        )

    def _end(self, stream: str, task: OpenTask, status: TaskStatus) -> None:
        state = self.state
        del state.tasks[stream]
        state.statuses[task.status] -= 1
        state.statuses[status] += 1
        if status in _LOST:
            state.types[task.task_type].failed += 1
        state.ended[stream] = status
        if len(state.ended) > ENDED_KEPT:
            del state.ended[next(iter(state.ended))]


_LOST = frozenset({TaskStatus.FAILED, TaskStatus.DEAD, TaskStatus.EXPIRED})


def _begun(task: OpenTask, at: int) -> int:
    """Return when the work began, later by the time that it waits for an answer."""
    if task.status is TaskStatus.INPUT_REQUIRED:
        return task.begun + max(at - task.waiting_since, 0)
    return task.begun


def _to(
    status: AgentStatus | None = None, *, online: bool | None = None
) -> Callable[[MetricsFold, str, Event], None]:
    return lambda fold, stream, _event: fold._stand(stream, status, online)


# Any: each fold takes its own event type.
_FOLDS: dict[type[Event], Callable[[MetricsFold, str, Any], None]] = {
    AgentRegistered: MetricsFold._registered,
    AgentUpdated: MetricsFold._updated,
    AgentWentOffline: _to(online=False),
    AgentCameOnline: _to(online=True),
    AgentDrained: _to(AgentStatus.DRAINING),
    AgentSuspended: _to(AgentStatus.SUSPENDED),
    AgentActivated: _to(AgentStatus.ACTIVE),
    AgentUnregistered: _to(AgentStatus.UNREGISTERED, online=False),
    TaskSubmitted: MetricsFold._submitted,
    TaskAssigned: MetricsFold._assigned,
    TaskStarted: MetricsFold._started,
    TaskInputRequested: MetricsFold._asked,
    TaskInputGiven: MetricsFold._answered,
    TaskCompleted: MetricsFold._completed,
    TaskFailed: MetricsFold._failed,
    TaskReleased: MetricsFold._released,
    TaskCancelled: MetricsFold._cancelled,
    TaskExpired: MetricsFold._expired,
    TaskRequeued: MetricsFold._requeued,
}

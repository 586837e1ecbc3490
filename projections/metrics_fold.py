"""How events become system metrics: integers only, and no time but that of the log."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from aia_mas.application.event_log.records import RecordedEvent
from aia_mas.domain.kernel import Event
from aia_mas.domain.kernel.ids import entity_of
from aia_mas.domain.orchestration.agent import AgentStatus
from aia_mas.domain.orchestration.agent_events import (
    AgentActivated,
    AgentCameOnline,
    AgentDrained,
    AgentEndpointDisabled,
    AgentEndpointEnabled,
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
    TaskReprioritised,
    TaskRequeued,
    TaskStarted,
    TaskSubmitted,
)
from aia_mas.domain.orchestration.task_specification import Priority
from aia_mas.domain.orchestration.task_status import LIVE, TaskStatus
from aia_mas.projections.metrics_ranking import Ranking
from aia_mas.projections.metrics_rollup import MINUTE, Bucket, turn
from aia_mas.projections.metrics_state import (
    ENDED_KEPT,
    OTHER_TYPES,
    TYPES_KEPT,
    AgentFigures,
    EndedTask,
    FleetFigures,
    MetricsState,
    OpenTask,
    TypeFigures,
)
from aia_mas.projections.metrics_windows import SECOND, forget, with_ended


class MetricsFold:
    """Folds events into a ``MetricsState``.

    Attributes:
        state: The figures.
        fleet: The agents of the state, counted.
        ranking: The agents of the state, by how they do.
    """

    def __init__(self, state: MetricsState | None = None) -> None:
        """Continue with a state, whose agents are yet to be taken in; or begin with none."""
        self.state = state or MetricsState()
        self.fleet = FleetFigures()
        self.ranking = Ranking()
        self._at: datetime | None = None
        minutes = self.state.minutes.buckets
        self._bucket = minutes[-1] if minutes else Bucket(-MINUTE)

    def take_in(self, agent_id: str, agent: AgentFigures) -> None:
        """Count an agent of the state that the fold continues with, each once, in their order."""
        self.fleet.count(agent, 1)
        self._rank(agent_id, agent)

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
        state, fleet = self.state, self.fleet
        bucket.queued = state.standing_in((TaskStatus.QUEUED,))
        bucket.held = state.standing_in(LIVE)
        bucket.agents, bucket.online = fleet.registered, fleet.online
        bucket.places, bucket.in_use = fleet.places, fleet.in_use

    def _tell_time(self, at: datetime) -> None:
        self._at = at
        state = self.state
        state.at = round(at.timestamp() * 1000)
        second = state.at - state.at % SECOND
        if state.marks and state.marks[-1].at == second:
            return
        totals = state.totals()
        totals.at = second
        state.marks.append(totals)
        forget(state.marks, second)
        if state.at - state.at % MINUTE != self._bucket.start:
            self.levels(self._bucket)
            if state.minutes.buckets:
                state.recent = with_ended(state.recent, state.minutes, state.at)
            turn(state.rollups, state.at)
            self._bucket = state.minutes.buckets[-1]

    def _registered(self, stream: str, event: AgentRegistered) -> None:
        agents, agent_id = self.state.agents, entity_of(stream)
        agent = agents.get(agent_id)
        if agent is None:
            agent = agents[agent_id] = AgentFigures()
        else:
            self.fleet.count(agent, -1)
            agent.status, agent.online, agent.cut_off = AgentStatus.ACTIVE, True, False
        agent.places = event.capabilities.max_concurrent_tasks
        self.take_in(agent_id, agent)

    def _updated(self, stream: str, event: AgentUpdated) -> None:
        agent = self.state.agents[entity_of(stream)]
        self.fleet.count(agent, -1)
        agent.places = event.capabilities.max_concurrent_tasks
        self.fleet.count(agent, 1)

    def _stand(self, stream: str, changes: dict[str, Any]) -> None:
        agent = self.state.agents[entity_of(stream)]
        self.fleet.count(agent, -1)
        for name, value in changes.items():
            setattr(agent, name, value)
        self.fleet.count(agent, 1)
        if agent.status is AgentStatus.UNREGISTERED:
            self._rank(entity_of(stream), agent)

    def _rank(self, agent_id: str, agent: AgentFigures) -> None:
        """Rank an agent by what it did; one that left is ranked no more."""
        if agent_id not in self.state.agents:
            return
        finished = agent.completed + agent.failed + agent.lost
        gone = agent.status is AgentStatus.UNREGISTERED
        self.ranking.note(agent_id, agent.completed, 0 if gone else finished)

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
        self._queue(stream, kind, event.spec.priority)
        self._bucket.submitted += 1

    def _assigned(self, stream: str, event: TaskAssigned) -> None:
        state = self.state
        task = state.tasks[stream]
        self._move(stream, task, TaskStatus.ASSIGNED, begun=state.at)
        self._holder(event.agent_id, 1)
        waited = max(state.at - task.waiting_since, 0)
        state.waiting.add(waited)
        state.minutes.waited.add(waited)
        self._bucket.assigned += 1
        self._bucket.waited += waited

    def _started(self, stream: str, _event: TaskStarted) -> None:
        self._move(stream, self.state.tasks[stream], TaskStatus.RUNNING, begun=self.state.at)

    def _reprioritised(self, stream: str, event: TaskReprioritised) -> None:
        state = self.state
        task = state.tasks[stream]
        state.standing[task.priority][task.status] -= 1
        state.standing[event.priority][task.status] += 1
        state.tasks[stream] = replace(task, priority=event.priority)

    def _asked(self, stream: str, _event: TaskInputRequested) -> None:
        task, at = self.state.tasks[stream], self.state.at
        self._move(stream, task, TaskStatus.INPUT_REQUIRED, waiting_since=at, begun=task.begun)

    def _answered(self, stream: str, _event: TaskInputGiven) -> None:
        task = self.state.tasks[stream]
        self._move(stream, task, TaskStatus.RUNNING, begun=task.began(self.state.at))

    def _completed(self, stream: str, event: TaskCompleted) -> None:
        state = self.state
        task = state.tasks.pop(stream)
        standing = state.standing[task.priority]
        standing[task.status] -= 1
        standing[TaskStatus.COMPLETED] += 1
        state.types[task.task_type].completed += 1
        worked = max(state.at - task.began(state.at), 0)
        state.execution.add(worked)
        state.minutes.worked.add(worked)
        state.total.add(state.at - task.submitted)
        self._bucket.completed += 1
        self._bucket.worked += worked
        agent = self._holder(event.agent_id, -1)
        agent.completed += 1
        self._rank(event.agent_id, agent)

    def _failed(self, stream: str, event: TaskFailed) -> None:
        self._attempt_over(stream, event)
        self.state.failures += 1
        self._bucket.failed += 1
        agent = self._holder(event.agent_id, -1)
        agent.failed += 1
        self._rank(event.agent_id, agent)

    def _released(self, stream: str, event: TaskReleased) -> None:
        self._attempt_over(stream, event)
        self.state.releases += 1
        self._bucket.released += 1
        agent = self._holder(event.agent_id, -1)
        agent.lost += event.lost
        self._rank(event.agent_id, agent)

    def _cancelled(self, stream: str, event: TaskCancelled) -> None:
        self._called_off(stream, event, TaskStatus.CANCELLED)
        self._bucket.cancelled += 1

    def _expired(self, stream: str, event: TaskExpired) -> None:
        self._called_off(stream, event, TaskStatus.EXPIRED)
        self._bucket.expired += 1

    def _requeued(self, stream: str, event: TaskRequeued) -> None:
        state = self.state
        kind = event.terms.task_type
        kind = kind if kind in state.types else OTHER_TYPES
        ended = state.ended.pop(stream, None)
        if ended is not None:
            state.standing[ended.priority][ended.status] -= 1
            if ended.status in _LOST:
                state.types[ended.task_type].failed -= 1
        state.retries += 1
        self._queue(stream, kind, event.terms.priority)

    def _queue(self, stream: str, kind: str, priority: Priority) -> None:
        state = self.state
        state.standing[priority][TaskStatus.QUEUED] += 1
        state.tasks[stream] = OpenTask(TaskStatus.QUEUED, kind, priority, state.at, state.at, 0)

    def _attempt_over(self, stream: str, event: TaskFailed | TaskReleased) -> None:
        task = self.state.tasks[stream]
        if event.outcome is TaskStatus.QUEUED:
            self._move(stream, task, TaskStatus.QUEUED, waiting_since=self.state.at)
            self.state.requeues += 1
            self._bucket.requeued += 1
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
        standing = self.state.standing[task.priority]
        standing[task.status] -= 1
        standing[status] += 1
        self.state.tasks[stream] = OpenTask(
            status,
            task.task_type,
            task.priority,
            task.submitted,
            task.waiting_since if waiting_since is None else waiting_since,
            begun,
        )

    def _end(self, stream: str, task: OpenTask, status: TaskStatus) -> None:
        state = self.state
        del state.tasks[stream]
        standing = state.standing[task.priority]
        standing[task.status] -= 1
        standing[status] += 1
        if status in _LOST:
            state.types[task.task_type].failed += 1
            state.lost += 1
        self._bucket.dead += status is TaskStatus.DEAD
        state.ended[stream] = EndedTask(status, task.task_type, task.priority)
        if len(state.ended) > ENDED_KEPT:
            del state.ended[next(iter(state.ended))]


_LOST = frozenset({TaskStatus.FAILED, TaskStatus.DEAD, TaskStatus.EXPIRED})


def _to(**changes: Any) -> Callable[[MetricsFold, str, Event], None]:
    return lambda fold, stream, _event: fold._stand(stream, changes)


# Any: each fold takes its own event type.
_FOLDS: dict[type[Event], Callable[[MetricsFold, str, Any], None]] = {
    AgentRegistered: MetricsFold._registered,
    AgentUpdated: MetricsFold._updated,
    AgentWentOffline: _to(online=False),
    AgentCameOnline: _to(online=True),
    AgentDrained: _to(status=AgentStatus.DRAINING),
    AgentSuspended: _to(status=AgentStatus.SUSPENDED),
    AgentActivated: _to(status=AgentStatus.ACTIVE),
    AgentEndpointDisabled: _to(cut_off=True),
    AgentEndpointEnabled: _to(cut_off=False),
    AgentUnregistered: _to(status=AgentStatus.UNREGISTERED, online=False),
    TaskSubmitted: MetricsFold._submitted,
    TaskAssigned: MetricsFold._assigned,
    TaskStarted: MetricsFold._started,
    TaskReprioritised: MetricsFold._reprioritised,
    TaskInputRequested: MetricsFold._asked,
    TaskInputGiven: MetricsFold._answered,
    TaskCompleted: MetricsFold._completed,
    TaskFailed: MetricsFold._failed,
    TaskReleased: MetricsFold._released,
    TaskCancelled: MetricsFold._cancelled,
    TaskExpired: MetricsFold._expired,
    TaskRequeued: MetricsFold._requeued,
}

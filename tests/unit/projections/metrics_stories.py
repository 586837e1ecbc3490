"""Stories of agents and tasks, as the fold of the system metrics is told them."""

from datetime import UTC, datetime, timedelta

from aia_mas.application.event_log.records import RecordedEvent
from aia_mas.domain.kernel import Event
from aia_mas.domain.orchestration.agent_events import AgentRegistered
from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.domain.orchestration.task_events import (
    TaskAssigned,
    TaskCompleted,
    TaskFailed,
    TaskRequeued,
    TaskStarted,
    TaskSubmitted,
)
from aia_mas.domain.orchestration.task_specification import Priority, TaskSpecification, terms_of
from aia_mas.domain.orchestration.task_status import TaskStatus
from aia_mas.projections.metrics_history import MetricsPoint, Span
from aia_mas.projections.system_metrics import SystemMetrics

START = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)


class Story:
    """Tells a fold what happened, and when."""

    def __init__(self) -> None:
        self.metrics = SystemMetrics()
        self.now = START
        self.told: list[RecordedEvent] = []

    def after(self, **time: float) -> "Story":
        self.now += timedelta(**time)
        return self

    def tell(self, stream: str, event: Event) -> "Story":
        recorded = RecordedEvent(
            position=len(self.told) + 1,
            stream=stream,
            version=1,
            topic=event.topic,
            event=event,
            recorded_at=self.now,
            command_id="c",
            actor="a",
            correlation_id=None,
            causation_id=None,
        )
        self.told.append(recorded)
        self.metrics.apply(recorded)
        return self

    def agent(self, name: str, places: int = 1) -> "Story":
        able = Capabilities(max_concurrent_tasks=places)
        return self.tell(
            f"agent/{name}", AgentRegistered(capabilities=able, owner="o", registered_at=self.now)
        )

    def submit(
        self, name: str, task_type: str = "analysis", priority: Priority = Priority.NORMAL
    ) -> "Story":
        spec = TaskSpecification(task_type=task_type, priority=priority)
        return self.tell(f"task/{name}", TaskSubmitted(spec=spec, submitted_at=self.now, owner="o"))

    def assign(self, name: str, agent_id: str = "a") -> "Story":
        event = TaskAssigned(
            agent_id=agent_id, attempt=1, lease="l", lease_seconds=60.0, assigned_at=self.now
        )
        return self.tell(f"task/{name}", event)

    def start(self, name: str, agent_id: str = "a") -> "Story":
        event = TaskStarted(agent_id=agent_id, attempt=1, lease="l", started_at=self.now)
        return self.tell(f"task/{name}", event)

    def complete(self, name: str, agent_id: str = "a", quality: float | None = None) -> "Story":
        event = TaskCompleted(
            agent_id=agent_id, attempt=1, lease="l", quality=quality, completed_at=self.now
        )
        return self.tell(f"task/{name}", event)

    def fail(self, name: str, outcome: TaskStatus, agent_id: str = "a") -> "Story":
        event = TaskFailed(
            agent_id=agent_id,
            attempt=1,
            error_code="x",
            retryable=True,
            outcome=outcome,
            failed_at=self.now,
        )
        return self.tell(f"task/{name}", event)

    def retry(
        self, name: str, task_type: str = "analysis", priority: Priority = Priority.NORMAL
    ) -> "Story":
        terms = terms_of(TaskSpecification(task_type=task_type, priority=priority))
        return self.tell(f"task/{name}", TaskRequeued(attempt=1, terms=terms, by="me", at=self.now))

    def done(self, count: int, agent_id: str = "a") -> "Story":
        for _ in range(count):
            name = f"{agent_id}-{len(self.told)}"
            self.submit(name).assign(name, agent_id).complete(name, agent_id)
        return self

    def given_up(self, count: int, agent_id: str = "a") -> "Story":
        for _ in range(count):
            name = f"{agent_id}-{len(self.told)}"
            self.submit(name).assign(name, agent_id).fail(name, TaskStatus.FAILED, agent_id)
        return self

    def points(
        self, step: int | None = None, since: datetime | None = None, until: datetime | None = None
    ) -> list[MetricsPoint]:
        span = Span(since=since, until=until, step=step)
        return self.metrics.history(span, self.now).points

    def statuses(self) -> dict[str, int]:
        by_status = self.metrics.current().tasks.by_status
        return {status: count for status, count in by_status.items() if count}

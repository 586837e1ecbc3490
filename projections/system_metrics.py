"""System metrics: a live view in memory of agents, tasks, throughput and durations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Literal

from aia_mas.application.event_log.records import RecordedEvent
from aia_mas.domain.kernel.steps import Steps, chunks
from aia_mas.domain.orchestration.task_events import TaskStatus
from aia_mas.domain.orchestration.task_status import LIVE
from aia_mas.projections.durations import Durations
from aia_mas.projections.metrics_figures import (
    AgentCounts,
    AgentPerformance,
    DurationFigures,
    Metrics,
    TaskCounts,
    Throughput,
    TypeCounts,
)
from aia_mas.projections.metrics_fold import MetricsFold
from aia_mas.projections.metrics_history import MetricsPoint, points
from aia_mas.projections.metrics_snapshot import frozen, thawed
from aia_mas.projections.metrics_state import MINUTE, AgentFigures, FleetFigures, TypeFigures

__all__ = ["AgentPerformance", "Metrics", "SystemMetrics"]

_WINDOW = 5
"""Minutes over which rates are taken."""
_TYPES_SHOWN = 50
_COUNTED_AT_ONCE = 500


class SystemMetrics:
    """The live view; ``ProjectionHost`` folds the log into it."""

    name = "system_metrics"
    version = 3

    def __init__(self) -> None:
        """Begin with nothing."""
        self._fold = MetricsFold()

    @property
    def as_of(self) -> int:
        """The last position in it."""
        return self._fold.state.position

    def apply(self, event: RecordedEvent) -> None:
        """Fold one event."""
        self._fold.apply(event)

    def snapshot(self) -> Steps[Iterator[bytes]]:
        """Return what encodes a copy of the state; see ``Fold.snapshot``."""
        return frozen(self._fold.state)

    def restore(self, pieces: Sequence[bytes]) -> Steps[None]:
        """Go back to a snapshot; see ``Fold.restore``."""
        state, fleet = (yield from thawed(pieces)), FleetFigures()
        for some in chunks(state.agents.values(), _COUNTED_AT_ONCE):
            for agent in some:
                fleet.count(agent, 1)
            yield
        self._fold = MetricsFold(state, fleet)

    def current(self, now: datetime | None = None) -> Metrics:
        """Return the figures as they are.

        Args:
            now: The end of the window of the throughput; when left out, that of the last event.
        """
        state = self._fold.state
        return Metrics(
            as_of=state.position,
            at=datetime.fromtimestamp(state.at / 1000, UTC) if state.position else None,
            agents=self._agents(),
            tasks=self._tasks(),
            throughput=self._throughput(state.at if now is None else round(now.timestamp() * 1000)),
            waiting=_figures(state.waiting),
            execution=_figures(state.execution),
            total=_figures(state.total),
        )

    def performance(self, agent_id: str) -> AgentPerformance | None:
        """Return what an agent did; None: it never registered."""
        agent = self._fold.state.agents.get(agent_id)
        return None if agent is None else _performance(agent_id, agent)

    def history(
        self,
        since: datetime | None = None,
        until: datetime | None = None,
        resolution: Literal["minute", "hour"] = "minute",
    ) -> list[MetricsPoint]:
        """Return what happened minute by minute (the last day) or hour by hour (the last month).

        Args:
            since: The first minute or hour; the oldest one known when left out.
            until: Where to end; the minute or hour of the last event is the last one.
            resolution: How fine.
        """
        return points(self._fold, since, until, resolution)

    def _agents(self) -> AgentCounts:
        fleet = self._fold.fleet
        return AgentCounts(
            registered=fleet.registered,
            online=fleet.online,
            available=fleet.available,
            busy=fleet.busy,
            by_status={status.value: count for status, count in fleet.by_status.items()},
            places=fleet.places,
            in_use=fleet.in_use,
        )

    def _tasks(self) -> TaskCounts:
        state = self._fold.state
        statuses = state.statuses
        completed = statuses[TaskStatus.COMPLETED]
        failed = (
            statuses[TaskStatus.FAILED] + statuses[TaskStatus.DEAD] + statuses[TaskStatus.EXPIRED]
        )
        return TaskCounts(
            submitted=state.submitted,
            queue_depth=statuses[TaskStatus.QUEUED],
            active=sum(statuses[status] for status in LIVE),
            completed=completed,
            failed=failed,
            failed_attempts=state.failures,
            released_attempts=state.releases,
            retried=state.retries,
            success_rate=_share(completed, completed + failed),
            by_status={status.value: count for status, count in statuses.items()},
            by_type=_most_submitted(state.types),
        )

    def _throughput(self, end: int) -> Throughput:
        start = end - end % MINUTE - (_WINDOW - 1) * MINUTE
        events = submitted = completed = 0
        for bucket in reversed(self._fold.state.minutes):
            if bucket.start < start:
                break
            events += bucket.events
            submitted += bucket.submitted
            completed += bucket.completed
        minutes = (end - start) / MINUTE
        if minutes <= 0:
            return Throughput(0.0, 0.0, 0.0)
        return Throughput(
            round(events / minutes, 3), round(submitted / minutes, 3), round(completed / minutes, 3)
        )


def _most_submitted(types: dict[str, TypeFigures]) -> dict[str, TypeCounts]:
    most = sorted(types.items(), key=lambda item: (-item[1].submitted, item[0]))[:_TYPES_SHOWN]
    return {
        kind: TypeCounts(figures.submitted, figures.completed, figures.failed)
        for kind, figures in most
    }


def _figures(durations: Durations) -> DurationFigures:
    return DurationFigures(
        count=durations.count,
        mean=durations.mean,
        p50=durations.percentile(50),
        p95=durations.percentile(95),
        p99=durations.percentile(99),
        longest=durations.longest,
    )


def _performance(agent_id: str, agent: AgentFigures) -> AgentPerformance:
    return AgentPerformance(
        agent_id=agent_id,
        active_tasks=agent.active,
        assigned=agent.assigned,
        completed=agent.completed,
        failed=agent.failed,
        released=agent.released,
        success_rate=_share(agent.completed, agent.completed + agent.failed + agent.released),
        mean_execution_ms=agent.worked // agent.completed if agent.completed else None,
        mean_quality=round(agent.quality / agent.rated / 1_000_000, 6) if agent.rated else None,
    )


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 6) if whole else None

"""System metrics: a live view in memory of agents, tasks, throughput and durations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from aia_mas.application.event_log.records import RecordedEvent
from aia_mas.domain.kernel.steps import Steps, chunks
from aia_mas.domain.orchestration.task_status import LIVE, TaskStatus
from aia_mas.projections.durations import Durations
from aia_mas.projections.metrics_figures import (
    AgentCounts,
    AgentRank,
    DurationFigures,
    Metrics,
    TaskCounts,
    Throughput,
    TypeCounts,
    Window,
)
from aia_mas.projections.metrics_fold import MetricsFold
from aia_mas.projections.metrics_history import Series, Span, series
from aia_mas.projections.metrics_ranking import Ranked
from aia_mas.projections.metrics_rollup import MINUTE
from aia_mas.projections.metrics_snapshot import frozen, thawed
from aia_mas.projections.metrics_state import TypeFigures
from aia_mas.projections.metrics_windows import SECOND, Totals, lasted, since

__all__ = ["Metrics", "SystemMetrics"]

_WINDOWS = (1, 5, 15)
"""Minutes over which throughput is taken."""
_SHOWN_WINDOW = 5
_TYPES_SHOWN = 50
_COUNTED_AT_ONCE = 500


class SystemMetrics:
    """The live view; ``ProjectionHost`` folds the log into it."""

    name = "system_metrics"
    version = 6

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
        fold = MetricsFold((yield from thawed(pieces)))
        for some in chunks(fold.state.agents.items(), _COUNTED_AT_ONCE):
            for agent_id, agent in some:
                fold.take_in(agent_id, agent)
            yield
        self._fold = fold

    def current(self, now: datetime | None = None) -> Metrics:
        """Return the figures as they are.

        Args:
            now: The end of the window of the throughput; when left out, that of the last event.
        """
        state = self._fold.state
        best, worst = self._fold.ranking.ends()
        waited, worked = lasted(state.recent, state.minutes, self._millis(now))
        return Metrics(
            as_of=state.position,
            at=datetime.fromtimestamp(state.at / 1000, UTC) if state.position else None,
            agents=self._agents(),
            tasks=self._tasks(),
            throughput=self._throughput(self._millis(now)),
            waiting=_figures(state.waiting),
            execution=_figures(state.execution),
            total=_figures(state.total),
            recent_waiting=_figures(waited),
            recent_execution=_figures(worked),
            top_agents=[_ranked(agent) for agent in best],
            bottom_agents=[_ranked(agent) for agent in worst],
        )

    def durations(self) -> dict[str, Durations]:
        """Return copies of ``waiting``, ``execution`` and ``total`` in full."""
        state = self._fold.state
        return {
            "waiting": state.waiting.copy(),
            "execution": state.execution.copy(),
            "total": state.total.copy(),
        }

    def history(self, span: Span = Span(), now: datetime | None = None) -> Series:  # noqa: B008
        """Return how the figures changed over time.

        Args:
            span: From when to when, and how fine; when left out, all there is.
            now: Where the series ends at the latest; when left out, the time of the last event.

        Raises:
            TooManyPoints: The step is too fine for so long a time.
        """
        return series(self._fold, span, self._millis(now))

    def _millis(self, now: datetime | None) -> int:
        # A clock that is behind the log's must not hide what has happened.
        at = self._fold.state.at
        return at if now is None else max(at, round(now.timestamp() * 1000))

    def _agents(self) -> AgentCounts:
        fleet = self._fold.fleet
        return AgentCounts(
            registered=fleet.registered,
            online=fleet.online,
            available=fleet.available,
            with_room=fleet.with_room,
            busy=fleet.busy,
            by_status={status.value: count for status, count in fleet.by_status.items()},
            places=fleet.places,
            in_use=fleet.in_use,
            utilization=_share(fleet.in_use, fleet.places),
        )

    def _tasks(self) -> TaskCounts:
        state = self._fold.state
        statuses = {status: state.standing_in((status,)) for status in TaskStatus}
        completed, dead = statuses[TaskStatus.COMPLETED], statuses[TaskStatus.DEAD]
        failed = statuses[TaskStatus.FAILED] + dead + statuses[TaskStatus.EXPIRED]
        return TaskCounts(
            submitted=state.submitted,
            queue_depth=statuses[TaskStatus.QUEUED],
            active=state.standing_in(LIVE),
            completed=completed,
            failed=failed,
            dead=dead,
            failed_attempts=state.failures,
            released_attempts=state.releases,
            requeued_attempts=state.requeues,
            retried=state.retries,
            success_rate=_share(completed, completed + failed),
            by_status={status.value: count for status, count in statuses.items()},
            by_priority={
                priority.value: {status.value: count for status, count in standing.items()}
                for priority, standing in state.standing.items()
            },
            by_type=_most_submitted(state.types),
        )

    def _throughput(self, end: int) -> Throughput:
        state = self._fold.state
        now, second = state.totals(), end - end % SECOND
        windows = {
            minutes: since(state.marks, now, second - minutes * MINUTE) for minutes in _WINDOWS
        }
        shown = windows[_SHOWN_WINDOW]
        rates = _window(shown, end)
        return Throughput(
            events_per_minute=_per_minute(shown.events, end - shown.at),
            submitted_per_minute=rates.submitted_per_minute,
            completed_per_minute=rates.completed_per_minute,
            failed_per_minute=rates.failed_per_minute,
            windows={f"{minutes}m": _window(flow, end) for minutes, flow in windows.items()},
        )


def _window(flow: Totals, end: int) -> Window:
    length = end - flow.at
    return Window(
        submitted=flow.submitted,
        completed=flow.completed,
        failed=flow.lost,
        submitted_per_minute=_per_minute(flow.submitted, length),
        completed_per_minute=_per_minute(flow.completed, length),
        failed_per_minute=_per_minute(flow.lost, length),
    )


def _per_minute(count: int, length: int) -> float:
    return round(count * MINUTE / length, 3)


def _ranked(agent: Ranked) -> AgentRank:
    return AgentRank(agent.agent_id, agent.finished, agent.rate / 1_000_000)


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


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 6) if whole else None

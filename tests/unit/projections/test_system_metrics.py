"""System metrics: what is counted, when, and that every fold counts the same."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from aia_mas.application.event_log.records import RecordedEvent
from aia_mas.domain.kernel import Event
from aia_mas.domain.kernel.errors import InvalidValue
from aia_mas.domain.kernel.steps import at_once
from aia_mas.domain.orchestration.agent_events import (
    AgentCameOnline,
    AgentDrained,
    AgentRegistered,
    AgentSuspended,
    AgentUnregistered,
    AgentUpdated,
    AgentWentOffline,
)
from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.domain.orchestration.task_events import (
    ReleaseReason,
    TaskAssigned,
    TaskCancelled,
    TaskCompleted,
    TaskExpired,
    TaskFailed,
    TaskReleased,
    TaskRequeued,
    TaskStarted,
    TaskStatus,
    TaskSubmitted,
)
from aia_mas.domain.orchestration.task_specification import TaskSpecification, terms_of
from aia_mas.projections import metrics_fold
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

    def submit(self, name: str, task_type: str = "analysis") -> "Story":
        spec = TaskSpecification(task_type=task_type)
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

    def retry(self, name: str, task_type: str = "analysis") -> "Story":
        terms = terms_of(TaskSpecification(task_type=task_type))
        return self.tell(f"task/{name}", TaskRequeued(attempt=1, terms=terms, by="me", at=self.now))

    def statuses(self) -> dict[str, int]:
        by_status = self.metrics.current().tasks.by_status
        return {status: count for status, count in by_status.items() if count}


def test_before_anything_happened() -> None:
    current = SystemMetrics().current()
    assert (current.as_of, current.at) == (0, None)
    assert (current.tasks.success_rate, current.tasks.submitted) == (None, 0)
    assert current.throughput.events_per_minute == 0.0
    assert SystemMetrics().history() == []


def test_agents_are_counted_by_status_and_presence() -> None:
    story = Story().agent("a", 3).agent("b", 2).agent("c").agent("d")
    story.tell("agent/b", AgentWentOffline(at=START))
    story.tell("agent/c", AgentSuspended(at=START))
    story.tell("agent/d", AgentUnregistered(at=START))
    story.submit("1").assign("1")
    agents = story.metrics.current().agents

    assert (agents.registered, agents.online, agents.available, agents.busy) == (3, 2, 1, 1)
    assert agents.by_status == {"active": 2, "draining": 0, "suspended": 1, "unregistered": 1}
    assert (agents.places, agents.in_use) == (3, 1)

    story.tell("agent/b", AgentCameOnline(at=START)).agent("d")
    story.tell(
        "agent/b", AgentUpdated(capabilities=Capabilities(max_concurrent_tasks=9), revision=2)
    )
    story.tell("agent/a", AgentDrained(at=START))
    agents = story.metrics.current().agents
    assert (agents.registered, agents.online, agents.available) == (4, 4, 2)
    assert (agents.places, agents.in_use) == (10, 0)


def test_an_offline_agent_that_unregisters_is_not_counted_out_twice() -> None:
    story = Story().agent("a").agent("b")
    story.tell("agent/a", AgentWentOffline(at=START)).tell("agent/a", AgentUnregistered(at=START))
    agents = story.metrics.current().agents
    assert (agents.registered, agents.online) == (1, 1)


def test_tasks_are_counted_where_they_stand() -> None:
    story = Story().agent("a")
    for name in "123456":
        story.submit(name)
    assert story.statuses() == {"queued": 6}
    story.assign("1").assign("2").start("2").assign("3").assign("4")
    story.complete("2").fail("3", TaskStatus.QUEUED)
    released = TaskReleased(
        agent_id="a",
        attempt=1,
        reason=ReleaseReason.TIMED_OUT,
        outcome=TaskStatus.DEAD,
        released_at=START,
    )
    story.tell("task/4", released)
    story.tell("task/5", TaskCancelled(by="me", at=START))
    story.tell("task/6", TaskExpired(at=START))

    assert story.statuses() == {
        "queued": 1,
        "assigned": 1,
        "completed": 1,
        "cancelled": 1,
        "expired": 1,
        "dead": 1,
    }
    tasks = story.metrics.current().tasks
    assert (tasks.submitted, tasks.queue_depth, tasks.active) == (6, 1, 1)
    assert (tasks.completed, tasks.failed, tasks.failed_attempts) == (1, 2, 1)
    assert (tasks.released_attempts, tasks.retried) == (1, 0)
    assert tasks.success_rate == pytest.approx(1 / 3, abs=1e-6)


def test_a_retry_by_hand_takes_a_task_back_from_where_it_ended() -> None:
    story = Story().agent("a").submit("1").assign("1").fail("1", TaskStatus.FAILED)
    assert story.statuses() == {"failed": 1}
    story.retry("1")
    assert story.statuses() == {"queued": 1}
    story.assign("1").complete("1")

    tasks = story.metrics.current().tasks
    assert story.statuses() == {"completed": 1}
    assert (tasks.failed, tasks.retried, tasks.success_rate) == (0, 1, 1.0)
    assert tasks.by_type["analysis"].failed == 0


def test_what_is_remembered_of_ended_tasks_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics_fold, "ENDED_KEPT", 2)
    story = Story().agent("a")
    for name in "123":
        story.submit(name).assign(name).fail(name, TaskStatus.DEAD)
    story.retry("1").retry("3")

    # The first was forgotten, so it stays counted where it ended.
    assert story.statuses() == {"dead": 2, "queued": 2}


def test_kinds_of_tasks_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics_fold, "TYPES_KEPT", 2)
    story = Story().agent("a")
    for name, kind in (("1", "x"), ("2", "y"), ("3", "z"), ("4", "w"), ("5", "x")):
        story.submit(name, kind).assign(name).complete(name)
    story.submit("6", "z").assign("6").fail("6", TaskStatus.DEAD).retry("6", "z")

    by_type = story.metrics.current().tasks.by_type
    assert {kind: counts.submitted for kind, counts in by_type.items()} == {
        "(other)": 3,
        "x": 2,
        "y": 1,
    }
    assert by_type["(other)"].failed == 0


def test_durations_are_taken_from_the_times_of_the_log() -> None:
    story = Story().agent("a").submit("1")
    story.after(seconds=2).assign("1").after(seconds=1).start("1").after(seconds=4).complete("1")
    current = story.metrics.current()

    assert (current.waiting.count, current.waiting.mean) == (1, 2_000)
    assert (current.execution.mean, current.execution.longest) == (4_000, 4_000)
    assert (current.total.mean, current.total.p99) == (7_000, 7_000)


def test_waiting_begins_anew_with_every_attempt() -> None:
    story = Story().agent("a").submit("1").after(seconds=1).assign("1").after(seconds=9)
    story.fail("1", TaskStatus.QUEUED).after(seconds=3).assign("1")
    waiting = story.metrics.current().waiting
    assert (waiting.count, waiting.mean, waiting.longest) == (2, 2_000, 3_000)


def test_throughput_is_of_the_last_minutes_and_fades_with_the_clock() -> None:
    story = Story().agent("a")
    for name in range(10):
        story.after(seconds=6).submit(str(name)).assign(str(name)).complete(str(name))
    throughput = story.metrics.current().throughput
    assert throughput.completed_per_minute == 2.5  # 10 in 4 minutes: 11:57 to 12:01

    assert story.metrics.current(START + timedelta(minutes=4, seconds=59)).throughput == (
        type(throughput)(6.221, 2.007, 2.007)
    )
    late = story.metrics.current(START + timedelta(hours=1)).throughput
    assert (late.events_per_minute, late.completed_per_minute) == (0.0, 0.0)


def test_history_has_a_point_for_every_minute() -> None:
    story = Story().agent("a").submit("1").submit("2").after(seconds=30).assign("1")
    story.after(minutes=3).complete("1")
    points = story.metrics.history()

    assert [point.at.minute for point in points] == [0, 1, 2, 3]
    first, *quiet, last = points
    assert (first.events, first.submitted, first.assigned, first.mean_wait_ms) == (4, 2, 1, 30_000)
    assert (first.queue_depth, first.active_tasks, first.agents, first.agents_online) == (
        1,
        1,
        1,
        1,
    )
    for point in quiet:
        assert (point.events, point.queue_depth, point.active_tasks) == (0, 1, 1)
        assert (point.mean_wait_ms, point.mean_execution_ms) == (None, None)
    assert (last.completed, last.mean_execution_ms, last.active_tasks) == (1, 180_000, 0)


def test_history_can_be_cut_out() -> None:
    story = Story().agent("a")
    for _ in range(5):
        story.after(minutes=1).tell("agent/a", AgentCameOnline(at=START))
    since, until = START + timedelta(minutes=1, seconds=30), START + timedelta(minutes=4)

    assert [point.at.minute for point in story.metrics.history(since, until)] == [1, 2, 3]
    assert story.metrics.history(START + timedelta(days=1)) == []
    with pytest.raises(InvalidValue):
        story.metrics.history(resolution="second")  # type: ignore[arg-type]


def test_history_keeps_a_day_of_minutes_and_a_month_of_hours() -> None:
    story = Story().agent("a")
    for number in range(40 * 24):
        story.after(hours=1).submit(str(number))
    minutes, hours = story.metrics.history(), story.metrics.history(resolution="hour")

    assert len(minutes) == 24 * 60 + 1
    assert len(hours) == 31 * 24 + 1
    assert [point.submitted for point in hours] == [1] * len(hours)
    assert hours[-1].queue_depth == minutes[-1].queue_depth == 40 * 24
    assert sum(point.submitted for point in minutes) == 25


def test_the_hour_that_is_not_over_holds_its_minutes() -> None:
    story = Story().agent("a")
    for name in "123":
        story.submit(name).after(minutes=10)
    (hour,) = story.metrics.history(resolution="hour")
    assert (hour.submitted, hour.queue_depth) == (3, 3)
    assert story.metrics.history(resolution="hour") == [hour]


def test_a_restored_snapshot_goes_on_as_if_nothing_had_been() -> None:
    story = Story().agent("a", 3).submit("1").assign("1").submit("2").after(minutes=2)
    story.assign("2").fail("2", TaskStatus.DEAD)
    snapshot = at_once(story.metrics.snapshot())
    told = len(story.told)
    # What happens while the snapshot is encoded is not in it.
    story.after(minutes=90).start("1").complete("1").retry("2").agent("b")

    restored = SystemMetrics()
    at_once(restored.restore(list(snapshot)))
    assert restored.as_of == told
    for recorded in story.told[told:]:
        restored.apply(recorded)
    assert restored.current() == story.metrics.current()
    assert restored.history() == story.metrics.history()
    assert restored.history(resolution="hour") == story.metrics.history(resolution="hour")
    assert list(at_once(restored.snapshot())) == list(at_once(story.metrics.snapshot()))


@pytest.mark.parametrize("damage", [b"", b"{", b'{"position":"x"}', b"{}\n{"])
def test_a_damaged_snapshot_changes_nothing(damage: bytes) -> None:
    story = Story().agent("a")
    before = story.metrics.current()
    with pytest.raises(msgspec.MsgspecError):
        at_once(story.metrics.restore([damage]))
    assert story.metrics.current() == before


def test_events_of_others_only_move_it_on() -> None:
    class Weather(Event, frozen=True, kw_only=True):
        topic: Any = "weather.changed.v1"

    story = Story().agent("a").tell("weather/x", Weather())
    assert story.metrics.as_of == 2

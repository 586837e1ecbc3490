"""System metrics: what is counted, when, and that every fold counts the same."""

from typing import Any

import msgspec
import pytest

from aia_mas.domain.kernel import Event
from aia_mas.domain.kernel.steps import at_once
from aia_mas.domain.orchestration.agent_events import (
    AgentCameOnline,
    AgentDrained,
    AgentEndpointDisabled,
    AgentSuspended,
    AgentUnregistered,
    AgentUpdated,
    AgentWentOffline,
)
from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.domain.orchestration.task_events import (
    ReleaseReason,
    TaskCancelled,
    TaskExpired,
    TaskReleased,
)
from aia_mas.domain.orchestration.task_specification import Priority
from aia_mas.domain.orchestration.task_status import TaskStatus
from aia_mas.projections import metrics_fold
from aia_mas.projections.metrics_history import Span
from aia_mas.projections.metrics_rollup import DAY, HOUR, MINUTE
from aia_mas.projections.system_metrics import SystemMetrics

from .metrics_stories import START, Story


def test_before_anything_happened() -> None:
    current = SystemMetrics().current()
    assert (current.as_of, current.at) == (0, None)
    assert (current.tasks.success_rate, current.tasks.submitted) == (None, 0)
    assert current.throughput.events_per_minute == 0.0
    assert (current.top_agents, current.bottom_agents) == ([], [])
    assert SystemMetrics().history(Span()).points == []


def test_agents_are_counted_by_status_and_presence() -> None:
    story = Story().agent("a", 3).agent("b", 2).agent("c").agent("d")
    story.tell("agent/b", AgentWentOffline(at=START))
    story.tell("agent/c", AgentSuspended(at=START))
    story.tell("agent/d", AgentUnregistered(at=START))
    story.agent("e", 5)
    story.tell("agent/e", AgentEndpointDisabled(reason="gone", at=START))
    assert story.metrics.current().agents.available == 1
    story.tell("agent/e", AgentUnregistered(at=START))
    story.submit("1").assign("1")
    agents = story.metrics.current().agents

    assert (agents.registered, agents.online, agents.available, agents.busy) == (3, 2, 1, 1)
    assert (agents.with_room, agents.utilization) == (1, 0.333333)
    assert agents.by_status == {"active": 2, "draining": 0, "suspended": 1, "unregistered": 2}
    assert (agents.places, agents.in_use) == (3, 1)

    story.tell("agent/b", AgentCameOnline(at=START)).agent("d")
    story.tell(
        "agent/b", AgentUpdated(capabilities=Capabilities(max_concurrent_tasks=9), revision=2)
    )
    story.tell("agent/a", AgentDrained(at=START))
    agents = story.metrics.current().agents
    assert (agents.registered, agents.online, agents.available) == (4, 4, 2)
    assert (agents.places, agents.in_use, agents.with_room) == (10, 0, 2)


def test_agents_have_room_until_all_their_places_are_in_use() -> None:
    story = Story().agent("a", 2).submit("1").submit("2").submit("3")

    def figures() -> tuple[int, int, float | None]:
        agents = story.metrics.current().agents
        return agents.available, agents.with_room, agents.utilization

    assert figures() == (1, 1, 0.0)
    story.assign("1")
    assert figures() == (1, 1, 0.5)
    story.assign("2")
    assert figures() == (1, 0, 1.0)
    narrowed = AgentUpdated(capabilities=Capabilities(max_concurrent_tasks=1), revision=2)
    story.tell("agent/a", narrowed).complete("1")
    assert figures() == (1, 0, 1.0)
    story.complete("2")
    assert figures() == (1, 1, 0.0)
    story.tell("agent/a", AgentWentOffline(at=START))
    assert figures() == (0, 0, None)


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


def test_tasks_are_counted_by_priority_through_their_whole_life() -> None:
    story = Story().agent("a", 9)
    story.submit("1", priority=Priority.CRITICAL).submit("2", priority=Priority.LOW).submit("3")
    story.assign("1").start("1").assign("2").fail("2", TaskStatus.DEAD)

    def standing(priority: str) -> dict[str, int]:
        counts = story.metrics.current().tasks.by_priority[priority]
        return {status: count for status, count in counts.items() if count}

    assert standing("critical") == {"running": 1}
    assert standing("low") == {"dead": 1}
    assert standing("normal") == {"queued": 1}
    assert standing("high") == standing("maintenance") == {}
    story.complete("1").retry("2", priority=Priority.HIGH)
    assert (standing("critical"), standing("low"), standing("high")) == (
        {"completed": 1},
        {},
        {"queued": 1},
    )


def test_attempts_that_are_tried_again_are_told_from_tasks_that_are_dead() -> None:
    story = Story().agent("a", 9).submit("1").assign("1").fail("1", TaskStatus.QUEUED)
    story.assign("1").fail("1", TaskStatus.DEAD)
    tasks = story.metrics.current().tasks
    assert (tasks.failed_attempts, tasks.requeued_attempts, tasks.dead) == (2, 1, 1)


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
    for step in (None, MINUTE, HOUR, DAY):
        assert restored.history(Span(step=step)) == story.metrics.history(Span(step=step))
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

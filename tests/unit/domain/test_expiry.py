"""What may run out: nothing too early, everything in the end, and the same after a restart."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from aia_mas.domain.kernel import Event
from aia_mas.domain.kernel.steps import at_once
from aia_mas.domain.orchestration.agent_events import (
    AgentCameOnline,
    AgentUnregistered,
    AgentUpdated,
    AgentWentOffline,
)
from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.domain.orchestration.expiry import (
    RETRY,
    Due,
    Expire,
    Expiry,
    Offline,
    Release,
)
from aia_mas.domain.orchestration.task_events import (
    ReleaseReason,
    TaskCancelled,
    TaskCompleted,
    TaskExpired,
    TaskFailed,
    TaskReleased,
    TaskRequeued,
    TaskStatus,
)
from aia_mas.domain.orchestration.task_specification import TaskSpecification, terms_of

from .expiry_stories import NOON, OFFLINE, PICKUP, Story, released, seconds, stored


@pytest.fixture
def story() -> Story:
    """Nothing has happened yet, and this node has led for a day."""
    return Story()


# ----------------------------------------------------------------------------------- each reason


def test_an_agent_without_heartbeats_is_offline(story: Story) -> None:
    story.registered()
    assert story.after(14).due() == []
    story.heard("agent", "a")
    assert story.after(14).due() == []
    assert story.after(1).due() == [Offline("a", NOON + seconds(14))]


def test_an_agent_that_was_never_heard_of_is_offline_after_its_registration(story: Story) -> None:
    assert story.registered().after(OFFLINE).due() == [Offline("a", None)]


def test_an_assignment_that_nobody_picks_up_is_released(story: Story) -> None:
    story.submitted().assigned()
    assert story.after(9).due() == []
    assert story.after(1).due() == [Release("t", 1, ReleaseReason.NOT_STARTED)]


def test_an_attempt_without_signs_of_life_is_released(story: Story) -> None:
    story.submitted().assigned(lease=20).after(5).started()
    assert story.after(15).due() == []
    story.heard("task", "t")
    assert story.after(19).due() == []
    assert story.after(1).due() == [Release("t", 1, ReleaseReason.LEASE_EXPIRED)]


def test_a_short_lease_is_not_forgotten_over_a_long_pickup(story: Story) -> None:
    story.submitted().assigned(lease=2)
    assert story.after(1).due() == []
    story.started()
    assert story.after(1).due() == []
    assert story.after(1).due() == [Release("t", 1, ReleaseReason.LEASE_EXPIRED)]


def test_an_attempt_that_takes_too_long_is_released_however_alive(story: Story) -> None:
    story.submitted(timeout_seconds=30).assigned(lease=20).started()
    for _ in range(29):
        story.after(1).heard("task", "t")
        assert story.due() == []
    assert story.after(1).heard("task", "t").due() == [Release("t", 1, ReleaseReason.TIMED_OUT)]


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (AgentWentOffline(at=NOON), ReleaseReason.AGENT_OFFLINE),
        (AgentUnregistered(at=NOON), ReleaseReason.AGENT_UNREGISTERED),
    ],
)
def test_what_a_gone_agent_held_is_released_at_once(
    story: Story, event: Event, reason: ReleaseReason
) -> None:
    story.registered().submitted("t").submitted("u").assigned("t").assigned("u").started("u")
    assert story.due() == []
    assert set(story.agent("a", event).due()) == {Release("t", 1, reason), Release("u", 1, reason)}


def test_whoever_registers_again_has_not_got_what_was_held_before(story: Story) -> None:
    story.registered().submitted("t").submitted("u").assigned("t").assigned("u").started("u")
    story.agent("a", AgentUnregistered(at=NOON)).registered()
    released = {
        Release("t", 1, ReleaseReason.AGENT_UNREGISTERED),
        Release("u", 1, ReleaseReason.AGENT_UNREGISTERED),
    }
    story.fold = at_once(Expiry.restore(list(at_once(story.fold.snapshot()))))
    assert set(story.due()) == released


def test_what_an_agent_holds_stays_when_it_is_back_in_time(story: Story) -> None:
    story.registered().submitted().assigned().agent("a", AgentWentOffline(at=NOON))
    story.agent("a", AgentCameOnline(at=NOON))

    assert story.due() == []


def test_a_task_whose_deadline_has_passed_expires(story: Story) -> None:
    deadline = NOON + seconds(30)
    story.submitted("waiting", deadline=deadline).submitted("held", deadline=deadline)
    story.assigned("held").started("held").after(29).heard("task", "held")
    assert story.due() == []
    assert set(story.after(1).due()) == {
        Expire("waiting", deadline),
        Expire("held", deadline),
    }


def test_a_retried_task_expires_again_at_its_new_deadline(story: Story) -> None:
    first, second = NOON + seconds(10), NOON + seconds(100)
    story.submitted(deadline=first)
    assert story.after(10).due() == [Expire("t", first)]
    story.task("t", TaskExpired(at=story.now))
    terms = terms_of(TaskSpecification(task_type="x", deadline=second))
    story.task("t", TaskRequeued(attempt=0, terms=terms, by="o", at=story.now))
    assert story.after(89).due() == []
    assert story.after(1).due() == [Expire("t", second)]


def test_finished_tasks_are_never_due(story: Story) -> None:
    deadline = NOON + seconds(5)
    ends: dict[str, Event] = {
        "completed": TaskCompleted(agent_id="a", attempt=1, lease="l", completed_at=NOON),
        "cancelled": TaskCancelled(agent_id="a", attempt=1, by="o", at=NOON),
        "expired": TaskExpired(agent_id="a", attempt=1, at=NOON),
        "failed": TaskFailed(
            agent_id="a",
            attempt=1,
            error_code="e",
            retryable=False,
            outcome=TaskStatus.FAILED,
            failed_at=NOON,
        ),
        "dead": TaskReleased(
            agent_id="a",
            attempt=1,
            reason=ReleaseReason.TIMED_OUT,
            outcome=TaskStatus.DEAD,
            released_at=NOON,
        ),
    }
    for name, event in ends.items():
        story.submitted(name, deadline=deadline).assigned(name).started(name).task(name, event)
    story.registered().agent("a", AgentUnregistered(at=NOON))

    assert story.after(10_000).due() == []


# ------------------------------------------------------------------------------------- windows


def test_nothing_expires_within_a_window_after_a_takeover(story: Story) -> None:
    """Whatever was silent before it may have been heard by somebody else, or by nobody."""
    deadline = NOON + seconds(100)
    story.registered().submitted("new").assigned("new").submitted("old", deadline=deadline)
    story.assigned("old", lease=40).started("old")
    story.after(10_000).takeover()
    assert story.due() == []
    assert story.after(PICKUP - 1).due() == []
    assert story.after(1).due() == [Release("new", 1, ReleaseReason.NOT_STARTED)]
    story.task("new", TaskCancelled(agent_id="a", attempt=1, by="o", at=story.now))
    assert story.after(OFFLINE - PICKUP - 1).due() == []
    assert story.after(1).due() == [Offline("a", None)]
    story.heard("agent", "a")
    assert story.after(40 - OFFLINE - 1).heard("agent", "a").due() == []
    assert story.after(1).due() == [Expire("old", deadline)]


def test_signs_of_life_of_an_earlier_attempt_do_not_count(story: Story) -> None:
    story.submitted().assigned(lease=20).started().after(10).heard("task", "t")
    story.task("t", released(story.now)).assigned(attempt=2, lease=20).started(attempt=2)
    story.seen["task", "t:1"] = NOON + seconds(25)
    assert story.after(19).due() == []
    assert story.after(1).due() == [Release("t", 2, ReleaseReason.LEASE_EXPIRED)]


# ------------------------------------------------------------------------------ clocks set back


def test_after_the_clock_was_set_back_windows_begin_with_the_next_look(story: Story) -> None:
    """What happened before seems to lie in the future; how long ago it was, nobody knows."""
    story.registered().submitted("idle").assigned("idle")
    story.submitted("busy").assigned("busy", lease=20).started("busy")
    assert story.due() == []
    story.after(-3600).takeover().fold.look_again()
    assert story.due() == []
    assert story.after(PICKUP - 1).due() == []
    assert story.after(1).due() == [Release("idle", 1, ReleaseReason.NOT_STARTED)]
    assert Offline("a", None) not in story.after(OFFLINE - PICKUP - 1).due()
    assert Offline("a", None) in story.after(1).due()
    assert Release("busy", 1, ReleaseReason.LEASE_EXPIRED) not in story.after(4).due()
    assert Release("busy", 1, ReleaseReason.LEASE_EXPIRED) in story.after(1).due()


def test_looking_again_is_bounded_too_and_looks_at_each_once(story: Story) -> None:
    for number in range(100):
        story.registered(f"a{number}")
    story.after(OFFLINE).fold.look_again()

    found = []
    while story.fold.any_due(story.now):
        found.append(story.due(limit=30))
    assert [len(each) for each in found if each] == [30, 30, 30, 10]


# --------------------------------------------------------------------------- how it is asked


def test_what_stays_open_comes_up_again(story: Story) -> None:
    expected: list[Due] = [Offline("a", None)]
    story.registered().after(OFFLINE)
    for _ in range(5):
        assert story.due() == expected
        assert story.due() == [], "but not at once"
        story.after(RETRY.total_seconds())


def test_one_call_is_bounded_and_the_rest_comes_with_the_next(story: Story) -> None:
    for number in range(100):
        story.registered(f"a{number}")
    story.after(OFFLINE)

    found = [story.due(limit=30) for _ in range(5)]

    assert [len(each) for each in found] == [30, 30, 30, 10, 0]
    assert len({item for each in found for item in each}) == 100


def test_whoever_comes_and_goes_is_looked_at_once(story: Story) -> None:
    for _ in range(1000):
        story.registered().agent("a", AgentUnregistered(at=story.now))
    story.registered()

    assert story.after(OFFLINE).due() == [Offline("a", None)]


def test_memory_is_bounded_where_nobody_asks(story: Story) -> None:
    """A node that does not lead folds everything and is never asked what is due."""
    for number in range(20_000):
        task, agent = f"t{number}", f"a{number}"
        story.registered(agent).submitted(task, deadline=NOON + timedelta(days=30))
        story.assigned(task, agent).started(task, agent)
        story.task(
            task, TaskCompleted(agent_id=agent, attempt=1, lease="l", completed_at=story.now)
        )
        story.agent(agent, AgentUnregistered(at=story.now))
        assert story.fold.looks <= 1000

    assert len(stored(story.fold)) == 1, "and nothing of it is left"


# --------------------------------------------------------------------------------- snapshots


def test_a_snapshot_is_a_copy_of_its_moment(story: Story) -> None:
    """It is encoded while folding goes on."""
    for number in range(1200):
        story.submitted(f"t{number}").assigned(f"t{number}")
    encoding, before = at_once(story.fold.snapshot()), stored(story.fold)
    story.submitted("later").registered("later")

    assert list(encoding) == before
    assert stored(at_once(Expiry.restore(before))) == before


def test_a_damaged_snapshot_changes_nothing(story: Story) -> None:
    story.registered().submitted()
    before = stored(story.fold)

    cut, foreign = before[:-1], [msgspec.msgpack.encode([b"x", {}, {}])]
    for damaged in ([], [b""], [b"\x93"], cut, foreign):
        with pytest.raises(msgspec.MsgspecError):
            at_once(Expiry.restore(damaged))
    assert story.after(OFFLINE).due() == [Offline("a", None)]


def test_it_tells_what_is_never_asked_for_again(story: Story) -> None:
    """So that nobody has to remember signs of life longer than they count."""
    fold, now = story.fold, story.now
    story.registered().submitted("t").assigned("t").submitted("u")

    assert fold.apply("task/t", released(now)) == ("task", "t:1")
    story.assigned("t", attempt=2)
    done = TaskCompleted(agent_id="a", attempt=2, lease="t:2", completed_at=now)
    assert fold.apply("task/t", done) == ("task", "t:2")
    assert fold.apply("task/u", TaskCancelled(by="o", at=now)) is None
    assert fold.apply("agent/a", AgentWentOffline(at=now)) is None
    assert fold.apply("agent/a", AgentUnregistered(at=now)) == ("agent", "a")


def test_events_that_set_no_clock_change_nothing(story: Story) -> None:
    story.agent("a", AgentUpdated(capabilities=Capabilities(), revision=2))

    assert stored(story.fold) == stored(Expiry())


# ------------------------------------------------------------------- any story, against a model

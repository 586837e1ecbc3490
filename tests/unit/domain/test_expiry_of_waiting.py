"""An agent that waits for an answer: that time does not count, all other ends still come."""

from __future__ import annotations

import pytest

from aia_mas.domain.kernel.steps import at_once
from aia_mas.domain.orchestration.agent_events import AgentUnregistered, AgentWentOffline
from aia_mas.domain.orchestration.expiry import Expire, Expiry, Release
from aia_mas.domain.orchestration.task_events import ReleaseReason

from .expiry_stories import NOON, Story, seconds, stored

HOUR = 3600.0


@pytest.fixture
def story() -> Story:
    return Story().registered()


def test_the_lease_does_not_run_out_and_begins_anew_with_the_answer(story: Story) -> None:
    story.submitted(timeout_seconds=HOUR).assigned(lease=20).started().after(19).asked()
    assert story.after(HOUR).heard("agent", "a").due() == []
    story.answered().after(19).heard("agent", "a")
    assert story.due() == []
    assert story.after(1).due() == [Release("t", 1, ReleaseReason.LEASE_EXPIRED)]


def test_neither_does_the_time_of_the_attempt(story: Story) -> None:
    story.submitted(timeout_seconds=30).assigned(lease=20).started().after(10).asked()
    story.after(HOUR).answered()
    for _ in range(19):
        story.after(1).heard("agent", "a").heard("task", "t")
        assert story.due() == []
    story.after(1).heard("task", "t").heard("agent", "a")
    assert story.due() == [Release("t", 1, ReleaseReason.TIMED_OUT)]


def test_every_wait_is_counted_out(story: Story) -> None:
    story.submitted(timeout_seconds=30).assigned(lease=20).started()
    for _ in range(29):
        story.after(1).asked().after(HOUR).answered().heard("agent", "a").heard("task", "t")
        assert story.due() == []
    story.after(1)
    assert story.due() == [Release("t", 1, ReleaseReason.TIMED_OUT)]


def test_the_deadline_comes_all_the_same(story: Story) -> None:
    deadline = NOON + seconds(100)
    story.submitted(deadline=deadline).assigned().started().asked().after(100)
    assert story.heard("agent", "a").due() == [Expire("t", deadline)]


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (AgentWentOffline(at=NOON), ReleaseReason.AGENT_OFFLINE),
        (AgentUnregistered(at=NOON), ReleaseReason.AGENT_UNREGISTERED),
    ],
)
def test_a_gone_agent_waits_no_more(story: Story, event: object, reason: ReleaseReason) -> None:
    story.submitted().assigned().started().asked()
    assert story.agent("a", event).due() == [Release("t", 1, reason)]  # type: ignore[arg-type]


def test_a_restored_fold_waits_as_well(story: Story) -> None:
    story.submitted(timeout_seconds=HOUR).assigned(lease=20).started().asked().after(60)
    story.fold = at_once(Expiry.restore(stored(story.fold)))
    assert story.heard("agent", "a").due() == []
    story.answered().after(20).heard("agent", "a")
    assert story.due() == [Release("t", 1, ReleaseReason.LEASE_EXPIRED)]


def test_a_clock_that_was_set_back_makes_nobody_wait_for_ever(story: Story) -> None:
    story.submitted(timeout_seconds=30).assigned(lease=20).started().asked()
    story.after(-HOUR)
    story.since = story.now - seconds(HOUR)
    story.fold.look_again()
    assert story.heard("agent", "a").due() == []
    story.answered().after(20).heard("agent", "a")
    assert story.due() == [Release("t", 1, ReleaseReason.LEASE_EXPIRED)]


def test_what_an_agent_holds_is_known(story: Story) -> None:
    story.submitted("t").submitted("u").assigned("t").assigned("u").started("t").asked("t")
    assert story.fold.held("a") == ["t", "u"]
    assert story.fold.held("b") == []

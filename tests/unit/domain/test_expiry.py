"""What may run out: nothing too early, everything in the end, and the same after a restart."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from aia_mas.domain.kernel import Event
from aia_mas.domain.kernel.steps import at_once
from aia_mas.domain.orchestration.agent_events import (
    AgentCameOnline,
    AgentRegistered,
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
    Windows,
)
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

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
PICKUP = 10.0
OFFLINE = 15.0


def seconds(number: float) -> timedelta:
    """Return a span of time."""
    return timedelta(seconds=number)


def stored(fold: Expiry) -> list[bytes]:
    """Return a snapshot."""
    return list(at_once(fold.snapshot()))


class Story:
    """Events as they come, signs of life, and the question what is due.

    Attributes:
        fold: What is asked.
        now: The time.
        since: From when on signs of life were heard without a hole.
        seen: When each agent and each attempt was last heard of.
        leases: The lease of each task's last attempt.
    """

    def __init__(self) -> None:
        self.fold = Expiry()
        self.now = NOON
        self.since = NOON - timedelta(days=1)
        self.seen: dict[tuple[str, str], datetime] = {}
        self.leases: dict[str, str] = {}

    def after(self, span: float) -> Story:
        """Let time pass."""
        self.now += seconds(span)
        return self

    def takeover(self) -> Story:
        """Begin to lead, or to hear again, now."""
        self.since = self.now
        return self

    def heard(self, kind: str, key: str) -> Story:
        """Hear of an agent or of the last attempt at a task."""
        self.seen[kind, self.leases.get(key, key) if kind == "task" else key] = self.now
        return self

    def due(self, limit: int = 500) -> list[Due]:
        """Return what is due now."""
        windows = Windows(self.since, PICKUP, OFFLINE)
        return self.fold.due(self.now, lambda *key: self.seen.get(key), windows, limit)

    def agent(self, agent_id: str, event: Event) -> Story:
        """Apply an event of an agent."""
        self.fold.apply(f"agent/{agent_id}", event)
        return self

    def task(self, task_id: str, event: Event) -> Story:
        """Apply an event of a task."""
        self.fold.apply(f"task/{task_id}", event)
        return self

    def registered(self, agent_id: str = "a") -> Story:
        """Register an agent."""
        event = AgentRegistered(capabilities=Capabilities(), owner="o", registered_at=self.now)
        return self.agent(agent_id, event)

    def submitted(self, task_id: str = "t", **terms: Any) -> Story:
        """Submit a task."""
        spec = TaskSpecification(task_type="x", **terms)
        return self.task(task_id, TaskSubmitted(spec=spec, submitted_at=self.now, owner="o"))

    def assigned(
        self, task_id: str = "t", agent_id: str = "a", attempt: int = 1, lease: float = 60.0
    ) -> Story:
        """Give a task to an agent."""
        self.leases[task_id] = f"{task_id}:{attempt}"
        event = TaskAssigned(
            agent_id=agent_id,
            attempt=attempt,
            lease=self.leases[task_id],
            lease_seconds=lease,
            assigned_at=self.now,
        )
        return self.task(task_id, event)

    def started(self, task_id: str = "t", agent_id: str = "a", attempt: int = 1) -> Story:
        """Take a task up."""
        event = TaskStarted(
            agent_id=agent_id, attempt=attempt, lease=f"{task_id}:{attempt}", started_at=self.now
        )
        return self.task(task_id, event)


def released(at: datetime) -> TaskReleased:
    """Return the end of an attempt that is followed by another."""
    return TaskReleased(
        agent_id="a",
        attempt=1,
        reason=ReleaseReason.LEASE_EXPIRED,
        outcome=TaskStatus.QUEUED,
        released_at=at,
    )


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


class _Attempt(msgspec.Struct):
    agent: str
    lease: float
    assigned: datetime
    number: int
    started: datetime | None = None


class _Task(msgspec.Struct):
    timeout: float
    deadline: datetime | None
    attempts: int = 0
    held: _Attempt | None = None


AGENTS = st.sampled_from(["a", "b", "c"])
TASKS = st.sampled_from(["t", "u", "v", "w"])
LEASES = st.sampled_from([1.0, 5.0, 40.0])
SPANS = st.sampled_from([1.0, 2.0, 7.0, 10.0, 15.0, 60.0])


class AnyStory(RuleBasedStateMachine):
    """Everything that can happen, in any order; the model looks at every open thing each time."""

    def __init__(self) -> None:
        super().__init__()
        self.story = Story()
        self.online: dict[str, datetime] = {}
        self.gone: dict[str, ReleaseReason] = {}
        self.tasks: dict[str, _Task] = {}
        self.finished: dict[str, int] = {}

    # What the log may hold, in the order in which it may hold it.

    @rule(agent=AGENTS)
    def comes(self, agent: str) -> None:
        if agent in self.online:
            return
        if agent in self.gone and self.gone[agent] is ReleaseReason.AGENT_OFFLINE:
            self.story.agent(agent, AgentCameOnline(at=self.story.now))
        else:
            self.story.registered(agent)
        self.online[agent] = self.story.now
        self.gone.pop(agent, None)

    @rule(agent=AGENTS, unregisters=st.booleans())
    def goes(self, agent: str, unregisters: bool) -> None:
        if agent not in self.online:
            return
        del self.online[agent]
        if unregisters:
            self.story.agent(agent, AgentUnregistered(at=self.story.now))
            self.gone[agent] = ReleaseReason.AGENT_UNREGISTERED
        else:
            self.story.agent(agent, AgentWentOffline(at=self.story.now))
            self.gone[agent] = ReleaseReason.AGENT_OFFLINE

    @rule(
        task=TASKS,
        timeout=st.sampled_from([3.0, 30.0, 500.0]),
        deadline=st.none() | st.sampled_from([5.0, 20.0, 100.0]),
    )
    def is_submitted(self, task: str, timeout: float, deadline: float | None) -> None:
        if task in self.tasks:
            return
        at = None if deadline is None else self.story.now + seconds(deadline)
        attempts = self.finished.get(task, 0)
        if task in self.finished:
            spec = TaskSpecification(task_type="x", deadline=at, timeout_seconds=timeout)
            event = TaskRequeued(attempt=attempts, terms=terms_of(spec), by="o", at=self.story.now)
            self.story.task(task, event)
        else:
            self.story.submitted(task, deadline=at, timeout_seconds=timeout)
        self.tasks[task] = _Task(timeout, at, attempts)

    @rule(task=TASKS, agent=AGENTS, lease=LEASES)
    def is_assigned(self, task: str, agent: str, lease: float) -> None:
        open_task = self.tasks.get(task)
        if open_task is None or open_task.held is not None or agent not in self.online:
            return
        open_task.attempts += 1
        self.story.assigned(task, agent, open_task.attempts, lease)
        open_task.held = _Attempt(agent, lease, self.story.now, open_task.attempts)

    @rule(task=TASKS)
    def is_started(self, task: str) -> None:
        held = self._held(task)
        if held is not None and held.started is None:
            self.story.started(task, held.agent, held.number)
            held.started = self.story.now

    @rule(task=TASKS, how=st.sampled_from(["fail", "release"]), again=st.booleans())
    def attempt_ends(self, task: str, how: str, again: bool) -> None:
        held = self._held(task)
        if held is None:
            return
        outcome = TaskStatus.QUEUED if again else TaskStatus.DEAD
        if how == "fail":
            event: Event = TaskFailed(
                agent_id=held.agent,
                attempt=held.number,
                error_code="e",
                retryable=True,
                outcome=outcome,
                failed_at=self.story.now,
            )
        else:
            event = TaskReleased(
                agent_id=held.agent,
                attempt=held.number,
                reason=ReleaseReason.TIMED_OUT,
                outcome=outcome,
                released_at=self.story.now,
            )
        self.story.task(task, event)
        if again:
            self.tasks[task].held = None
        else:
            self._finish(task)

    @rule(task=TASKS)
    def is_completed(self, task: str) -> None:
        held = self._held(task)
        if held is not None:
            event = TaskCompleted(
                agent_id=held.agent, attempt=held.number, lease="l", completed_at=self.story.now
            )
            self.story.task(task, event)
            self._finish(task)

    @rule(task=TASKS, expires=st.booleans())
    def is_ended_by_others(self, task: str, expires: bool) -> None:
        if task in self.tasks:
            now = self.story.now
            self.story.task(task, TaskExpired(at=now) if expires else TaskCancelled(by="o", at=now))
            self._finish(task)

    # What is not in the log.

    @rule(agent=AGENTS)
    def agent_is_heard(self, agent: str) -> None:
        self.story.heard("agent", agent)

    @rule(task=TASKS)
    def task_is_heard(self, task: str) -> None:
        self.story.heard("task", task)

    @rule()
    def takes_over(self) -> None:
        self.story.takeover()

    @rule()
    def restarts(self) -> None:
        data = stored(self.story.fold)
        self.story.fold = at_once(Expiry.restore(data))
        assert stored(self.story.fold) == data

    @rule(span=SPANS)
    def time_passes_and_somebody_asks(self, span: float) -> None:
        self.story.after(span)
        due = self.story.due()
        assert len(set(due)) == len(due)
        assert set(due) == self._expected()
        for item in due:
            self._is_not_too_early(item)

    @rule(span=SPANS)
    def time_passes(self, span: float) -> None:
        self.story.after(span)

    @invariant()
    def few_looks_are_kept(self) -> None:
        assert self.story.fold.looks <= 2 * (len(self.tasks) + len(self.online)) + 600

    # The model.

    def _held(self, task: str) -> _Attempt | None:
        return self.tasks[task].held if task in self.tasks else None

    def _finish(self, task: str) -> None:
        self.finished[task] = self.tasks.pop(task).attempts

    def _expected(self) -> set[Due]:
        now, since, seen = self.story.now, self.story.since, self.story.seen
        expected: set[Due] = set()
        for agent, online_since in self.online.items():
            heard = seen.get(("agent", agent))
            last = max(online_since, since, heard or online_since)
            if last + seconds(OFFLINE) <= now:
                expected.add(Offline(agent, heard))
        for task_id, task in self.tasks.items():
            reason = self._release(task_id, task)
            deadline = task.deadline
            if deadline is not None and (
                deadline <= now and (task.held is None or since + seconds(task.held.lease) <= now)
            ):
                expected.add(Expire(task_id, deadline))
            elif reason is not None:
                expected.add(Release(task_id, task.attempts, reason))
        return expected

    def _release(self, task_id: str, task: _Task) -> ReleaseReason | None:
        now, since, held = self.story.now, self.story.since, task.held
        if held is None:
            return None
        if held.agent in self.gone:
            return self.gone[held.agent]
        if held.started is None:
            late = max(held.assigned, since) + seconds(PICKUP) <= now
            return ReleaseReason.NOT_STARTED if late else None
        lease = seconds(held.lease)
        if held.started + seconds(task.timeout) <= now and since + lease <= now:
            return ReleaseReason.TIMED_OUT
        heard = self.story.seen.get(("task", f"{task_id}:{held.number}"), held.started)
        silent = max(held.started, since, heard) + lease <= now
        return ReleaseReason.LEASE_EXPIRED if silent else None

    def _is_not_too_early(self, item: Due) -> None:
        """The promise itself: nothing expires within one full window after ``since``."""
        waited = (self.story.now - self.story.since).total_seconds()
        if isinstance(item, Offline):
            assert waited >= OFFLINE
            return
        held = self.tasks[item.task_id].held
        if isinstance(item, Expire):
            assert held is None or waited >= held.lease
            return
        assert held is not None
        if item.reason is ReleaseReason.NOT_STARTED:
            assert waited >= PICKUP
        elif item.reason in {ReleaseReason.LEASE_EXPIRED, ReleaseReason.TIMED_OUT}:
            assert waited >= held.lease


TestAnyStory = AnyStory.TestCase
TestAnyStory.settings = settings(max_examples=150, stateful_step_count=60, deadline=None)

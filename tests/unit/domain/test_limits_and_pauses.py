"""Limits of concurrency keys and pauses: what is accepted, what happens, and what waits why."""

from datetime import UTC, datetime, timedelta

import pytest

from aia_mas.domain.kernel import Context, Principal, Role
from aia_mas.domain.kernel.steps import at_once
from aia_mas.domain.orchestration import limits, pauses
from aia_mas.domain.orchestration.agent_events import AgentRegistered
from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.domain.orchestration.dispatching import Dispatching
from aia_mas.domain.orchestration.limits import LimitRemoved, LimitSet, RemoveLimit, SetLimit
from aia_mas.domain.orchestration.pauses import (
    PAUSES,
    DispatchPaused,
    DispatchResumed,
    PauseDispatch,
    ResumeDispatch,
)
from aia_mas.domain.orchestration.queueing.task_queue import AT_ONCE
from aia_mas.domain.orchestration.task_events import (
    TaskAssigned,
    TaskCancelled,
    TaskCompleted,
    TaskSubmitted,
)
from aia_mas.domain.orchestration.task_specification import Priority, TaskSpecification

from .fleets import held_by

NOW = datetime(2026, 1, 2, tzinfo=UTC)
CTX = Context(now=NOW, head=1, principal=Principal("ops", frozenset({Role.OPERATOR})))


def test_all_mistakes_of_a_limit_are_told():
    command = SetLimit(key="a b", max_concurrent=-1, rate=0)

    refusal = limits.set_limit(None, command, CTX).refusal

    assert {each.field: each.code for each in refusal.all} == {
        "key": "invalid_id",
        "max_concurrent": "invalid_value",
        "rate": "invalid_value",
        "per_seconds": "invalid_value",
    }


def test_all_mistakes_of_a_pause_are_told():
    command = PauseDispatch(task_type="", reason="x" * 1_001)

    refusal = pauses.pause_dispatch(None, command, CTX).refusal

    assert [each.field for each in refusal.all] == ["task_type", "reason"]


@pytest.mark.parametrize(
    ("fields", "field", "code"),
    [
        ({"key": "a b"}, "key", "invalid_id"),
        ({"key": "k" * 129}, "key", "id_too_long"),
        ({}, "max_concurrent", "invalid_value"),
        ({"max_concurrent": -1}, "max_concurrent", "invalid_value"),
        ({"rate": 0, "per_seconds": 1.0}, "rate", "invalid_value"),
        ({"rate": 1}, "per_seconds", "invalid_value"),
        ({"per_seconds": 1.0}, "per_seconds", "invalid_value"),
        ({"rate": 1, "per_seconds": 0.0}, "per_seconds", "invalid_value"),
        ({"rate": 1, "per_seconds": float("nan")}, "per_seconds", "invalid_value"),
    ],
)
def test_a_limit_that_makes_no_sense_is_refused(fields, field, code):
    refusal = limits.set_limit(None, SetLimit(**{"key": "k", **fields}), CTX).refusal

    assert refusal is not None
    assert (refusal.code, refusal.field) == (code, field)


def test_a_limit_is_set_once_and_removed_once():
    command = SetLimit(key="k", max_concurrent=2, rate=10, per_seconds=60.0)
    ((stream, event),) = limits.set_limit(None, command, CTX).events
    assert stream == "limit/k"
    assert event == LimitSet(key="k", max_concurrent=2, rate=10, per_seconds=60.0, by="ops", at=NOW)

    state = limits.evolve(None, event)
    assert limits.set_limit(state, command, CTX).events == ()
    removal = limits.remove_limit(state, RemoveLimit(key="k"), CTX)
    assert removal.events == ((stream, LimitRemoved(key="k", by="ops", at=NOW)),)
    state = limits.evolve(state, removal.events[0][1])
    assert limits.remove_limit(state, RemoveLimit(key="k"), CTX).events == ()


def test_pauses_begin_and_end_once():
    begin = PauseDispatch(task_type="t", reason="broken")
    ((stream, event),) = pauses.pause_dispatch(None, begin, CTX).events
    assert (stream, event) == (
        PAUSES,
        DispatchPaused(task_type="t", reason="broken", by="ops", at=NOW),
    )
    state = pauses.evolve(None, event)
    assert pauses.pause_dispatch(state, begin, CTX).events == ()
    assert pauses.resume_dispatch(state, ResumeDispatch(), CTX).events == (), "another pause"

    ((_, resumed),) = pauses.resume_dispatch(state, ResumeDispatch(task_type="t"), CTX).events
    assert pauses.evolve(state, resumed).pauses == ()


def test_a_pause_with_another_reason_lasts_since_it_began():
    fold, state = Dispatching(), None
    for minutes, task_type, reason in ((0, "t", "a"), (1, "u", "b"), (2, "t", "c")):
        begin = PauseDispatch(task_type=task_type, reason=reason)
        now = NOW + timedelta(minutes=minutes)
        ctx = Context(now=now, head=1, principal=CTX.principal)
        ((stream, event),) = pauses.pause_dispatch(state, begin, ctx).events
        state = pauses.evolve(state, event)
        fold.apply(stream, event)

    began = [("t", "c", NOW), ("u", "b", NOW + timedelta(minutes=1))]
    assert [(each.task_type, each.reason, each.since) for each in state.pauses] == began
    assert list(fold.controls.pauses.values()) == list(state.pauses)


@pytest.mark.parametrize(
    ("fields", "field"), [({"task_type": ""}, "task_type"), ({"reason": "x" * 1001}, "reason")]
)
def test_a_pause_that_makes_no_sense_is_refused(fields, field):
    for decide, command in (
        (pauses.pause_dispatch, PauseDispatch(**fields)),
        (pauses.resume_dispatch, ResumeDispatch(**fields)),
    ):
        refusal = decide(None, command, CTX).refusal
        assert (refusal.code, refusal.field) == ("invalid_text", field)


def test_so_many_pauses_at_most():
    state = pauses.PauseState(
        pauses=tuple(
            pauses.Pause(task_type=f"t{n}", reason="", by="ops", since=NOW)
            for n in range(pauses.MAX_PAUSES)
        )
    )
    assert pauses.pause_dispatch(state, PauseDispatch(), CTX).refusal.code == "too_many_pauses"


class World:
    """A dispatcher's fold with one agent that has room for ten."""

    def __init__(self) -> None:
        self.fold = Dispatching()
        self.now = NOW
        registered = AgentRegistered(
            capabilities=Capabilities(max_concurrent_tasks=10), owner="o", registered_at=NOW
        )
        self.fold.apply("agent/a", registered)

    def submit(self, task_id: str, **spec) -> None:
        spec_ = TaskSpecification(**{"task_type": "t", **spec})
        event = TaskSubmitted(spec=spec_, submitted_at=self.now, owner="o")
        self.fold.apply(f"task/{task_id}", event)

    def happen(self, stream: str, event) -> None:
        self.fold.apply(stream, event)

    def limit(self, **fields) -> None:
        self.happen("limit/k", LimitSet(key="k", by="ops", at=self.now, **fields))

    def run(self) -> list[str]:
        placed = []
        while planned := self.fold.plan(self.now):
            for each in planned:
                placed.append(each.task_id)
                assigned = TaskAssigned(
                    agent_id="a",
                    attempt=1,
                    lease="L",
                    lease_seconds=9.0,
                    assigned_at=self.now,
                )
                self.happen(f"task/{each.task_id}", assigned)
        return placed

    def complete(self, task_id: str) -> None:
        done = TaskCompleted(agent_id="a", attempt=1, lease="L", completed_at=self.now)
        self.happen(f"task/{task_id}", done)

    def reasons(self, task_id: str) -> dict:
        return {each.code: each.facts for each in self.fold.why_not(task_id, self.now)}


def test_a_limit_counts_what_is_held_and_changes_while_tasks_wait():
    world = World()
    for n in range(5):
        world.submit(f"k{n}", concurrency_key="k", concurrency_limit=2)
    world.submit("other")

    assert sorted(world.run()) == ["k0", "k1", "other"]
    assert world.reasons("k2") == {
        "concurrency_limit": {"key": "k", "held": 2, "limit": 2, "queued": 3}
    }
    world.complete("k0")
    assert world.run() == ["k2"]
    world.limit(max_concurrent=3)
    assert world.run() == ["k3"]
    world.limit(max_concurrent=0)
    world.complete("k1")
    assert world.run() == []
    world.happen("limit/k", LimitRemoved(key="k", by="ops", at=NOW))
    assert world.run() == [], "two are held, as many as the task has in mind"
    world.complete("k2")
    assert world.run() == ["k4"]


def test_a_submission_is_not_placed_beyond_a_limit():
    world = World()
    spec = TaskSpecification(task_type="t", concurrency_key="k", concurrency_limit=1)
    assert world.fold.place("1", spec, NOW) is not None
    assert world.fold.place("2", spec, NOW) is None
    world.fold.drop("1")
    assert world.fold.place("2", spec, NOW) is not None


def test_a_rate_is_kept_by_the_times_of_the_log():
    world = World()
    world.limit(rate=2, per_seconds=10.0)
    for n in range(4):
        world.submit(f"k{n}", concurrency_key="k")

    assert world.run() == ["k0", "k1"]
    facts = world.reasons("k2")["rate_limit"]
    assert (facts["rate"], facts["per_seconds"]) == (2, 10.0)
    assert world.fold.next_due() == NOW + timedelta(seconds=10)
    world.now += timedelta(seconds=9.9)
    assert world.run() == []
    world.now += timedelta(seconds=0.1)
    assert world.run() == ["k2", "k3"]


def test_a_rate_may_change_or_go_while_tasks_wait():
    world = World()
    world.limit(rate=2, per_seconds=10.0)
    for n in range(9):
        world.submit(f"k{n}", concurrency_key="k")
    assert world.run() == ["k0", "k1"]

    world.limit(rate=3, per_seconds=10.0)
    assert world.run() == ["k2"], "what went before counts"
    world.now += timedelta(seconds=5)
    world.limit(rate=3, per_seconds=4.0)
    assert world.run() == ["k3", "k4", "k5"]
    world.happen("limit/k", LimitRemoved(key="k", by="ops", at=world.now))
    assert world.run() == ["k6", "k7", "k8"]


def test_a_quicker_rate_is_not_waited_for_as_long_as_the_slow_one():
    world = World()
    world.limit(rate=1, per_seconds=3_600.0)
    for n in range(4):
        world.submit(f"k{n}", concurrency_key="k")
    assert world.run() == ["k0"]
    assert world.fold.next_due() == NOW + timedelta(hours=1)

    world.limit(rate=1, per_seconds=1.0)
    for n in range(1, 4):
        world.now += timedelta(seconds=1)
        assert world.run() == [f"k{n}"]
    world.limit(rate=1, per_seconds=60.0)
    world.submit("k4", concurrency_key="k")
    world.run()
    assert world.fold.next_due() == world.now + timedelta(seconds=60)


@pytest.mark.parametrize("task_type", ["t", None])
def test_nothing_new_is_assigned_while_paused(task_type):
    world = World()
    world.submit("before")
    assert world.run() == ["before"]
    paused = DispatchPaused(task_type=task_type, reason="broken", by="ops", at=NOW)
    world.happen(PAUSES, paused)
    world.submit("held up")
    world.submit("other", task_type="u")

    assert world.run() == ([] if task_type is None else ["other"])
    assert not world.fold.more_to_plan
    assert world.fold.place("3", TaskSpecification(task_type="t"), NOW) is None
    facts = world.reasons("held up")["paused"]
    assert facts == {
        "task_type": task_type,
        "reason": "broken",
        "by": "ops",
        "since": NOW,
    }
    assert held_by(world.fold.fleet)["a"] >= {"before"}, "what runs goes on"

    world.happen(PAUSES, DispatchResumed(task_type=task_type, by="ops", at=NOW))
    assert "held up" in world.run()


def test_a_task_gets_another_class():
    world = World()
    world.happen(PAUSES, DispatchPaused(by="ops", at=NOW))
    world.submit("low", priority=Priority.LOW)
    world.submit("normal")
    assert world.fold.move("low", Priority.CRITICAL)
    assert not world.fold.move("unknown", Priority.CRITICAL)
    world.happen(PAUSES, DispatchResumed(by="ops", at=NOW))

    assert world.fold.figures.by_class[Priority.CRITICAL.rank] == 1
    assert world.fold.figures.by_class[Priority.LOW.rank] == 0
    assert world.run() == ["low", "normal"]


def test_thousands_that_are_due_at_once_come_in_bit_by_bit():
    world = World()
    later = NOW + timedelta(seconds=10)
    for n in range(5 * AT_ONCE):
        world.submit(f"later{n}", not_before=later)
    assert world.run() == []
    (reason,) = world.fold.why_not("later0", NOW)
    assert reason.code == "not_due"
    assert reason.detail.startswith("Not before 20")
    assert reason.detail.endswith("Z")

    world.now = later
    assert world.fold.why_not("later0", later) == (), "nobody has brought it in, but it is due"
    assert world.fold.place("new", TaskSpecification(task_type="t"), later) is None
    assert world.fold.queue.held == 4 * AT_ONCE
    assert world.fold.next_due() == later
    assert world.run() == [f"later{n}" for n in range(10)]
    for left in (3, 2, 1, 0):
        world.fold.plan(later)
        assert world.fold.queue.held <= left * AT_ONCE


def test_what_is_on_its_way_leaves_no_trace_in_what_is_known_of_a_key():
    led, followed = World(), World()
    spec = TaskSpecification(task_type="t", concurrency_key="k")
    led.fold.place("coming", spec, NOW)
    for world in (led, followed):
        world.submit("called off", concurrency_key="k")
        world.happen("task/called off", TaskCancelled(by="o", at=NOW))

    assert at_once(led.fold.snapshot()) == at_once(followed.fold.snapshot())

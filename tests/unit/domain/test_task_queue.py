"""The waiting tasks: classes by key, owners in turn, full keys, a clock for what is not due."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aia_mas.domain.orchestration.limits import KeyLimits
from aia_mas.domain.orchestration.queueing import Accounts, KeyLimit, Line, Place, TaskQueue
from aia_mas.domain.orchestration.requirement import RequirementSignature

A, B = RequirementSignature("a"), RequirementSignature("b")


class Served:
    """A queue, and what is taken out of it; everything taken stands in the log at once."""

    def __init__(self) -> None:
        self.queue = TaskQueue()
        self.accounts = Accounts(self.queue)
        self.places: dict[str, Place] = {}

    def push(self, task_id, signature=A, at=0.0, *, rank=2, owner="o", key=None, own=None):
        limit = None if key is None else KeyLimit(key, own)
        place = self.places[task_id] = Place((at, len(self.places)), rank, owner, limit)
        self.queue.classes[rank].turns.entered(owner)
        self.queue.push(task_id, signature, place)

    def line(self, now: float = 0.0) -> Line | None:
        while True:
            share = self.queue.first()
            if share is None:
                return None
            line = share.first()
            if not self.queue.gate(line, now):
                return line

    def next(self, now: float = 0.0, *, commit: bool = True) -> str | None:
        line = self.line(now)
        if line is None:
            return None
        task_id = line.first
        self.accounts.reserve(task_id, self.places[task_id], "agent")
        self.queue.take(line)
        if commit:
            place, at = self.places[task_id], datetime.fromtimestamp(now, UTC)
            counted = self.accounts.settle(task_id)
            self.queue.classes[place.rank].turns.left(place.owner)
            self.accounts.dispatched(place, "agent", at, counted=counted)
        return task_id

    def done(self, task_id: str) -> None:
        self.accounts.returned(self.places[task_id].limit)

    def all(self) -> list[str]:
        taken = []
        while (task_id := self.next()) is not None:
            taken.append(task_id)
        return taken

    def stick(self, signature: RequirementSignature, stuck: bool = True) -> None:
        (self.queue.set_stuck if stuck else self.queue.free)(self.queue._demands[signature])


def test_tasks_of_one_owner_come_by_key_whatever_they_ask_for():
    served = Served()
    served.push("late", A, 3.0)
    served.push("early", B, 1.0)
    served.push("middle", A, 2.0)
    served.push("tie", B, 2.0)

    assert len(served.queue) == 4
    assert served.all() == ["early", "middle", "tie", "late"]
    assert len(served.queue) == 0


def test_the_oldest_task_decides_between_classes():
    served = Served()
    served.push("low", at=1.0, rank=3)
    served.push("urgent", at=2.0, rank=0)
    served.push("low too", at=3.0, rank=3)

    assert served.all() == ["low", "urgent", "low too"]


def test_owners_take_turns_within_a_class():
    served = Served()
    for n in range(4):
        served.push(f"a{n}", at=n, owner="a")
    served.push("b0", at=10, owner="b")
    served.push("b1", at=11, owner="b")
    served.push("c0", at=12, owner="c")

    assert served.all() == ["a0", "b0", "c0", "a1", "b1", "a2", "a3"]


@pytest.mark.parametrize("commit", [True, False])
def test_who_comes_later_has_no_more_than_one_turn_ahead(commit):
    served = Served()
    for n in range(5):
        served.push(f"a{n}", at=n, owner="a")
    assert [served.next(commit=commit) for _ in range(3)] == ["a0", "a1", "a2"]
    for n in range(3):
        served.push(f"b{n}", at=10 + n, owner="b")

    assert served.all() == ["a3", "b0", "a4", "b1", "b2"]


def test_a_stuck_demand_does_not_hide_the_others():
    served = Served()
    served.push("first", A, 1.0)
    served.push("second", B, 2.0)
    served.stick(A)

    assert served.all() == ["second"]
    served.push("third", A, 0.5)
    assert served.next() is None
    served.stick(A, False)
    assert served.all() == ["third", "first"]


def test_what_is_stuck_costs_its_owner_no_turn():
    served = Served()
    for n in range(3):
        served.push(f"stuck{n}", A, n, owner="a")
    served.stick(A)
    served.push("b0", B, 5.0, owner="b")
    served.push("b1", B, 6.0, owner="b")
    served.push("a", B, 7.0, owner="a")

    assert served.all() == ["a", "b0", "b1"]


def test_tasks_stand_aside_until_they_are_due():
    served, queue = Served(), TaskQueue()
    served.queue = queue
    queue.push("later", A, Place((1.0, 1)), not_before=50.0)
    queue.push("soon", A, Place((2.0, 2)), not_before=20.0)

    assert queue.first() is None
    assert "later" in queue
    assert queue.held_until("later") == 50.0
    assert queue.next_due() == 20.0
    queue.due(19.9)
    assert queue.held == 2
    queue.due(20.0)
    assert queue.held_until("soon") is None
    assert queue.next_due() == 50.0
    assert served.line().first == "soon"
    queue.due(99.0)
    assert queue.next_due() is None
    assert served.line().first == "later"


def test_a_task_that_is_pushed_again_moves():
    queue = TaskQueue()
    queue.push("x", A, Place((1.0, 1)), not_before=10.0)
    queue.push("x", A, Place((1.0, 1)), not_before=20.0)

    queue.due(10.0)
    assert queue.next_due() == 20.0
    queue.push("x", B, Place((1.0, 1)))
    assert queue.next_due() is None
    queue.due(99.0)
    assert len(queue) == 1
    assert queue.first().first().signature == B


def test_a_full_key_holds_back_its_own_tasks_only():
    served = Served()
    for n in range(3):
        served.push(f"k{n}", at=n, key="k", own=1)
    served.push("free", at=9.0)

    assert served.all() == ["k0", "free"]
    served.done("k0")
    assert served.all() == ["k1"]
    served.queue.set_limits("k", KeyLimits(key="k", max_concurrent=5))
    assert served.all() == ["k2"]


def test_thousands_of_owners_wait_for_one_key_and_few_come_back_at_a_time():
    served = Served()
    served.queue.set_limits("k", KeyLimits(key="k", max_concurrent=1))
    for n in range(200):
        served.push(f"t{n}", at=n, owner=f"o{n}", key="k")
    order = served.all()
    gate = next(iter(served.queue._gates._gates["k"].values()))
    assert len(gate.aside) == 199
    while len(order) < 200:
        served.done(order[-1])
        assert len(gate.aside) >= 199 - len(order) - 10
        order += served.all()
    assert order == [f"t{n}" for n in range(200)]


def test_a_rate_lets_them_through_one_after_the_other():
    served = Served()
    served.queue.set_limits("k", KeyLimits(key="k", rate=2, per_seconds=10.0))
    for n in range(4):
        served.push(f"t{n}", at=n, key="k")

    assert [served.next(100.0) for _ in range(3)] == ["t0", "t1", None]
    assert served.queue.next_due() == 110.0
    served.queue.due(109.9)
    assert served.next(109.9) is None
    served.queue.due(110.0)
    assert [served.next(110.0) for _ in range(3)] == ["t2", "t3", None]


def test_what_was_discarded_leaves_no_rubbish():
    served = Served()
    queue = served.queue
    served.push("stays", at=0.0)
    for n in range(1, 500):
        served.push(f"t{n}", at=float(n))
        served.push(f"own{n}", at=float(n), owner=f"o{n}", key=f"k{n}")
        queue.push(f"h{n}", A, Place((float(n), -n)), not_before=1e9)
    for n in range(1, 500):
        for task_id in (f"t{n}", f"h{n}", f"own{n}"):
            assert queue.discard(task_id)
            assert not queue.discard(task_id)

    pool = queue._demands[A].pools[2]
    assert len(pool._by_turn._heap) < 50
    assert len(pool._by_age) < 50
    assert len(pool.shares) == 1
    assert len(pool.shares["o"].lines[None]._heap) < 50
    assert len(queue._held._heap) < 50
    assert served.all() == ["stays"]
    assert queue._demands == {}


TASKS = st.integers(0, 5)
OWNERS = st.sampled_from(["a", "b"])
OPERATIONS = st.lists(
    st.one_of(
        st.tuples(st.just("push"), TASKS, st.sampled_from([A, B]), st.integers(0, 4), OWNERS),
        st.tuples(st.just("hold"), TASKS, st.sampled_from([A, B]), st.integers(0, 4), OWNERS),
        st.tuples(st.just("discard"), TASKS),
        st.tuples(st.just("stuck"), st.sampled_from([A, B]), st.booleans()),
        st.tuples(st.just("due"), st.integers(0, 4)),
    ),
    max_size=40,
)


@given(OPERATIONS)
def test_it_behaves_like_a_plain_list(operations):
    queue = TaskQueue()
    waiting, held, stuck = {}, {}, set()
    for operation, *given_ in operations:
        if operation in {"push", "hold"}:
            task, signature, at, owner = given_
            place = Place((float(at), task), 2, owner)
            waiting.pop(task, None)
            held.pop(task, None)
            stuck &= {line for line, _ in waiting.values()}
            if operation == "push":
                waiting[task] = (signature, place)
                queue.push(str(task), signature, place)
            else:
                held[task] = (float(at), signature, place)
                queue.push(str(task), signature, place, not_before=float(at))
        elif operation == "discard":
            known = given_[0] in waiting or given_[0] in held
            waiting.pop(given_[0], None)
            held.pop(given_[0], None)
            assert queue.discard(str(given_[0])) == known
        elif operation == "stuck":
            demand = queue._demands.get(given_[0])
            assert (demand is None) == (given_[0] not in {line for line, _ in waiting.values()})
            if demand is not None:
                (queue.set_stuck if given_[1] else queue.free)(demand)
                (stuck.add if given_[1] else stuck.discard)(given_[0])
        else:
            for task in [task for task, (at, _, _) in held.items() if at <= given_[0]]:
                _, *waiting[task] = held.pop(task)
            queue.due(float(given_[0]))
        stuck &= {line for line, _ in waiting.values()}
        loose = sorted(
            (place.key, str(task)) for task, (line, place) in waiting.items() if line not in stuck
        )
        share = queue.first()
        assert (share.first().first if share else None) == (loose[0][1] if loose else None)
        assert queue.any_open == bool(loose)
        assert queue.any_stuck == any(line in stuck for line, _ in waiting.values())
        assert queue.next_due() == min((at for at, _, _ in held.values()), default=None)
        assert len(queue) == len(waiting) + len(held)

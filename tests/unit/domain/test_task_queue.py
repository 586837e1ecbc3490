"""The waiting tasks: lines by signature, order by key, a clock for what is not due."""

from hypothesis import given
from hypothesis import strategies as st

from aia_mas.domain.orchestration.requirement import RequirementSignature
from aia_mas.domain.orchestration.task_queue import TaskQueue

A, B = RequirementSignature("a"), RequirementSignature("b")


def order(queue: TaskQueue) -> list[str]:
    """Take everything out in order, the first of all lines first."""
    taken = []
    while (line := queue.first_loose()) is not None:
        taken.append(queue.first(line))
        queue.discard(taken[-1])
    return taken


def test_tasks_come_by_key_whatever_their_line():
    queue = TaskQueue()
    queue.push("late", A, (3.0, 1))
    queue.push("early", B, (1.0, 2))
    queue.push("middle", A, (2.0, 3))
    queue.push("tie", B, (2.0, 4))

    assert len(queue) == 4
    assert order(queue) == ["early", "middle", "tie", "late"]
    assert len(queue) == 0
    assert queue.order == []


def test_a_stuck_line_does_not_hide_the_others():
    queue = TaskQueue()
    queue.push("first", A, (1.0, 1))
    queue.push("second", B, (2.0, 2))
    queue.set_stuck(queue.line_of(A))

    assert order(queue) == ["second"]
    queue.push("third", A, (0.5, 3))
    assert queue.first_loose() is None
    queue.set_stuck(queue.line_of(A), False)
    assert order(queue) == ["third", "first"]


def test_a_line_that_emptied_starts_anew():
    queue = TaskQueue()
    queue.push("x", A, (1.0, 1))
    queue.set_stuck(queue.line_of(A))
    queue.discard("x")

    assert queue.line_of(A) is None
    queue.push("x", A, (1.0, 1))
    assert order(queue) == ["x"]


def test_tasks_stand_aside_until_they_are_due():
    queue = TaskQueue()
    queue.push("later", A, (1.0, 1), not_before=50.0)
    queue.push("soon", A, (2.0, 2), not_before=20.0)

    assert queue.first_loose() is None
    assert "later" in queue
    assert queue.held_until("later") == 50.0
    assert queue.next_due() == 20.0
    assert queue.due(19.9) == 0
    assert queue.due(20.0) == 1
    assert queue.held_until("soon") is None
    assert queue.next_due() == 50.0
    assert order(queue) == ["soon"]
    assert queue.due(99.0) == 1
    assert queue.next_due() is None
    assert order(queue) == ["later"]


def test_a_task_that_is_pushed_again_moves():
    queue = TaskQueue()
    queue.push("x", A, (1.0, 1), not_before=10.0)
    queue.push("x", A, (1.0, 1), not_before=20.0)

    assert queue.due(10.0) == 0
    assert queue.next_due() == 20.0
    queue.push("x", B, (1.0, 1))
    assert queue.next_due() is None
    assert queue.due(99.0) == 0
    assert order(queue) == ["x"]


def test_what_was_discarded_leaves_no_heap_of_rubbish():
    queue = TaskQueue()
    queue.push("stays", A, (0.0, 0))
    for n in range(1, 500):
        queue.push(f"t{n}", A, (float(n), n))
        queue.push(f"h{n}", A, (float(n), -n), not_before=1e9)
    for n in range(1, 500):
        assert queue.discard(f"t{n}")
        assert queue.discard(f"h{n}")
        assert not queue.discard(f"t{n}")

    assert len(queue.line_of(A).heap) < 50
    assert len(queue._timers) < 50
    assert order(queue) == ["stays"]


def test_ever_earlier_arrivals_leave_no_heap_of_rubbish():
    queue = TaskQueue()
    for n in range(500):
        queue.push(f"t{n}", A, (-float(n), n))

    assert len(queue._loose) < 100
    assert order(queue) == [f"t{n}" for n in reversed(range(500))]


TASKS = st.integers(0, 5)
OPERATIONS = st.lists(
    st.one_of(
        st.tuples(st.just("push"), TASKS, st.sampled_from([A, B]), st.integers(0, 4)),
        st.tuples(st.just("hold"), TASKS, st.sampled_from([A, B]), st.integers(0, 4)),
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
            task, signature, place = given_
            key = (float(place), task)
            waiting.pop(task, None)
            held.pop(task, None)
            stuck &= {line for line, _ in waiting.values()}
            if operation == "push":
                waiting[task] = (signature, key)
                queue.push(str(task), signature, key)
            else:
                held[task] = (float(place), signature, key)
                queue.push(str(task), signature, key, not_before=float(place))
        elif operation == "discard":
            known = given_[0] in waiting or given_[0] in held
            waiting.pop(given_[0], None)
            held.pop(given_[0], None)
            assert queue.discard(str(given_[0])) == known
        elif operation == "stuck":
            line = queue.line_of(given_[0])
            assert (line is None) == (given_[0] not in {line for line, _ in waiting.values()})
            if line is not None:
                queue.set_stuck(line, given_[1])
                (stuck.add if given_[1] else stuck.discard)(given_[0])
        else:
            for task in [task for task, (at, _, _) in held.items() if at <= given_[0]]:
                _, *waiting[task] = held.pop(task)
            queue.due(float(given_[0]))
        stuck &= {line for line, _ in waiting.values()}
        loose = sorted(
            (key, str(task)) for task, (line, key) in waiting.items() if line not in stuck
        )
        first = queue.first_loose()
        assert (queue.first(first) if first else None) == (loose[0][1] if loose else None)
        heads = {}
        for line, key in waiting.values():
            heads[line] = min(key, heads.get(line, key))
        assert [line.signature for line in queue.order] == sorted(heads, key=heads.__getitem__)
        assert queue.next_due() == min((at for at, _, _ in held.values()), default=None)
        assert len(queue) == len(waiting) + len(held)

"""Workers whose connection, node or receipts are lost: no work is lost, and none done twice."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from aia.client import Context, Rejected, ThreadContext, Worker

from .at_work import API, PATIENCE, Working, agent_of, done, events, happens, submit, until, working
from .relay import Relay

Wire = Callable[[Any], Relay]
PLAIN_LIFE = ["task.submitted", "task.assigned", "task.started", "task.completed"]


@pytest.fixture(scope="module")
def node(start_for_module: Callable[..., Any]) -> Any:
    return start_for_module()


class Slow:
    """A worker whose handler works until it may end.

    Attributes:
        begun: The tasks that it has begun, in order.
    """

    def __init__(self, agent_id: str, url: str, **more: Any) -> None:
        self.begun: list[str] = []
        self.under_way = threading.Event()
        self.may_end = threading.Event()
        self.worker = Worker(agent_id, skills=[agent_id], url=url, **more)
        self.worker.task("work")(self.work)

    def work(self, ctx: ThreadContext, payload: Any) -> str:
        self.begun.append(ctx.task.task_id)
        self.under_way.set()
        assert self.may_end.wait(PATIENCE)
        return "done"


def test_a_connection_cut_while_a_handler_works(node: Any, wire: Wire, unique: str) -> None:
    relay = wire(node)
    slow = Slow(unique, relay.url)
    with working(slow.worker):
        task_id = submit(node, unique)
        assert slow.under_way.wait(PATIENCE)
        before = relay.opened
        relay.cut()
        slow.may_end.set()
        assert done(node, task_id)["result"] == "done"
        assert relay.opened > before
    assert slow.begun == [task_id]
    assert events(node, task_id) == PLAIN_LIFE


def test_what_was_done_while_there_was_no_connection_is_delivered_after_it(
    node: Any, wire: Wire, unique: str
) -> None:
    relay = wire(node)
    slow = Slow(unique, relay.url, concurrency=3)
    with working(slow.worker):
        ids = [submit(node, unique) for _ in range(3)]
        for task_id in ids:
            until(node, task_id, "running")
        relay.open = False
        relay.cut()
        slow.may_end.set()
        waiting = submit(node, unique)
        relay.open = True
        assert [done(node, each)["result"] for each in (*ids, waiting)] == ["done"] * 4
    assert sorted(slow.begun) == sorted((*ids, waiting))


def test_a_completion_whose_receipt_is_lost_is_delivered_once(
    node: Any, wire: Wire, unique: str
) -> None:
    relay = wire(node)
    slow = Slow(unique, relay.url, drain_seconds=10 * PATIENCE)
    with working(slow.worker) as running:
        task_id = submit(node, unique)
        assert slow.under_way.wait(PATIENCE)
        until(node, task_id, "running")
        relay.deaf = True
        slow.may_end.set()
        done(node, task_id)  # the node has it, and has said so to nobody
        relay.cut()
        relay.deaf = False
        # A worker that ends in time has its receipt: it waits for the last one.
        running.stop()
        assert running.ended() is None
    task = done(node, task_id)
    assert (task["result"], task["refused"], task["attempt"]) == ("done", 0, 1)
    assert slow.begun == [task_id]
    assert events(node, task_id) == PLAIN_LIFE


def test_an_acceptance_whose_receipt_is_lost_is_repeated_and_the_work_begun_once(
    node: Any, wire: Wire, unique: str
) -> None:
    relay = wire(node)
    slow = Slow(unique, relay.url)
    with working(slow.worker):
        nothing = submit(node, unique, "nothing")
        assert done(node, nothing)["error"]["code"] == "no_handler"  # so it is connected
        relay.deaf_after = b"task_assigned"
        task_id = submit(node, unique)
        until(node, task_id, "running")
        assert slow.begun == []
        relay.deaf_after = b""
        relay.cut()
        relay.deaf = False
        slow.may_end.set()
        assert done(node, task_id)["result"] == "done"
    assert slow.begun == [task_id]


def test_a_node_that_is_restarted_in_the_middle_of_a_task(
    start_node: Callable[..., Any], second_node: Callable[..., Any], wire: Wire
) -> None:
    first = start_node()
    relay = wire(first)
    slow = Slow("steady", relay.url, concurrency=2)
    with working(slow.worker):
        task_id = submit(first, "steady")
        assert slow.under_way.wait(PATIENCE)
        until(first, task_id, "running")
        relay.open = False
        first.stop()
        slow.may_end.set()
        second = second_node(first)
        relay.lead_to(second.url)
        relay.open = True
        assert done(second, task_id)["result"] == "done"
        assert done(second, submit(second, "steady"))["result"] == "done"
    assert events(second, task_id) == PLAIN_LIFE
    assert slow.begun[0] == task_id
    assert len(slow.begun) == 2


def test_an_answer_that_came_while_there_was_no_connection(
    node: Any, wire: Wire, unique: str
) -> None:
    relay = wire(node)
    worker = Worker(unique, skills=[unique], url=relay.url)
    asked = []

    @worker.task("work")
    async def asks(ctx: Context, payload: Any) -> Any:
        asked.append(ctx.task.task_id)
        return [await ctx.ask("First?"), await ctx.ask("Second?")]

    with working(worker):
        task_id = submit(node, unique)
        until(node, task_id, "input_required")
        relay.open = False
        relay.cut()
        answer(node, task_id, "while away")
        relay.open = True
        until(node, task_id, "input_required")
        answer(node, task_id, "at once")
        assert done(node, task_id)["result"] == ["while away", "at once"]
    assert asked == [task_id]


def answer(node: Any, task_id: str, text: str) -> None:
    given = node.client.post(f"{API}/agents/tasks/{task_id}/input", json={"answer": text})
    assert given.status_code == 200, given.text


def test_a_later_attempt_gets_the_answers_to_its_own_questions(node: Any, unique: str) -> None:
    worker = Worker(unique, skills=[unique], url=node.url)

    @worker.task("work")
    async def asks(ctx: Context, payload: Any) -> Any:
        answer = await ctx.ask("What?")
        if ctx.attempt == 1:
            raise RuntimeError("once more")
        return answer

    with working(worker):
        task_id = submit(node, unique, retry={"max_attempts": 2, "base_seconds": 0})
        until(node, task_id, "input_required")
        answer(node, task_id, "first")
        until(node, task_id, "input_required", attempt=2)
        answer(node, task_id, "second")
        assert done(node, task_id)["result"] == "second"


def test_a_task_that_waits_for_its_place_is_told_again_and_begun_once(
    node: Any, wire: Wire, unique: str
) -> None:
    relay = wire(node)
    slow = Slow(unique, relay.url)
    with working(slow.worker):
        first = submit(node, unique)
        assert slow.under_way.wait(PATIENCE)
        # It was said to have more places than it has: the second task has to wait for its turn.
        node.client.patch(f"{API}/agents/{unique}", json={"max_concurrent_tasks": 2})
        second = submit(node, unique)
        until(node, second, "assigned")
        relay.cut()
        slow.may_end.set()
        assert [done(node, task_id)["result"] for task_id in (first, second)] == ["done", "done"]
    assert slow.begun == [first, second]


def test_a_task_that_was_cancelled_while_there_was_no_connection(
    node: Any, wire: Wire, unique: str
) -> None:
    relay = wire(node)
    worker = Worker(unique, skills=[unique], url=relay.url)
    lost = threading.Event()

    @worker.task("work")
    def works(ctx: ThreadContext, payload: Any) -> None:
        assert ctx.wait(PATIENCE)
        lost.set()

    with working(worker):
        task_id = submit(node, unique)
        until(node, task_id, "running")
        relay.open = False
        relay.cut()
        node.client.post(f"{API}/agents/tasks/{task_id}/cancel", json={})
        assert not lost.is_set()
        relay.open = True
        assert lost.wait(PATIENCE)


def test_a_worker_that_has_no_server_can_be_stopped(node: Any, wire: Wire, unique: str) -> None:
    relay = wire(node)
    relay.open = False
    running = Working(Worker(unique, url=relay.url))
    happens(lambda: relay.opened, "a first try")
    running.stop()
    assert running.ended() is None


def test_a_server_that_is_not_there_yet_is_waited_for(node: Any, wire: Wire, unique: str) -> None:
    relay = wire(node)
    relay.open = False
    slow = Slow(unique, relay.url)
    slow.may_end.set()
    with working(slow.worker):
        happens(lambda: relay.opened, "a first try")
        relay.open = True
        happens(lambda: "agent_id" in agent_of(node, unique), "the registration")
        assert done(node, submit(node, unique))["result"] == "done"


@pytest.mark.parametrize(
    ("declared", "code"),
    [
        ({"skills": {"x": 2.0}}, "invalid_skill_level"),
        ({"labels": {"x": "y" * 300}}, "invalid_text"),
    ],
)
def test_a_worker_that_cannot_be_registered_ends_and_says_why(
    node: Any, unique: str, declared: dict[str, Any], code: str
) -> None:
    error = Working(Worker(unique, url=node.url, **declared)).ended()
    assert isinstance(error, Rejected)
    assert error.code == code
    assert error.detail

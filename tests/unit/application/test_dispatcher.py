"""The dispatcher over a log in memory: never too much for an agent, and no task forgotten."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator

import anyio
import pytest

from aia_mas.application.clock import ManualClock
from aia_mas.application.event_log.errors import LogClosed
from aia_mas.application.event_log.mapper import EventMapper
from aia_mas.application.orchestration import handlers as orchestration
from aia_mas.domain.kernel import Context, Decision, refuse
from aia_mas.domain.kernel.steps import at_once
from aia_mas.domain.orchestration.errors import AssignmentObsolete
from aia_mas.domain.orchestration.task_commands import AssignTask, CompleteTask
from aia_mas.domain.orchestration.task_events import (
    TaskAssigned,
    TaskSubmitted,
)

from .conftest import PATIENCE, settle
from .dispatcher_node import Node
from .held_log import HeldLog


@pytest.fixture
async def node() -> AsyncIterator[Node]:
    """A node that folds and does not lead yet."""
    log = HeldLog(EventMapper(orchestration.EVENTS))
    async with log.running(), anyio.create_task_group() as tasks:
        made = Node(log)
        tasks.start_soon(made.host.run)
        yield made
        log.gate.set()
        tasks.cancel_scope.cancel()


async def test_waiting_tasks_are_assigned_by_who_leads(node: Node) -> None:
    await node.register("a", 2)
    await node.submit("t1", "t2", "t3")
    assert node.assigned() == {}
    await settle()
    assert [each.code for each in node.dispatcher.why_not("t1")] == ["not_leader"]

    async with node.leading(1):
        await node.until_assigned("t1", "t2")
        await settle()
        assert node.dispatcher.is_leader
        assert node.assigned() == {"t1": "a", "t2": "a"}
        assert [each.code for each in node.dispatcher.why_not("t3")] == ["busy"]
    assert not node.dispatcher.is_leader


async def test_a_task_is_assigned_with_its_submission_where_that_is_possible(node: Node) -> None:
    await node.register("a", 2)
    async with node.leading(1):
        await settle()
        batches = len(node.log.batches)
        await node.submit("t1")
        assert [type(event.event) for event in node.log.events[-2:]] == [
            TaskSubmitted,
            TaskAssigned,
        ]
        assert len(node.log.batches) == batches + 1


async def test_a_lease_lost_while_an_assignment_is_on_its_way_forgets_no_task(node: Node) -> None:
    """The append is fenced; when the node leads again, the task and the place are free again."""
    await node.register("a", 1)
    await node.submit("t1")
    node.log.gate.clear()
    async with node.leading(1):
        node.log.arrived.clear()
        with anyio.fail_after(PATIENCE):
            await node.log.arrived.wait()
    node.log.epochs["dispatcher"] = 2  # another node leads, for a moment
    node.log.gate.set()
    await settle()
    assert node.assigned() == {}

    async with node.leading(3):
        await node.until_assigned("t1")


async def test_a_lease_lost_while_an_assignment_comes_true_gives_nothing_out_twice(
    node: Node,
) -> None:
    """The append was in time; the node that leads next must have it in its fold."""
    await node.register("a", 1)
    await node.submit("t1", "t2")
    node.log.gate.clear()
    async with node.leading(1):
        node.log.arrived.clear()
        with anyio.fail_after(PATIENCE):
            await node.log.arrived.wait()
    node.log.gate.set()
    await settle()
    assert node.assigned() == {"t1": "a"}

    async with node.leading(2):
        await settle()
        assert node.assigned() == {"t1": "a"}
        assignment = node.log.events[-1].event
        assert isinstance(assignment, TaskAssigned)
        await node.do(CompleteTask(task_id="t1", agent_id="a", lease=assignment.lease))
        await node.until_assigned("t2")


async def test_a_fenced_leader_stops_leading(node: Node) -> None:
    await node.register("a", 1)
    async with node.leading(1):
        await settle()
        node.log.epochs["dispatcher"] = 2
        await node.submit("t1")  # its choice is fenced, it is submitted all the same
        await settle()

        assert not node.dispatcher.is_leader
        assert node.assigned() == {}
    async with node.leading(3):
        await node.until_assigned("t1")


@pytest.mark.parametrize("loses", ["answers", "waiters"])
async def test_nothing_is_given_out_twice_when_answers_or_waiters_are_lost(
    node: Node, loses: str
) -> None:
    """More submissions than places, whose fate the submitter never learns."""
    await node.register("a", 3)
    async with node.leading(1):
        await settle()
        node.log.loses_answers = loses == "answers"
        node.log.gate.clear()
        waiting = [asyncio.create_task(node.submit(f"t{number}")) for number in range(10)]
        await settle()
        if loses == "waiters":
            for task in waiting:
                task.cancel()
            await settle()
        node.log.gate.set()
        await asyncio.gather(*waiting, return_exceptions=True)
        node.log.loses_answers = False
        await node.submit("one-more")  # before this node has read back what it committed
        node.log.catch_up()
        await settle()

        assert len(node.assigned()) == 3
        for task_id, agent_id in list(node.assigned().items()):
            lease = next(
                event.event.lease
                for event in node.log.events
                if event.stream == f"task/{task_id}" and isinstance(event.event, TaskAssigned)
            )
            await node.do(CompleteTask(task_id=task_id, agent_id=agent_id, lease=lease))
        with anyio.fail_after(PATIENCE):
            while len(node.assigned()) < 3:
                await node.log.feed.wait(node.log.feed.position)


async def test_what_cannot_be_appended_now_is_not_tried_without_end() -> None:
    """A node that drains has a full second of other things to do."""
    clock = ManualClock()
    log = HeldLog(EventMapper(orchestration.EVENTS))
    async with log.running(), anyio.create_task_group() as tasks:
        node = Node(log, clock)
        tasks.start_soon(node.host.run)
        await node.register("a", 1)
        await node.submit("t1")
        await log.drain()
        tries = 0
        enqueue = log.enqueue

        def counting(*request: object) -> object:
            nonlocal tries
            tries += 1
            return enqueue(*request)  # type: ignore[arg-type]

        log.enqueue = counting  # type: ignore[method-assign,assignment]
        async with node.leading(1):
            await settle()
            await settle()
            assert tries == 1
            clock.advance(1)
            await settle()
            assert tries == 2
        with pytest.raises(LogClosed):
            _ = enqueue(log.batches[0][0])
        tasks.cancel_scope.cancel()


async def test_what_is_refused_again_and_again_is_tried_later_and_later() -> None:
    """The fold takes a task for open that its aggregate does not; the place goes to others."""
    clock = ManualClock()
    log = HeldLog(EventMapper(orchestration.EVENTS))
    async with log.running(), anyio.create_task_group() as tasks:
        node = Node(log, clock)
        tasks.start_soon(node.host.run)
        tried: list[float] = []
        assign = node.engine._handlers[AssignTask]

        def decide(task: object, agent: object, command: AssignTask, context: Context) -> Decision:
            if command.task_id == "odd":
                tried.append(clock.monotonic())
                return refuse(AssignmentObsolete())
            return assign.decide(task, agent, command, context)

        node.engine._handlers = {
            **node.engine._handlers,
            AssignTask: assign._replace(decide=decide),
        }
        await node.register("a", 1)
        await node.submit("odd", "even")
        async with node.leading(1):
            await node.until_assigned("even")
            for _ in range(400):
                clock.advance(0.25)
                node.fold.changed.set()
                await settle()
            assert not node.fold.state.fleet.is_reserved("odd")
            assert tried == [0.0, 0.0]
            (assigned,) = (
                event.event for event in log.events if isinstance(event.event, TaskAssigned)
            )
            done = CompleteTask(task_id="even", agent_id="a", lease=assigned.lease)
            await node.do(done)
            del tried[:]
            start = clock.monotonic()
            for _ in range(400):
                clock.advance(0.25)
                node.fold.changed.set()
                await settle()
        pauses = [at - start for at in tried]
        assert pauses == [0.25, 0.75, 1.75, 3.75, 7.75, 15.75, 31.75, 61.75, 91.75]
        tasks.cancel_scope.cancel()


async def test_many_agents_and_tasks_while_leaders_come_and_go(node: Node) -> None:
    """Whatever happens in between, in the end every task was done once, by somebody with room."""
    agents, tasks = 5, 60
    for number in range(agents):
        await node.register(f"a{number}", 1 + number % 3)
    done: set[str] = set()

    async def work() -> None:
        position = 0
        while len(done) < tasks:
            await node.log.feed.wait(position)
            events = node.log.feed.since(position) or []
            for event in events:
                position = event.position
                happened = event.event
                if isinstance(happened, TaskAssigned):
                    task_id = event.stream.partition("/")[2]
                    await node.do(
                        CompleteTask(
                            task_id=task_id, agent_id=happened.agent_id, lease=happened.lease
                        )
                    )
                    done.add(task_id)

    async def submit() -> None:
        for number in range(tasks):
            await node.submit(f"t{number}")

    async def lead() -> None:
        for epoch in itertools.count(1):
            async with node.leading(epoch):
                await asyncio.sleep(0)
                await settle()

    with anyio.fail_after(PATIENCE):
        async with anyio.create_task_group() as group:
            group.start_soon(submit)
            group.start_soon(lead)
            await work()
            group.cancel_scope.cancel()

    assert node.assigned() == {}
    assert len(done) == tasks


async def test_a_leader_whose_fold_is_replaced_stands_down(node: Node) -> None:
    """The new fold knows nothing of the assignment that is on its way into the log."""
    await node.register("a")
    pieces = list(at_once(node.fold.snapshot()))
    async with node.leading(1):
        await settle()
        node.log.gate.clear()
        node.log.arrived.clear()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(node.submit, "t1")
            await node.log.arrived.wait()
            at_once(node.fold.restore(pieces))
            assert not node.dispatcher.is_leader
            tasks.start_soon(node.submit, "t2")
            await settle()
            node.log.gate.set()
    assert set(node.assigned()) == {"t1"}

    async with node.leading(2):
        await settle()
    assert set(node.assigned()) == {"t1"}, "and the next leader sees that there is no place left"

"""The hub without sockets: any interleaving of writing, reading, stalling, leaving and resuming."""

import gc

import anyio
import pytest

from aia_mas.application.event_log.records import RecordedEvent
from aia_mas.domain.orchestration.task_events import EVENTS as TASK_EVENTS
from aia_mas.domain.orchestration.task_events import TaskCompleted
from aia_mas.interfaces.realtime import CloseCode, Hub, RealtimeOptions
from aia_mas.interfaces.realtime.close_codes import Closing
from aia_mas.interfaces.realtime.delivery import deliver
from aia_mas.interfaces.realtime.facts import FactTopic, Keys, Update
from aia_mas.interfaces.realtime.messages import Subscribe
from aia_mas.interfaces.realtime.ring import Ring
from aia_mas.interfaces.realtime.selection import Filter
from aia_mas.interfaces.realtime.task_facts import TASKS as TASK_FACTS

from .conftest import AT
from .readers import NOBODY, Wire, until


@pytest.mark.anyio
async def test_who_knows_more_than_the_hub_gets_only_what_is_behind_its_position(log, writer):
    """A client that comes from a node which is ahead of this one."""
    hub = Hub(log)  # it has not read anything yet
    await writer.submit("t0")
    await writer.progress("t0", 12, "x" * 9_000)  # more than goes to everybody in one piece
    wires = {after: Wire(quick=True) for after in (3, 13)}
    async with anyio.create_task_group() as tasks:
        for after, wire in wires.items():
            connection = hub.connect("ahead", NOBODY, wire)
            await hub.subscriptions.start(connection, Subscribe("tasks", after=after))
            tasks.start_soon(deliver, hub, connection)
            await until(lambda one=connection: not one.behind)
        await tasks.start(hub.run)
        await writer.progress("t0", 1)
        await until(lambda: hub.position == 14)
        tasks.cancel_scope.cancel()
    heard = {after: [frame["position"] for frame in wire.frames] for after, wire in wires.items()}
    assert heard == {3: [*range(3, 15)], 13: [13, 14]}


@pytest.mark.anyio
@pytest.mark.parametrize("quick", [True, False])
async def test_facts_of_all_topics_leave_in_the_order_of_their_positions(log, writer, quick):
    hub = Hub(log)
    wire, other = Wire(quick=quick), Wire(quick=quick)
    async with anyio.create_task_group() as tasks:
        await tasks.start(hub.run)
        connection = hub.connect("both", NOBODY, wire)
        await hub.subscriptions.start(connection, Subscribe("tasks"))
        await hub.subscriptions.start(connection, Subscribe("agents"))
        queued = Filter(statuses=frozenset({"queued"}))
        await hub.subscriptions.start(connection, Subscribe("tasks", id="queued", filter=queued))
        single = hub.connect("single", NOBODY, other)
        await hub.subscriptions.start(single, Subscribe("agents"))
        for one in (connection, single):
            tasks.start_soon(deliver, hub, one)
            await until(lambda one=one: not one.behind)
        # All of them come to the hub at once.
        async with anyio.create_task_group() as writers:
            for number in range(30):
                writers.start_soon(writer.submit, f"t{number}")
                writers.start_soon(writer.register, f"a{number}")
        await until(lambda: hub.position == 60 and len(wire.frames) >= 93)
        tasks.cancel_scope.cancel()
    facts = [(frame["position"], frame["id"]) for frame in wire.frames[3:]]
    assert [position for position, _ in facts] == sorted(position for position, _ in facts)
    told = {name: [position for position, by in facts if by == name] for _, name in facts}
    assert sorted(told["tasks"] + told["agents"]) == list(range(1, 61))
    assert told["queued"] == told["tasks"]
    assert [frame["position"] for frame in other.frames[1:]] == told["agents"]


@pytest.mark.anyio
async def test_nothing_is_put_into_words_that_nobody_wants(log, writer):
    told: list[str] = []

    def describe(name: str, task_id: str, recorded: RecordedEvent) -> tuple[Update, Keys]:
        told.append(name)
        return TASK_FACTS.describe(name, task_id, recorded)

    topic = FactTopic(
        "tasks",
        category="task",
        frame_type="task_update",
        events=dict.fromkeys(TASK_EVENTS),
        statuses=frozenset(),
        describe=describe,
    )
    hub = Hub(log, topics=[topic])
    wire = Wire(quick=True)
    async with anyio.create_task_group() as tasks:
        await tasks.start(hub.run)
        await writer.submit("t0")
        await writer.progress("t0", 50)
        await until(lambda: hub.position == 51)
        assert told == []

        connection = hub.connect("late", NOBODY, wire)
        await hub.subscriptions.start(connection, Subscribe("tasks", after=49))
        tasks.start_soon(deliver, hub, connection)
        await until(lambda: len(wire.frames) == 3)
        assert len(told) == 2
        # Told once, whoever resumes.
        await hub.subscriptions.start(connection, Subscribe("tasks", id="again", after=49))
        await until(lambda: len(wire.frames) == 6)
        assert len(told) == 2
        tasks.cancel_scope.cancel()


def test_what_is_kept_of_a_large_event_is_what_is_told_of_it():
    """Results may be megabytes, and rings hold thousands of facts."""
    completed = TaskCompleted(
        agent_id="a", attempt=1, lease="l", result="x" * 100_000, completed_at=AT
    )
    recorded = RecordedEvent(
        1, "task/1", 1, completed.topic, completed, AT, "c", "me", None, None, 100_100
    )
    fact = TASK_FACTS.fact(recorded)
    assert fact is not None
    del recorded, completed
    assert fact.size < 1_000
    assert not any(isinstance(held, RecordedEvent) for held in gc.get_referents(fact))
    ring = Ring(0, 10_000)
    for _ in range(100):
        ring.add(fact)
    assert ring._bytes <= 12_500


@pytest.mark.anyio
async def test_frames_larger_than_the_queue_arrive_too(log, writer):
    hub = Hub(log, RealtimeOptions(queue_bytes=1_000, ring_bytes=0, prefill=0))
    await writer.progress("t0", 5, "x" * 9_000)
    wire = Wire(quick=False)
    async with anyio.create_task_group() as tasks:
        await tasks.start(hub.run)
        connection = hub.connect("small", NOBODY, wire)
        await hub.subscriptions.start(connection, Subscribe("tasks", after=0))
        tasks.start_soon(deliver, hub, connection)
        await until(lambda: connection.closing or len(wire.frames) == 6)
        tasks.cancel_scope.cancel()
    assert [frame["position"] for frame in wire.frames] == [0, 1, 2, 3, 4, 5]


@pytest.mark.anyio
async def test_what_is_queued_is_sent_before_a_connection_leaves(log, writer):
    hub = Hub(log)
    wire = Wire(quick=False)
    wire.open.clear()
    async with anyio.create_task_group() as tasks:
        await tasks.start(hub.run)
        connection = hub.connect("late", NOBODY, wire)
        await hub.subscriptions.start(connection, Subscribe("tasks"))
        tasks.start_soon(deliver, hub, connection)
        await until(lambda: not connection.behind)
        await writer.submit("t0")
        await writer.submit("t1")
        await until(lambda: hub.positions(connection) == {"tasks": 2})
        connection.leave(Closing(CloseCode.GOING_AWAY, "test"))
        await writer.submit("t2")
        await until(lambda: hub.position == 3)
        assert wire.closed is None
        wire.open.set()
        await until(lambda: wire.closed)
        tasks.cancel_scope.cancel()
    assert [frame["position"] for frame in wire.frames] == [0, 1, 2]

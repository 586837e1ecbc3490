"""The hub without sockets: any interleaving of writing, reading, stalling, leaving and resuming."""

import asyncio
import gc
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aia_mas.application.event_log.memory_log import MemoryEventLog
from aia_mas.application.event_log.records import RecordedEvent
from aia_mas.domain.kernel import Principal
from aia_mas.domain.orchestration.task_events import EVENTS as TASK_EVENTS
from aia_mas.domain.orchestration.task_events import TaskCompleted
from aia_mas.interfaces.realtime import CloseCode, Hub, RealtimeOptions
from aia_mas.interfaces.realtime.close_codes import Closing
from aia_mas.interfaces.realtime.delivery import deliver
from aia_mas.interfaces.realtime.facts import FactTopic, Keys, Update
from aia_mas.interfaces.realtime.frames import payloads
from aia_mas.interfaces.realtime.messages import Subscribe
from aia_mas.interfaces.realtime.ring import Ring
from aia_mas.interfaces.realtime.selection import Filter, selection_of
from aia_mas.interfaces.realtime.task_facts import TASKS as TASK_FACTS

from .conftest import AT

NOBODY = Principal("nobody")
TASKS = ("t0", "t1", "t2")
FILTERS = (
    None,
    Filter(task_ids=frozenset({"t0"})),
    Filter(task_ids=frozenset({"t1", "t2"}), events=frozenset({"task.progressed"})),
    Filter(agent_ids=frozenset({"a1"})),
    Filter(statuses=frozenset({"queued"})),
)


class Wire:
    """A transport of the test: keeps what is sent, and stalls on request."""

    def __init__(self, *, quick: bool) -> None:
        self.quick = quick
        self.frames: list[dict[str, Any]] = []
        self.open = asyncio.Event()
        self.open.set()
        self.closed: Closing | None = None

    def offer(self, frames: bytes) -> bool:
        if self.open.is_set() and self.quick:
            self._keep(frames)
            return True
        return False

    async def send(self, frames: list[bytes]) -> None:
        await self.open.wait()
        self._keep(b"".join(frames))

    def _keep(self, frames: bytes) -> None:
        self.frames += [json.loads(payload) for payload in payloads(frames)]

    async def close(self, closing: Closing) -> None:
        self.closed = closing

    def cut(self, closing: Closing) -> None:
        self.closed = closing


class Reader:
    """A subscriber that resumes where it left."""

    def __init__(self, hub: Hub, number: int) -> None:
        self.hub = hub
        self.filter = FILTERS[number % len(FILTERS)]
        self.quick = number != 2
        self.id = None if number % 2 else f"r{number}"
        self.seen: list[int] = []
        self.after = 0
        self.wire: Wire | None = None

    async def connect(self) -> None:
        self.wire = Wire(quick=self.quick)
        self.connection = self.hub.connect("reader", NOBODY, self.wire)
        wanted = Subscribe("tasks", id=self.id, after=self.after, filter=self.filter)
        await self.hub.subscriptions.start(self.connection, wanted)
        self.sender = asyncio.ensure_future(deliver(self.hub, self.connection))

    async def leave(self) -> None:
        if self.wire is not None:
            self.sender.cancel()
            await asyncio.wait([self.sender])
            self.hub.disconnect(self.connection)
            heard = [frame["position"] for frame in self.wire.frames if "position" in frame]
            if heard:
                assert heard[0] == self.after  # the answer to ``subscribe``
                self.seen += heard[1:]
                self.after = heard[-1]
            self.wire = None

    def expected(self, log: MemoryEventLog) -> list[int]:
        [channel] = [one for one in self.hub._channels.values() if one.topic.name == "tasks"]
        facts = [channel.topic.fact(event) for event in log.events]
        selection = selection_of(self.filter, channel.topic)
        return [fact.position for fact in facts if fact is not None and selection.takes(fact)]


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
            await _until(lambda one=connection: not one.behind)
        await tasks.start(hub.run)
        await writer.progress("t0", 1)
        await _until(lambda: hub.position == 14)
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
            await _until(lambda one=one: not one.behind)
        # All of them come to the hub at once.
        async with anyio.create_task_group() as writers:
            for number in range(30):
                writers.start_soon(writer.submit, f"t{number}")
                writers.start_soon(writer.register, f"a{number}")
        await _until(lambda: hub.position == 60 and len(wire.frames) >= 93)
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
        await _until(lambda: hub.position == 51)
        assert told == []

        connection = hub.connect("late", NOBODY, wire)
        await hub.subscriptions.start(connection, Subscribe("tasks", after=49))
        tasks.start_soon(deliver, hub, connection)
        await _until(lambda: len(wire.frames) == 3)
        assert len(told) == 2
        # Told once, whoever resumes.
        await hub.subscriptions.start(connection, Subscribe("tasks", id="again", after=49))
        await _until(lambda: len(wire.frames) == 6)
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
        await _until(lambda: connection.closing or len(wire.frames) == 6)
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
        await _until(lambda: not connection.behind)
        await writer.submit("t0")
        await writer.submit("t1")
        await _until(lambda: hub.positions(connection) == {"tasks": 2})
        connection.leave(Closing(CloseCode.GOING_AWAY, "test"))
        await writer.submit("t2")
        await _until(lambda: hub.position == 3)
        assert wire.closed is None
        wire.open.set()
        await _until(lambda: wire.closed)
        tasks.cancel_scope.cancel()
    assert [frame["position"] for frame in wire.frames] == [0, 1, 2]


ACTION = st.one_of(
    st.tuples(st.just("write"), st.integers(0, 2), st.integers(1, 30)),
    st.tuples(st.just("submit"), st.integers(0, 2), st.just(0)),
    st.tuples(st.just("turns"), st.integers(0, 0), st.integers(1, 12)),
    st.tuples(st.just("connect"), st.integers(0, 4), st.just(0)),
    st.tuples(st.just("leave"), st.integers(0, 4), st.just(0)),
    st.tuples(st.just("stall"), st.integers(0, 4), st.just(0)),
    st.tuples(st.just("flow"), st.integers(0, 4), st.just(0)),
)


@settings(max_examples=60)
@given(
    actions=st.lists(ACTION, min_size=5, max_size=30),
    ring_bytes=st.sampled_from([0, 3_000, 1_000_000]),
    queue_bytes=st.sampled_from([10_000, 1_000_000]),
)
def test_every_reader_sees_every_fact_of_its_own_once_and_in_order(
    actions, ring_bytes, queue_bytes, make_writer
):
    options = RealtimeOptions(
        ring_bytes=ring_bytes, queue_bytes=queue_bytes, prefill=0, cached_pages=2
    )
    with ThreadPoolExecutor(1) as thread:  # this one may have a loop of anyio's fixtures at work
        thread.submit(anyio.run, _play, actions, options, make_writer).result()


async def _play(
    actions: list[tuple[str, int, int]],
    options: RealtimeOptions,
    make_writer: Callable[..., Any],
) -> None:
    writer = make_writer()
    async with writer.log.running() as log, anyio.create_task_group() as tasks:
        hub = Hub(log, options)
        await tasks.start(hub.run)
        readers = [Reader(hub, number) for number in range(5)]
        for action, which, amount in actions:
            await _act(action, readers[which], which, amount, writer)
        for reader in readers:
            await _finish(reader, hub, log)
            expected = reader.expected(log)
            assert reader.seen == expected
        assert not hub.connections
        assert not any(
            channel.audience._groups or channel.audience._by_task or channel.audience._by_agent
            for channel in hub._channels.values()
        )
        tasks.cancel_scope.cancel()


async def _act(action: str, reader: Reader, which: int, amount: int, writer: Any) -> None:
    match action:
        case "write":
            await writer.progress(TASKS[which], amount)
        case "submit":
            await writer.submit(TASKS[which])
        case "turns":
            for _ in range(amount):
                await asyncio.sleep(0)
        case "connect" if reader.wire is None:
            await reader.connect()
        case "leave":
            await reader.leave()
        case "stall" if reader.wire is not None:
            reader.wire.open.clear()
        case "flow" if reader.wire is not None:
            reader.wire.open.set()


async def _finish(reader: Reader, hub: Hub, log: MemoryEventLog) -> None:
    """Let a reader read to the end, resuming as often as it is closed for being slow."""
    while True:
        if reader.wire is None:
            await reader.connect()
        assert reader.wire is not None
        reader.wire.open.set()
        async with asyncio.timeout(20):
            await _until(lambda: reader.connection.closing or _read_all(reader, hub, log))
        done = reader.connection.closing is None
        await reader.leave()
        if done:
            return


def _read_all(reader: Reader, hub: Hub, log: MemoryEventLog) -> bool:
    [position] = hub.positions(reader.connection).values()
    return position >= len(log.events) and not reader.connection.queued_bytes


async def _until(condition: Callable[[], Any]) -> None:
    while not condition():
        await asyncio.sleep(0)

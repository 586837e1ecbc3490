"""The states in memory: bounded, pinned while events are on their way, and never stale for long."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import anyio
import pytest

from aia_mas.application.engine.engine import Engine
from aia_mas.application.engine.snapshots import NoSnapshots, Snapshot
from aia_mas.application.engine.working_set import Entry, WorkingSet
from aia_mas.application.event_log.pages import PAGE, PAGE_BYTES
from aia_mas.application.event_log.records import RecordedEvent

from .conftest import PATIENCE, Node, answered, settle
from .counters import (
    EVOLVERS,
    Answer,
    CounterState,
    Look,
    Open,
    Opened,
    OpenNew,
    Raise,
    Raised,
    counter,
)
from .held_log import HeldLog


class Reads:
    """Counts how often each stream was read."""

    def __init__(self, log: HeldLog) -> None:
        self._read_streams = log.read_streams
        self.streams: list[str] = []
        self.hold = asyncio.Event()
        self.hold.set()
        log.read_streams = self._read  # type: ignore[method-assign]

    async def _read(
        self, after: Mapping[str, int], limit: int = PAGE, *, max_bytes: int = PAGE_BYTES
    ) -> list[RecordedEvent]:
        self.streams += after
        events = await self._read_streams(after, limit, max_bytes=max_bytes)
        await self.hold.wait()
        return events


async def test_a_stream_is_read_once(log: HeldLog, node: Node) -> None:
    reads = Reads(log)
    await node.given(Open("a"), Raise("a"), Raise("a"), Look("a"))

    assert reads.streams == [counter("a")]


async def test_concurrent_loads_of_a_stream_share_the_work(log: HeldLog, node: Node) -> None:
    log.elsewhere(counter("a"), Opened(limit=100))
    reads = Reads(log)
    reads.hold.clear()
    commands = [node.start(Raise("a")) for _ in range(10)]
    await settle()
    commands[0].cancel()
    reads.hold.set()
    results = await asyncio.gather(*commands[1:])

    assert reads.streams == [counter("a")]
    assert answered(results[-1]) == Answer("a", 9)


async def test_a_stream_that_moves_on_while_it_is_read_is_read_again(
    log: HeldLog, node: Node
) -> None:
    """Nobody would tell of that event again: an old state would stay for ever."""
    reads = Reads(log)
    reads.hold.clear()
    loading = asyncio.create_task(node.working_set.load([counter("a")]))
    await settle()
    log.elsewhere(counter("a"), Opened(limit=100))
    log.catch_up()
    reads.hold.set()
    await loading

    known = node.working_set.known(counter("a"))
    assert known is not None
    assert known.state == CounterState(limit=100)
    assert reads.streams == [counter("a")] * 2


class Impatient(WorkingSet):
    """Fails where the event loop would stand still."""

    looks = 0

    def known(self, stream: str) -> Entry | None:
        self.looks += 1
        assert self.looks < 100, "somebody looks for ever and lets nobody else run"
        return super().known(stream)


@pytest.mark.parametrize("turns", range(12))
async def test_who_asks_in_the_very_moment_a_load_is_over_stops_nobody(
    log: HeldLog, turns: int
) -> None:
    """A load may be over and not yet put away, and so may be the read that it waited for.

    Which turn of the loop that is nobody promises, so the question comes in each of them.
    """
    working_set = Impatient(log, EVOLVERS, NoSnapshots())
    reads = Reads(log)
    reads.hold.clear()
    first = asyncio.create_task(working_set.load([counter("a")]))
    await settle()

    async def look() -> None:
        for _ in range(turns):
            await asyncio.sleep(0)
        working_set.forget(counter("a"))
        while working_set.known(counter("a")) is None:
            await working_set.load([counter("a")])

    reads.hold.set()
    with anyio.fail_after(PATIENCE):
        await asyncio.gather(first, look())
    assert set(reads.streams) == {counter("a")}


async def test_who_asks_anew_gets_what_is_read_from_then_on(log: HeldLog) -> None:
    working_set = WorkingSet(log, EVOLVERS, NoSnapshots())
    reads = Reads(log)
    reads.hold.clear()
    older = asyncio.create_task(working_set.load([counter("a")]))
    await settle()
    log.elsewhere(counter("a"), Opened(limit=100))
    newer = asyncio.create_task(working_set.anew(counter("a")))
    await settle()
    reads.hold.set()
    await older
    assert (await newer).version == 1
    known = working_set.known(counter("a"))
    assert known is not None and known.version == 1


async def test_what_was_not_used_for_longest_is_dropped(log: HeldLog) -> None:
    node = Node(log, capacity=10)
    for number in range(3000):
        await node.when(OpenNew(f"c{number}"))
    assert len(node.working_set) <= 10 + 1001

    node.working_set.trim()
    reads = Reads(log)
    assert len(node.working_set) == 10
    await node.when(Look("c2999"))
    assert reads.streams == []
    await node.when(Look("c0"))
    assert reads.streams == [counter("c0")]


async def test_what_is_used_stays(log: HeldLog) -> None:
    node = Node(log, capacity=10)
    await node.given(Open("favourite"))
    reads = Reads(log)
    for number in range(2500):
        await node.when(OpenNew(f"c{number}"))
        if number % 5 == 0:
            await node.when(Look("favourite"))

    assert reads.streams == []


async def test_uncommitted_states_are_never_dropped(log: HeldLog) -> None:
    """They stand nowhere else: whoever read the log would decide on what came before."""
    node = Node(log, capacity=1)
    log.gate.clear()
    pinned = [node.start(OpenNew(f"pinned{number}")) for number in range(5)]
    looks = [node.start(Look("pinned0"))]
    await settle()
    for number in range(1500):
        node.working_set.begin(counter(f"other{number}"))
    node.working_set.trim()

    assert all(node.working_set.known(counter(f"pinned{number}")) for number in range(5))
    log.gate.set()
    await asyncio.gather(*pinned, *looks)
    node.working_set.trim()
    node.working_set.trim()
    assert len(node.working_set) == 1


async def test_pins_are_given_back_whatever_becomes_of_a_command(log: HeldLog, node: Node) -> None:
    await node.given(Open("a", limit=3))
    log.fails.add("fails")
    log.gate.clear()
    commands = [
        node.start(Raise("a"), command_id="fails"),
        node.start(Raise("a", 99)),
        node.start(Look("a")),
        node.start(Raise("a")),
    ]
    await settle()
    commands[2].cancel()
    log.gate.set()
    await asyncio.gather(*commands, return_exceptions=True)
    await settle()

    assert [entry.pins for entry in node.working_set._entries.values()] == [0]
    assert node.value("a") == 1


async def test_a_command_that_fell_is_forgotten(log: HeldLog, node: Node) -> None:
    await node.given(Open("a"))
    log.fails.add("fails")
    with pytest.raises(Exception, match="cannot be stored"):
        await node.when(Raise("a", 50), command_id="fails")

    assert answered(await node.when(Raise("a", 1))) == Answer("a", 1)


async def test_states_that_others_have_moved_on_are_dropped(log: HeldLog, node: Node) -> None:
    await node.given(Open("a"), Open("b"))
    log.elsewhere(counter("a"), Raised(by=5))
    log.catch_up()

    assert node.working_set.known(counter("a")) is None
    assert node.working_set.known(counter("b")) is not None


async def test_own_events_do_not_drop_the_states_they_made(log: HeldLog, node: Node) -> None:
    reads = Reads(log)
    await node.given(Open("a"))
    await asyncio.gather(*(node.start(Raise("a")) for _ in range(20)))

    assert reads.streams == [counter("a")]
    assert node.value("a") == 20


async def test_a_stream_read_while_another_node_appends_to_it_is_noticed(
    log: HeldLog, node: Node
) -> None:
    """The news arrive between the read and the state's being entered."""
    log.elsewhere(counter("a"), Opened(limit=100))
    log.catch_up()
    reads = Reads(log)
    reads.hold.clear()
    command = node.start(Raise("a", 1))
    await settle()
    log.elsewhere(counter("a"), Raised(by=5))
    log.catch_up()
    reads.hold.set()

    assert answered(await command) == Answer("a", 6)


@pytest.mark.parametrize("times", [1, 3])
async def test_a_state_overtaken_while_it_was_read_is_read_again(
    log: HeldLog, node: Node, times: int
) -> None:
    """Else it would stay, as nothing more is heard of the event that it lacks."""
    log.elsewhere(counter("a"), Opened(limit=100))
    log.catch_up()
    reads = Reads(log)
    reads.hold.clear()
    loading = asyncio.create_task(node.working_set.load([counter("a")]))
    await settle()
    for number in range(times):
        log.elsewhere(counter("a"), Raised(by=5), command_id=f"elsewhere{number}")
        log.catch_up()
        hold, reads.hold = reads.hold, asyncio.Event()
        hold.set()
        await settle()
    reads.hold.set()
    await loading

    entry = node.working_set.known(counter("a"))
    assert entry is not None
    assert (entry.version, entry.state.value) == (1 + times, 5 * times)
    assert len(reads.streams) == 1 + times


class Kept:
    """Snapshots in memory."""

    def __init__(self) -> None:
        self.stored: dict[str, Snapshot] = {}
        self.considered: list[tuple[str, int]] = []

    async def load(self, streams: Sequence[str]) -> dict[str, Snapshot]:
        return {stream: self.stored[stream] for stream in streams if stream in self.stored}

    def consider(
        self, stream: str, state: Any, version: int, command_id: str, events_read: int
    ) -> None:
        self.considered.append((stream, events_read))


async def test_a_snapshot_spares_the_events_before_it(log: HeldLog, node: Node) -> None:
    await node.given(Open("a"), *(Raise("a") for _ in range(10)))
    events: Sequence[RecordedEvent] = log.events
    kept = Kept()
    kept.stored[counter("a")] = (CounterState(limit=100, value=8), 9, events[8].command_id)
    working_set = WorkingSet(log, EVOLVERS, kept)

    await working_set.load([counter("a")])

    entry = working_set.known(counter("a"))
    assert entry is not None
    assert (entry.state.value, entry.version, entry.command_id) == (10, 11, events[10].command_id)
    assert kept.considered == [(counter("a"), 2)]


async def test_a_snapshot_at_the_end_of_its_stream_is_enough(log: HeldLog, node: Node) -> None:
    await node.given(Open("a"), Raise("a", 3))
    kept = Kept()
    kept.stored[counter("a")] = (CounterState(limit=100, value=3), 2, log.events[1].command_id)
    other = Node(log)
    other.working_set = WorkingSet(log, EVOLVERS, kept)
    other.engine = Engine(
        log,
        other.working_set,
        node.engine._handlers,
        EVOLVERS,
        node.engine._clock,
        lambda: "new id",
    )

    assert answered(await other.when(Raise("a", 1))) == Answer("a", 4)

"""Streams that are read together: few reads, complete states, and nobody pays for another."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aia_mas.application.engine import stream_reader
from aia_mas.application.engine.snapshots import NoSnapshots, Snapshot
from aia_mas.application.engine.stream_reader import StreamReader
from aia_mas.application.event_log.errors import LogUnavailable, UnreadableEvent
from aia_mas.application.event_log.records import RecordedEvent, Unreadable
from aia_mas.domain.kernel import Event

from .conftest import settle
from .counters import EVOLVERS, CounterState, Opened, Raised, counter
from .held_log import HeldLog


class Reads:
    """Notes what is read together, and holds it up."""

    def __init__(self, log: HeldLog, fails: Callable[[str], Exception | None]) -> None:
        self._read_streams = log.read_streams
        self._fails = fails
        self.together: list[list[str]] = []
        self.under_way = self.most_under_way = 0
        self.hold = asyncio.Event()
        self.hold.set()
        log.read_streams = self._read  # type: ignore[method-assign, assignment]

    async def _read(self, after: Mapping[str, int], limit: int) -> list[RecordedEvent]:
        self.together.append(list(after))
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            for stream in after:
                if (error := self._fails(stream)) is not None:
                    raise error
            events = await self._read_streams(after, limit)
            await self.hold.wait()
            return events
        finally:
            self.under_way -= 1


def reads_of(log: HeldLog, fails: Callable[[str], Exception | None] = lambda _: None) -> Reads:
    """Watch the reads of a log."""
    return Reads(log, fails)


async def test_thousands_that_ask_at_once_cost_a_few_reads(log: HeldLog) -> None:
    log.elsewhere(counter("known"), Opened(limit=7))
    reads = reads_of(log)
    reader = StreamReader(log, EVOLVERS, NoSnapshots())
    names = [*(f"unknown{number}" for number in range(3000)), "known"]

    found = await asyncio.gather(*(reader.read(counter(name)) for name in names))

    assert {(read.state, read.version) for read in found[:-1]} == {(None, 0)}
    assert found[-1].state == CounterState(limit=7)
    assert len(reads.together) <= 20
    assert reads.most_under_way <= 2, "others want connections as well"
    assert [stream for some in reads.together for stream in some] == [
        counter(name) for name in names
    ]


async def test_who_comes_alone_waits_for_nobody(log: HeldLog) -> None:
    reads = reads_of(log)
    reads.hold.clear()
    reader = StreamReader(log, EVOLVERS, NoSnapshots())
    first = asyncio.create_task(reader.read(counter("a")))
    await settle()
    second = asyncio.create_task(reader.read(counter("b")))
    await settle()

    assert reads.together == [[counter("a")], [counter("b")]]
    reads.hold.set()
    await asyncio.gather(first, second)


async def test_what_is_being_read_already_is_not_given_to_who_asks_later(log: HeldLog) -> None:
    reads = reads_of(log)
    reads.hold.clear()
    reader = StreamReader(log, EVOLVERS, NoSnapshots())
    older = asyncio.create_task(reader.read(counter("a")))
    await settle()
    log.elsewhere(counter("a"), Opened(limit=7))
    newer = [asyncio.create_task(reader.read(counter("a"))) for _ in range(3)]
    await settle()
    reads.hold.set()

    assert (await older).version == 0
    assert [(await read).version for read in newer] == [1, 1, 1]
    assert len(reads.together) == 2


async def test_those_who_went_away_leave_the_others_their_answers(log: HeldLog) -> None:
    log.elsewhere(counter("a"), Opened(limit=7))
    reads = reads_of(log)
    reads.hold.clear()
    reader = StreamReader(log, EVOLVERS, NoSnapshots())
    asked = [asyncio.create_task(reader.read(counter("a"))) for _ in range(3)]
    await settle()
    asked[0].cancel()
    await settle()
    reads.hold.set()

    assert [(await read).version for read in asked[1:]] == [1, 1]


async def test_a_stream_that_cannot_be_decoded_takes_no_other_along(log: HeldLog) -> None:
    for name in ("a", "b", "c"):
        log.elsewhere(counter(name), Opened(limit=7), Raised(by=1), command_id=name)
    stored = log._streams[counter("b")]
    stored[1] = msgspec.structs.replace(stored[1], event=Unreadable("counter.later.v1", "unknown"))
    reader = StreamReader(log, EVOLVERS, NoSnapshots())

    found = await _outcomes(reader, "a", "b", "c")

    assert isinstance(found[1], UnreadableEvent)
    assert [found[0].state.value, found[2].state.value] == [1, 1]


async def test_a_fold_at_fault_takes_no_other_along(log: HeldLog) -> None:
    for name in ("a", "b", "c"):
        log.elsewhere(counter(name), Opened(limit=7), command_id=name)
    log.elsewhere(counter("b"), Raised(by=1))

    def evolve(state: Any, event: Event) -> Any:
        if isinstance(event, Raised):
            raise ZeroDivisionError
        return EVOLVERS["counter"](state, event)

    found = await _outcomes(StreamReader(log, {"counter": evolve}, NoSnapshots()), "a", "b", "c")

    assert isinstance(found[1], ZeroDivisionError)
    assert [found[0].version, found[2].version] == [1, 1]


async def test_an_id_that_cannot_be_asked_for_takes_no_other_along(log: HeldLog) -> None:
    log.elsewhere(counter("a"), Opened(limit=7))
    reads_of(log, lambda stream: ValueError("no such text") if "odd" in stream else None)
    reader = StreamReader(log, EVOLVERS, NoSnapshots())

    found = await _outcomes(reader, "a", "odd", "z")

    assert isinstance(found[1], ValueError)
    assert [found[0].version, found[2].version] == [1, 0]


async def test_a_store_out_of_reach_is_told_to_all_and_asked_again_by_the_next(
    log: HeldLog,
) -> None:
    down = True
    reads = reads_of(log, lambda _: OSError("no route to host") if down else None)
    reader = StreamReader(log, EVOLVERS, NoSnapshots())

    found = await _outcomes(reader, *(f"c{number}" for number in range(300)))

    assert all(isinstance(each, LogUnavailable) for each in found)
    assert len(reads.together) == 2, "nobody tries one by one what is not there"
    down = False
    assert (await reader.read(counter("c0"))).version == 0


async def test_a_long_stream_does_not_hold_up_those_that_wait_with_it(
    log: HeldLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream_reader, "PAGE", 5)
    log.elsewhere(counter("long"), Opened(limit=99), *[Raised(by=1)] * 40, command_id="long")
    log.elsewhere(counter("short"), Opened(limit=7), command_id="short")
    reads = reads_of(log)
    reader = StreamReader(log, EVOLVERS, NoSnapshots())
    answered: list[str] = []

    async def ask(name: str) -> Any:
        read = await reader.read(counter(name))
        answered.append(name)
        return read

    long, short = await asyncio.gather(ask("long"), ask("short"))

    names = [counter("long"), counter("short")]
    assert reads.together[:2] == [names, names[::-1]]
    assert answered == ["short", "long"]
    assert (long.state.value, short.version) == (40, 1)


class Stored:
    """Snapshots of some streams, each at some version."""

    def __init__(self, stored: Mapping[str, Snapshot]) -> None:
        self._stored = stored

    async def load(self, streams: Sequence[str]) -> dict[str, Snapshot]:
        return {stream: self._stored[stream] for stream in streams if stream in self._stored}

    def consider(self, *_: object) -> None:
        raise AssertionError("a reader considers nothing")


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    lengths=st.lists(st.integers(0, 9), min_size=1, max_size=8),
    snapshots=st.lists(st.integers(0, 9), min_size=8, max_size=8),
    page=st.integers(1, 12),
)
def test_whatever_the_pages_and_snapshots_every_state_is_that_of_all_its_events(
    monkeypatch: pytest.MonkeyPatch, lengths: list[int], snapshots: list[int], page: int
) -> None:
    monkeypatch.setattr(stream_reader, "PAGE", page)
    log = HeldLog()
    stored: dict[str, Snapshot] = {}
    streams = [counter(f"c{number}") for number in range(len(lengths))]
    for stream, length, kept in zip(streams, lengths, snapshots, strict=False):
        events = [Opened(limit=1_000), *(Raised(by=by) for by in range(1, length))][:length]
        if events:
            log.elsewhere(stream, *events, command_id=stream)
        if 0 < kept <= length:
            value = sum(range(kept))
            stored[stream] = (CounterState(limit=1_000, value=value), kept, f"{stream}:0")

    async def read() -> list[Any]:
        reader = StreamReader(log, EVOLVERS, Stored(stored))
        return await asyncio.gather(*(reader.read(stream) for stream in streams))

    for stream, length, found in zip(streams, lengths, asyncio.run(read()), strict=True):
        kept = stored[stream][1] if stream in stored else 0
        assert (found.version, found.events_read) == (length, length - kept)
        assert found.command_id == (f"{stream}:0" if length else "")
        assert found.state == (
            CounterState(limit=1_000, value=sum(range(length))) if length else None
        )


async def _outcomes(reader: StreamReader, *names: str) -> list[Any]:
    reads = [reader.read(counter(name)) for name in names]
    return await asyncio.gather(*reads, return_exceptions=True)

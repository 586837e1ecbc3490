"""Whenever a durable handler's program dies, no event is lost, and none overtakes another."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from enum import Enum

import anyio
from hypothesis import given
from hypothesis import strategies as st

from aia_mas.application.clock import SystemClock
from aia_mas.application.event_handlers.handler import EventHandler
from aia_mas.application.event_handlers.handling import Handling
from aia_mas.application.event_handlers.store import MemoryHandlers
from aia_mas.application.event_log.leases import Lease
from aia_mas.application.event_log.log import new_events
from aia_mas.application.event_log.mapper import EventMapper
from aia_mas.application.event_log.memory_log import MemoryEventLog
from aia_mas.application.event_log.records import AppendRequest, Expectation, RecordedEvent
from aia_mas.domain.communication.mailbox import EVENTS, TopicsSubscribed

ATTEMPTS = 2
NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Call(Enum):
    """How a call goes."""

    WORKS = "works"
    FAILS = "fails"
    DIES_BEFORE = "the program dies before it has done anything"
    DIES_AFTER = "the program dies when it has done all, and nobody knows that yet"


class Program:
    """A handler whose calls go as planned, and whose program starts again when it has died."""

    def __init__(self, plan: list[Call], wanted: set[int]) -> None:
        self.plan = plan
        self.wanted = wanted
        self.done: list[int] = []
        self.died_after: list[int] = []
        self.store = MemoryHandlers()
        self._run: asyncio.Task[None] | None = None

    async def handle(self, event: RecordedEvent) -> bool:
        how = self.plan.pop(0) if self.plan else Call.WORKS
        if how is Call.FAILS:
            raise ValueError("planned")
        if how is not Call.DIES_BEFORE:
            self.done.append(event.position)
        if how in (Call.DIES_BEFORE, Call.DIES_AFTER):
            if how is Call.DIES_AFTER:
                self.died_after.append(event.position)
            assert self._run is not None
            self._run.cancel()
            await asyncio.Event().wait()
        return True

    async def live(self, log: MemoryEventLog) -> None:
        """Start again and again until all is done."""
        handler = EventHandler(
            name="story",
            topics=frozenset({TopicsSubscribed.topic}),
            wants=lambda event: event.position in self.wanted,
            handle=self.handle,
            durable=True,
            attempts=ATTEMPTS,
            backoff_seconds=0.0,
        )
        for epoch in range(1, 100):
            handling = Handling(handler, log, self.store, SystemClock(), 0)
            self._run = asyncio.ensure_future(handling.lead(Lease("handler/story", epoch, 0)))
            while not self._run.done():
                if handling.figures.position == log.feed.position:
                    handling.stop()
                await asyncio.sleep(0)
            if not self._run.cancelled():
                await self._run
                return
        raise AssertionError("it dies more often than was planned")


@given(
    events=st.integers(1, 8),
    wanted=st.sets(st.integers(1, 8)),
    plan=st.lists(st.sampled_from(Call), max_size=20),
)
def test_whatever_happens_every_event_is_handled_or_parked(
    events: int, wanted: set[int], plan: list[Call]
) -> None:
    wanted &= set(range(1, events + 1))
    program = Program(list(plan), wanted)

    async def story() -> set[int]:
        async with MemoryEventLog(EventMapper(EVENTS)).running() as log:
            happened = [TopicsSubscribed(patterns=(f"t{n}",), at=NOW) for n in range(events)]
            await log.append(
                AppendRequest(
                    "c",
                    new_events(log.mapper, "mailbox/a", 0, happened),
                    [Expectation("mailbox/a", 0, "")],
                )
            )
            await program.live(log)
            return {each.position for each in await program.store.parked("story")}

    # Of its own: a loop of anyio's fixtures may be at work in this one.
    with ThreadPoolExecutor(1) as thread:
        parked = thread.submit(anyio.run, story).result()
    done = program.done
    # At least once, or told of; and only what somebody died over comes twice.
    assert set(done) | parked == wanted
    repeated = list(done)
    for position in set(done):
        repeated.remove(position)
    assert len(repeated) <= len(program.died_after)
    assert set(repeated) <= set(program.died_after)
    # In order: whatever comes again is what came last.
    assert done == sorted(done)
    assert parked.isdisjoint(set(done) - set(program.died_after))

"""An engine over a log in memory, a domain of counters, and a log that can be held up."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, ClassVar, Self

import anyio
import msgspec
import pytest

from aia_mas.application.clock import ManualClock
from aia_mas.application.engine.engine import Engine, Origin
from aia_mas.application.engine.handlers import Handler, Handlers, Placement
from aia_mas.application.engine.outcomes import CommandResult
from aia_mas.application.engine.snapshots import NoSnapshots
from aia_mas.application.engine.working_set import WorkingSet
from aia_mas.application.event_log.batch import Batch, BatchResult, Sent, Status
from aia_mas.application.event_log.log import new_events
from aia_mas.application.event_log.mapper import EventMapper
from aia_mas.application.event_log.memory_log import MemoryEventLog
from aia_mas.application.event_log.records import AppendRequest, Expectation, Fence, NewEvent
from aia_mas.domain.kernel import (
    Context,
    Decision,
    DomainError,
    Event,
    Principal,
    State,
    accept,
    refuse,
)
from aia_mas.domain.kernel.errors import PermissionDenied

PATIENCE = 20.0
"""Seconds after which a test that waits for something gives up."""

ALICE = Principal(subject="alice")

# ------------------------------------------------------------------------- a domain of counters


class Opened(Event, frozen=True, kw_only=True):
    topic: ClassVar[str] = "counter.opened.v1"
    limit: int


class Raised(Event, frozen=True, kw_only=True):
    topic: ClassVar[str] = "counter.raised.v1"
    by: int
    place: str = ""


class RaiseRefused(Event, frozen=True, kw_only=True):
    topic: ClassVar[str] = "counter.raise_refused.v1"


class CounterState(State, frozen=True, kw_only=True):
    limit: int
    value: int = 0
    refusals: int = 0


class AlreadyOpen(DomainError):
    """The counter is open already."""

    code = "already_open"


class NotOpen(DomainError):
    """There is no such counter."""

    code = "not_open"


class LimitReached(DomainError):
    """The counter may not go that high."""

    code = "limit_reached"


class Open(msgspec.Struct, frozen=True):
    name: str
    limit: int = 100


class OpenNew(msgspec.Struct, frozen=True):
    """Open a counter whose name was made up just now."""

    name: str
    limit: int = 100


class Raise(msgspec.Struct, frozen=True):
    name: str
    by: int = 1
    place: str = ""
    recorded: bool = False


class Move(msgspec.Struct, frozen=True):
    """Raise one counter and lower another."""

    to: str
    source: str
    by: int = 1


class Look(msgspec.Struct, frozen=True):
    """Change nothing."""

    name: str


class Answer(msgspec.Struct, frozen=True):
    name: str
    value: int


def counter(name: str) -> str:
    """Return the stream of a counter."""
    return f"counter/{name}"


def evolve(state: CounterState | None, event: Event) -> CounterState:
    """Fold one event."""
    if isinstance(event, Opened):
        return CounterState(limit=event.limit)
    assert state is not None
    if isinstance(event, Raised):
        return msgspec.structs.replace(state, value=state.value + event.by)
    return msgspec.structs.replace(state, refusals=state.refusals + 1)


def _open(state: CounterState | None, command: Open | OpenNew, _: Context) -> Decision:
    if state is not None:
        return refuse(AlreadyOpen(name=command.name))
    return accept(counter(command.name), Opened(limit=command.limit), result={"limit": "set"})


def _raise(state: CounterState | None, command: Raise, _: Context) -> Decision:
    if state is None:
        return refuse(NotOpen(name=command.name))
    if command.by == 13 and not state.value:
        return refuse(PermissionDenied())
    if state.value + command.by > state.limit:
        error = LimitReached("too high", value=state.value)
        if command.recorded:
            return Decision(events=((counter(command.name), RaiseRefused()),), refusal=error)
        return refuse(error)
    return accept(counter(command.name), Raised(by=command.by, place=command.place))


def _move(
    to: CounterState | None, source: CounterState | None, command: Move, _: Context
) -> Decision:
    if to is None or source is None:
        return refuse(NotOpen())
    return Decision(
        events=(
            (counter(command.to), Raised(by=command.by)),
            (counter(command.source), Raised(by=-command.by)),
        )
    )


def _look(state: CounterState | None, command: Look, _: Context) -> Decision:
    return refuse(NotOpen(name=command.name)) if state is None else accept(counter(command.name))


def _answer(state: CounterState, command: Any) -> Answer:
    return Answer(getattr(command, "name", None) or command.to, state.value)


def _of_name(command: Any) -> tuple[str | None, ...]:
    return (counter(command.name),)


class Places:
    """Places that are chosen for commands just before they are decided.

    Attributes:
        taken: The places that are given out and neither used up nor taken back.
        fence: The lease under which they are chosen.
        blocked: Names of counters for which nothing is chosen.
    """

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self.taken: dict[str, str] = {}
        self.dropped: list[tuple[str, bool]] = []
        self.fence = Fence("places", 1)
        self.open = False

    def place(self, command: Raise) -> Chosen | None:
        if not self.open or command.place:
            return None
        place = f"place{next(self._numbers)}"
        self.taken[place] = command.name
        return Chosen(self, place, msgspec.structs.replace(command, place=place))


class Chosen:
    def __init__(self, places: Places, place: str, command: Raise) -> None:
        self._places = places
        self._place = place
        self.command: msgspec.Struct = command
        self.fence = places.fence

    def used(self, events: Sequence[NewEvent]) -> bool:
        return any(isinstance(event.event, Raised) and event.event.place for event in events)

    def dropped(self, *, fenced: bool = False) -> None:
        self._places.taken.pop(self._place, None)
        self._places.dropped.append((self._place, fenced))
        if fenced:
            self._places.open = False


def handlers(places: Places) -> Handlers:
    """Return the registry of the domain."""
    place: Callable[[Any], Placement | None] = places.place
    return {
        Open: Handler(_of_name, _open, _answer),
        OpenNew: Handler(_of_name, _open, _answer, creates=True),
        Raise: Handler(_of_name, _raise, _answer, place=place),
        Move: Handler(lambda c: (counter(c.to), counter(c.source)), _move, _answer),
        Look: Handler(_of_name, _look, _answer),
    }


MAPPER = EventMapper([Opened, Raised, RaiseRefused])
EVOLVERS = {"counter": evolve}

# ------------------------------------------------------------------------ a log that can be held up


class HeldLog(MemoryEventLog):
    """A log in memory whose commits can be held up, and made to fail.

    Attributes:
        gate: Batches wait before it while it is clear.
        arrived: A batch waits.
        fails: Command ids whose batch fails when they stand in it.
        batches: The requests of every batch that was tried.
        loses_answers: Every answer is lost after the commit, and the batch submitted once more.
    """

    def __init__(self, mapper: EventMapper = MAPPER) -> None:
        super().__init__(mapper)
        self.gate = asyncio.Event()
        self.gate.set()
        self.arrived = asyncio.Event()
        self.fails: set[str] = set()
        self.batches: list[list[AppendRequest]] = []
        self.loses_answers = False
        self.made_up_ids = itertools.count(1)

    async def write(self, batch: Batch, sent: Sent | None = None) -> BatchResult:
        self.arrived.set()
        await self.gate.wait()
        self.batches.append(list(batch.requests))
        for request in batch.requests:
            if request.command_id in self.fails:
                raise ValueError(f"{request.command_id} cannot be stored")
        result = self.write_now(batch)
        return _resubmitted(batch, result) if self.loses_answers else result

    def elsewhere(self, stream: str, *events: Event, command_id: str = "elsewhere") -> None:
        """Commit events as another node would, of which this one has not heard yet."""
        head = self._heads.get(stream)
        version, by = (0, "") if head is None else (head.version, head.command_id)
        result = self.write_now(
            Batch(
                [
                    AppendRequest(
                        f"{command_id}:{version}",
                        new_events(self.mapper, stream, version, events),
                        [Expectation(stream, version, by)],
                    )
                ]
            )
        )
        assert list(result.statuses) == [0]

    def catch_up(self) -> None:
        """Hear of what other nodes have committed."""
        self.feed.publish(self.events[self.feed.position :])


def _resubmitted(batch: Batch, first: BatchResult) -> BatchResult:
    """Return what is answered to a batch that was committed before."""
    accepted = [status == Status.ACCEPTED for status in first.statuses]
    return first._replace(
        statuses=[
            Status.KNOWN if each else status
            for each, status in zip(accepted, first.statuses, strict=True)
        ],
        outcomes=[request.outcome for request in batch.requests],
        known_counts=[len(request.events) for request in batch.requests],
        known_at=[first.stamp] * len(accepted),
    )


class SteppedClock(ManualClock):
    """A clock for something that sleeps between its rounds, moved a round at a time."""

    def __init__(self) -> None:
        super().__init__()
        self._asleep = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        """Wait until the clock was moved that far."""
        self._asleep.set()
        await super().sleep(seconds)

    async def step(self, seconds: float) -> None:
        """Move forward, and wait until the next round is over."""
        with anyio.fail_after(PATIENCE):
            await self._asleep.wait()
            self._asleep.clear()
            self.advance(seconds)
            await self._asleep.wait()


class Node:
    """An engine over a log, and the words of its tests: given, when, then.

    Attributes:
        log: The log.
        engine: The engine.
        working_set: Its working set.
        places: What is chosen for commands.
    """

    def __init__(self, log: HeldLog, *, capacity: int = 50_000) -> None:
        self.log = log
        self.places = Places()
        self.working_set = WorkingSet(log, EVOLVERS, NoSnapshots(), capacity=capacity)
        # Made-up ids are unique among all nodes of a log, as UUIDs are.
        ids = log.made_up_ids
        self.engine = Engine(
            log,
            self.working_set,
            handlers(self.places),
            EVOLVERS,
            ManualClock(),
            lambda: f"id{next(ids)}",
        )

    async def given(self, *commands: msgspec.Struct) -> Self:
        """Carry out commands, as a start."""
        for command in commands:
            await self.when(command)
        return self

    async def when(self, command: msgspec.Struct, **options: Any) -> CommandResult:
        """Carry out a command and wait for its answer."""
        return await self.engine.execute(command, ALICE, **options)

    def start(self, command: msgspec.Struct, **options: Any) -> asyncio.Task[CommandResult]:
        """Carry out a command in a task of its own."""
        return asyncio.create_task(self.engine.execute(command, ALICE, **options))

    def start_as(self, command: msgspec.Struct, origin: Origin) -> asyncio.Task[CommandResult]:
        """Carry out a command of a process in a task of its own."""
        return asyncio.create_task(self.engine.run(command, origin))

    def then(self, name: str) -> list[Event]:
        """Return the events of a counter."""
        return [event.event for event in self.log.events if event.stream == counter(name)]

    def value(self, name: str) -> int:
        """Return the value of a counter as the log tells it."""
        return sum(event.by for event in self.then(name) if isinstance(event, Raised))


def answered(result: CommandResult) -> Answer:
    """Return the answer in the body of a result."""
    return msgspec.json.decode(result.body, type=Answer)


async def settle() -> None:
    """Let every task go as far as it can without anything else happening."""
    for _ in range(20):
        await asyncio.sleep(0)


@pytest.fixture
async def log() -> AsyncIterator[HeldLog]:
    """A log in memory, running and empty."""
    held = HeldLog()
    async with held.running():
        yield held
        held.gate.set()


@pytest.fixture
def node(log: HeldLog) -> Node:
    """An engine over the log."""
    return Node(log)

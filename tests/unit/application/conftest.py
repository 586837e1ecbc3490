"""An engine over a log in memory that can be held up, and the words of its tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Self

import anyio
import msgspec
import pytest

from aia_mas.application.clock import ManualClock
from aia_mas.application.engine.engine import Engine, Origin
from aia_mas.application.engine.outcomes import CommandResult
from aia_mas.application.engine.snapshots import NoSnapshots
from aia_mas.application.engine.working_set import WorkingSet
from aia_mas.domain.kernel import (
    Event,
    Principal,
)

from .counters import EVOLVERS, Answer, Places, Raised, counter, handlers
from .held_log import HeldLog

PATIENCE = 20.0
"""Seconds after which a test that waits for something gives up."""

ALICE = Principal(subject="alice")


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

"""An event that is folded in steps: others run in between, and no snapshot has half of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence

import anyio
import pytest

from aia.testing.events import append
from aia_mas.application.event_log.fold_host import FoldHost
from aia_mas.application.event_log.memory_log import MemoryEventLog
from aia_mas.application.event_log.records import RecordedEvent
from aia_mas.domain.kernel.steps import Steps, at_once
from tests.unit.life.store import Snapshots

from .counters import MAPPER, Opened, Raised

STEPS = 10


class Halves:
    """A fold that takes several steps for an event, each longer than a slice.

    Attributes:
        parts: How many steps were taken for each event, by position.
        begun: Set when one is under way.
    """

    name = "halves"
    version = 1

    def __init__(self) -> None:
        self.parts: dict[int, int] = {}
        self.begun = asyncio.Event()

    def apply(self, event: RecordedEvent) -> None:
        steps = self.begin(event)
        if steps is not None:
            at_once(steps)

    def begin(self, event: RecordedEvent) -> Steps[None] | None:
        return self._fold(event.position)

    def _fold(self, position: int) -> Steps[None]:
        for _ in range(STEPS):
            self.parts[position] = self.parts.get(position, 0) + 1
            self.begun.set()
            time.sleep(0.002)  # a slice is over
            yield

    def snapshot(self) -> Steps[Iterator[bytes]]:
        yield
        told = [f"{position}:{parts}".encode() for position, parts in self.parts.items()]
        return iter(told)

    def restore(self, pieces: Sequence[bytes], /) -> Steps[None]:
        yield
        self.parts = {
            int(position): int(parts) for position, parts in (each.split(b":") for each in pieces)
        }


async def test_who_is_cancelled_within_an_event_folds_the_rest_of_it_first() -> None:
    fold, snapshots = Halves(), Snapshots()
    async with MemoryEventLog(MAPPER).running() as log:
        await append(log, "counter/1", [Opened(limit=5)], "given")
        host = FoldHost(log, fold, snapshots)
        folding = asyncio.get_running_loop().create_task(host.run())
        await fold.begun.wait()
        assert fold.parts[1] < STEPS, "nobody else ran in between"
        folding.cancel()
        with pytest.raises(asyncio.CancelledError):
            await folding

        assert fold.parts == {1: STEPS}
        stored = snapshots.newest["halves/1"]
        assert (stored.position, stored.pieces) == (1, [b"1:10"])

        again = Halves()
        await append(log, "counter/1", [Raised(by=1)], "more")
        host = FoldHost(log, again, snapshots)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(host.run)
            assert await host.reached(2, 30)
            tasks.cancel_scope.cancel()
        assert again.parts == {1: STEPS, 2: STEPS}


async def test_nobody_hears_of_an_event_before_it_is_folded_to_its_end() -> None:
    fold = Halves()
    async with MemoryEventLog(MAPPER).running() as log, anyio.create_task_group() as tasks:
        host = FoldHost(log, fold)
        tasks.start_soon(host.run)
        await append(log, "counter/1", [Opened(limit=5)], "given")
        await fold.begun.wait()
        assert host.position == 0
        assert await host.reached(1, 30)
        assert fold.parts == {1: STEPS}
        tasks.cancel_scope.cancel()

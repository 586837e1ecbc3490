"""The settlement: one work that cannot be done keeps none of the others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar, Self

import anyio
import msgspec
import pytest

from aia_mas.application.clock import ManualClock
from aia_mas.application.event_log.leases import Lease
from aia_mas.application.processes.settlement import Settlement
from aia_mas.application.processes.settlement_fold import SettlementFold
from aia_mas.domain.economy.parameters import DEFAULT_PARAMETERS, AdoptConfiguredParameters
from aia_mas.domain.economy.supply.genesis import Genesis
from aia_mas.domain.economy.todo import Happened, Work
from aia_mas.domain.kernel.errors import Conflict
from aia_mas.domain.kernel.event import Event
from aia_mas.domain.kernel.steps import Steps

pytestmark = pytest.mark.anyio


class Do(msgspec.Struct, frozen=True):
    """Something to do."""

    name: str


class Chores:
    """A to-do list without a log."""

    name: ClassVar[str] = "chores"
    events: ClassVar[frozenset[type[Event]]] = frozenset()

    def __init__(self) -> None:
        self.open = ["broken", "refused", "good"]

    def apply(self, happened: Happened) -> None:
        raise AssertionError("nothing is folded or stored here")

    def due(self, now: datetime, most: int) -> Sequence[Work]:
        return [Work(name, Do(name)) for name in self.open[:most]]

    def next_due(self) -> datetime | None:
        return None

    def snapshot(self) -> Steps[Iterator[bytes]]:
        raise AssertionError("nothing is folded or stored here")

    @classmethod
    def restore(cls, pieces: Sequence[bytes]) -> Steps[Self]:
        raise AssertionError("nothing is folded or stored here")


class Host:
    """Is always up to date."""

    async def reached(self, _position: int, _timeout: float | None = None) -> bool:
        return True


class Engine:
    """Does what is good, refuses what is refused, and breaks at what is broken."""

    def __init__(self, chores: Chores) -> None:
        self.chores = chores
        self.tried: list[str] = []
        self.done = anyio.Event()
        self.again = anyio.Event()

    async def run(self, command: Any, _origin: Any) -> Any:
        if isinstance(command, AdoptConfiguredParameters):
            raise Conflict
        self.tried.append(command.name)
        if self.tried.count("broken") == self.tried.count("refused") == 2:
            self.again.set()
        if command.name == "refused":
            raise Conflict
        if command.name == "broken":
            raise RuntimeError("a mistake in the program")
        self.chores.open.remove("good")
        self.done.set()
        return type("Result", (), {"position": 1})()


async def test_a_work_at_fault_is_put_off_and_the_others_are_done() -> None:
    clock = ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
    fold = SettlementFold((Genesis, Chores))
    chores: Any = fold.lists["chores"]
    engine: Any = Engine(chores)
    host: Any = Host()
    settlement = Settlement(fold, host, clock, DEFAULT_PARAMETERS)

    with anyio.fail_after(20):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(settlement.lead, Lease("settlement", 1, 0), engine)
            await engine.done.wait()
            await anyio.wait_all_tasks_blocked()
            assert sorted(engine.tried) == ["broken", "good", "refused"]

            clock.advance(0.3)
            await engine.again.wait()
            tasks.cancel_scope.cancel()

    assert engine.tried.count("good") == 1

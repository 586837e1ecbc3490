"""To-do list of the settlement: tasks that are to be paid for, and what is to be let go."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import chain, islice
from typing import ClassVar, Self

import msgspec

from aia_mas.domain.economy.budgets.commands import CostDue, PayCost, ReleaseCost
from aia_mas.domain.economy.ledger.events import HoldPosted, HoldVoided
from aia_mas.domain.economy.todo import Happened, Work
from aia_mas.domain.kernel.event import Event
from aia_mas.domain.kernel.ids import entity_of
from aia_mas.domain.kernel.steps import Steps, copied, drained
from aia_mas.domain.orchestration.cost_hold import CostHold
from aia_mas.domain.orchestration.task_cost import actual_cost
from aia_mas.domain.orchestration.task_events import (
    TaskAssigned,
    TaskCancelled,
    TaskCompleted,
    TaskExpired,
    TaskFailed,
    TaskReleased,
    TaskRequeued,
    TaskStatus,
    TaskSubmitted,
)


class _Open(msgspec.Struct):
    """What is set aside for a task that is not over (``price``: of the attempt in force)."""

    hold: CostHold
    price: int = 0


class _Due(msgspec.Struct, frozen=True):
    """What is to be done about it now (``cost``: None: the task came to nothing)."""

    task_id: str
    hold: CostHold
    cost: CostDue | None = None

    @property
    def work(self) -> Work:
        command = (
            ReleaseCost(task_id=self.task_id, hold=self.hold)
            if self.cost is None
            else PayCost(due=self.cost)
        )
        return Work(f"cost:{self.hold.transfer_id}", command)


class CostsDue:
    """Holds by task while it is open, and by transfer once it is over."""

    name: ClassVar[str] = "task_costs"
    events: ClassVar[frozenset[type[Event]]] = frozenset(
        {
            TaskSubmitted,
            TaskRequeued,
            TaskAssigned,
            TaskCompleted,
            TaskFailed,
            TaskReleased,
            TaskCancelled,
            TaskExpired,
            HoldPosted,
            HoldVoided,
        }
    )

    def __init__(self) -> None:
        """Start with nothing set aside."""
        self._open: dict[str, _Open] = {}
        # The task of each transfer that may come to be due.
        self._tasks: dict[str, str] = {}
        self._due: dict[str, _Due] = {}

    def apply(self, happened: Happened) -> None:
        """Fold one event of a task or of a transfer."""
        event, entity = happened.event, entity_of(happened.stream)
        match event:
            case TaskSubmitted() | TaskRequeued():
                if event.hold is not None:
                    self._add(entity, _Open(event.hold))
            case TaskAssigned():
                known = self._open.get(entity)
                if known is not None:
                    known.price = event.price
            case HoldPosted() | HoldVoided():
                self._ended(entity)
            case TaskFailed() | TaskReleased() if event.outcome is TaskStatus.QUEUED:
                pass
            case _:
                self._over(entity, event)

    def due(self, now: datetime, most: int) -> Sequence[Work]:
        """Return the oldest."""
        return [due.work for due in islice(self._due.values(), most)]

    def next_due(self) -> datetime | None:
        """Return None: they are due at once."""
        return None

    def _add(self, task_id: str, known: _Open) -> None:
        self._open[task_id] = known
        self._tasks[known.hold.transfer_id] = task_id

    def _over(self, task_id: str, event: Event) -> None:
        """A task is over: pay for it when it was completed, else let go what was set aside."""
        known = self._open.pop(task_id, None)
        if known is None:
            return
        hold, cost = known.hold, None
        del self._tasks[hold.transfer_id]
        if isinstance(event, TaskCompleted):
            cost = CostDue(
                task_id=task_id,
                agent_id=event.agent_id,
                hold=hold,
                cost=actual_cost(event.usage, known.price),
            )
        self._due[hold.transfer_id] = _Due(task_id, hold, cost)

    def _ended(self, transfer_id: str) -> None:
        """What was set aside was paid or let go, whoever did it."""
        self._due.pop(transfer_id, None)
        task_id = self._tasks.pop(transfer_id, "")
        known = self._open.get(task_id)
        if known is not None and known.hold.transfer_id == transfer_id:
            del self._open[task_id]

    def snapshot(self) -> Steps[Iterator[bytes]]:
        """Return what encodes a copy."""
        # The open ones change in place, also while the pieces are made.
        held = yield from copied(
            (task_id, each.hold, each.price) for task_id, each in self._open.items()
        )
        due = yield from copied(self._due.values())
        return chain(
            (_encode(_Piece(open=some)) for some in drained(held, _AT_ONCE)),
            (_encode(_Piece(due=some)) for some in drained(due, _AT_ONCE)),
        )

    @classmethod
    def restore(cls, pieces: Sequence[bytes]) -> Steps[Self]:
        """Return a list that goes on where a snapshot was taken."""
        restored = cls()
        for encoded in pieces:
            piece = _decode(encoded)
            for task_id, hold, price in piece.open:
                restored._add(task_id, _Open(hold, price))
            restored._due |= {due.hold.transfer_id: due for due in piece.due}
            yield
        return restored


_AT_ONCE = 500


class _Piece(msgspec.Struct):
    open: list[tuple[str, CostHold, int]] = []
    due: list[_Due] = []


# JSON: amounts are larger than the integers of MessagePack.
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Piece).decode

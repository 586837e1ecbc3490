"""To-do list of the settlement: what was set aside for tasks that came to nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import ClassVar, NamedTuple, Self

import msgspec

from aia_mas.domain.economy.budgets.commands import ReleaseCost
from aia_mas.domain.economy.ledger.events import HoldPosted, HoldVoided
from aia_mas.domain.economy.todo import Happened, Work
from aia_mas.domain.kernel.event import Event
from aia_mas.domain.kernel.ids import entity_of
from aia_mas.domain.kernel.steps import Steps, copied, drained
from aia_mas.domain.orchestration.cost_hold import CostHold
from aia_mas.domain.orchestration.task_events import (
    TaskCancelled,
    TaskCompleted,
    TaskExpired,
    TaskFailed,
    TaskReleased,
    TaskRequeued,
    TaskStatus,
    TaskSubmitted,
)


class _Due(NamedTuple):
    task_id: str
    hold: CostHold


class CostReleases:
    """Holds by task while it is open, and by transfer once it has come to nothing."""

    name: ClassVar[str] = "cost_releases"
    events: ClassVar[frozenset[type[Event]]] = frozenset(
        {
            TaskSubmitted,
            TaskRequeued,
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
        self._open: dict[str, CostHold] = {}
        # The task of each transfer that may come to be due.
        self._tasks: dict[str, str] = {}
        self._due: dict[str, _Due] = {}

    def apply(self, happened: Happened) -> None:
        """Fold one event of a task or of a transfer."""
        event, entity = happened.event, entity_of(happened.stream)
        match event:
            case TaskSubmitted() | TaskRequeued():
                if event.hold is not None:
                    self._add(entity, event.hold)
            case HoldPosted() | HoldVoided():
                self._due.pop(entity, None)
                task_id = self._tasks.pop(entity, "")
                hold = self._open.get(task_id)
                if hold is not None and hold.transfer_id == entity:
                    del self._open[task_id]
            case TaskCompleted():
                self._over(entity)
            case TaskFailed() | TaskReleased() if event.outcome is TaskStatus.QUEUED:
                pass
            case _:
                hold = self._over(entity)
                if hold is not None:
                    self._due[hold.transfer_id] = _Due(entity, hold)

    def due(self, now: datetime, most: int) -> Sequence[Work]:
        """Return the oldest."""
        return [
            Work(f"release_cost:{transfer_id}", ReleaseCost(task_id=due.task_id, hold=due.hold))
            for transfer_id, due in islice(self._due.items(), most)
        ]

    def next_due(self) -> datetime | None:
        """Return None: they are due at once."""
        return None

    def snapshot(self) -> Steps[Iterator[bytes]]:
        """Return what encodes a copy."""
        held = yield from copied(self._open.items())
        due = yield from copied(self._due.values())
        pieces = [_Piece(open=some) for some in drained(held, _AT_ONCE)]
        pieces += [_Piece(due=some) for some in drained(due, _AT_ONCE)]
        return (_encode(piece) for piece in pieces)

    def _add(self, task_id: str, hold: CostHold) -> None:
        self._open[task_id] = hold
        self._tasks[hold.transfer_id] = task_id

    def _over(self, task_id: str) -> CostHold | None:
        hold = self._open.pop(task_id, None)
        if hold is not None:
            del self._tasks[hold.transfer_id]
        return hold

    @classmethod
    def restore(cls, pieces: Sequence[bytes]) -> Steps[Self]:
        """Return a list that goes on where a snapshot was taken."""
        restored = cls()
        for encoded in pieces:
            piece = _decode(encoded)
            for task_id, hold in piece.open:
                restored._add(task_id, hold)
            restored._due |= {due.hold.transfer_id: due for due in piece.due}
            yield
        return restored


_AT_ONCE = 500


class _Piece(msgspec.Struct):
    open: list[tuple[str, CostHold]] = []
    due: list[_Due] = []


# JSON: amounts are larger than the integers of MessagePack.
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Piece).decode

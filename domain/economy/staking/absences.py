"""To-do list of jail: which agents with a stake lost so many tasks that they are to be jailed."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import ClassVar, Self

import msgspec

from aia_mas.domain.economy.parameters import (
    DEFAULT_PARAMETERS,
    EconomicParameters,
    ParametersChanged,
)
from aia_mas.domain.economy.staking.commands import Jail
from aia_mas.domain.economy.staking.events import EVENTS, AgentJailed, AgentUnjailed, StakeEvent
from aia_mas.domain.economy.todo import Happened, Work
from aia_mas.domain.kernel.event import Event
from aia_mas.domain.kernel.ids import entity_of
from aia_mas.domain.kernel.steps import Steps, chunks, copied
from aia_mas.domain.orchestration.task_events import TaskReleased


class _Record(msgspec.Struct, gc=False):
    """What is known of an agent with a stake.

    Attributes:
        jailed: It is.
        lost: When it lost tasks of late, seconds since the epoch; no more than count.
        due: The position of the loss by which it is to be jailed; 0: it is not.
    """

    jailed: bool = False
    lost: list[float] = []
    due: int = 0


class Absences:
    """The tasks that agents with a stake lost of late."""

    name: ClassVar[str] = "absences"
    events: ClassVar[frozenset[type[Event]]] = frozenset({*EVENTS, TaskReleased, ParametersChanged})

    def __init__(self) -> None:
        """Start with nobody."""
        self._terms: EconomicParameters = DEFAULT_PARAMETERS
        self._records: dict[str, _Record] = {}
        self._due: dict[str, None] = {}

    def apply(self, happened: Happened) -> None:
        """Fold one event."""
        event = happened.event
        if isinstance(event, TaskReleased):
            if event.lost and (record := self._records.get(event.agent_id)) is not None:
                self._lost(event.agent_id, record, event.released_at, happened.position)
        elif isinstance(event, ParametersChanged):
            self._terms = event.parameters
        elif isinstance(event, StakeEvent):
            self._staked(entity_of(happened.stream), event)

    def due(self, now: datetime, most: int) -> Sequence[Work]:
        """Return who is to be jailed."""
        works = []
        for agent_id in islice(self._due, most):
            record = self._records[agent_id]
            command = Jail(agent_id=agent_id, lost=len(record.lost))
            works.append(Work(f"jail:{agent_id}:{record.due}", command))
        return works

    def next_due(self) -> datetime | None:
        """Return None: to jail is due at once."""
        return None

    def snapshot(self) -> Steps[Iterator[bytes]]:
        """Return what encodes a copy."""
        records = yield from copied(
            (agent_id, _Record(known.jailed, list(known.lost), known.due))
            for agent_id, known in self._records.items()
        )
        first = _Piece(terms=self._terms)
        rest = (_Piece(records=some) for some in chunks(records, 200))
        return (_encode(piece) for piece in (first, *rest))

    @classmethod
    def restore(cls, pieces: Sequence[bytes]) -> Steps[Self]:
        """Return a list that goes on where a snapshot was taken."""
        restored = cls()
        for data in pieces:
            piece = _decode(data)
            if piece.terms is not None:
                restored._terms = piece.terms
            for agent_id, record in piece.records:
                restored._records[agent_id] = record
                if record.due:
                    restored._due[agent_id] = None
            yield
        return restored

    def _lost(self, agent_id: str, record: _Record, at: datetime, position: int) -> None:
        most = self._terms.jail_lost_tasks
        if not most or record.jailed or record.due:
            return
        window = timedelta(seconds=self._terms.jail_window_seconds)
        since = (at - window).timestamp()
        recent = deque((lost for lost in record.lost if lost > since), maxlen=most)
        recent.append(at.timestamp())
        record.lost = list(recent)
        if len(recent) >= most:
            record.due = position
            self._due[agent_id] = None

    def _staked(self, agent_id: str, event: StakeEvent) -> None:
        record = self._records.get(agent_id)
        if isinstance(event, AgentJailed | AgentUnjailed):
            record = self._records.setdefault(agent_id, _Record())
            record.jailed, record.lost, record.due = isinstance(event, AgentJailed), [], 0
        elif event.bonded or event.effective:
            self._records.setdefault(agent_id, _Record())
            return
        elif record is not None and not record.jailed:
            # Nothing that it could lose by jail.
            del self._records[agent_id]
        self._due.pop(agent_id, None)


class _Piece(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True):
    terms: EconomicParameters | None = None
    records: list[tuple[str, _Record]] = []


# Amounts go beyond the 64 bits that MessagePack has.
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Piece).decode

"""To-do list of stakes: what has unbonded or matured, whose agent left, who is to be slashed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from heapq import heappop, heappush
from typing import Any, ClassVar, NamedTuple, Self

import msgspec

from aia_mas.domain.economy.accounts import AIA, AIA_GOV
from aia_mas.domain.economy.orders import ExecuteOrder, OrderExecuted, OrderPlaced, OrderRefused
from aia_mas.domain.economy.staking.commands import (
    MatureStake,
    ReleaseUnbonding,
    ReturnDelegation,
    Undelegate,
    Unstake,
)
from aia_mas.domain.economy.staking.events import EVENTS
from aia_mas.domain.economy.staking.slashing import SLASH, partners_of
from aia_mas.domain.economy.staking.state import NO_STAKE, StakeState, evolve
from aia_mas.domain.economy.todo import Happened, Work
from aia_mas.domain.kernel.event import Event
from aia_mas.domain.kernel.ids import entity_of
from aia_mas.domain.kernel.steps import Steps, chunks, copied
from aia_mas.domain.orchestration.agent_events import AgentRegistered, AgentUnregistered


class _Due(NamedTuple):
    """Something that time brings about (``key``: of which unbonding or undelegation)."""

    when: datetime
    agent_id: str
    kind: str
    key: str = ""
    other: str = ""


class StakeDues:
    """All stakes, and what is to be done about them without anybody asking.

    Attributes:
        stakes: The stakes in which there is anything.
    """

    name: ClassVar[str] = "stakes"
    events: ClassVar[frozenset[type[Event]]] = frozenset(
        {*EVENTS, AgentRegistered, AgentUnregistered, OrderPlaced, OrderExecuted, OrderRefused}
    )

    def __init__(self) -> None:
        """Start without stakes."""
        self.stakes: dict[str, StakeState] = {}
        self._gone: dict[str, int] = {}  # with the position of the last event about its stake
        self._slashes: dict[str, dict[str, Any]] = {}
        self._waiting: list[_Due] = []
        self._ready: dict[_Due, None] = {}

    def apply(self, happened: Happened) -> None:
        """Fold one event."""
        event, entity = happened.event, entity_of(happened.stream)
        if isinstance(event, OrderPlaced):
            if event.kind == SLASH.name:
                self._slashes[entity] = event.order
        elif isinstance(event, OrderExecuted | OrderRefused):
            self._slashes.pop(entity, None)
        elif isinstance(event, AgentRegistered):
            self._gone.pop(entity, None)
        elif isinstance(event, AgentUnregistered):
            if entity in self.stakes:
                self._gone[entity] = happened.position
        else:
            self._changed(entity, evolve(self.stakes.get(entity), event), happened.position)

    def due(self, now: datetime, most: int) -> Sequence[Work]:
        """Return what is to be done now, at most so much."""
        while self._waiting and self._waiting[0].when <= now:
            self._ready[heappop(self._waiting)] = None
        works: list[Work] = []
        for due in list(self._ready):
            if len(works) >= most:
                break
            work = self._work(due)
            if work is None:
                del self._ready[due]
            else:
                works.append(work)
        for order_id, order in self._slashes.items():
            partners = partners_of(self.stakes.get(order["agent_id"], NO_STAKE))
            filled_in = {**order, "partners": partners}
            command = ExecuteOrder(order_id=order_id, kind=SLASH.name, order=filled_in)
            works.append(Work(f"order:{order_id}", command))
        for agent_id, position in self._gone.items():
            works += self._leaving(agent_id, position)
            if len(works) >= most:
                break
        return works[:most]

    def next_due(self) -> datetime | None:
        """Return when the next unbonding, undelegation or lot is due, UTC."""
        return self._waiting[0].when if self._waiting else None

    def snapshot(self) -> Steps[Iterator[bytes]]:
        """Return what encodes a copy."""
        stakes = yield from copied(self.stakes.items())
        gone, slashes = dict(self._gone), dict(self._slashes)
        rest = _Piece(gone=gone, slashes=slashes)
        pieces = (_Piece(stakes=some) for some in chunks(stakes, _ROWS))
        return (_encode(piece) for piece in (*pieces, rest))

    @classmethod
    def restore(cls, pieces: Sequence[bytes]) -> Steps[Self]:
        """Return a list that goes on where a snapshot was taken."""
        restored = cls()
        for data in pieces:
            piece = _decode(data)
            restored._gone |= piece.gone
            restored._slashes |= piece.slashes
            for agent_id, state in piece.stakes:
                restored.stakes[agent_id] = state
                restored._expect(agent_id, NO_STAKE, state)
            yield
        return restored

    def _changed(self, agent_id: str, state: StakeState, position: int) -> None:
        before = self.stakes.get(agent_id, NO_STAKE)
        if agent_id in self._gone:
            self._gone[agent_id] = position
        if state.is_empty:
            self.stakes.pop(agent_id, None)
            self._gone.pop(agent_id, None)
        else:
            self.stakes[agent_id] = state
            self._expect(agent_id, before, state)

    def _expect(self, agent_id: str, before: StakeState, state: StakeState) -> None:
        """Note what time will bring about that was not known before."""
        if state.unbondings is not before.unbondings:
            known = {each.unbonding_id for each in before.unbondings}
            for each in state.unbondings:
                if each.unbonding_id not in known:
                    due = _Due(each.releases_at, agent_id, "release", each.unbonding_id)
                    heappush(self._waiting, due)
        if state.lots is not before.lots:
            times = {lot.matures_at for lot in before.lots}
            for lot in state.lots:
                if lot.matures_at not in times:
                    heappush(self._waiting, _Due(lot.matures_at, agent_id, "mature"))
        if state.given is not before.given:
            keys = {loan.key for loan in before.given}
            for loan in state.given:
                if loan.returns_at is not None and loan.key not in keys:
                    other, key = loan.key
                    heappush(self._waiting, _Due(loan.returns_at, agent_id, "return", key, other))

    def _work(self, due: _Due) -> Work | None:
        """Return what is to be done about something that is due; None: it was done."""
        state = self.stakes.get(due.agent_id, NO_STAKE)
        agent_id = due.agent_id
        if due.kind == "release":
            if state.unbonding_of(due.key) is None:
                return None
            transfer_id = f"release:{due.key}"
            release = ReleaseUnbonding(
                agent_id=agent_id, unbonding_id=due.key, transfer_id=transfer_id
            )
            return Work(f"unstake:{agent_id}:{due.key}", release)
        if due.kind == "return":
            if all(loan.key != (due.other, due.key) for loan in state.given):
                return None
            back = ReturnDelegation(agent_id=agent_id, to=due.other, undelegation_id=due.key)
            return Work(f"undelegate:{agent_id}:{due.key}", back)
        if not state.lots or state.lots[0].matures_at > due.when:
            return None
        return Work(f"mature:{agent_id}:{due.when.isoformat()}", MatureStake(agent_id=agent_id))

    def _leaving(self, agent_id: str, position: int) -> Iterator[Work]:
        """Yield what unbonds the stake of an agent that left, as far as it can be done now."""
        state = self.stakes.get(agent_id, NO_STAKE)
        loans = [(agent_id, loan.agent_id) for loan in state.given if not loan.undelegation_id]
        loans += [(loan.agent_id, agent_id) for loan in state.got if not loan.undelegation_id]
        for number, (giver, to) in enumerate(loans):
            undelegation_id = f"leave:{position}:{number}"
            back = Undelegate(
                agent_id=giver,
                to=to,
                amount=None,
                undelegation_id=undelegation_id,
                leaving=agent_id,
            )
            yield Work(undelegation_id, back)
        for token, free in ((AIA, state.free), (AIA_GOV, state.bonded_gov)):
            if free:
                transfer_id = f"leave:{position}:{token}"
                out = Unstake(
                    agent_id=agent_id,
                    amount=None,
                    transfer_id=transfer_id,
                    token=token,
                    leaving=True,
                )
                yield Work(transfer_id, out)


class _Piece(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True):
    stakes: list[tuple[str, StakeState]] = []
    gone: dict[str, int] = {}
    slashes: dict[str, dict[str, Any]] = {}


_ROWS = 50
# Amounts go beyond the 64 bits that MessagePack has.
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Piece).decode

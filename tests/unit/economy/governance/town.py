"""A town that governs itself: the real handlers over states in memory, and a settlement to turn."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import msgspec

from aia_mas.application.economy import governance_handlers
from aia_mas.application.economy.election_desk import ElectionDesk
from aia_mas.application.economy.handlers import EVOLVERS
from aia_mas.application.economy.order_kinds import ORDER_KINDS
from aia_mas.application.engine.handlers import category
from aia_mas.application.engine.working_set import Entry as Known
from aia_mas.domain.economy.accounts import AIA_GOV, account_stream, reward_pool, treasury, wallet
from aia_mas.domain.economy.authority import SETTLEMENT
from aia_mas.domain.economy.errors import ZeroAmount
from aia_mas.domain.economy.governance.commands import CastVote, CreateProposal
from aia_mas.domain.economy.governance.delegation import DelegateVotes, WithdrawVotes
from aia_mas.domain.economy.governance.elections import Elections
from aia_mas.domain.economy.governance.kinds import ProposalKind
from aia_mas.domain.economy.governance.proposal import ProposalState
from aia_mas.domain.economy.governance.proposal_events import ProposedOrder, proposal_stream
from aia_mas.domain.economy.governance.tally import Choice
from aia_mas.domain.economy.ledger import AccountState, Entry, move
from aia_mas.domain.economy.orders import (
    Execution,
    Kinds,
    OrderKind,
)
from aia_mas.domain.economy.parameters import PARAMETERS, EconomicParameters, ParametersState
from aia_mas.domain.economy.staking.events import StakeBonded
from aia_mas.domain.economy.todo import Happened
from aia_mas.domain.kernel import Context, Event, Principal, Role
from aia_mas.domain.kernel.ids import stream_of
from aia_mas.domain.kernel.money import ONE

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ADMIN = Principal("admin", frozenset({Role.ADMIN}))
TREASURER = Principal("tess", frozenset({Role.TREASURER}))
OPERATOR = Principal("otto", frozenset({Role.OPERATOR}))
PLAIN = ProposalKind(
    name="text",
    delay_seconds=0,
    period_seconds=100,
    quorum_ppm=334_000,
    timelock_seconds=0,
    grace_seconds=1_000,
    deposit=10 * ONE,
)
PAYING = msgspec.structs.replace(PLAIN, name="treasury", commands=("grant",), timelock_seconds=50)
SLOW = msgspec.structs.replace(PLAIN, name="slow", delay_seconds=60)
CHANGING = msgspec.structs.replace(PLAIN, name="parameters", commands=("change_parameters",))
KINDS = (PLAIN, PAYING, SLOW, CHANGING)


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """An order as others of the economy are: out of the treasury into a wallet."""

    to: str
    amount: int


def _check(order: Grant, _ctx: Context) -> None:
    if order.amount <= 0:
        raise ZeroAmount(field="amount")


def _streams(order: Grant, order_id: str) -> tuple[str, ...]:
    return (
        stream_of("transfer", order_id),
        account_stream(treasury()),
        account_stream(wallet(order.to)),
    )


def _grant(order: Grant, execution: Execution) -> Mapping[str, Any]:
    legs = move(treasury(), wallet(order.to), order.amount)
    execution.book.post(Entry(transfer_id=execution.order_id, legs=legs, reason="grant"))
    return {"to": order.to}


ORDERS: Kinds = {**ORDER_KINDS, "grant": OrderKind("grant", Grant, _check, _streams, _grant)}


def agent(agent_id: str) -> Principal:
    """Return the principal of an agent."""
    return Principal(agent_id, frozenset({Role.AGENT}), agent_id=agent_id)


def grant(to: str, tokens: int) -> ProposedOrder:
    """Return the command of a proposal that grants tokens."""
    return ProposedOrder(kind="grant", order={"to": to, "amount": tokens * ONE})


class _Fold:
    def __init__(self) -> None:
        self.lists: dict[str, Any] = {Elections.name: Elections()}


class Town:
    """States, a log, the fold of governance, and a clock."""

    def __init__(
        self, kinds: Sequence[ProposalKind] = KINDS, *, gov_per_vote: int = ONE, funds: int = 1_000
    ) -> None:
        """Found it: money in the treasury and in the pool."""
        self.now = NOW
        self.log: list[tuple[str, Event]] = []
        self._fold = _Fold()
        # The desk waits for nothing here.
        desk = ElectionDesk(cast("Any", self._fold), cast("Any", None), cast("Any", None))
        known: Any = self
        self._handlers = governance_handlers.handlers(ORDERS, EVOLVERS, lambda: desk, known)
        parameters = EconomicParameters(proposal_kinds=tuple(kinds), gov_per_vote=gov_per_vote)
        self.states: dict[str, Any] = {
            PARAMETERS: ParametersState(parameters=parameters),
            account_stream(treasury()): AccountState(balance=funds * ONE),
            account_stream(reward_pool(AIA_GOV)): AccountState(balance=funds * ONE),
        }

    @property
    def elections(self) -> Elections:
        """The fold."""
        return cast("Elections", self._fold.lists[Elections.name])

    def known(self, stream: str) -> Known:
        """Stand in for the working set: everything is in memory."""
        return Known(stream, self.states.get(stream), 0, "")

    def give(self, command: msgspec.Struct, by: Principal = ADMIN) -> list[Event]:
        """Carry a command out as the engine does; raises its refusal."""
        handler = self._handlers[type(command)]
        if handler.place is not None:
            placed = handler.place(command)
            assert placed is not None
            command = placed.command
        reads = handler.reads(command)
        states = [self.states.get(str(stream)) for stream in reads]
        decision = handler.decide(*states, command, Context(self.now, len(self.log), by))
        if decision.refusal is not None:
            assert not decision.events
            raise decision.refusal
        assert {stream for stream, _ in decision.events} <= set(reads)
        for stream, event in decision.events:
            self.record(stream, event)
        state = self.states.get(str(reads[0]))
        if state is not None:
            msgspec.json.encode(handler.answer(state, command))
        return [event for _, event in decision.events]

    def record(self, stream: str, event: Event) -> None:
        """Append an event."""
        self.log.append((stream, event))
        fold = EVOLVERS.get(category(stream))
        if fold is not None:
            self.states[stream] = fold(self.states.get(stream), event)
        if type(event) in Elections.events:
            self.elections.apply(Happened(len(self.log), stream, event, self.now))

    def bond(self, agent_id: str, tokens: float, gov: float = 0) -> None:
        """Have an agent's stake be so much."""
        bonded, bonded_gov = round(tokens * ONE), round(gov * ONE)
        event = StakeBonded(
            bonded=bonded, bonded_gov=bonded_gov, amount=1, transfer_id="t", at=self.now
        )
        self.record(stream_of("stake", agent_id), event)

    def fund(self, owner: str, tokens: int) -> None:
        """Put tokens in a wallet."""
        self.states[account_stream(wallet(owner))] = AccountState(balance=tokens * ONE)

    def balance(self, account_id: str) -> tuple[int, int]:
        """Return what is in an account and what of that is held, tokens."""
        state: AccountState | None = self.states.get(account_stream(account_id))
        return (0, 0) if state is None else (state.balance // ONE, state.held // ONE)

    def propose(
        self,
        proposal_id: str = "p1",
        kind: str = "text",
        *orders: ProposedOrder,
        proposer: str = "ann",
        by: Principal = ADMIN,
    ) -> None:
        """Make a proposal."""
        self.give(
            CreateProposal(
                proposal_id=proposal_id, kind=kind, title="T", orders=orders, proposer=proposer
            ),
            by,
        )

    def vote(
        self, voter: str, choice: str = "yes", proposal_id: str = "p1", by: Principal = ADMIN
    ) -> None:
        """Vote."""
        self.give(CastVote(proposal_id=proposal_id, voter=voter, choice=Choice(choice)), by)

    def delegate(self, agent_id: str, to: str, by: Principal = ADMIN) -> None:
        """Delegate."""
        self.give(DelegateVotes(agent_id=agent_id, to=to), by)

    def withdraw(self, agent_id: str, by: Principal = ADMIN) -> None:
        """Take a delegation back."""
        self.give(WithdrawVotes(agent_id=agent_id), by)

    def proposal(self, proposal_id: str = "p1") -> ProposalState:
        """Return a proposal."""
        state: ProposalState = self.states[proposal_stream(proposal_id)]
        return state

    def later(self, seconds: float) -> None:
        """Let time pass, and the settlement do what is due then."""
        self.now += timedelta(seconds=seconds)
        self.settle()

    def settle(self, draw: random.Random | None = None) -> list[str]:
        """Do all that is due, in any order, until nothing is; return which works were done."""
        done: Counter[str] = Counter()
        while works := list(self.elections.due(self.now, 100)):
            if draw is not None:
                draw.shuffle(works)
            for work in works:
                self.give(work.command, SETTLEMENT)
                done[work.work_id] += 1
                # Whatever is done is done once, so that no work is due for ever.
                assert done[work.work_id] == 1, work.work_id
        return list(done)

    def restored(self) -> Elections:
        """Return the fold as it comes back from its snapshot."""
        steps = self.elections.snapshot()
        pieces = list(_end_of(steps))
        return cast("Elections", _end_of(Elections.restore(pieces)))


def _end_of(steps: Any) -> Any:
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value

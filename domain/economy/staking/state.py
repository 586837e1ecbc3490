"""The stake of an agent as its events tell it, and the figures that follow from it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, TypeVar

import msgspec
from msgspec.structs import replace

from aia_mas.domain.economy.accounts import AIA
from aia_mas.domain.economy.staking import events as happened
from aia_mas.domain.economy.staking.events import EVENTS, LoanCut, StakeEvent
from aia_mas.domain.kernel.event import Event, State
from aia_mas.domain.kernel.ids import stream_of

__all__ = ["EVENTS", "NO_STAKE", "Loan", "Lot", "StakeState", "Unbonding", "evolve", "stake_stream"]

E = TypeVar("E", bound=StakeEvent)


class Lot(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Stake that does not count yet (``amount``: base units; ``matures_at``: when, UTC)."""

    amount: int
    matures_at: datetime


class Unbonding(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Stake on its way back to the wallet; see ``UnbondingBegan``."""

    unbonding_id: str
    token: str
    amount: int
    releases_at: datetime
    matures_at: datetime | None = None


class Loan(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Delegated stake, as either of the two sees it.

    Attributes:
        agent_id: Who is at the other end.
        amount: How much, base units.
        undelegation_id: The undelegation that it is in; empty: none, so it counts.
        returns_at: When that is over, UTC.
    """

    agent_id: str
    amount: int
    undelegation_id: str = ""
    returns_at: datetime | None = None

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from the others of the agent."""
        return self.agent_id, self.undelegation_id


class StakeState(State, frozen=True, kw_only=True):
    """The stake of an agent, folded from its stream; amounts in base units.

    Attributes:
        matured: Its own AIA that counts, what it delegated included.
        lots: Its own AIA that does not yet, by rising maturity.
        bonded_gov: Its own AIA_GOV that is bonded.
        unbondings: What is on its way back to the wallet, oldest first.
        given: What it delegated.
        got: What was delegated to it.
        jailed_until: Until when it is jailed at least, UTC; None: it is not.
        claimed: The staking rewards that it got so far.
    """

    matured: int = 0
    lots: tuple[Lot, ...] = ()
    bonded_gov: int = 0
    unbondings: tuple[Unbonding, ...] = ()
    given: tuple[Loan, ...] = ()
    got: tuple[Loan, ...] = ()
    jailed_until: datetime | None = None
    claimed: int = 0

    @property
    def bonded(self) -> int:
        """Its own AIA that is bonded."""
        return self.matured + sum(lot.amount for lot in self.lots)

    @property
    def delegated(self) -> int:
        """Its own AIA that it delegated, undelegations that are not over included."""
        return sum(loan.amount for loan in self.given)

    @property
    def received(self) -> int:
        """What others delegated to it, without undelegations."""
        return sum(loan.amount for loan in self.got if not loan.undelegation_id)

    @property
    def free(self) -> int:
        """Its own AIA that is bonded and not delegated."""
        return self.bonded - self.delegated

    @property
    def earning(self) -> int:
        """What its staking rewards are measured by."""
        return 0 if self.jailed_until is not None else self.matured

    @property
    def effective(self) -> int:
        """What counts for its tier, its capacity and its votes."""
        if self.jailed_until is not None:
            return 0
        return self.matured - self.delegated + self.received

    def unbonding(self, token: str = AIA) -> int:
        """Return how much of a token is unbonding."""
        return sum(each.amount for each in self.unbondings if each.token == token)

    def unbonding_of(self, unbonding_id: str) -> Unbonding | None:
        """Return what is unbonding under an id."""
        return next((u for u in self.unbondings if u.unbonding_id == unbonding_id), None)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing of anybody's in it."""
        return not (self.bonded or self.bonded_gov or self.unbondings or self.given or self.got)


NO_STAKE = StakeState()
"""The stake of an agent that never had one."""


def stake_stream(agent_id: str) -> str:
    """Return the stream of an agent's stake."""
    return stream_of("stake", agent_id)


def evolve(state: StakeState | None, event: Event) -> StakeState:
    """Fold one event of the stream into the state.

    Raises:
        KeyError: The event is none of a stake.
    """
    return _FOLDS[type(event)](state or NO_STAKE, event)


def with_figures(state: StakeState, event: E) -> tuple[StakeState, E]:
    """Return the state after an event, and the event with the figures of that."""
    after = evolve(state, event)
    figures = replace(
        event,
        bonded=after.bonded,
        effective=after.effective,
        earning=after.earning,
        bonded_gov=after.bonded_gov,
        unbonding=after.unbonding(),
        unbonding_gov=sum(u.amount for u in after.unbondings if u.token != AIA),
    )
    return after, figures


def taken_from(state: StakeState, amount: int) -> tuple[StakeState, datetime | None]:
    """Return the stake without some of it: the youngest first, then what counts.

    Args:
        state: The stake.
        amount: How much of its own AIA, base units; no more than is bonded.

    Returns:
        The rest, and when the last of what was taken would have matured; None: it had.
    """
    lots = list(state.lots)
    matures_at = lots[-1].matures_at if lots and amount else None
    while amount and lots:
        lot = lots.pop()
        part = min(amount, lot.amount)
        amount -= part
        if part < lot.amount:
            lots.append(replace(lot, amount=lot.amount - part))
    return replace(state, lots=tuple(lots), matured=state.matured - amount), matures_at


def _with_lot(state: StakeState, amount: int, matures_at: datetime | None) -> StakeState:
    if matures_at is None:
        return replace(state, matured=state.matured + amount)
    lots = list(state.lots)
    for place, lot in enumerate(lots):
        if lot.matures_at == matures_at:
            lots[place] = replace(lot, amount=lot.amount + amount)
            break
    else:
        lots.append(Lot(amount, matures_at))
        lots.sort(key=lambda lot: lot.matures_at)
    return replace(state, lots=tuple(lots))


def _with_loan(loans: tuple[Loan, ...], added: Loan) -> tuple[Loan, ...]:
    """Return delegations with more of one of them, which may be new."""
    for place, loan in enumerate(loans):
        if loan.key == added.key:
            more = replace(loan, amount=loan.amount + added.amount)
            return (*loans[:place], more, *loans[place + 1 :])
    return (*loans, added)


def _without(loans: tuple[Loan, ...], cuts: Iterable[LoanCut]) -> tuple[Loan, ...]:
    """Return delegations with less of some of them."""
    less = {(cut.agent_id, cut.undelegation_id): cut.amount for cut in cuts}
    rest = (replace(loan, amount=loan.amount - less.get(loan.key, 0)) for loan in loans)
    return tuple(loan for loan in rest if loan.amount)


def _bonded(state: StakeState, event: happened.StakeBonded) -> StakeState:
    if event.token != AIA:
        return replace(state, bonded_gov=state.bonded_gov + event.amount)
    return _with_lot(state, event.amount, event.matures_at)


def _matured(state: StakeState, event: happened.StakeMatured) -> StakeState:
    lots = tuple(lot for lot in state.lots if lot.matures_at > event.until)
    return replace(state, lots=lots, matured=state.matured + event.amount)


def _taken(
    state: StakeState, event: happened.StakeWithdrawn | happened.UnbondingBegan
) -> StakeState:
    if event.token != AIA:
        return replace(state, bonded_gov=state.bonded_gov - event.amount)
    return taken_from(state, event.amount)[0]


def _unbonding(state: StakeState, event: happened.UnbondingBegan) -> StakeState:
    begun = Unbonding(
        event.unbonding_id, event.token, event.amount, event.releases_at, event.matures_at
    )
    return replace(_taken(state, event), unbondings=(*state.unbondings, begun))


def _unbonded(
    state: StakeState, event: happened.UnbondingReleased | happened.UnbondingCancelled
) -> StakeState:
    rest = tuple(u for u in state.unbondings if u.unbonding_id != event.unbonding_id)
    return replace(state, unbondings=rest)


def _cancelled(state: StakeState, event: happened.UnbondingCancelled) -> StakeState:
    state = _unbonded(state, event)
    if event.token != AIA:
        return replace(state, bonded_gov=state.bonded_gov + event.amount)
    return _with_lot(state, event.amount, event.matures_at)


def _undelegation_began(state: StakeState, event: happened.UndelegationBegan) -> StakeState:
    begun = Loan(event.to, event.amount, event.undelegation_id, event.returns_at)
    rest = _without(state.given, (LoanCut(event.to, "", event.amount),))
    return replace(state, given=_with_loan(rest, begun))


def _withdrawn(state: StakeState, event: happened.DelegationWithdrawn) -> StakeState:
    begun = Loan(event.from_agent, event.amount, event.undelegation_id, event.returns_at)
    rest = _without(state.got, (LoanCut(event.from_agent, "", event.amount),))
    return replace(state, got=_with_loan(rest, begun))


def _undelegated(state: StakeState, event: happened.StakeUndelegated) -> StakeState:
    over = LoanCut(event.to, event.undelegation_id, event.amount)
    return replace(state, given=_without(state.given, (over,)))


def _ended(state: StakeState, event: happened.DelegationEnded) -> StakeState:
    over = LoanCut(event.from_agent, event.undelegation_id, event.amount)
    return replace(state, got=_without(state.got, (over,)))


def _slashed(state: StakeState, event: happened.StakeSlashed) -> StakeState:
    lots = (
        replace(lot, amount=lot.amount - cut)
        for lot, cut in zip(state.lots, event.lots, strict=True)
    )
    unbondings = (
        replace(each, amount=each.amount - cut)
        for each, cut in zip(state.unbondings, event.unbondings, strict=True)
    )
    return replace(
        state,
        matured=state.matured - event.matured,
        lots=tuple(lot for lot in lots if lot.amount),
        unbondings=tuple(each for each in unbondings if each.amount),
        given=_without(state.given, event.given),
        got=_without(state.got, event.got),
    )


def _lost_given(state: StakeState, event: happened.DelegatedStakeSlashed) -> StakeState:
    given = _without(state.given, event.given)
    return replace(state, matured=state.matured - event.amount, given=given)


# Any: each fold takes its own event type.
_FOLDS: dict[type[Event], Callable[[StakeState, Any], StakeState]] = {
    happened.StakeBonded: _bonded,
    happened.StakeMatured: _matured,
    happened.StakeWithdrawn: _taken,
    happened.UnbondingBegan: _unbonding,
    happened.UnbondingCancelled: _cancelled,
    happened.UnbondingReleased: _unbonded,
    happened.StakeDelegated: lambda s, e: replace(
        s, given=_with_loan(s.given, Loan(e.to, e.amount))
    ),
    happened.DelegationReceived: lambda s, e: replace(
        s, got=_with_loan(s.got, Loan(e.from_agent, e.amount))
    ),
    happened.UndelegationBegan: _undelegation_began,
    happened.DelegationWithdrawn: _withdrawn,
    happened.StakeUndelegated: _undelegated,
    happened.DelegationEnded: _ended,
    happened.StakeSlashed: _slashed,
    happened.DelegatedStakeSlashed: _lost_given,
    happened.DelegationShrunk: lambda s, e: replace(s, got=_without(s.got, e.got)),
    happened.AgentJailed: lambda s, e: replace(s, jailed_until=e.until),
    happened.AgentUnjailed: lambda s, _: replace(s, jailed_until=None),
    happened.StakingRewardsClaimed: lambda s, e: replace(s, claimed=s.claimed + e.amount),
}

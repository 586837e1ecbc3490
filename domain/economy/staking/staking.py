"""Bonding and unbonding: decisions about an agent's own stake."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from aia_mas.domain.economy.accounts import AIA, staked, unbonding, wallet
from aia_mas.domain.economy.amounts import check_amount
from aia_mas.domain.economy.authority import SETTLEMENT, check_may_spend
from aia_mas.domain.economy.errors import SystemAccount, UnknownToken
from aia_mas.domain.economy.ledger.book import Book
from aia_mas.domain.economy.ledger.entry import Entry, move
from aia_mas.domain.economy.parameters import PARAMETERS, EconomicParameters, ParametersState
from aia_mas.domain.economy.staking.commands import (
    STAKED_TOKENS,
    CancelUnbonding,
    MatureStake,
    ReleaseUnbonding,
    Stake,
    Unstake,
)
from aia_mas.domain.economy.staking.errors import (
    InsufficientStake,
    TooManyLots,
    TooManyUnbondings,
    UnbondingNotFound,
)
from aia_mas.domain.economy.staking.events import (
    StakeBonded,
    StakeEvent,
    StakeMatured,
    StakeWithdrawn,
    UnbondingBegan,
    UnbondingCancelled,
    UnbondingReleased,
)
from aia_mas.domain.economy.staking.state import (
    NO_STAKE,
    StakeState,
    Unbonding,
    stake_stream,
    taken_from,
    with_figures,
)
from aia_mas.domain.kernel.context import Context
from aia_mas.domain.kernel.decision import Decision, refuse
from aia_mas.domain.kernel.errors import Conflict, DomainError
from aia_mas.domain.kernel.money import to_text
from aia_mas.domain.orchestration.agent import AgentState, AgentStatus, agent_stream

MOST_LOTS = 64
"""Parts of a stake that mature at different times."""
MOST_UNBONDINGS = 32
"""Parts of a stake that unbond at the same time."""

States = Mapping[str, Any]
"""The states of the streams that a decision reads, by stream."""


def stake(states: States, command: Stake, ctx: Context) -> Decision:
    """Bond tokens of the wallet; the same transfer again changes nothing."""
    terms, state = terms_of(states), stake_of(states, command.agent_id)
    book = Book(states, ctx)
    try:
        check_may_spend(ctx.principal, command.agent_id)
        check_token(command.token)
        check_amount(command.amount)
        matures_at = None
        if command.token == AIA and terms.min_stake_age_seconds:
            matures_at = ctx.now + timedelta(seconds=terms.min_stake_age_seconds)
            if len(state.lots) >= MOST_LOTS:
                raise TooManyLots(matures_at=state.lots[0].matures_at.isoformat())
        source, target = (account(command.agent_id, command.token) for account in (wallet, staked))
        entry = Entry(
            transfer_id=command.transfer_id,
            legs=move(source, target, command.amount),
            reason="stake",
        )
        if not book.post(entry):
            return Decision()
    except DomainError as error:
        return refuse(error)
    event = StakeBonded(
        token=command.token,
        amount=command.amount,
        matures_at=matures_at,
        transfer_id=command.transfer_id,
        at=ctx.now,
    )
    return _decided(book, command.agent_id, state, event)


def unstake(states: States, command: Unstake, ctx: Context) -> Decision:
    """Take stake back: at once where there is no period of unbonding, else after that.

    What was staked last goes first. Of what is delegated nothing can be taken.
    """
    if command.leaving and is_registered(states, command.agent_id):
        return Decision()  # its registration counted on what was not taken yet
    terms, state = terms_of(states), stake_of(states, command.agent_id)
    agent_id, token = command.agent_id, command.token
    book = Book(states, ctx)
    at_once = not terms.unbonding_seconds
    try:
        check_may_spend(ctx.principal, agent_id)
        check_token(token)
        own = state.bonded if token == AIA else state.bonded_gov
        free = state.free if token == AIA else own
        amount = free if command.amount is None else command.amount
        check_amount(amount)
        if amount > free:
            facts = {"free": free, "bonded": own, "delegated": own - free}
            raise InsufficientStake(**{name: to_text(units) for name, units in facts.items()})
        if len(state.unbondings) >= MOST_UNBONDINGS and not at_once:
            first = min(each.releases_at for each in state.unbondings)
            raise TooManyUnbondings(releases_at=first.isoformat())
        target = wallet if at_once else unbonding
        entry = Entry(
            transfer_id=command.transfer_id,
            legs=move(staked(agent_id, token), target(agent_id, token), amount),
            reason="unstake",
        )
        if not book.post(entry):
            return Decision()
    except DomainError as error:
        return refuse(error)
    event: StakeWithdrawn | UnbondingBegan
    if at_once:
        event = StakeWithdrawn(
            token=token, amount=amount, transfer_id=command.transfer_id, at=ctx.now
        )
    else:
        event = UnbondingBegan(
            unbonding_id=command.transfer_id,
            token=token,
            amount=amount,
            releases_at=ctx.now + timedelta(seconds=terms.unbonding_seconds),
            matures_at=taken_from(state, amount)[1] if token == AIA else None,
            at=ctx.now,
        )
    return _decided(book, command.agent_id, state, event)


def cancel_unbonding(states: States, command: CancelUnbonding, ctx: Context) -> Decision:
    """Bond again what is unbonding; it counts when it would have, had it stayed."""
    state, book = stake_of(states, command.agent_id), Book(states, ctx)
    try:
        check_may_spend(ctx.principal, command.agent_id)
        found = _unbonding(state, command.unbonding_id)
        matures_at = found.matures_at
        if matures_at is not None and matures_at <= ctx.now:
            matures_at = None
        if matures_at is not None and len(state.lots) >= MOST_LOTS:
            raise TooManyLots(matures_at=state.lots[0].matures_at.isoformat())
        source, target = (account(command.agent_id, found.token) for account in (unbonding, staked))
        entry = Entry(
            transfer_id=command.transfer_id,
            legs=move(source, target, found.amount),
            reason="unstake_cancelled",
        )
        book.post(entry)
    except DomainError as error:
        return refuse(error)
    event = UnbondingCancelled(
        unbonding_id=command.unbonding_id,
        token=found.token,
        amount=found.amount,
        matures_at=matures_at,
        transfer_id=command.transfer_id,
        at=ctx.now,
    )
    return _decided(book, command.agent_id, state, event)


def release_unbonding(states: States, command: ReleaseUnbonding, ctx: Context) -> Decision:
    """Give back what has been unbonding long enough; nothing is done when it is not there."""
    state, book = stake_of(states, command.agent_id), Book(states, ctx)
    found = state.unbonding_of(command.unbonding_id)
    if found is None:
        return Decision()
    try:
        check_settles(ctx)
        check_time(found.releases_at, ctx)
        source, target = (account(command.agent_id, found.token) for account in (unbonding, wallet))
        entry = Entry(
            transfer_id=command.transfer_id,
            legs=move(source, target, found.amount),
            reason="unstake_released",
        )
        book.post(entry)
    except DomainError as error:
        return refuse(error)
    event = UnbondingReleased(
        unbonding_id=found.unbonding_id, token=found.token, amount=found.amount, at=ctx.now
    )
    return _decided(book, command.agent_id, state, event)


def mature_stake(states: States, command: MatureStake, ctx: Context) -> Decision:
    """Let stake count that is old enough; nothing is done when all does."""
    state = stake_of(states, command.agent_id)
    if not state.lots:
        return Decision()
    amount = sum(lot.amount for lot in state.lots if lot.matures_at <= ctx.now)
    try:
        check_settles(ctx)
        check_time(state.lots[0].matures_at, ctx)
    except DomainError as error:
        return refuse(error)
    event = StakeMatured(amount=amount, until=ctx.now, at=ctx.now)
    return _decided(None, command.agent_id, state, event)


def terms_of(states: States) -> EconomicParameters:
    """Return the parameters in force."""
    state: ParametersState | None = states[PARAMETERS]
    return (state or ParametersState()).parameters


def is_registered(states: States, agent_id: str) -> bool:
    """Tell whether an agent is registered; it may have come back since it left."""
    agent: AgentState | None = states[agent_stream(agent_id)]
    return agent is not None and agent.status is not AgentStatus.UNREGISTERED


def stake_of(states: States, agent_id: str) -> StakeState:
    """Return an agent's stake; the empty one, when it never had any."""
    return states[stake_stream(agent_id)] or NO_STAKE


def check_settles(ctx: Context) -> None:
    """Refuse what only the settlement does.

    Raises:
        SystemAccount: It is somebody else.
    """
    if ctx.principal.subject != SETTLEMENT.subject:
        raise SystemAccount("This is done by the settlement only")


def check_time(due: datetime, ctx: Context) -> None:
    """Refuse what is not due yet, as when the clock was set back; it is tried again.

    Raises:
        Conflict: It is not.
    """
    if due > ctx.now:
        raise Conflict("It is not due yet")


def check_token(token: str) -> None:
    """Refuse a token that cannot be bonded.

    Raises:
        UnknownToken: It cannot.
    """
    if token not in STAKED_TOKENS:
        raise UnknownToken(f"{token[:64]!r} cannot be staked", field="token")


def _unbonding(state: StakeState, unbonding_id: str) -> Unbonding:
    found = state.unbonding_of(unbonding_id)
    if found is None:
        raise UnbondingNotFound(unbonding_id=unbonding_id)
    return found


def _decided(book: Book | None, agent_id: str, state: StakeState, event: StakeEvent) -> Decision:
    moved = () if book is None else tuple(book.events)
    return Decision((*moved, (stake_stream(agent_id), with_figures(state, event)[1])))

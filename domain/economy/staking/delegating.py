"""Delegation of stake: it stays its owner's and earns for it, and counts for another agent.

Undelegated stake counts for nobody until the period of unbonding is over, and is at risk for what
the other agent did until then (as in the staking module of the Cosmos SDK), so that one stake is
never behind the work of two agents at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from aia_mas.domain.economy.amounts import check_amount
from aia_mas.domain.economy.authority import check_may_spend, may_spend
from aia_mas.domain.economy.staking.commands import Delegate, ReturnDelegation, Undelegate
from aia_mas.domain.economy.staking.errors import (
    DelegationNotFound,
    DelegationTooSmall,
    InsufficientStake,
    SelfDelegation,
    StakeJailed,
    TooManyDelegations,
)
from aia_mas.domain.economy.staking.events import (
    DelegationEnded,
    DelegationReceived,
    DelegationWithdrawn,
    StakeDelegated,
    StakeEvent,
    StakeUndelegated,
    UndelegationBegan,
)
from aia_mas.domain.economy.staking.staking import (
    States,
    check_settles,
    check_time,
    is_registered,
    stake_of,
    terms_of,
)
from aia_mas.domain.economy.staking.state import Loan, stake_stream, with_figures
from aia_mas.domain.kernel.context import Context
from aia_mas.domain.kernel.decision import Decision, refuse
from aia_mas.domain.kernel.errors import DomainError, PermissionDenied
from aia_mas.domain.kernel.money import to_text

MOST_GIVEN = 16
"""Delegations that an agent may have given, undelegations included."""
MOST_GOT = 64
"""Delegations that an agent may have got, undelegations included."""


def delegate(states: States, command: Delegate, ctx: Context) -> Decision:
    """Have stake count for another agent; only what counts already can."""
    try:
        check_may_spend(ctx.principal, command.agent_id)
        _check_others(command)
        check_amount(command.amount)
        own, other = stake_of(states, command.agent_id), stake_of(states, command.to)
        if own.jailed_until is not None:
            raise StakeJailed(until=own.jailed_until.isoformat())
        free = own.matured - own.delegated
        if command.amount > free:
            facts = {"free": free, "bonded": own.bonded, "delegated": own.delegated}
            raise InsufficientStake(**{name: to_text(units) for name, units in facts.items()})
        _check_room(own.given, Loan(command.to, 0), MOST_GIVEN, command.agent_id)
        _check_room(other.got, Loan(command.agent_id, 0), MOST_GOT, command.to)
        there = sum(loan.amount for loan in own.given if loan.key == (command.to, ""))
        _check_size(states, there + command.amount)
    except DomainError as error:
        return refuse(error)
    return _both(
        states,
        command,
        StakeDelegated(to=command.to, amount=command.amount, at=ctx.now),
        DelegationReceived(from_agent=command.agent_id, amount=command.amount, at=ctx.now),
    )


def undelegate(states: States, command: Undelegate, ctx: Context) -> Decision:
    """Take delegated stake back, or give it back; at once where nothing unbonds for a time."""
    if command.leaving and is_registered(states, command.leaving):
        return Decision()  # it came back, and counts on what it has
    try:
        if not any(may_spend(ctx.principal, each) for each in (command.agent_id, command.to)):
            raise PermissionDenied("The delegation is between other agents")
        _check_others(command)
        own, other = stake_of(states, command.agent_id), stake_of(states, command.to)
        loan = _loan(own.given, Loan(command.to, 0))
        amount = loan.amount if command.amount is None else command.amount
        check_amount(amount)
        if amount > loan.amount:
            raise InsufficientStake(
                "Less is delegated there", to=command.to, delegated=to_text(loan.amount)
            )
        if amount < loan.amount:
            _check_size(states, loan.amount - amount)
        seconds = terms_of(states).unbonding_seconds
        if not seconds:
            return _both(
                states,
                command,
                StakeUndelegated(to=command.to, amount=amount, at=ctx.now),
                DelegationEnded(from_agent=command.agent_id, amount=amount, at=ctx.now),
            )
        if amount < loan.amount:
            # What is on its way back takes a place of its own.
            _check_size(states, amount)
            begun = Loan(command.to, 0, command.undelegation_id)
            _check_room(own.given, begun, MOST_GIVEN, command.agent_id)
            begun = Loan(command.agent_id, 0, command.undelegation_id)
            _check_room(other.got, begun, MOST_GOT, command.to)
    except DomainError as error:
        return refuse(error)
    returns_at = ctx.now + timedelta(seconds=seconds)
    return _both(
        states,
        command,
        UndelegationBegan(
            undelegation_id=command.undelegation_id,
            to=command.to,
            amount=amount,
            returns_at=returns_at,
            at=ctx.now,
        ),
        DelegationWithdrawn(
            undelegation_id=command.undelegation_id,
            from_agent=command.agent_id,
            amount=amount,
            returns_at=returns_at,
            at=ctx.now,
        ),
    )


def return_delegation(states: States, command: ReturnDelegation, ctx: Context) -> Decision:
    """End an undelegation whose time is over; nothing is done when it is not there."""
    own = stake_of(states, command.agent_id)
    key = (command.to, command.undelegation_id)
    loan = next((loan for loan in own.given if loan.key == key), None)
    if loan is None or loan.returns_at is None:
        return Decision()
    try:
        check_settles(ctx)
        check_time(loan.returns_at, ctx)
    except DomainError as error:
        return refuse(error)
    undelegation_id, amount = command.undelegation_id, loan.amount
    return _both(
        states,
        command,
        StakeUndelegated(to=command.to, amount=amount, undelegation_id=undelegation_id, at=ctx.now),
        DelegationEnded(
            from_agent=command.agent_id,
            amount=amount,
            undelegation_id=undelegation_id,
            at=ctx.now,
        ),
    )


def _both(
    states: States,
    command: Delegate | Undelegate | ReturnDelegation,
    given: StakeEvent,
    got: StakeEvent,
) -> Decision:
    """Record the two sides of what happened."""
    events = tuple(
        (stake_stream(agent_id), with_figures(stake_of(states, agent_id), event)[1])
        for agent_id, event in ((command.agent_id, given), (command.to, got))
    )
    return Decision(events)


def _check_others(command: Delegate | Undelegate) -> None:
    if command.agent_id == command.to:
        raise SelfDelegation(field="to")


def _check_size(states: States, amount: int) -> None:
    """Refuse a part of a stake that is too small to take one of an agent's few places."""
    smallest = terms_of(states).min_delegation
    if amount < smallest:
        raise DelegationTooSmall(
            f"Nothing below {to_text(smallest)} AIA is delegated, or left of a delegation",
            field="amount",
            min_delegation=to_text(smallest),
        )


def _check_room(loans: Sequence[Loan], added: Loan, most: int, agent_id: str) -> None:
    if len(loans) >= most and all(loan.key != added.key for loan in loans):
        raise TooManyDelegations(agent_id=agent_id, most=most)


def _loan(loans: Sequence[Loan], sought: Loan) -> Loan:
    for loan in loans:
        if loan.key == sought.key:
            return loan
    raise DelegationNotFound(to=sought.agent_id)

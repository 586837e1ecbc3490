"""Staking rewards: what the pool sets aside for stakers, and what they claim of it.

How much of it is whose is known to the reward index (``index``); the log has what was set aside
(``staking/rewards``) and what was paid (the stakes).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Final

import msgspec

from aia_mas.domain.economy.accounts import (
    Purpose,
    account_of,
    account_stream,
    reward_pool,
    wallet,
)
from aia_mas.domain.economy.amounts import check_amount
from aia_mas.domain.economy.authority import check_may_spend
from aia_mas.domain.economy.errors import InsufficientFunds
from aia_mas.domain.economy.ledger.book import Book
from aia_mas.domain.economy.ledger.entry import Entry, move, transfer_stream
from aia_mas.domain.economy.orders import Execution, OrderKind
from aia_mas.domain.economy.parameters import PARAMETERS
from aia_mas.domain.economy.staking.errors import NothingToClaim
from aia_mas.domain.economy.staking.events import StakingRewardsClaimed
from aia_mas.domain.economy.staking.staking import (
    States,
    check_settles,
    stake_of,
    terms_of,
)
from aia_mas.domain.economy.staking.state import stake_stream, with_figures
from aia_mas.domain.kernel.context import Context
from aia_mas.domain.kernel.decision import Decision, refuse
from aia_mas.domain.kernel.errors import Conflict, DomainError, InvalidValue, PermissionDenied
from aia_mas.domain.kernel.event import Event, State
from aia_mas.domain.kernel.ids import check_id, stream_of
from aia_mas.domain.kernel.money import to_text
from aia_mas.domain.kernel.principal import Role

STAKING_REWARDS: Final = account_of(Purpose.STAKING_REWARDS)
"""The account of what is set aside for stakers and not claimed yet."""
REWARDS_STREAM: Final = stream_of("staking", "rewards")
"""The stream of what was set aside."""
_DAY = 86_400


class StakingRewardsNotified(Event, frozen=True, kw_only=True):
    """Tokens of the pool were set aside for those who stake now.

    Attributes:
        amount: How much, base units.
        until: The time up to which the daily rate is paid with it, UTC; None: it is beside that.
        transfer_id: The transfer that moved it.
        at: When, UTC.
    """

    topic: ClassVar[str] = "staking.rewards_notified.v1"
    amount: int
    until: datetime | None = None
    transfer_id: str
    at: datetime


REWARDS_EVENTS: Final[tuple[type[Event], ...]] = (StakingRewardsNotified,)
"""Every event of the stream, for the topic registry."""


class StakingRewardsState(State, frozen=True, kw_only=True):
    """What was set aside in all (base units), and up to when the daily rate is paid (UTC)."""

    notified: int = 0
    until: datetime | None = None


class ShareStakingRewards(msgspec.Struct, frozen=True, kw_only=True):
    """Set aside what the daily rate makes of a time; by the settlement.

    Attributes:
        since: Since when somebody stakes, or what was paid before, UTC.
        until: Up to when, UTC.
        transfer_id: The id of the transfer.
    """

    since: datetime
    until: datetime
    transfer_id: str


class NotifyStakingRewards(msgspec.Struct, frozen=True, kw_only=True):
    """Set tokens of the pool aside for stakers, beside the daily rate (``amount``: base units)."""

    amount: int


class ClaimRewards(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Pay an agent what it earned by staking.

    Attributes:
        agent_id: Whom.
        owed: How much it can claim, base units; filled in by the settlement.
        claimed: What it had claimed when that was reckoned, base units.
    """

    agent_id: str
    owed: int = 0
    claimed: int = 0


def evolve_rewards(state: StakingRewardsState | None, event: Event) -> StakingRewardsState:
    """Fold one event of the stream."""
    assert isinstance(event, StakingRewardsNotified)
    known = state or StakingRewardsState()
    return StakingRewardsState(
        notified=known.notified + event.amount, until=event.until or known.until
    )


def streams_of_sharing(command: ShareStakingRewards) -> tuple[str, ...]:
    """Return the streams that ``share_staking_rewards`` reads."""
    return (
        REWARDS_STREAM,
        PARAMETERS,
        transfer_stream(command.transfer_id),
        account_stream(reward_pool()),
        account_stream(STAKING_REWARDS),
    )


def share_staking_rewards(states: States, command: ShareStakingRewards, ctx: Context) -> Decision:
    """Set aside what the daily rate makes of a time, or what the pool has left of that."""
    state: StakingRewardsState = states[REWARDS_STREAM] or StakingRewardsState()
    since = command.since if state.until is None else max(command.since, state.until)
    if command.until <= since:
        return Decision()
    book = Book(states, ctx)
    try:
        check_settles(ctx)
        rate = terms_of(states).staking_reward_per_day
        due = made_by(rate, int((command.until - since).total_seconds()))
        if not due:
            return Decision()
        amount = min(due, book.available(reward_pool()))
        if not amount:
            raise InsufficientFunds("The reward pool is empty", account_id=reward_pool())
        event = _set_aside(book, amount, command.transfer_id, command.until, ctx)
    except DomainError as error:
        return refuse(error)
    return Decision((*book.events, (REWARDS_STREAM, event)))


def made_by(rate: int, seconds: int) -> int:
    """Return what a daily rate (base units) makes of a time, base units."""
    return rate * seconds // _DAY


def _set_aside(
    book: Book, amount: int, transfer_id: str, until: datetime | None, ctx: Context
) -> StakingRewardsNotified:
    entry = Entry(
        transfer_id=transfer_id,
        legs=move(reward_pool(), STAKING_REWARDS, amount),
        reason="staking_rewards",
    )
    book.post(entry)
    return StakingRewardsNotified(amount=amount, until=until, transfer_id=transfer_id, at=ctx.now)


def _check_notify(order: NotifyStakingRewards, ctx: Context) -> None:
    if not ctx.principal.has(Role.ADMIN, Role.TREASURER):
        raise PermissionDenied("This takes one of the roles admin, treasurer")
    check_amount(order.amount)


def _streams_of_notify(_order: NotifyStakingRewards, order_id: str) -> tuple[str, ...]:
    return (
        REWARDS_STREAM,
        transfer_stream(order_id),
        account_stream(reward_pool()),
        account_stream(STAKING_REWARDS),
    )


def _notify(order: NotifyStakingRewards, execution: Execution) -> Mapping[str, Any]:
    event = _set_aside(execution.book, order.amount, execution.order_id, None, execution.ctx)
    execution.events.append((REWARDS_STREAM, event))
    return {"amount": to_text(order.amount), "transfer_id": execution.order_id}


def _check_claim(order: ClaimRewards, ctx: Context) -> None:
    check_id(order.agent_id, "agent_id")
    check_may_spend(ctx.principal, order.agent_id)
    if order.owed or order.claimed:
        raise InvalidValue("What is owed is reckoned, not given", field="owed")


def _streams_of_claim(order: ClaimRewards, order_id: str) -> tuple[str, ...]:
    return (
        stake_stream(order.agent_id),
        transfer_stream(order_id),
        account_stream(STAKING_REWARDS),
        account_stream(wallet(order.agent_id)),
    )


def _claim(order: ClaimRewards, execution: Execution) -> Mapping[str, Any]:
    state = stake_of(execution.states, order.agent_id)
    if state.claimed != order.claimed:
        raise Conflict("It was paid meanwhile")
    if not order.owed:
        raise NothingToClaim(agent_id=order.agent_id)
    entry = Entry(
        transfer_id=execution.order_id,
        legs=move(STAKING_REWARDS, wallet(order.agent_id), order.owed),
        reason="staking_reward",
    )
    execution.book.post(entry)
    event = StakingRewardsClaimed(
        amount=order.owed, transfer_id=execution.order_id, at=execution.ctx.now
    )
    execution.events.append((stake_stream(order.agent_id), with_figures(state, event)[1]))
    return {
        "agent_id": order.agent_id,
        "amount": to_text(order.owed),
        "transfer_id": execution.order_id,
    }


NOTIFY_STAKING_REWARDS: Final = OrderKind(
    "notify_staking_rewards", NotifyStakingRewards, _check_notify, _streams_of_notify, _notify
)
"""Orders to set tokens aside for stakers."""
CLAIM_REWARDS: Final = OrderKind(
    "claim_rewards",
    ClaimRewards,
    _check_claim,
    _streams_of_claim,
    _claim,
    amounts=frozenset({"owed", "claimed"}),
)
"""Orders to pay an agent what it earned by staking."""

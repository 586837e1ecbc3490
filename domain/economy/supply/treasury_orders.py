"""What the treasurer orders: mint, burn, and fund out of the treasury."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from aia_mas.domain.economy.accounts import AIA, Purpose, check_account, treasury
from aia_mas.domain.economy.amounts import check_amount
from aia_mas.domain.economy.ledger import Entry, Leg, move, streams_of
from aia_mas.domain.economy.orders import Execution, OrderKind
from aia_mas.domain.economy.parameters import PARAMETERS
from aia_mas.domain.economy.staking.rewards import (
    REWARDS_STREAM,
    STAKING_REWARDS,
    StakingRewardsNotified,
)
from aia_mas.domain.economy.supply.errors import NotFundable
from aia_mas.domain.economy.supply.issuing import (
    burnt,
    issue,
    parameters_in,
    streams_of_issue,
    supply,
    terms_of,
)
from aia_mas.domain.kernel.context import Context
from aia_mas.domain.kernel.errors import PermissionDenied
from aia_mas.domain.kernel.mistakes import Mistakes
from aia_mas.domain.kernel.money import to_text
from aia_mas.domain.kernel.principal import Role
from aia_mas.domain.orchestration.bounds import check_text

LONGEST_NOTE = 256
"""Longest note of an order, in characters."""

FUNDABLE: Final = frozenset({Purpose.WALLET, Purpose.REWARD_POOL, Purpose.STAKING_REWARDS})
"""What the treasury gives to."""


class Mint(msgspec.Struct, frozen=True, kw_only=True):
    """Bring tokens into the world, for the treasury.

    Attributes:
        token: Which.
        amount: How many, base units.
        note: Why, for the record.
    """

    token: str
    amount: int
    note: str = ""


class Burn(msgspec.Struct, frozen=True, kw_only=True):
    """Take tokens of the treasury out of the world for good; the fields: see ``Mint``."""

    token: str
    amount: int
    note: str = ""


class Fund(msgspec.Struct, frozen=True, kw_only=True):
    """Give tokens of the treasury to an account (``account``: which); the others: see ``Mint``.

    Whose wallet it is need not be registered yet.
    """

    account: str
    token: str
    amount: int
    note: str = ""


def _check(order: Mint | Burn | Fund, ctx: Context) -> None:
    """Refuse an order that makes no sense, or whose placer is no treasurer."""
    if not ctx.principal.has(Role.ADMIN, Role.TREASURER):
        raise PermissionDenied("Only a treasurer disposes of the treasury")
    mistakes = Mistakes()
    mistakes.check(check_amount, order.amount)
    mistakes.check(check_text, order.note, "note", longest=LONGEST_NOTE)
    if isinstance(order, Fund):
        mistakes.check(check_fundable, order.account, order.token)
    mistakes.refuse()


def check_fundable(account_id: str, token: str) -> None:
    """Refuse an account that the treasury does not give to.

    Raises:
        UnknownAccount: It is none.
        InvalidId: Nobody can have an id like that of its owner.
        NotFundable: It stands for something else, or is of another token.
    """
    account = check_account(account_id, "account")
    if account.purpose not in FUNDABLE:
        raise NotFundable(field="account")
    if account.purpose is Purpose.STAKING_REWARDS and account_id != STAKING_REWARDS:
        raise NotFundable(f"Staking is rewarded in {AIA} only", field="account")
    if account.token != token:
        raise NotFundable(f"The account is one of {account.token[:64]}", field="account")


def _streams_of_mint(order: Mint, order_id: str) -> tuple[str, ...]:
    return streams_of_issue(order_id, order.token, treasury(order.token))


def _mint(order: Mint, execution: Execution) -> Mapping[str, Any]:
    book, terms = execution.book, terms_of(parameters_in(execution.states), order.token)
    shares = (Leg(treasury(order.token), order.amount),)
    issue(book, terms, execution.order_id, shares, "mint", metadata_of(execution, order.note))
    return _told(execution, order)


def _streams_of_burn(order: Burn, order_id: str) -> tuple[str, ...]:
    return streams_of_issue(order_id, order.token, treasury(order.token))


def _burn(order: Burn, execution: Execution) -> Mapping[str, Any]:
    terms_of(parameters_in(execution.states), order.token)
    legs = move(treasury(order.token), burnt(order.token), order.amount)
    execution.book.post(_entry(execution, legs, "burn", order.note))
    return _told(execution, order)


def _streams_of_fund(order: Fund, order_id: str) -> tuple[str, ...]:
    legs = move(treasury(order.token), order.account, order.amount)
    streams = streams_of(Entry(transfer_id=order_id, legs=legs, reason="fund"))
    return (*streams, PARAMETERS, REWARDS_STREAM)


def _fund(order: Fund, execution: Execution) -> Mapping[str, Any]:
    terms_of(parameters_in(execution.states), order.token)
    legs = move(treasury(order.token), order.account, order.amount)
    execution.book.post(_entry(execution, legs, "fund", order.note))
    book = execution.book
    if order.account == STAKING_REWARDS:
        # Whoever stakes now gets it: what is in this account is always owed to somebody.
        shared = StakingRewardsNotified(
            amount=order.amount, transfer_id=execution.order_id, at=execution.ctx.now
        )
        execution.events.append((REWARDS_STREAM, shared))
    return {
        "transfer_id": execution.order_id,
        "account_id": order.account,
        "balance": to_text(book.account(order.account).balance),
        "treasury": to_text(book.account(treasury(order.token)).balance),
    }


def metadata_of(execution: Execution, note: str) -> dict[str, str]:
    """Return what is kept with the transfer of an order."""
    metadata = {"ordered_by": execution.by}
    if note:
        metadata["note"] = note
    return metadata


def _entry(execution: Execution, legs: tuple[Leg, ...], reason: str, note: str) -> Entry:
    metadata = metadata_of(execution, note)
    return Entry(transfer_id=execution.order_id, legs=legs, reason=reason, metadata=metadata)


def _told(execution: Execution, order: Mint | Burn) -> dict[str, Any]:
    """Return what came of issuing or burning."""
    book, token = execution.book, order.token
    return {
        "transfer_id": execution.order_id,
        "token": token,
        "supply": to_text(supply(book, token)),
        "treasury": to_text(book.account(treasury(token)).balance),
    }


MINT: Final = OrderKind("mint", Mint, _check, _streams_of_mint, _mint)
BURN: Final = OrderKind("burn", Burn, _check, _streams_of_burn, _burn)
FUND: Final = OrderKind("fund", Fund, _check, _streams_of_fund, _fund)

"""Tokens come into the world, within the cap of each: what genesis, mint and faucet share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from aia_mas.domain.economy.accounts import Purpose, account_of, account_stream
from aia_mas.domain.economy.errors import UnknownToken
from aia_mas.domain.economy.ledger import Book, Entry, Leg, transfer_stream
from aia_mas.domain.economy.parameters import PARAMETERS, EconomicParameters, ParametersState
from aia_mas.domain.economy.supply.errors import SupplyCapReached
from aia_mas.domain.economy.supply.terms import TokenTerms
from aia_mas.domain.kernel.money import to_text


def issuance(token: str) -> str:
    """Return the account that tokens come from: below 0 by what was issued."""
    return account_of(Purpose.ISSUANCE, token)


def burnt(token: str) -> str:
    """Return the account of what was taken out of the world."""
    return account_of(Purpose.BURN, token)


def streams_of_issue(transfer_id: str, token: str, *targets: str) -> tuple[str, ...]:
    """Return the streams that issuing reads and writes (``targets``: the accounts that get it)."""
    accounts = (issuance(token), burnt(token), *targets)
    return (transfer_stream(transfer_id), *map(account_stream, accounts), PARAMETERS)


def parameters_in(states: Mapping[str, Any]) -> EconomicParameters:
    """Return the parameters in force, of states that hold them."""
    state: ParametersState | None = states[PARAMETERS]
    return (state or ParametersState()).parameters


def terms_of(parameters: EconomicParameters, token: str) -> TokenTerms:
    """Return the terms of a token.

    Raises:
        UnknownToken: There is none of this name.
    """
    terms = parameters.supply.of(token)
    if terms is None:
        raise UnknownToken(f"{token[:64]!r} is no token here", field="token")
    return terms


def issue(
    book: Book,
    terms: TokenTerms,
    entry_id: str,
    shares: Iterable[Leg],
    reason: str,
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Bring tokens into the world.

    Args:
        book: Where it is written; it has the accounts of ``streams_of_issue``.
        terms: Those of the token.
        entry_id: The transfer.
        shares: Who gets how much, base units.
        reason: Its reason code.
        metadata: What is kept with it.

    Raises:
        SupplyCapReached: There would be too much of it.
    """
    token, into = terms.token, tuple(share for share in shares if share.amount)
    amount = sum(share.amount for share in into)
    there_is = supply(book, token)
    if there_is + amount > terms.cap:
        raise SupplyCapReached(
            token=token, cap=to_text(terms.cap), supply=to_text(there_is), amount=to_text(amount)
        )
    legs = (Leg(issuance(token), -amount), *into)
    book.post(Entry(transfer_id=entry_id, legs=legs, reason=reason, metadata=metadata or {}))


def supply(book: Book, token: str) -> int:
    """Return how much of a token is in the world: issued and not burnt, base units."""
    return -book.account(issuance(token)).balance - book.account(burnt(token)).balance

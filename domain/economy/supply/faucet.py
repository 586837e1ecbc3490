"""The faucet: in development tokens come out of nothing for whoever wants to try the economy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from aia_mas.domain.economy.accounts import AIA, wallet
from aia_mas.domain.economy.amounts import check_amount
from aia_mas.domain.economy.ledger import Leg
from aia_mas.domain.economy.orders import Execution, OrderKind
from aia_mas.domain.economy.supply.errors import NoFaucet
from aia_mas.domain.economy.supply.issuing import (
    issue,
    parameters_in,
    streams_of_issue,
    terms_of,
)
from aia_mas.domain.economy.supply.treasury_orders import metadata_of
from aia_mas.domain.kernel.context import Context
from aia_mas.domain.kernel.errors import PermissionDenied
from aia_mas.domain.kernel.ids import check_id
from aia_mas.domain.kernel.mistakes import Mistakes
from aia_mas.domain.kernel.money import to_text
from aia_mas.domain.kernel.principal import Role


class Faucet(msgspec.Struct, frozen=True, kw_only=True):
    """Fill a wallet, of an agent that need not be registered.

    Attributes:
        owner: Whose wallet.
        amount: How much, base units.
        token: Of which token.
    """

    owner: str
    amount: int
    token: str = AIA


def _check(order: Faucet, ctx: Context) -> None:
    # Everybody is admin where there is a faucet.
    if not ctx.principal.has(Role.ADMIN):
        raise PermissionDenied("Only in development does everybody get tokens")
    mistakes = Mistakes()
    mistakes.check(check_id, order.owner, "agent_id")
    mistakes.check(check_amount, order.amount)
    mistakes.refuse()


def _streams(order: Faucet, order_id: str) -> tuple[str, ...]:
    return streams_of_issue(order_id, order.token, wallet(order.owner, order.token))


def _execute(order: Faucet, execution: Execution) -> Mapping[str, Any]:
    parameters, book = parameters_in(execution.states), execution.book
    if not parameters.supply.faucet:
        raise NoFaucet
    account = wallet(order.owner, order.token)
    terms, shares = terms_of(parameters, order.token), (Leg(account, order.amount),)
    issue(book, terms, execution.order_id, shares, "faucet", metadata_of(execution, ""))
    return {
        "transfer_id": execution.order_id,
        "account_id": account,
        "balance": to_text(book.account(account).balance),
    }


FAUCET: Final = OrderKind("faucet", Faucet, _check, _streams, _execute)

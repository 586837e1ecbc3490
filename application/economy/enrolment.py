"""Agents enter the economy: their wallets are filled, registered as agents or not."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import msgspec

from aia_mas.application.economy.order_desk import PATIENCE, Order, OrderDesk
from aia_mas.application.economy.standing import Standing
from aia_mas.application.engine.engine import Origin
from aia_mas.domain.economy.accounts import AIA, wallet
from aia_mas.domain.economy.amounts import check_amount
from aia_mas.domain.economy.authority import check_may_spend
from aia_mas.domain.economy.errors import InsufficientFunds, UnknownToken
from aia_mas.domain.economy.orders import OrderStatus
from aia_mas.domain.economy.supply.faucet import Faucet
from aia_mas.domain.economy.supply.treasury_orders import Fund
from aia_mas.domain.kernel import Role
from aia_mas.domain.kernel.ids import check_id
from aia_mas.domain.kernel.mistakes import Mistakes
from aia_mas.domain.kernel.money import to_text


class Enrolled(msgspec.Struct, frozen=True, kw_only=True):
    """An agent in the economy.

    Attributes:
        agent_id: Its id.
        account_id: Its wallet.
        balance: What is in it, tokens.
        order: What filled it; null: it had enough, and nothing was moved.
    """

    agent_id: str
    account_id: str
    balance: str
    order: Order | None = None


class Entered(NamedTuple):
    """What came of it.

    Attributes:
        agent: The agent.
        done: Nothing is under way any more.
        position: Of the log.
        replayed: It was ordered before under the same command id.
    """

    agent: Enrolled
    done: bool
    position: int = 0
    replayed: bool = False


class Enrolment:
    """Fills wallets: from the faucet in development, elsewhere by the treasurer's grant.

    Who cannot grant may ask whether there is as much in the wallet: a grant that came before, or
    what was earned.
    """

    def __init__(
        self,
        orders: OrderDesk,
        standing: Standing,
        tokens: frozenset[str],
        new_id: Callable[[], str],
        *,
        faucet: bool,
    ) -> None:
        """Set it up.

        Args:
            orders: Where orders are placed.
            standing: Tells what is in wallets.
            tokens: The tokens that there are.
            new_id: Makes ids of orders up.
            faucet: Whether tokens come out of nothing, as they do in development.
        """
        self._orders = orders
        self._standing = standing
        self._tokens = tokens
        self._new_id = new_id
        self._faucet = faucet

    async def enter(
        self,
        agent_id: str,
        amount: int,
        origin: Origin,
        token: str = AIA,
        patience: float = PATIENCE,
    ) -> Entered:
        """Fill an agent's wallet; it need not be registered.

        Args:
            agent_id: Whose.
            amount: How much, base units.
            origin: Who wants it.
            token: Of which token.
            patience: How long to wait for the settlement, seconds.

        Raises:
            InvalidValue: The id or the amount is none.
            UnknownToken: There is no such token.
            PermissionDenied: The wallet is somebody else's.
            InsufficientFunds: There is no faucet, the caller grants nothing, and there is not as
                much in the wallet; or the treasury has not as much.
            SupplyCapReached: The faucet has no more.
        """
        mistakes = Mistakes()
        mistakes.check(check_id, agent_id, "agent_id")
        mistakes.check(check_amount, amount)
        if token not in self._tokens:
            mistakes.add(UnknownToken(f"{token[:64]!r} is no token here", field="token"))
        mistakes.refuse()
        check_may_spend(origin.principal, agent_id)
        account = wallet(agent_id, token)
        if not self._faucet and not origin.principal.has(Role.ADMIN, Role.TREASURER):
            available = (await self._standing.accounts((account,)))[account].available
            if available < amount:
                raise InsufficientFunds(
                    "It takes a treasurer to grant what is not there",
                    account_id=account,
                    available=to_text(available),
                )
            return Entered(await self._told(agent_id, account), True)
        order: Faucet | Fund = Fund(account=account, token=token, amount=amount)
        if self._faucet:
            order = Faucet(owner=agent_id, token=token, amount=amount)
        ended = await self._orders.place(self._new_id(), order, origin, patience)
        return Entered(
            await self._told(agent_id, account, ended.order),
            ended.order.status is OrderStatus.EXECUTED,
            ended.position,
            ended.replayed,
        )

    async def _told(self, agent_id: str, account: str, order: Order | None = None) -> Enrolled:
        balance = (await self._standing.accounts((account,)))[account].balance
        return Enrolled(
            agent_id=agent_id, account_id=account, balance=to_text(balance), order=order
        )

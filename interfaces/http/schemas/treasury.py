"""What treasurers send about the supply, and what the treasury shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType

from aia_mas.application.economy.order_desk import Order
from aia_mas.domain.economy.accounts import AIA, Purpose, account_of, parse_account, wallet
from aia_mas.domain.economy.supply.terms import TokenTerms
from aia_mas.domain.economy.supply.treasury_orders import Burn, Fund, Mint
from aia_mas.domain.kernel.errors import InvalidValue
from aia_mas.domain.kernel.ids import check_id
from aia_mas.domain.kernel.mistakes import Mistakes
from aia_mas.domain.kernel.money import to_text
from aia_mas.interfaces.http.schemas.amounts import Amount, units
from aia_mas.interfaces.http.schemas.values import AgentId

Token = Annotated[
    str,
    msgspec.Meta(extra_json_schema={"pattern": "^[A-Z][A-Z0-9_]{0,15}$"}, examples=["AIA"]),
]
AccountName = Annotated[
    str,
    msgspec.Meta(
        extra_json_schema={"maxLength": 300},
        examples=["reward_pool", "staking_rewards", "wallet:AIA:data_analyst_001"],
    ),
]
Note = Annotated[str, msgspec.Meta(extra_json_schema={"maxLength": 256})]

_POOLS = frozenset({"reward_pool", "staking_rewards"})
_SHOWN = (
    Purpose.ISSUANCE,
    Purpose.TREASURY,
    Purpose.REWARD_POOL,
    Purpose.REWARDS_RESERVED,
    Purpose.STAKING_REWARDS,
    Purpose.DEPOSITS,
    Purpose.SLASHED,
    Purpose.BURN,
)


class SupplyChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Tokens that come into the world, or leave it.

    Attributes:
        amount: How many.
        token: Of which token.
        note: Why, for the record.
    """

    amount: Amount
    token: Token = AIA
    note: Note = ""

    def mint(self) -> Mint:
        """Return the order to mint.

        Raises:
            InvalidAmount: The amount is none.
        """
        return Mint(token=self.token, amount=units(self.amount, "amount"), note=self.note)

    def burn(self) -> Burn:
        """Return the order to burn.

        Raises:
            InvalidAmount: The amount is none.
        """
        return Burn(token=self.token, amount=units(self.amount, "amount"), note=self.note)


class Funding(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Tokens that the treasury gives away: to an agent, or to an account.

    Attributes:
        amount: How many.
        agent_id: Whose wallet gets them; it need not be registered yet.
        account: Or which account: a wallet by its id, `reward_pool` or `staking_rewards`.
        token: Of which token; left out: that of the account, else AIA.
        note: Why, for the record.
    """

    amount: Amount
    agent_id: AgentId | None = None
    account: AccountName | None = None
    token: Token | None = None
    note: Note = ""

    def order(self) -> Fund:
        """Return the order.

        Raises:
            InvalidValue: It is neither to an agent nor to an account, or to both, or one of them
                is none (or a subclass); ``others`` has whatever else is wrong.
        """
        mistakes = Mistakes()
        amount = mistakes.check(units, self.amount, "amount")
        target = mistakes.check(self._target)
        mistakes.refuse()
        assert amount is not None and target is not None
        account, token = target
        return Fund(account=account, token=token, amount=amount, note=self.note)

    def _target(self) -> tuple[str, str]:
        """Return the id of the account, and the token."""
        if (self.agent_id is None) == (self.account is None):
            raise InvalidValue("either agent_id or account says who gets it", field="agent_id")
        if self.agent_id is not None:
            token = self.token or AIA
            return wallet(check_id(self.agent_id, "agent_id"), token), token
        assert self.account is not None
        if self.account in _POOLS:
            token = self.token or AIA
            return f"{self.account}:{token}", token
        token = parse_account(self.account).token
        return self.account, self.token or token


class EconomicRegistration(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an agent begins with in the economy.

    Attributes:
        amount: How much is to be in its wallet, or to be added to that.
        token: Of which token.
    """

    amount: Amount
    token: Token = AIA

    def units(self) -> int:
        """Return the amount in base units.

        Raises:
            InvalidAmount: It is none.
        """
        return units(self.amount, "amount")


class TokenSupply(msgspec.Struct, frozen=True, kw_only=True):
    """A token and where the system has it; amounts in tokens.

    Attributes:
        token: Its name.
        cap: The most that may be in the world at once.
        supply: What is: issued and not burnt.
        issued: What was ever issued.
        balances: The system's accounts by what they are for.
    """

    token: str
    cap: str
    supply: str
    issued: str
    balances: Mapping[str, str]


class TreasuryView(msgspec.Struct, frozen=True, kw_only=True):
    """The treasury and the supply.

    Attributes:
        treasury_address: Its address outside of this system (`AIA_TREASURY_ADDRESS`).
        gov_token_address: That of the AIA_GOV token (`AIA_GOV_TOKEN_ADDRESS`).
        faucet: Tokens come out of nothing for those who register; in development only.
        tokens: What there is of each.
    """

    treasury_address: str | None
    gov_token_address: str | None
    faucet: bool
    tokens: list[TokenSupply]


class OrderPage(msgspec.Struct, frozen=True, omit_defaults=True):
    """A page of orders.

    Attributes:
        items: The orders.
        next_cursor: For the page after this one; null on the last one.
        total: How many there are, when that was asked for.
    """

    items: list[Order]
    next_cursor: str | None
    total: int | UnsetType = UNSET


def system_accounts(token: str) -> dict[str, str]:
    """Return the ids of the system's accounts by what they are for."""
    return {purpose.value: account_of(purpose, token) for purpose in _SHOWN}


def shown_supply(terms: TokenTerms, balances: Mapping[str, int]) -> TokenSupply:
    """Return a token and where the system has it (``balances``: base units by purpose)."""
    issued = -balances[Purpose.ISSUANCE]
    return TokenSupply(
        token=terms.token,
        cap=to_text(terms.cap),
        supply=to_text(issued - balances[Purpose.BURN]),
        issued=to_text(issued),
        balances={
            purpose: to_text(balance)
            for purpose, balance in balances.items()
            if purpose != Purpose.ISSUANCE
        },
    )

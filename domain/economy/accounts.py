"""The names of accounts: what they are for, in which token, and whose they are."""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from typing import Final, NamedTuple

from aia_mas.domain.economy.errors import UnknownAccount
from aia_mas.domain.kernel.ids import check_id, stream_of

AIA: Final = "AIA"
"""The token that work is paid in."""
AIA_GOV: Final = "AIA_GOV"
"""The token of governance."""


class Purpose(StrEnum):
    """What an account is for; those from ``ISSUANCE`` on are the system's."""

    WALLET = "wallet"
    STAKED = "staked"
    UNBONDING = "unbonding"
    ISSUANCE = "issuance"
    TREASURY = "treasury"
    REWARD_POOL = "reward_pool"
    REWARDS_RESERVED = "rewards_reserved"
    STAKING_REWARDS = "staking_rewards"
    INCENTIVE = "incentive"
    SLASHED = "slashed"
    BURN = "burn"
    DEPOSITS = "deposits"


OWNED: Final = frozenset({Purpose.WALLET, Purpose.STAKED, Purpose.UNBONDING})
"""Accounts of agents and clients; all others are the system's."""
_NAMED: Final = OWNED | {Purpose.INCENTIVE}
_PURPOSES: Final = {purpose.value: purpose for purpose in Purpose}


class Account(NamedTuple):
    """An account.

    Attributes:
        purpose: What it is for.
        token: In which token.
        owner: Whose it is, or which program's; empty for accounts of the whole system.
    """

    purpose: Purpose
    token: str
    owner: str

    @property
    def is_system(self) -> bool:
        """Whether only the settlement writes it."""
        return self.purpose not in OWNED


def account_of(purpose: Purpose, token: str = AIA, owner: str = "") -> str:
    """Return the id of an account, for example ``wallet:AIA:data_analyst_001``."""
    return f"{purpose}:{token}:{owner}" if owner else f"{purpose}:{token}"


def wallet(owner: str, token: str = AIA) -> str:
    """Return the id of a wallet."""
    return f"wallet:{token}:{owner}"


def staked(owner: str, token: str = AIA) -> str:
    """Return the id of the account of what is bonded."""
    return f"staked:{token}:{owner}"


def unbonding(owner: str, token: str = AIA) -> str:
    """Return the id of the account of what is being unbonded."""
    return f"unbonding:{token}:{owner}"


def treasury(token: str = AIA) -> str:
    """Return the id of the treasury."""
    return f"treasury:{token}"


def reward_pool(token: str = AIA) -> str:
    """Return the id of the pool that rewards come from."""
    return f"reward_pool:{token}"


@lru_cache(maxsize=16_384)
def parse_account(account_id: str) -> Account:
    """Return what the id of an account says.

    Raises:
        UnknownAccount: It is no id of an account.
    """
    name, _, rest = account_id.partition(":")
    token, colon, owner = rest.partition(":")
    purpose = _PURPOSES.get(name)
    if purpose is None or not token or bool(owner) != (purpose in _NAMED) or (colon and not owner):
        raise UnknownAccount(account_id=account_id[:300])
    return Account(purpose, token, owner)


def check_account(account_id: str, field: str) -> Account:
    """Return the same of an id from outside.

    Raises:
        UnknownAccount: It is no id of an account.
        InvalidId: Nobody can have an id like that of its owner.
    """
    account = parse_account(account_id)
    if account.owner:
        check_id(account.owner, field)
    return account


def account_stream(account_id: str) -> str:
    """Return the stream of an account."""
    return stream_of("account", account_id)

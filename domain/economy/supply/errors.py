"""What the supply refuses, with the stable code of each."""

from __future__ import annotations

from aia_mas.domain.kernel.errors import DomainError, InvalidValue


class SupplyCapReached(DomainError):
    """There would be more of the token in the world than its cap allows."""

    code = "supply_cap_reached"


class NotFundable(InvalidValue):
    """The treasury funds wallets, reward_pool and staking_rewards."""

    code = "account_not_fundable"


class NoFaucet(DomainError):
    """Only in development do tokens come out of nothing; here the treasurer grants them."""

    code = "no_faucet"

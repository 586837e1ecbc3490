"""What the configuration says about the supply: which tokens there are, and how many at most."""

from __future__ import annotations

from typing import Final

import msgspec

from aia_mas.domain.economy.accounts import AIA, AIA_GOV
from aia_mas.domain.kernel.money import ONE

_CAP: Final = 1_000_000_000 * ONE


class TokenTerms(msgspec.Struct, frozen=True, kw_only=True):
    """A token; amounts in base units.

    Attributes:
        token: Its name.
        cap: The most that may be in the world at once.
        treasury: What the treasury begins with.
        reward_pool: What the pool of rewards begins with.
    """

    token: str
    cap: int = _CAP
    treasury: int = 0
    reward_pool: int = 0

    @property
    def genesis(self) -> int:
        """What there is from the beginning, base units."""
        return self.treasury + self.reward_pool


class SupplyTerms(msgspec.Struct, frozen=True, kw_only=True):
    """The tokens of a system, each with its terms.

    Attributes:
        tokens: They.
        faucet: Tokens come out of nothing for those who register: development only.
    """

    tokens: tuple[TokenTerms, ...] = (TokenTerms(token=AIA), TokenTerms(token=AIA_GOV))
    faucet: bool = False

    def of(self, token: str) -> TokenTerms | None:
        """Return the terms of a token; None: there is none of this name."""
        return next((terms for terms in self.tokens if terms.token == token), None)

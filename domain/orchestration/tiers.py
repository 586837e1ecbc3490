"""Staking tiers: which stake makes which tier. They are data: the configuration names them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from typing import Final, NamedTuple

from aia_mas.domain.kernel.money import ONE
from aia_mas.domain.orchestration.errors import UnknownTier


class Tier(NamedTuple):
    """A tier (``stake``: from which on it is held, base units)."""

    name: str
    stake: int


class Tiers:
    """The tiers of a system.

    Attributes:
        names: By rising stake.
    """

    def __init__(self, tiers: Iterable[Tier]) -> None:
        """Set them up; each begins at another stake."""
        ladder = sorted(tiers, key=lambda tier: tier.stake)
        self.names = tuple(tier.name for tier in ladder)
        self._stakes = tuple(tier.stake for tier in ladder)
        self._ranks = {name: rank for rank, name in enumerate(self.names, 1)}

    @property
    def highest(self) -> int:
        """The stake of the highest tier, base units; 0 where there are no tiers."""
        return self._stakes[-1] if self._stakes else 0

    def rank(self, stake: int) -> int:
        """Return the place of a stake's tier (base units) among all, from 1; 0 below the lowest."""
        return bisect_right(self._stakes, stake)

    def of(self, stake: int) -> str | None:
        """Return the tier of a stake (base units), None below the lowest."""
        rank = self.rank(stake)
        return self.names[rank - 1] if rank else None

    def rank_of(self, name: str) -> int | None:
        """Return the place of a tier among all, from 1; None: there is none of this name."""
        return self._ranks.get(name)

    def stakes_of(self, name: str) -> tuple[int, int | None]:
        """Return from which stake on a tier is held, and from which on the next one (base units).

        Raises:
            KeyError: There is no such tier.
        """
        rank = self._ranks[name]
        return self._stakes[rank - 1], self._stakes[rank] if rank < len(self.names) else None

    def check(self, name: str, field: str) -> None:
        """Refuse a name that no tier has.

        Raises:
            UnknownTier: It has none.
        """
        if name not in self._ranks:
            known = ", ".join(self.names) or "none"
            raise UnknownTier(f"{name[:64]!r} is no tier here; known are: {known}", field=field)


DEFAULT_TIERS: Final = Tiers(
    (
        Tier("bronze", 100 * ONE),
        Tier("silver", 500 * ONE),
        Tier("gold", 2_000 * ONE),
        Tier("platinum", 5_000 * ONE),
        Tier("diamond", 10_000 * ONE),
    )
)
"""The tiers where nothing else is configured."""

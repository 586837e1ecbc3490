"""Staking tiers: which stake makes which tier. They are data: the configuration names them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from aia_mas.domain.kernel.money import ONE
from aia_mas.domain.orchestration.errors import UnknownTier


class Tier(NamedTuple):
    """A tier (``stake``: from which on it is held, base units)."""

    name: str
    stake: int


class _Table(NamedTuple):
    names: tuple[str, ...]
    stakes: tuple[int, ...]
    ranks: dict[str, int]


class Tiers:
    """The tiers of a system."""

    def __init__(self, tiers: Iterable[Tier]) -> None:
        """Set them up; each begins at another stake."""
        ladder = sorted(tiers, key=lambda tier: tier.stake)
        names = tuple(tier.name for tier in ladder)
        ranks = {name: rank for rank, name in enumerate(names, 1)}
        self._own = _Table(names, tuple(tier.stake for tier in ladder), ranks)

    def _table(self) -> _Table:
        return self._own

    @property
    def names(self) -> tuple[str, ...]:
        """Their names, by rising stake."""
        return self._table().names

    @property
    def rows(self) -> tuple[Tier, ...]:
        """The tiers, by rising stake."""
        table = self._table()
        return tuple(map(Tier, table.names, table.stakes))

    @property
    def highest(self) -> int:
        """The stake of the highest tier, base units; 0 where there are no tiers."""
        stakes = self._table().stakes
        return stakes[-1] if stakes else 0

    def rank(self, stake: int) -> int:
        """Return the place of a stake's tier (base units) among all, from 1; 0 below the lowest."""
        return bisect_right(self._table().stakes, stake)

    def of(self, stake: int) -> str | None:
        """Return the tier of a stake (base units), None below the lowest."""
        rank = self.rank(stake)
        return self.names[rank - 1] if rank else None

    def rank_of(self, name: str) -> int | None:
        """Return the place of a tier among all, from 1; None: there is none of this name."""
        return self._table().ranks.get(name)

    def stakes_of(self, name: str) -> tuple[int, int | None]:
        """Return from which stake on a tier is held, and from which on the next one (base units).

        Raises:
            KeyError: There is no such tier.
        """
        table = self._table()
        rank = table.ranks[name]
        return table.stakes[rank - 1], table.stakes[rank] if rank < len(table.names) else None

    def check(self, name: str, field: str) -> None:
        """Refuse a name that no tier has.

        Raises:
            UnknownTier: It has none.
        """
        if name not in self._table().ranks:
            known = ", ".join(self.names) or "none"
            raise UnknownTier(f"{name[:64]!r} is no tier here; known are: {known}", field=field)


class TiersInForce(Tiers):
    """The tiers that hold now: those of the configuration, until others are decided on."""

    def __init__(self, now: Callable[[], Tiers]) -> None:
        """Ask for them each time (``now``: tells them)."""
        super().__init__(())
        self._now = now

    def _table(self) -> _Table:
        return self._now()._table()


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

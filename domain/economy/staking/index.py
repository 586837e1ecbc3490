"""The reward index: what stakers earn, exactly, at a cost that does not grow with their number.

Rewards are shared by weight: what an agent has bonded times the multiplier of the tier that this
makes (the F1 scheme of the Cosmos SDK, in integers). The index is what a weight of one has earned
ever since, scaled by 2^64; what a division leaves over is carried into the next one, rewards that
come while nobody stakes wait for the next ones, and nobody's share is rounded before it is paid. So
at any time: everything owed, the rest carried, what waits and what was paid are what was notified.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from typing import Final

import msgspec

from aia_mas.domain.economy.parameters import DEFAULT_PARAMETERS, TierTerms

SCALE_BITS: Final = 64
SCALE: Final = 1 << SCALE_BITS
"""What the index, shares and the rest are scaled by."""


class Share(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What one agent earns.

    Attributes:
        earning: What its rewards are measured by, base units.
        index: The index up to which ``owed`` is reckoned.
        epoch: The number of the tier table that held then.
        owed: What it earned and was not paid, scaled.
    """

    earning: int = 0
    index: int = 0
    epoch: int = 0
    owed: int = 0


class Epoch(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A tier table, and the index from which on it holds."""

    index: int
    tiers: tuple[TierTerms, ...]

    def weight(self, earning: int) -> int:
        """Return the weight of a stake (base units); 0 below the lowest tier."""
        multiplier = 0
        for tier in self.tiers:
            if earning < tier.min_stake:
                break
            multiplier = tier.multiplier_ppm
        return earning * multiplier


class RewardIndex:
    """What everybody earned; folded from notifications, stakes, tier tables and payments.

    A new tier table is taken note of in one step, however many stake: each share is reckoned by
    the tables that held meanwhile when it is looked at next.

    Attributes:
        index: What a weight of 1 has earned so far, scaled.
        rest: What the last division left over, scaled.
        queued: What waits for somebody to stake, base units.
        notified: All that was ever to be shared, base units.
        paid: All that was paid of it, base units.
        weight: The weight of all together.
    """

    def __init__(self, tiers: tuple[TierTerms, ...] = DEFAULT_PARAMETERS.tiers) -> None:
        """Start with nobody."""
        self.index = self.rest = self.queued = self.notified = self.paid = self.weight = 0
        self.epochs = [Epoch(0, tiers)]
        self.shares: dict[str, Share] = {}
        self._earnings: list[int] = []

    @property
    def tiers(self) -> tuple[TierTerms, ...]:
        """The tier table in force."""
        return self.epochs[-1].tiers

    def notify(self, amount: int) -> None:
        """Share an amount (base units) among those who stake; it waits while nobody does."""
        self.notified += amount
        if not self.weight:
            self.queued += amount
            return
        scaled = ((amount + self.queued) << SCALE_BITS) + self.rest
        self.queued = 0
        grown, self.rest = divmod(scaled, self.weight)
        self.index += grown

    def set_earning(self, agent_id: str, earning: int) -> None:
        """Note what an agent's rewards are measured by from here on, base units."""
        share, epoch = self.share(agent_id), self.epochs[-1]
        if share.earning == earning:
            return
        if share.earning:
            del self._earnings[bisect_left(self._earnings, share.earning)]
        if earning:
            insort(self._earnings, earning)
        self.weight += epoch.weight(earning) - epoch.weight(share.earning)
        self.shares[agent_id] = msgspec.structs.replace(share, earning=earning)

    def set_tiers(self, tiers: tuple[TierTerms, ...]) -> None:
        """Note that another tier table holds from here on."""
        if tiers == self.tiers:
            return
        self.epochs.append(Epoch(self.index, tiers))
        earnings, self.weight = self._earnings, 0
        starts = [bisect_left(earnings, tier.min_stake) for tier in tiers]
        for tier, start, end in zip(tiers, starts, [*starts[1:], len(earnings)], strict=False):
            self.weight += sum(earnings[start:end]) * tier.multiplier_ppm

    def pay(self, agent_id: str, amount: int) -> None:
        """Note that an agent was paid, base units.

        Raises:
            ValueError: It was not owed as much.
        """
        share = self.share(agent_id)
        owed = share.owed - (amount << SCALE_BITS)
        if owed < 0:
            raise ValueError(f"{agent_id} was paid more than it was owed")
        self.shares[agent_id] = msgspec.structs.replace(share, owed=owed)
        self.paid += amount

    def share(self, agent_id: str) -> Share:
        """Return what an agent earns, reckoned up to now."""
        share = self.shares.get(agent_id)
        if share is None:
            return Share(0, self.index, len(self.epochs) - 1, 0)
        owed, index = share.owed, share.index
        for number in range(share.epoch, len(self.epochs)):
            last = number + 1 == len(self.epochs)
            until = self.index if last else self.epochs[number + 1].index
            owed += self.epochs[number].weight(share.earning) * (until - index)
            index = until
        return Share(share.earning, self.index, len(self.epochs) - 1, owed)

    def owed(self, agent_id: str) -> int:
        """Return what an agent can claim now: whole base units."""
        return self.share(agent_id).owed >> SCALE_BITS

    def all_owed(self) -> int:
        """Return what is owed to all together, scaled."""
        return sum(self.share(agent_id).owed for agent_id in self.shares)

    def rows(self) -> list[tuple[str, Share]]:
        """Return all shares, for a copy."""
        return list(self.shares.items())

    def begin_again(self, totals: Totals) -> None:
        """Go on where a copy was taken, whose shares are there already."""
        self.index, self.rest, self.queued = totals.index, totals.rest, totals.queued
        self.notified, self.paid, self.weight = totals.notified, totals.paid, totals.weight
        self.epochs = list(totals.epochs)
        self._earnings = sorted(share.earning for share in self.shares.values() if share.earning)

    def totals(self) -> Totals:
        """Return all but the shares, for a copy."""
        return Totals(
            self.index,
            self.rest,
            self.queued,
            self.notified,
            self.paid,
            self.weight,
            tuple(self.epochs),
        )


class Totals(msgspec.Struct, frozen=True, array_like=True):
    """The index without its shares; the fields: see ``RewardIndex``."""

    index: int
    rest: int
    queued: int
    notified: int
    paid: int
    weight: int
    epochs: tuple[Epoch, ...]

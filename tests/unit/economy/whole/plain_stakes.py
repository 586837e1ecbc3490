"""What happens to stakes, told a second time."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from aia_mas.domain.economy.staking import events as staking
from aia_mas.domain.economy.staking.index import SCALE
from aia_mas.domain.economy.staking.rewards import StakingRewardsNotified

from .plain_basis import MILLION, POOL, SHARED, Bond, PlainBasis


class PlainStakes(PlainBasis):
    """Stakes, and what they earn by plain fractions."""

    def _staked(self, name: str, event: staking.StakeEvent) -> None:
        bond = self.bond(name)
        token = getattr(event, "token", "AIA")
        wallet, staked, unbonding = (
            f"{purpose}:{token}:{name}" for purpose in ("wallet", "staked", "unbonding")
        )
        match event:
            case staking.StakeBonded():
                bond.add(token, event.amount, event.matures_at)
                self.move(wallet, staked, event.amount)
            case staking.StakeMatured():
                ripe = [lot for lot in bond.lots if lot[0] <= self.now]
                assert sum(amount for _, amount in ripe) == event.amount
                bond.lots = bond.lots[len(ripe) :]
                bond.matured += event.amount
            case staking.StakeWithdrawn():
                bond.take(token, event.amount)
                self.move(staked, wallet, event.amount)
            case staking.UnbondingBegan():
                bond.take(token, event.amount)
                bond.unbondings[event.unbonding_id] = (token, event.amount)
                self.move(staked, unbonding, event.amount)
            case staking.UnbondingCancelled():
                token, amount = bond.unbondings.pop(event.unbonding_id)
                bond.add(token, amount, event.matures_at)
                self.move(unbonding, staked, amount)
            case staking.UnbondingReleased():
                token, amount = bond.unbondings.pop(event.unbonding_id)
                self.move(unbonding, wallet, amount)
            case staking.StakeDelegated():
                bond.given += event.amount
            case staking.DelegationReceived():
                bond.got += event.amount
            case staking.DelegationWithdrawn():
                bond.got -= event.amount
            case staking.StakeUndelegated():
                bond.given -= event.amount
            case staking.DelegationEnded():
                bond.got -= 0 if event.undelegation_id else event.amount
            case staking.StakeSlashed():
                self._lost(name, bond, event)
            case staking.DelegatedStakeSlashed():
                bond.matured -= event.amount
                bond.given -= event.amount
                self.move(f"staked:AIA:{name}", "slashed:AIA", event.amount)
            case staking.DelegationShrunk():
                bond.got -= sum(cut.amount for cut in event.got if not cut.undelegation_id)
            case staking.AgentJailed():
                bond.jailed = True
            case staking.AgentUnjailed():
                bond.jailed = False
            case staking.StakingRewardsClaimed():
                self._claimed(name, event.amount)

    def _lost(self, name: str, bond: Bond, event: staking.StakeSlashed) -> None:
        assert event.amount == event.matured + sum(event.lots) + sum(event.unbondings)
        bond.matured -= event.matured
        bond.given -= sum(cut.amount for cut in event.given)
        bond.got -= sum(cut.amount for cut in event.got if not cut.undelegation_id)
        cuts = zip(bond.lots, event.lots, strict=True)
        bond.lots = [(at, there - cut) for (at, there), cut in cuts if there > cut]
        out = sum(event.unbondings)
        rest = zip(list(bond.unbondings), event.unbondings, strict=True)
        for unbonding_id, cut in rest:
            token, there = bond.unbondings.pop(unbonding_id)
            if there > cut:
                bond.unbondings[unbonding_id] = (token, there - cut)
        self.move(f"staked:AIA:{name}", "slashed:AIA", event.amount - out)
        self.move(f"unbonding:AIA:{name}", "slashed:AIA", out)
        self.slash = event

    def _slashed(self, order: dict[str, Any]) -> None:
        assert self.slash is not None
        if order.get("reporter") is not None:
            whole = self.slash.amount + self.slash.others
            share = whole * self.parameters.reporter_share_ppm // MILLION
            self.move("slashed:AIA", f"wallet:AIA:{order['reporter']}", share)

    def _share(self, event: StakingRewardsNotified) -> None:
        # Funded by the treasury it was moved by that order.
        if event.transfer_id not in self.orders or self.orders[event.transfer_id].kind != "fund":
            self.move(POOL, SHARED, event.amount)
        self.notified += event.amount
        weights = {name: self.weight(bond) for name, bond in self.bonds.items()}
        total = sum(weights.values())
        if not total:
            self.waiting += event.amount
            return
        for name, weight in weights.items():
            share = Fraction((event.amount + self.waiting) * weight, total)
            self.owed[name] = self.owed.get(name, Fraction(0)) + share
        # What a division leaves over goes to those of the next one.
        self.off += Fraction(total, SCALE)
        self.waiting = 0

    def weight(self, bond: Bond) -> int:
        held = [t for t in self.parameters.tiers if t.min_stake <= bond.earning]
        return bond.earning * max((t.multiplier_ppm for t in held), default=0)

    def _claimed(self, name: str, amount: int) -> None:
        owed = self.owed.get(name, Fraction(0))
        assert abs(amount - owed) <= self.off, "staking pays what plain fractions say"
        self.owed[name] = owed - amount
        self.claimed += amount
        self.move(SHARED, f"wallet:AIA:{name}", amount)

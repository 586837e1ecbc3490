"""Agents come and go, stake, delegate, lose stake and earn by it."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import precondition
from msgspec.structs import replace

from aia_mas.domain.economy.accounts import wallet
from aia_mas.domain.economy.staking.commands import (
    CancelUnbonding,
    Delegate,
    Stake,
    Undelegate,
    Unjail,
    Unstake,
)
from aia_mas.domain.economy.staking.rewards import ClaimRewards, NotifyStakingRewards
from aia_mas.domain.economy.staking.slashing import Slash
from aia_mas.domain.kernel.money import ONE
from aia_mas.domain.orchestration.agent_commands import UnregisterAgent

from .basis import AGENTS, Basis, agents, amounts, owners, rule, tokens


class StakeRules(Basis):
    """Whatever agents do with their stake, and what is done to it."""

    @rule(name=agents, stake=st.sampled_from([0, 100, 2_000]), price=st.integers(1, 30))
    def leave_or_come_back(self, name: str, stake: int, price: int) -> None:
        if not self.give(UnregisterAgent(agent_id=name)):
            self.register(name, stake * ONE, price)

    @rule(name=agents, amount=amounts, token=tokens)
    def stake(self, name: str, amount: int, token: str) -> None:
        wanted = amount <= self.plain.available(wallet(name, token))
        command = Stake(agent_id=name, amount=amount, transfer_id=self.market.new_id(), token=token)
        assert wanted == self.give(command)

    @rule(name=agents, part=st.sampled_from([0, 1, 2, 3]), off=st.integers(0, 1), token=tokens)
    def unstake(self, name: str, part: int, off: int, token: str) -> None:
        bond = self.plain.bond(name)
        free = bond.gov if token != "AIA" else bond.bonded - bond.given
        amount = free // part + off if part else None
        wanted = 0 < (free if amount is None else amount) <= free
        command = Unstake(
            agent_id=name, amount=amount, transfer_id=self.market.new_id(), token=token
        )
        assert wanted == self.give(command)

    @rule(name=agents, data=st.data())
    def cancel_unbonding(self, name: str, data: st.DataObject) -> None:
        if found := sorted(self.plain.bond(name).unbondings):
            which, new = data.draw(st.sampled_from(found)), self.market.new_id()
            command = CancelUnbonding(agent_id=name, unbonding_id=which, transfer_id=new)
            assert self.give(command)
            assert not self.give(replace(command, transfer_id=self.market.new_id()))

    @rule(name=agents, to=agents, part=st.sampled_from([2, 3, 1_000, 1]), off=st.integers(0, 1))
    def delegate(self, name: str, to: str, part: int, off: int) -> None:
        bond = self.plain.bond(name)
        amount = (bond.matured - bond.given) // part + off
        command = Delegate(agent_id=name, to=to, amount=amount)
        wanted = name != to and 0 < amount <= bond.matured - bond.given and not bond.jailed
        # Too little, or too many of them, for one, is not delegated.
        if self.give(command):
            assert wanted
            self.loans.append((name, to))

    @precondition(lambda self: self.loans)
    @rule(data=st.data(), amount=st.none() | amounts)
    def undelegate(self, data: st.DataObject, amount: int | None) -> None:
        name, to = data.draw(st.sampled_from(self.loans))
        new = self.market.new_id()
        self.give(Undelegate(agent_id=name, to=to, amount=amount, undelegation_id=new))

    @rule(name=agents, ppm=st.integers(1, 10**6), reporter=st.none() | owners, again=st.booleans())
    def slash(self, name: str, ppm: int, reporter: str | None, again: bool) -> None:
        self.evidence += 0 if again else 1
        evidence_id = f"e{self.evidence}"
        self.order(
            Slash(agent_id=name, evidence_id=evidence_id, fraction_ppm=ppm, reporter=reporter)
        )

    @rule(name=agents)
    def claim(self, name: str) -> None:
        self.order(ClaimRewards(agent_id=name))

    @rule(amount=amounts)
    def notify(self, amount: int) -> None:
        self.order(NotifyStakingRewards(amount=amount))

    @rule(seconds=st.sampled_from([0, 700]))
    def unjail(self, seconds: int) -> None:
        self.later(seconds)
        for name in AGENTS:
            jailed = self.plain.bond(name).jailed
            assert self.give(Unjail(agent_id=name)) <= jailed

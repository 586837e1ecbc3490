"""Stakes as a state machine: nothing is lost, and everybody earns what plain fractions say."""

from __future__ import annotations

from contextlib import suppress
from fractions import Fraction

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from aia_mas.domain.economy.accounts import account_stream
from aia_mas.domain.economy.ledger import AccountState
from aia_mas.domain.economy.parameters import TierTerms
from aia_mas.domain.economy.staking.commands import (
    CancelUnbonding,
    Delegate,
    Stake,
    Undelegate,
    Unjail,
    Unstake,
)
from aia_mas.domain.economy.staking.errors import NothingToClaim
from aia_mas.domain.economy.staking.index import SCALE
from aia_mas.domain.economy.staking.rewards import (
    ClaimRewards,
    NotifyStakingRewards,
    StakingRewardsNotified,
)
from aia_mas.domain.economy.staking.slashing import Slash
from aia_mas.domain.kernel import DomainError, Event
from aia_mas.domain.kernel.steps import at_once
from aia_mas.domain.orchestration.agent_events import AgentRegistered, AgentUnregistered
from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.domain.orchestration.task_events import ReleaseReason, TaskReleased, TaskStatus

from .stake_world import Refused, World

AGENTS = ("ann", "bob", "cal", "dee")
POOL = 10**9
agents = st.sampled_from(AGENTS)
amounts = st.one_of(st.integers(1, 3_000), st.integers(1, 10**7))
TABLES = st.lists(
    st.tuples(st.integers(1, 5_000), st.integers(1, 3_000_000)),
    max_size=4,
    unique_by=lambda t: t[0],
).map(
    lambda rows: tuple(
        TierTerms(name=f"t{number}", min_stake=stake, multiplier_ppm=factor)
        for number, (stake, factor) in enumerate(
            zip(sorted(s for s, _ in rows), sorted(f for _, f in rows), strict=True)
        )
    )
)


class Stakes(RuleBasedStateMachine):
    """Four agents stake, delegate, lose and earn; small amounts, so that all rounding shows."""

    def __init__(self) -> None:
        super().__init__()
        tiers = (TierTerms(name="low", min_stake=10, multiplier_ppm=1_000_000),)
        self.world = World(
            tiers=tiers,
            jail_lost_tasks=1,
            jail_seconds=60,
            staking_reward_interval_seconds=600,
            min_delegation=2,
        )
        for name in AGENTS:
            self.world.states[account_stream(f"wallet:AIA:{name}")] = AccountState(balance=10**7)
            self.world.states[account_stream(f"wallet:AIA_GOV:{name}")] = AccountState(balance=99)
        self.world.states[account_stream("reward_pool:AIA")] = AccountState(balance=POOL)
        self.total = 4 * 10**7 + POOL
        self.owed: dict[str, Fraction] = dict.fromkeys(AGENTS, Fraction(0))
        self.waiting = 0
        self.notified = 0
        self.off = Fraction(1)
        self.world.heard = self.hear
        self.evidence = 0

    @initialize(seconds=st.sampled_from([0, 3_600]), age=st.sampled_from([0, 0, 1_800]))
    def begin(self, seconds: int, age: int) -> None:
        self.world.change_terms(unbonding_seconds=seconds, min_stake_age_seconds=age)

    # What the model knows: who earns how much, by fractions, from the stakes alone.

    def weight(self, name: str) -> Fraction:
        stake = self.world.stake(name)
        if stake.jailed_until is not None:
            return Fraction(0)
        held = [t for t in self.world.terms.tiers if t.min_stake <= stake.matured]
        factor = max(held, key=lambda t: t.min_stake).multiplier_ppm if held else 0
        return Fraction(stake.matured * factor)

    def share(self, amount: int) -> None:
        self.notified += amount
        weights = {name: self.weight(name) for name in AGENTS}
        total = sum(weights.values())
        if not total:
            self.waiting += amount
            return
        for name, weight in weights.items():
            self.owed[name] += (amount + self.waiting) * weight / total
        # What a division leaves over goes to those of the next one.
        self.off += total / SCALE
        self.waiting = 0

    def hear(self, _stream: str, event: Event) -> None:
        if isinstance(event, StakingRewardsNotified):
            self.share(event.amount)

    # What may happen.

    def do(self, command: object) -> bool:
        try:
            self.world.do(command)
        except DomainError:
            return False
        return True

    @rule(name=agents, amount=amounts, token=st.sampled_from(["AIA", "AIA", "AIA_GOV"]))
    def stake(self, name: str, amount: int, token: str) -> None:
        transfer_id = self.world.new_id()
        self.do(Stake(agent_id=name, amount=amount, transfer_id=transfer_id, token=token))

    @rule(name=agents, amount=st.none() | amounts, token=st.sampled_from(["AIA", "AIA", "AIA_GOV"]))
    def unstake(self, name: str, amount: int | None, token: str) -> None:
        transfer_id = self.world.new_id()
        self.do(Unstake(agent_id=name, amount=amount, transfer_id=transfer_id, token=token))

    @rule(name=agents, data=st.data())
    def cancel(self, name: str, data: st.DataObject) -> None:
        if found := self.world.stake(name).unbondings:
            which = data.draw(st.sampled_from(found)).unbonding_id
            transfer_id = self.world.new_id()
            assert self.do(
                CancelUnbonding(agent_id=name, unbonding_id=which, transfer_id=transfer_id)
            )

    @rule(name=agents, to=agents, amount=amounts)
    def delegate(self, name: str, to: str, amount: int) -> None:
        self.do(Delegate(agent_id=name, to=to, amount=amount))

    @rule(name=agents, to=agents, amount=st.none() | amounts)
    def undelegate(self, name: str, to: str, amount: int | None) -> None:
        which = self.world.new_id()
        self.do(Undelegate(agent_id=name, to=to, amount=amount, undelegation_id=which))

    @rule(name=agents, ppm=st.integers(1, 10**6), reporter=st.none() | agents)
    def slash(self, name: str, ppm: int, reporter: str | None) -> None:
        self.evidence += 1
        order = Slash(
            agent_id=name, evidence_id=f"e{self.evidence}", fraction_ppm=ppm, reporter=reporter
        )
        before = {each: self.world.stake(each) for each in AGENTS}
        try:
            self.world.order(order)
        except DomainError:
            return
        for each, stake in before.items():
            now = self.world.stake(each)
            if each == name:
                exact = Fraction(stake.free * (10**6 - ppm), 10**6)
                assert abs(now.free - exact) <= 2 + len(stake.lots)
            else:
                assert now.free == stake.free, "what is not delegated there is not at risk"

    @rule(name=agents)
    def jail(self, name: str) -> None:
        lost = TaskReleased(
            agent_id=name,
            attempt=1,
            outcome=TaskStatus.QUEUED,
            reason=ReleaseReason.LEASE_EXPIRED,
            released_at=self.world.now,
        )
        self.world.happen(f"task/{self.world.new_id()}", lost)
        self.world.settle()

    @rule(name=agents)
    def unjail(self, name: str) -> None:
        self.do(Unjail(agent_id=name))

    @rule(name=agents)
    def leave_and_come_back(self, name: str) -> None:
        self.world.happen(f"agent/{name}", AgentUnregistered(at=self.world.now))
        self.world.settle()
        joined = AgentRegistered(
            capabilities=Capabilities(), owner="o", registered_at=self.world.now
        )
        self.world.happen(f"agent/{name}", joined)
        stake = self.world.stake(name)
        assert stake.free == 0 or len(stake.unbondings) >= 32
        assert stake.bonded_gov == 0 or len(stake.unbondings) >= 32

    @rule(seconds=st.sampled_from([1, 60, 1_800, 3_600]))
    def wait(self, seconds: int) -> None:
        self.world.later(seconds)

    @rule(amount=amounts)
    def notify(self, amount: int) -> None:
        before = self.notified
        self.world.order(NotifyStakingRewards(amount=amount))
        assert self.notified == before + amount

    @rule(rate=st.integers(0, 10**7))
    def change_rate(self, rate: int) -> None:
        self.world.change_terms(staking_reward_per_day=rate)
        self.world.settle()

    @rule(tiers=TABLES)
    def change_tiers(self, tiers: tuple[TierTerms, ...]) -> None:
        self.world.change_terms(tiers=tiers)
        self.world.settle()

    @rule(name=agents)
    def claim(self, name: str) -> None:
        before = self.world.balance(f"wallet:AIA:{name}")
        with suppress(NothingToClaim):
            self.claim_of(name)
        paid = self.world.balance(f"wallet:AIA:{name}") - before
        assert abs(paid - self.owed[name]) <= self.off
        self.owed[name] -= paid

    def claim_of(self, name: str) -> None:
        try:
            self.world.order(ClaimRewards(agent_id=name))
        except Refused as refused:
            if refused.code == NothingToClaim.code:
                raise NothingToClaim from refused
            raise

    @rule()
    def start_anew(self) -> None:
        """The lists go on from a snapshot, on another node."""
        restored = []
        for each in self.world.lists:
            pieces = list(at_once(each.snapshot()))
            restored.append(at_once(type(each).restore(pieces)))
        self.world.lists = tuple(restored)

    # What always holds.

    @invariant()
    def every_token_is_somewhere(self) -> None:
        balances = {
            name: state.balance
            for name, state in self.world.states.items()
            if name.startswith("account/") and "AIA_GOV" not in name
        }
        assert sum(balances.values()) == self.total
        assert all(balance >= 0 for balance in balances.values())
        for name in AGENTS:
            stake = self.world.stake(name)
            assert self.world.balance(f"staked:AIA:{name}") == stake.bonded
            assert self.world.balance(f"unbonding:AIA:{name}") == stake.unbonding()
            assert self.world.balance(f"staked:AIA_GOV:{name}") == stake.bonded_gov
            assert self.world.balance(f"unbonding:AIA_GOV:{name}") == stake.unbonding("AIA_GOV")

    @invariant()
    def standing_is_never_made_of_nothing(self) -> None:
        stakes = {name: self.world.stake(name) for name in AGENTS}
        for name, stake in stakes.items():
            assert 0 <= stake.delegated <= stake.matured
            assert stake.effective >= 0
            for loan in stake.given:
                back = [each for each in stakes[loan.agent_id].got if each.agent_id == name]
                assert [x for x in back if x.undelegation_id == loan.undelegation_id] == [
                    type(loan)(name, loan.amount, loan.undelegation_id, loan.returns_at)
                ]
        assert sum(len(s.given) for s in stakes.values()) == sum(
            len(s.got) for s in stakes.values()
        )
        assert sum(s.effective for s in stakes.values()) <= sum(s.bonded for s in stakes.values())

    @invariant()
    def rewards_are_conserved(self) -> None:
        index = self.world.earnings.index
        owed, notified = index.all_owed(), index.notified
        assert owed + index.rest + (index.queued + index.paid) * SCALE == notified * SCALE
        assert self.world.balance("staking_rewards:AIA") == notified - index.paid
        assert index.weight == sum(self.weight(name) for name in AGENTS)

    @invariant()
    def everybody_is_owed_what_fractions_say(self) -> None:
        index = self.world.earnings.index
        assert index.queued == self.waiting
        for name in AGENTS:
            exact = Fraction(index.share(name).owed, SCALE)
            assert abs(exact - self.owed[name]) <= self.off

    @invariant()
    def nothing_is_left_undone(self) -> None:
        assert [w for each in self.world.lists for w in each.due(self.world.now, 9)] == []


Stakes.TestCase.settings = settings(max_examples=100, stateful_step_count=50)
TestStakes = pytest.mark.filterwarnings("error")(Stakes.TestCase)

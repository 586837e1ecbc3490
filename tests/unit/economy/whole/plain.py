"""An economy told a second time: plain sums over what was asked and what came of it.

It never looks at accounts or at the state of a stake: those are what it is compared with.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from aia_mas.domain.economy.budgets.events import BudgetRemoved, BudgetSet
from aia_mas.domain.economy.budgets.terms import BudgetTerms
from aia_mas.domain.economy.governance.delegation import VotesDelegated, VotesWithdrawn
from aia_mas.domain.economy.governance.proposal_events import (
    Deposit,
    DepositSettled,
    ProposalActivated,
    ProposalCreated,
    VoteCast,
    VotesPaid,
)
from aia_mas.domain.economy.incentives.events import AwardsPaid, ProgramClosed, ProgramOpened
from aia_mas.domain.economy.ledger.events import HoldPosted, HoldVoided
from aia_mas.domain.economy.orders import OrderExecuted, OrderPlaced
from aia_mas.domain.economy.parameters import EconomicParameters, ParametersChanged
from aia_mas.domain.economy.rewards.events import RewardBlockReserved, RewardsSettled, SettledTask
from aia_mas.domain.economy.rewards.terms import RewardTerms
from aia_mas.domain.economy.staking import events as staking
from aia_mas.domain.economy.staking.index import SCALE
from aia_mas.domain.economy.staking.rewards import StakingRewardsNotified
from aia_mas.domain.kernel import Event
from aia_mas.domain.kernel.money import ONE
from aia_mas.domain.orchestration import task_events as tasks

MILLION = 10**6
POOL, RESERVED, SHARED = "reward_pool:AIA", "rewards_reserved:AIA", "staking_rewards:AIA"


@dataclass
class Bond:
    """What an agent has at stake: what counts, what does not yet, and on its way back."""

    matured: int = 0
    lots: list[tuple[datetime, int]] = field(default_factory=list)
    gov: int = 0
    # By id: the token and how much.
    unbondings: dict[str, tuple[str, int]] = field(default_factory=dict)
    given: int = 0
    got: int = 0
    jailed: bool = False

    @property
    def bonded(self) -> int:
        return self.matured + sum(amount for _, amount in self.lots)

    @property
    def effective(self) -> int:
        return 0 if self.jailed else self.matured - self.given + self.got

    @property
    def earning(self) -> int:
        return 0 if self.jailed else self.matured

    def unbonding(self, token: str = "AIA") -> int:
        return sum(amount for each, amount in self.unbondings.values() if each == token)

    def add(self, token: str, amount: int, matures_at: datetime | None) -> None:
        if token != "AIA":
            self.gov += amount
        elif matures_at is None:
            self.matured += amount
        else:
            lots = Counter(dict(self.lots))
            lots[matures_at] += amount
            self.lots = sorted(lots.items())

    def take(self, token: str, amount: int) -> None:
        if token != "AIA":
            self.gov -= amount
            return
        while amount and self.lots:
            at, there = self.lots.pop()
            part = min(there, amount)
            amount -= part
            if part < there:
                self.lots.append((at, there - part))
        self.matured -= amount


@dataclass
class Job:
    """A task, as far as it has to do with money."""

    payer: str | None
    most: int
    rounds: int = 0
    price: int = 0
    agent_id: str = ""
    assigned_at: datetime | None = None
    promised: RewardTerms | None = None
    # Of a completed attempt: when it was, until when a rating counts, and which one did.
    completed_at: datetime | None = None
    until: datetime | None = None
    rated: tuple[datetime, float] | None = None
    settled: bool = False


@dataclass
class Aside:
    """What is set aside for a task: where, how much, and what it comes to once that is known."""

    payer: str
    amount: int
    budgets: list[tuple[str, str]]
    task_id: str
    cost: int | None = None


class Plain:
    """Everything there is, as dictionaries and sums."""

    def __init__(self) -> None:
        self.now = datetime.min
        self.balances: Counter[str] = Counter()
        self.held: Counter[str] = Counter()
        # Set aside by somebody: out of which account into which, how much, and until when.
        self.pending: dict[str, tuple[str, str, int, datetime | None]] = {}
        self.parameters = EconomicParameters()
        self.govs: set[int] = {0}
        self.orders: dict[str, OrderPlaced] = {}
        self.bonds: dict[str, Bond] = {}
        self.slash: staking.StakeSlashed | None = None
        # Staking rewards: what each earned and was not paid, and by how much rounding may be off.
        self.owed: dict[str, Fraction] = {}
        self.waiting = self.notified = self.claimed = 0
        self.off = Fraction(1)
        # Rewards
        self.jobs: dict[str, Job] = {}
        self.blocks = self.paid = 0
        self.promised: dict[str, int] = {}
        self.done: dict[str, int] = {}
        # Costs and budgets, by transfer and by budget and period
        self.aside: dict[str, Aside] = {}
        self.budgets: dict[str, BudgetTerms] = {}
        self.budget_held: Counter[tuple[str, str]] = Counter()
        self.budget_spent: Counter[tuple[str, str]] = Counter()
        # Programs
        self.programs: dict[str, tuple[str, int]] = {}
        # Governance
        self.delegates: dict[str, str] = {}
        self.deposits: dict[str, tuple[str, int]] = {}
        self.power: dict[str, dict[str, int]] = {}
        self.snapshot: dict[str, dict[str, str]] = {}
        self.votes: dict[tuple[str, str], int] = {}
        self.gov_per_vote: dict[str, int] = {}

    # ------------------------------------------------------------------------------ tokens

    def available(self, account: str) -> int:
        return self.balances[account] - self.held[account]

    def move(self, source: str, target: str, amount: int) -> None:
        self.balances[source] -= amount
        self.balances[target] += amount

    def set_aside(
        self, name: str, source: str, target: str, amount: int, until: datetime | None
    ) -> None:
        self.pending[name] = (source, target, amount, until)
        self.held[source] += amount

    def let_go(self, name: str) -> None:
        source, _, amount, _ = self.pending.pop(name)
        self.held[source] -= amount

    # ------------------------------------------------------------------------------- facts

    def hear(self, stream: str, event: Event) -> None:
        """Take note of something that happened."""
        kind, _, entity = stream.partition("/")
        match event:
            case ParametersChanged():
                self.parameters = event.parameters
                self.govs.add(event.parameters.gov_per_completion)
            case OrderPlaced():
                self.orders[entity] = event
            case OrderExecuted():
                self._executed(self.orders[entity])
            case staking.StakeEvent():
                self._staked(entity, event)
            case StakingRewardsNotified():
                self._share(event)
            case RewardBlockReserved():
                assert event.amount <= self.available(POOL)
                self.move(POOL, RESERVED, event.amount)
                self.blocks += event.amount
            case RewardsSettled():
                for item in event.items:
                    self._settle(item)
            case ProgramOpened():
                self.programs[entity] = (event.terms.token, event.terms.budget)
                token = event.terms.token
                self.move(f"treasury:{token}", f"incentive:{token}:{entity}", event.terms.budget)
            case AwardsPaid():
                token, _ = self.programs[entity]
                for award in event.awards:
                    target = f"wallet:{token}:{award.agent_id}"
                    self.move(f"incentive:{token}:{entity}", target, award.amount)
            case ProgramClosed():
                token, _ = self.programs.pop(entity)
                escrow = f"incentive:{token}:{entity}"
                assert event.returned == self.balances[escrow]
                self.move(escrow, f"treasury:{token}", event.returned)
            case BudgetSet():
                self.budgets[entity] = event.terms
            case BudgetRemoved():
                del self.budgets[entity]
            case HoldVoided() if entity in self.pending:
                self.let_go(entity)
            case HoldPosted() | HoldVoided() if entity in self.aside:
                self._cost_settled(entity, paid=isinstance(event, HoldPosted))
            case _ if kind in ("proposal", "vote", "delegation"):
                self._voted(entity, event)
            case _ if kind == "task":
                self._worked(entity, event)

    def _executed(self, placed: OrderPlaced) -> None:
        order: dict[str, Any] = placed.order
        token, amount = order.get("token", "AIA"), order.get("amount") or 0
        match placed.kind:
            case "mint":
                self.move(f"issuance:{token}", f"treasury:{token}", amount)
            case "burn":
                self.move(f"treasury:{token}", f"burn:{token}", amount)
            case "fund":
                self.move(f"treasury:{token}", order["account"], amount)
            case "faucet":
                self.move(f"issuance:{token}", f"wallet:{token}:{order['owner']}", amount)
            case "initial_stake":
                # What was bonded and not there came out of nothing.
                wallet = f"wallet:AIA:{order['agent_id']}"
                given = max(0, -self.available(wallet))
                self.move("issuance:AIA", wallet, given)
            case "reverse_transfer":
                for account, moved in order["moved"]:
                    self.balances[account] -= moved
            case "slash":
                self._slashed(order)

    # ------------------------------------------------------------------------------ stakes

    def bond(self, agent_id: str) -> Bond:
        return self.bonds.setdefault(agent_id, Bond())

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

    # ------------------------------------------------------------------------------- tasks

    def _worked(self, task_id: str, event: Event) -> None:
        match event:
            case tasks.TaskSubmitted():
                spec = event.spec
                job = self.jobs[task_id] = Job(spec.payer, spec.max_cost or 0)
                self._set_aside(task_id, job, event.owner, spec.cost_tags)
            case tasks.TaskRequeued():
                job = self.jobs[task_id]
                self._set_aside(task_id, job, event.owner, event.terms.cost_tags)
            case tasks.TaskAssigned():
                job = self.jobs[task_id]
                job.price, job.agent_id, job.assigned_at = event.price, event.agent_id, self.now
                job.promised = event.reward
                if event.reward is not None:
                    self.promised[task_id] = event.reward.reserved
            case tasks.TaskCompleted():
                self._completed(task_id, event)
            case tasks.TaskRated():
                self.jobs[task_id].rated = (self.now, event.rating)
            case (
                tasks.TaskFailed()
                | tasks.TaskReleased()
                | tasks.TaskCancelled()
                | tasks.TaskExpired()
            ):
                self.promised.pop(task_id, None)

    def matching(self, owner: str, payer: str, tags: tuple[str, ...]) -> list[str]:
        """Return the budgets in which a task counts."""
        keys = {("client", owner), ("owner", payer), *(("tag", tag) for tag in tags)}
        return sorted(n for n, t in self.budgets.items() if (t.scope.value, t.match) in keys)

    def period(self, budget_id: str) -> str:
        return "once" if self.budgets[budget_id].period == "once" else f"{self.now:%Y-%m-%d}"

    def affordable(self, owner: str, payer: str, tags: tuple[str, ...], most: int) -> bool:
        """Tell whether a task that may cost so much can be paid by its payer and its budgets."""
        for each in self.matching(owner, payer, tags):
            key, terms = (each, self.period(each)), self.budgets[each]
            used = self.budget_held[key] + self.budget_spent[key]
            if terms.hard and used + most > terms.amount:
                return False
        return self.available(f"wallet:AIA:{payer}") >= most

    def _set_aside(self, task_id: str, job: Job, owner: str, tags: tuple[str, ...]) -> None:
        if job.payer is None:
            return
        job.rounds += 1
        transfer_id = f"task:{task_id}" if job.rounds == 1 else f"task:{task_id}:{job.rounds}"
        keys = [(each, self.period(each)) for each in self.matching(owner, job.payer, tags)]
        self.aside[transfer_id] = Aside(job.payer, job.most, keys, task_id)
        self.held[f"wallet:AIA:{job.payer}"] += job.most
        for key in keys:
            self.budget_held[key] += job.most

    def _completed(self, task_id: str, event: tasks.TaskCompleted) -> None:
        job = self.jobs[task_id]
        job.completed_at = self.now
        job.until = self.now + timedelta(seconds=self.parameters.rating_window_seconds)
        if task_id in self.promised:
            self.done[task_id] = self.promised.pop(task_id)
        transfer_id = f"task:{task_id}" if job.rounds == 1 else f"task:{task_id}:{job.rounds}"
        if transfer_id in self.aside:
            said = 0 if event.usage is None else event.usage.cost
            self.aside[transfer_id].cost = min(said or job.price, job.most)

    def _cost_settled(self, transfer_id: str, *, paid: bool) -> None:
        aside = self.aside.pop(transfer_id)
        wallet = f"wallet:AIA:{aside.payer}"
        self.held[wallet] -= aside.amount
        agent_id = self.jobs[aside.task_id].agent_id
        cost = aside.cost or 0
        # Nobody pays itself.
        assert paid == (cost > 0 and agent_id != aside.payer), transfer_id
        for key in aside.budgets:
            self.budget_held[key] -= aside.amount
            self.budget_spent[key] += cost if paid else 0
        if paid:
            self.move(wallet, f"wallet:AIA:{agent_id}", cost)

    def _settle(self, item: SettledTask) -> None:
        job, kept = self.jobs[item.task_id], self.done.pop(item.task_id)
        assert not job.settled, "nothing is paid twice"
        job.settled = True
        terms = job.promised
        assert terms is not None and job.completed_at and job.until and job.assigned_at
        assert (item.agent_id, item.base) == (job.agent_id, terms.base)
        assert item.multiplier_ppm == terms.multiplier_ppm
        rating, closed = Fraction(1, 2), not item.forfeited
        if job.rated is not None and not item.forfeited:
            at, said = job.rated
            counts = item.rating_ppm is not None
            # After its window a rating counts as long as nobody looked.
            assert counts or at >= job.until, "rated in time"
            if counts:
                rating, closed = Fraction(round(said * MILLION), MILLION), False
        elif job.rated is None:
            assert item.rating_ppm is None
        assert not closed or self.now >= job.until, "settled before it could be rated"
        took = (job.completed_at - job.assigned_at).total_seconds()
        bonus = Fraction(-1, 10)
        if took <= terms.seconds:
            bonus = Fraction(1, 10) if 2 * took <= terms.seconds else Fraction(0)
        factor = 1 + Fraction(8, 10) * (rating - Fraction(1, 2)) + bonus
        factor = Fraction(factor * MILLION // 1, MILLION)
        earned = terms.base * Fraction(terms.multiplier_ppm, MILLION) * factor // 1
        assert item.reward == (0 if item.forfeited else earned), item
        assert item.reward <= kept
        assert item.gov in self.govs
        self.paid += item.reward
        self.move(RESERVED, f"wallet:AIA:{item.agent_id}", item.reward)
        self.move("reward_pool:AIA_GOV", f"wallet:AIA_GOV:{item.agent_id}", item.gov)

    @property
    def promisable(self) -> int:
        """What of the blocks is neither promised nor paid."""
        kept = sum(self.promised.values()) + sum(self.done.values())
        return self.blocks - kept - self.paid

    # -------------------------------------------------------------------------- governance

    def _voted(self, entity: str, event: Event) -> None:
        match event:
            case ProposalCreated():
                self.gov_per_vote[entity] = event.gov_per_vote
                if event.terms.deposit:
                    self.deposits[entity] = (event.proposer, event.terms.deposit)
                    self.held[f"wallet:AIA:{event.proposer}"] += event.terms.deposit
            case ProposalActivated():
                self.power[entity] = {n: b.bonded + b.gov for n, b in self.bonds.items()}
                self.snapshot[entity] = dict(self.delegates)
            case DepositSettled():
                proposer, amount = self.deposits.pop(entity)
                self.held[f"wallet:AIA:{proposer}"] -= amount
                if event.deposit is Deposit.BURNED:
                    self.move(f"wallet:AIA:{proposer}", "burn:AIA", amount)
            case VoteCast():
                self._cast(event)
            case VotesPaid():
                self._votes_paid(entity, event)
            case VotesDelegated():
                self.delegates[entity] = event.to
            case VotesWithdrawn():
                del self.delegates[entity]

    def _cast(self, event: VoteCast) -> None:
        key = (event.proposal_id, event.voter)
        assert key not in self.votes, "nobody votes twice"
        power, delegates = self.power[event.proposal_id], self.snapshot[event.proposal_id]
        assert event.own == power.get(event.voter, 0)
        got = 0
        for name, own in power.items():
            hop = delegates.get(name)
            while hop is not None and hop != event.voter:
                hop = delegates.get(hop)
            got += own if hop == event.voter else 0
        assert event.delegated == got, "power at the snapshot is what anybody counts"
        self.votes[key] = event.own

    def _votes_paid(self, proposal_id: str, event: VotesPaid) -> None:
        paid = 0
        for voter in event.voters:
            own = self.votes[proposal_id, voter]
            amount = self.gov_per_vote[proposal_id] * (own // (100 * ONE))
            paid += amount
            if event.funded:
                self.move("reward_pool:AIA_GOV", f"wallet:AIA_GOV:{voter}", amount)
        assert event.paid == (paid if event.funded else 0)
        assert event.funded or paid > self.available("reward_pool:AIA_GOV")

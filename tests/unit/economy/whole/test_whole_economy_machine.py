"""Ledger, stakes, rewards, budgets and votes all together, against a model that is plain sums."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any

import msgspec
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition
from hypothesis.stateful import rule as at_any_time
from msgspec.structs import replace

from aia_mas.domain.economy.accounts import account_stream, wallet
from aia_mas.domain.economy.budgets.budget import BudgetState, budget_stream
from aia_mas.domain.economy.budgets.commands import RemoveBudget, SetBudget
from aia_mas.domain.economy.budgets.periods import Period
from aia_mas.domain.economy.budgets.terms import BudgetTerms, Scope
from aia_mas.domain.economy.governance.commands import (
    CancelProposal,
    CastVote,
    CreateProposal,
    VetoProposal,
)
from aia_mas.domain.economy.governance.delegation import DelegateVotes, WithdrawVotes
from aia_mas.domain.economy.governance.kinds import PROPOSAL_KINDS
from aia_mas.domain.economy.governance.proposal import OPEN
from aia_mas.domain.economy.governance.proposal_events import ProposedOrder
from aia_mas.domain.economy.governance.tally import Choice
from aia_mas.domain.economy.governance.tier_orders import ChangeTiers
from aia_mas.domain.economy.incentives.orders import CancelProgram, OpenProgram
from aia_mas.domain.economy.incentives.terms import Criterion, Payout, ProgramTerms
from aia_mas.domain.economy.ledger import AccountState, Entry, Leg, move
from aia_mas.domain.economy.ledger.commands import PostHold, ReverseTransfer, Transfer, VoidHold
from aia_mas.domain.economy.ledger.reversing import Reversal
from aia_mas.domain.economy.orders import OrderState, OrderStatus, PlaceOrder, order_stream
from aia_mas.domain.economy.parameter_changes import ChangeParameters
from aia_mas.domain.economy.parameters import EconomicParameters, TierTerms
from aia_mas.domain.economy.staking.commands import (
    CancelUnbonding,
    Delegate,
    Stake,
    Undelegate,
    Unjail,
    Unstake,
)
from aia_mas.domain.economy.staking.index import SCALE
from aia_mas.domain.economy.staking.rewards import ClaimRewards, NotifyStakingRewards
from aia_mas.domain.economy.staking.slashing import Slash
from aia_mas.domain.economy.staking.state import NO_STAKE, StakeState, stake_stream
from aia_mas.domain.economy.supply.faucet import Faucet
from aia_mas.domain.economy.supply.terms import SupplyTerms, TokenTerms
from aia_mas.domain.economy.supply.treasury_orders import Burn, Fund, Mint
from aia_mas.domain.kernel import DomainError
from aia_mas.domain.kernel.money import ONE
from aia_mas.domain.kernel.principal import system
from aia_mas.domain.orchestration.agent_commands import RegisterAgent, UnregisterAgent
from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.domain.orchestration.task import TaskState
from aia_mas.domain.orchestration.task_commands import (
    CancelTask,
    CompleteTask,
    ExpireTask,
    FailTask,
    RateTask,
    ReleaseTask,
    RetryTask,
    StartTask,
    SubmitTask,
)
from aia_mas.domain.orchestration.task_events import Usage
from aia_mas.domain.orchestration.task_specification import TaskSpecification
from aia_mas.domain.orchestration.task_status import ReleaseReason, TaskStatus

from .market import Market
from .plain import POOL, RESERVED, SHARED, Plain

AGENTS = ("ann", "bob", "cal", "dee")
CLIENTS = ("pat", "quin")
LONG = os.environ.get("HYPOTHESIS_PROFILE") == "thorough"
WAYS = ("complete", "complete", "complete", "fail", "lose", "start")
DEADLINES = system("deadlines")
TOKENS = ("AIA", "AIA", "AIA_GOV")
agents, owners = st.sampled_from(AGENTS), st.sampled_from(AGENTS + CLIENTS)
tokens = st.sampled_from(TOKENS)
# Some so small that all rounding shows, some so large that they make tiers and votes.
amounts = st.one_of(
    st.integers(1, 2_000).map(lambda whole: whole * ONE),
    st.integers(1, 10**22),
    st.integers(1, 5),
)
costs = st.one_of(st.integers(1, 60).map(lambda whole: whole * ONE), st.integers(1, 10**20))
TABLES = tuple(
    tuple(
        TierTerms(name=f"t{number}", min_stake=stake * ONE, multiplier_ppm=factor)
        for number, (stake, factor) in enumerate(rows)
    )
    for rows in (
        ((100, 1_000_000), (500, 1_234_567), (2_000, 2_000_001)),
        ((1, 999_999), (1_000, 3_000_000)),
        ((250, 1_500_001),),
    )
)
CHANGES: tuple[dict[str, Any], ...] = (
    {"unbonding_seconds": 0},
    {"unbonding_seconds": 3_600},
    {"min_stake_age_seconds": 0},
    {"min_stake_age_seconds": 1_800},
    {"base_task_reward": 7 * ONE + 3},
    {"base_task_reward": 0},
    {"rating_window_seconds": 0},
    {"rating_window_seconds": 600},
    {"reporter_share_ppm": 333_333},
    {"staking_reward_per_day": 86_400 * ONE + 11},
    {"staking_reward_per_day": 0},
    {"gov_per_completion": 2 * ONE, "gov_per_vote": ONE // 3},
    {"jail_lost_tasks": 1, "jail_seconds": 60},
    {"stake_per_task": 50 * ONE + 1},
)
KINDS = tuple(
    replace(
        kind,
        delay_seconds=0.0 if kind.name == "text" else 30.0,
        period_seconds=100.0,
        timelock_seconds=20.0 if kind.commands else 0.0,
        grace_seconds=600.0,
        deposit=10 * ONE + 1,
    )
    for kind in PROPOSAL_KINDS
)


def begins(*, faucet: bool) -> EconomicParameters:
    """Return the parameters at the beginning."""
    aia = TokenTerms(token="AIA", cap=10**6 * ONE, treasury=50_000 * ONE, reward_pool=900 * ONE)
    gov = TokenTerms(token="AIA_GOV", cap=10**4 * ONE, treasury=2_000 * ONE, reward_pool=9 * ONE)
    return EconomicParameters(
        tiers=TABLES[0],
        base_task_reward=10 * ONE + 7,
        reward_block=60 * ONE,
        jail_lost_tasks=2,
        staking_reward_interval_seconds=600,
        proposal_kinds=KINDS,
        supply=SupplyTerms(tokens=(aia, gov), faucet=faucet),
    )


def rule(**drawn: Any) -> Callable[[Any], Any]:
    """Return what makes a rule, after which the settlement goes on at the pace of this run."""

    def made(act: Callable[..., None]) -> Any:
        @wraps(act)
        def acted(self: WholeEconomy, **given: Any) -> None:
            self.whole = False
            act(self, **given)
            if self.pace:
                self.market.settle(None, self.pace)
            self.whole = True

        return at_any_time(**drawn)(acted)

    return made


class WholeEconomy(RuleBasedStateMachine):
    """Four agents and two clients do whatever they may, and much that they may not."""

    def __init__(self) -> None:
        super().__init__()
        self.market = Market(begins(faucet=False))
        self.plain = Plain()
        # By id: what a posted transfer moved, and whether it was taken back.
        self.posted: dict[str, tuple[str, str, int]] = {}
        self.funds: list[str] = []
        self.tasks: list[str] = []
        self.specs: dict[str, TaskSpecification] = {}
        self.proposals: list[str] = []
        self.programs: list[str] = []
        self.evidence = 0
        # Works of the settlement after every step, at most; 0: it is asked to only.
        self.pace = 0
        # The last step did not fail.
        self.whole = False

    @initialize(
        faucet=st.booleans(),
        age=st.sampled_from([0, 0, 1_800]),
        unbonding=st.sampled_from([0, 3_600]),
        stakes=st.tuples(*[st.sampled_from([0, 150, 700, 2_100])] * len(AGENTS)),
        pace=st.sampled_from([0, 1, 3, 100, 100]),
    )
    def begin(
        self, faucet: bool, age: int, unbonding: int, stakes: tuple[int, ...], pace: int
    ) -> None:
        parameters = begins(faucet=faucet)
        self.market = Market(
            replace(parameters, min_stake_age_seconds=age, unbonding_seconds=unbonding)
        )
        self.market.heard = self.hear
        self.plain.now = self.market.now
        self.market.adopt()
        for terms in parameters.supply.tokens:
            self.plain.move(f"issuance:{terms.token}", f"treasury:{terms.token}", terms.treasury)
            pool = f"reward_pool:{terms.token}"
            self.plain.move(f"issuance:{terms.token}", pool, terms.reward_pool)
        self.market.settle()
        for name, stake in zip(AGENTS, stakes, strict=True):
            self.order(Fund(account=wallet(name), token="AIA", amount=3_000 * ONE))
            self.order(Fund(account=wallet(name, "AIA_GOV"), token="AIA_GOV", amount=100 * ONE))
            self.market.settle()
            self.register(name, stake * ONE, 5)
        for name in CLIENTS:
            self.order(Fund(account=wallet(name), token="AIA", amount=500 * ONE))
        self.market.settle()
        self.pace = pace

    def hear(self, stream: str, event: Any) -> None:
        self.plain.hear(stream, event)

    def give(self, command: Any, by: Any = None) -> bool:
        """Carry something out; tells whether it was accepted."""
        try:
            self.market.give(command) if by is None else self.market.give(command, by)
        except DomainError:
            return False
        return True

    def order(self, order: Any) -> str:
        """Order something; the settlement carries it out when its time comes."""
        order_id = self.market.new_id()
        self.give(PlaceOrder(order_id=order_id, order=order))
        return order_id

    # ------------------------------------------------------------------------------ ledger

    @rule(
        source=owners,
        to=owners,
        token=tokens,
        amount=amounts,
        pending=st.booleans(),
        timeout=st.sampled_from([None, 60.0]),
    )
    def transfer(
        self,
        source: str,
        to: str,
        token: str,
        amount: int,
        pending: bool,
        timeout: float | None,
    ) -> None:
        one, other = wallet(source, token), wallet(to, token)
        transfer_id = self.market.new_id()
        timeout = timeout if pending else None
        entry = Entry(transfer_id=transfer_id, legs=move(one, other, amount), reason="test")
        wanted = one != other and amount <= self.plain.available(one)
        assert wanted == self.give(Transfer(entry=entry, pending=pending, timeout=timeout))
        if wanted and pending:
            until = None if timeout is None else self.market.now + timedelta(seconds=timeout)
            self.plain.set_aside(transfer_id, one, other, amount, until)
        elif wanted:
            self.plain.move(one, other, amount)
            self.posted[transfer_id] = (one, other, amount)

    @precondition(lambda self: self.plain.pending)
    @rule(data=st.data(), part=st.sampled_from([None, 0.5, 2.0]), void=st.booleans())
    def end_hold(self, data: st.DataObject, part: float | None, void: bool) -> None:
        transfer_id = data.draw(st.sampled_from(sorted(self.plain.pending)))
        source, target, held, until = self.plain.pending[transfer_id]
        if void:
            assert self.give(VoidHold(transfer_id=transfer_id))
            assert transfer_id not in self.plain.pending
            return
        amount = held if part is None else int(held * part)
        over = until is not None and until <= self.market.now
        wanted = 0 < amount <= held and not over
        post = PostHold(transfer_id=transfer_id, amount=None if part is None else amount)
        assert wanted == self.give(post)
        if wanted:
            self.plain.let_go(transfer_id)
            self.plain.move(source, target, amount)
            self.posted[transfer_id] = (source, target, amount)

    @precondition(lambda self: self.posted)
    @rule(data=st.data())
    def reverse(self, data: st.DataObject) -> None:
        transfer_id = data.draw(st.sampled_from(sorted(self.posted)))
        source, target, amount = self.posted[transfer_id]
        wanted = amount <= self.plain.available(target)
        command = ReverseTransfer(transfer_id=transfer_id, reversal_id=self.market.new_id())
        assert wanted == self.give(command)
        if wanted:
            self.plain.move(target, source, amount)
            again = replace(command, reversal_id=self.market.new_id())
            assert not self.give(again), "taken back twice"
            del self.posted[transfer_id]

    @rule(
        kind=st.sampled_from(["mint", "burn", "fund", "fund", "fund", "faucet"]),
        token=tokens,
        amount=amounts,
        owner=owners,
        pool=st.sampled_from(["", "", POOL, SHARED]),
    )
    def treasury(self, kind: str, token: str, amount: int, owner: str, pool: str) -> None:
        account = pool if pool and token == "AIA" else wallet(owner, token)
        order: Any = {
            "mint": Mint(token=token, amount=amount),
            "burn": Burn(token=token, amount=amount),
            "fund": Fund(account=account, token=token, amount=amount),
            "faucet": Faucet(owner=owner, token=token, amount=amount),
        }[kind]
        order_id = self.order(order)
        if kind == "fund" and account == wallet(owner, token):
            self.funds.append(order_id)

    @precondition(lambda self: self.funds)
    @rule(data=st.data())
    def take_funds_back(self, data: st.DataObject) -> None:
        order_id = data.draw(st.sampled_from(self.funds))
        state: OrderState | None = self.market.states.get(order_stream(order_id))
        if state is not None and state.status is OrderStatus.EXECUTED:
            token, amount = state.order["token"], state.order["amount"]
            moved = move(f"treasury:{token}", state.order["account"], amount)
            new = self.market.new_id()
            self.order(Reversal(transfer_id=order_id, reversal_id=new, moved=tuple(moved)))

    # ------------------------------------------------------------------- agents and stakes

    def register(self, name: str, stake: int, price: int) -> None:
        able = Capabilities(cost_per_task=price * ONE + 1, max_concurrent_tasks=4)
        self.give(RegisterAgent(agent_id=name, capabilities=able, initial_stake=stake))

    @rule(name=agents, stake=st.sampled_from([0, 100, 2_000]), price=st.integers(1, 30))
    def leave_or_come_back(self, name: str, stake: int, price: int) -> None:
        if not self.give(UnregisterAgent(agent_id=name)):
            self.register(name, stake * ONE, price)

    @rule(name=agents, amount=amounts, token=tokens)
    def stake(self, name: str, amount: int, token: str) -> None:
        wanted = amount <= self.plain.available(wallet(name, token))
        command = Stake(
            agent_id=name, amount=amount, transfer_id=self.market.new_id(), token=token
        )
        assert wanted == self.give(command)

    @rule(name=agents, amount=st.none() | amounts, token=tokens)
    def unstake(self, name: str, amount: int | None, token: str) -> None:
        bond = self.plain.bond(name)
        free = bond.gov if token != "AIA" else bond.bonded - bond.given
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

    @rule(name=agents, to=agents, amount=amounts)
    def delegate(self, name: str, to: str, amount: int) -> None:
        self.give(Delegate(agent_id=name, to=to, amount=amount))

    @rule(name=agents, to=agents, amount=st.none() | amounts)
    def undelegate(self, name: str, to: str, amount: int | None) -> None:
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

    @rule(name=agents)
    def unjail(self, name: str) -> None:
        self.give(Unjail(agent_id=name))

    # -------------------------------------------------------------------- budgets and tasks

    @rule(
        which=st.sampled_from(["b0", "b1", "b2", "b3"]),
        amount=st.sampled_from([20 * ONE, 100 * ONE, 1_000 * ONE]),
        hard=st.booleans(),
        remove=st.booleans(),
    )
    def budget(self, which: str, amount: int, hard: bool, remove: bool) -> None:
        if remove and which in self.plain.budgets:
            assert self.give(RemoveBudget(budget_id=which))
            return
        scope, match, period = {
            "b0": (Scope.CLIENT, "pat", Period.DAY),
            "b1": (Scope.OWNER, "pat", Period.ONCE),
            "b2": (Scope.TAG, "red", Period.DAY),
            "b3": (Scope.OWNER, "ann", Period.DAY),
        }[which]
        terms = BudgetTerms(scope=scope, match=match, amount=amount, period=period, hard=hard)
        assert self.give(SetBudget(budget_id=which, terms=terms))

    @rule(
        owner=st.sampled_from(CLIENTS),
        payer=st.sampled_from([None, None, "pat", "pat", "quin", "ann"]),
        most=costs,
        tags=st.sampled_from([(), (), ("red",)]),
        attempts=st.integers(1, 2),
        seconds=st.none() | st.sampled_from([30, 3_600]),
        more=st.integers(0, 2),
    )
    def submit(self, more: int, **terms: Any) -> None:
        for _ in range(1 + more):
            self.submit_one(**terms)

    def submit_one(
        self,
        owner: str,
        payer: str | None,
        most: int,
        tags: tuple[str, ...],
        attempts: int,
        seconds: int | None,
    ) -> None:
        task_id = f"k{len(self.tasks)}"
        deadline = None if seconds is None else self.market.now + timedelta(seconds=seconds)
        spec = TaskSpecification(
            task_type="t",
            payer=payer,
            max_cost=most if payer else None,
            cost_tags=tags,
            max_attempts=attempts,
            backoff_base_seconds=0.0,
            backoff_jitter=0.0,
            deadline=deadline,
        )
        wanted = payer is None or self.plain.affordable(owner, payer, tags, most)
        assert wanted == self.give(SubmitTask(task_id=task_id, spec=spec, owner=owner))
        if wanted:
            self.tasks.append(task_id)
            self.specs[task_id] = spec

    @rule()
    def assign(self) -> None:
        self.market.assign()

    def task(self, task_id: str) -> TaskState:
        state: TaskState = self.market.states[f"task/{task_id}"]
        return state

    @precondition(lambda self: self.tasks)
    @rule(
        draw=st.randoms(use_true_random=False),
        most=st.integers(1, 5),
        cost=st.none() | costs,
        seconds=st.sampled_from([0, 0, 200, 400]),
    )
    def work(self, draw: random.Random, most: int, cost: int | None, seconds: int) -> None:
        self.market.assign()
        self.later(seconds)
        live = [each for each in self.tasks if self.task(each).live]
        for task_id in draw.sample(live, min(most, len(live))):
            self.work_on(task_id, draw.choice(WAYS), cost)

    def work_on(self, task_id: str, how: str, cost: int | None) -> None:
        state = self.task(task_id)
        agent_id, lease = state.agent_id, state.lease
        assert agent_id is not None and lease is not None
        mine = {"task_id": task_id, "agent_id": agent_id, "lease": lease}
        if how == "lose":
            reason = ReleaseReason.LEASE_EXPIRED
            lost = ReleaseTask(task_id=task_id, attempt=state.attempt, reason=reason)
            assert self.give(lost, DEADLINES)
            assert not self.give(CompleteTask(**mine)), "lost and done"
            return
        assert self.give(StartTask(**mine))
        if how == "complete":
            usage = None if cost is None else Usage(cost=cost)
            assert self.give(CompleteTask(**mine, usage=usage))
        elif how == "fail":
            assert self.give(FailTask(**mine))

    @precondition(lambda self: self.tasks)
    @rule(
        data=st.data(),
        how=st.sampled_from(["cancel", "retry", "retry", "rate", "rate", "expire"]),
        rating=st.floats(0, 1),
    )
    def dispose(self, data: st.DataObject, how: str, rating: float) -> None:
        fits = {
            "cancel": lambda s: s.unfinished,
            "retry": lambda s: not s.unfinished,
            "rate": lambda s: s.status is TaskStatus.COMPLETED,
            "expire": lambda s: s.unfinished,
        }[how]
        found = [each for each in self.tasks if fits(self.task(each))]
        if not found:
            return
        task_id = data.draw(st.sampled_from(found))
        command: Any = {
            "cancel": CancelTask(task_id=task_id),
            "retry": RetryTask(task_id=task_id),
            "rate": RateTask(task_id=task_id, rating=rating),
            "expire": ExpireTask(task_id=task_id),
        }[how]
        accepted = self.give(command, DEADLINES if how == "expire" else None)
        assert accepted or how != "cancel"

    # ------------------------------------------------------------------------- incentives

    def program(self, criterion: Criterion, rata: bool, budget: int, seconds: int) -> ProgramTerms:
        now = self.market.now
        return ProgramTerms(
            title="P",
            budget=budget,
            starts_at=now,
            ends_at=now + timedelta(seconds=seconds),
            criterion=criterion,
            min_rating=0.5 if criterion is Criterion.QUALITY else None,
            winners=2 if criterion is Criterion.FIRST_N else None,
            payout=Payout.PRO_RATA if rata else Payout.FIXED,
            amount=None if rata else max(1, budget // 3),
        )

    @rule(
        criterion=st.sampled_from(list(Criterion)),
        rata=st.booleans(),
        budget=amounts,
        seconds=st.sampled_from([600, 7_200]),
    )
    def open_program(self, criterion: Criterion, rata: bool, budget: int, seconds: int) -> None:
        program_id = f"g{len(self.programs)}"
        terms = self.program(criterion, rata, budget, seconds)
        self.order(OpenProgram(program_id=program_id, terms=terms))
        self.programs.append(program_id)

    @precondition(lambda self: self.programs)
    @rule(data=st.data())
    def cancel_program(self, data: st.DataObject) -> None:
        self.order(CancelProgram(program_id=data.draw(st.sampled_from(self.programs))))

    # -------------------------------------------------------------------------- governance

    @rule(
        name=agents,
        kind=st.sampled_from([kind.name for kind in KINDS]),
        other=agents,
        amount=amounts,
        change=st.sampled_from(CHANGES),
        table=st.sampled_from(TABLES),
    )
    def propose(
        self,
        name: str,
        kind: str,
        other: str,
        amount: int,
        change: dict[str, Any],
        table: tuple[TierTerms, ...],
    ) -> None:
        proposal_id = f"p{len(self.proposals)}"
        order: tuple[str, Any] | None = {
            "text": None,
            "parameters": ("change_parameters", {"changes": change}),
            "tiers": ("change_tiers", {"tiers": table}),
            "incentive": (
                "open_incentive",
                {
                    "program_id": f"of-{proposal_id}",
                    "terms": self.program(Criterion.COUNT, False, amount, 7_200),
                },
            ),
            "treasury": ("fund", {"account": wallet(other), "token": "AIA", "amount": amount}),
            "slash": (
                "slash",
                {"agent_id": other, "evidence_id": f"of-{proposal_id}", "fraction_ppm": 123_457},
            ),
        }[kind]
        orders = () if order is None else (ProposedOrder(kind=order[0], order=_plain(order[1])),)
        command = CreateProposal(
            proposal_id=proposal_id, kind=kind, title="T", proposer=name, orders=orders
        )
        if self.give(command):
            self.proposals.append(proposal_id)

    @precondition(lambda self: self.proposals)
    @rule(
        data=st.data(),
        names=st.sets(agents, min_size=1),
        choice=st.sampled_from([*Choice, Choice.YES, Choice.YES]),
    )
    def vote(self, data: st.DataObject, names: set[str], choice: Choice) -> None:
        proposal_id = data.draw(st.sampled_from(self.proposals))
        self.vote_on(proposal_id, names, choice)

    def vote_on(self, proposal_id: str, names: set[str], choice: Choice) -> None:
        for name in sorted(names):
            self.give(CastVote(proposal_id=proposal_id, voter=name, choice=choice))

    @precondition(lambda self: self.proposals)
    @rule(names=st.sets(agents, min_size=2), choice=st.sampled_from([Choice.YES, *Choice]))
    def see_through(self, names: set[str], choice: Choice) -> None:
        """Have the last proposal voted on, counted, and carried out."""
        for seconds in (31, 101, 21):
            self.later(seconds)
            self.settle_all()
            self.vote_on(self.proposals[-1], names, choice)

    @rule(name=agents, to=agents)
    def delegate_votes(self, name: str, to: str) -> None:
        if not self.give(DelegateVotes(agent_id=name, to=to)):
            self.give(WithdrawVotes(agent_id=name))

    @precondition(lambda self: self.proposals)
    @rule(data=st.data(), veto=st.booleans())
    def stop(self, data: st.DataObject, veto: bool) -> None:
        command = VetoProposal if veto else CancelProposal
        which = data.draw(st.sampled_from(self.proposals))
        self.give(command(proposal_id=which, reason="so"))

    @rule(change=st.sampled_from(CHANGES), table=st.none() | st.sampled_from(TABLES))
    def change_terms(self, change: dict[str, Any], table: tuple[TierTerms, ...] | None) -> None:
        self.order(ChangeParameters(changes=change) if table is None else ChangeTiers(tiers=table))

    # ---------------------------------------------------------------------- time and nodes

    @rule(draw=st.randoms(use_true_random=False), most=st.integers(1, 8))
    def settle_some(self, draw: random.Random, most: int) -> None:
        self.market.settle(draw, most)

    @rule()
    def settle(self) -> None:
        self.settle_all()

    @rule(seconds=st.sampled_from([1, 5, 60, 60, 600, 3_600]), settles=st.booleans())
    def wait(self, seconds: int, settles: bool) -> None:
        self.later(seconds)
        if settles:
            self.settle_all()

    @rule()
    def restart(self) -> None:
        """Another node leads, with what comes from snapshots."""
        self.market.restart()

    def later(self, seconds: int) -> None:
        self.market.later(seconds)
        self.plain.now = self.market.now

    def settle_all(self) -> None:
        """Work all off; nothing but what there is no money for may be left."""
        left = self.market.settle()
        broke = self.plain.parameters.staking_reward_per_day > self.plain.available(POOL)
        assert not left or (broke and all("staking-rewards" in each for each in left)), left

    # ------------------------------------------------------------------- what always holds

    @invariant()
    def every_account_is_what_plain_sums_make_it(self) -> None:
        plain, sums = self.plain, dict.fromkeys(("AIA", "AIA_GOV"), 0)
        seen = 0
        for stream, state in self.market.states.items():
            if isinstance(state, AccountState):
                seen += 1
                account = stream.removeprefix("account/")
                assert (state.balance, state.held) == (
                    plain.balances[account],
                    plain.held[account],
                ), account
                purpose, token = account.split(":")[:2]
                sums[token] += state.balance
                assert purpose == "issuance" or state.balance >= state.held >= 0, account
        assert not any(sums.values()), sums
        # Nothing is missing that the sums have.
        there = {name for name, amount in plain.balances.items() if amount}
        assert all(account_stream(name) in self.market.states for name in there)

    @invariant()
    def stakes_are_what_is_in_their_accounts(self) -> None:
        plain = self.plain
        for name in AGENTS:
            state: StakeState = self.market.states.get(stake_stream(name)) or NO_STAKE
            bond = plain.bond(name)
            assert state.bonded == bond.bonded == plain.balances[f"staked:AIA:{name}"]
            assert state.bonded_gov == bond.gov == plain.balances[f"staked:AIA_GOV:{name}"]
            for token in ("AIA", "AIA_GOV"):
                unbonding = plain.balances[f"unbonding:{token}:{name}"]
                assert state.unbonding(token) == bond.unbonding(token) == unbonding
            assert state.effective == bond.effective >= 0
            assert self.market.dispatch.stake_of(name) == bond.effective
            assert state.delegated == bond.given and state.received == bond.got

    @invariant()
    def rewards_are_promised_once_and_backed(self) -> None:
        plain, known = self.plain, self.market.dispatch.state.rewards
        assert (known.blocks, known.paid) == (plain.blocks, plain.paid)
        assert known.available == plain.promisable >= 0
        assert known.reserved == sum(plain.promised.values())
        assert known.awaiting == sum(plain.done.values())
        assert plain.balances[RESERVED] == plain.blocks - plain.paid

    @invariant()
    def stakers_are_owed_what_was_set_aside(self) -> None:
        plain = self.plain
        index: Any = self.market.settlement.lists["staking_earnings"]
        index = index.index
        assert (index.notified, index.paid) == (plain.notified, plain.claimed)
        scaled = index.all_owed() + index.rest + (index.queued + index.paid) * SCALE
        assert scaled == index.notified * SCALE, "what is set aside is somebody's"
        assert plain.balances[SHARED] == plain.notified - plain.claimed
        assert index.queued == plain.waiting
        for name, owed in plain.owed.items():
            assert abs(index.owed(name) - owed) <= plain.off

    @invariant()
    def budgets_count_what_is_held_and_spent(self) -> None:
        plain = self.plain
        for which in ("b0", "b1", "b2", "b3"):
            state: BudgetState | None = self.market.states.get(budget_stream(which))
            for use in () if state is None else state.uses:
                key = (which, use.period)
                assert (use.held, use.spent) == (plain.budget_held[key], plain.budget_spent[key])

    @invariant()
    def programs_keep_to_their_budgets(self) -> None:
        for program_id, (token, budget) in self.plain.programs.items():
            assert 0 <= self.plain.balances[f"incentive:{token}:{program_id}"] <= budget

    # -------------------------------------------------------------------------- in the end

    def teardown(self) -> None:
        """Let everything come to its end: nothing stays due, held or promised."""
        if not self.whole:
            return
        for task_id in self.tasks:
            if self.task(task_id).unfinished:
                assert self.give(CancelTask(task_id=task_id))
        for transfer_id in list(self.plain.pending):
            assert self.give(VoidHold(transfer_id=transfer_id))
        self.give(PlaceOrder(order_id="last", order=ChangeParameters(changes=_NO_RATE)))
        for seconds in (0, 700, 700, 7_200, 7_200):
            self.later(seconds)
            self.settle_all()
        self.check_the_end()

    def check_the_end(self) -> None:
        plain, market = self.plain, self.market
        assert not market.due()
        held = {name: amount for name, amount in plain.held.items() if amount}
        assert not held and not plain.aside and not plain.deposits and not plain.programs
        assert not plain.promised and not plain.done
        assert not any(plain.budget_held.values())
        assert not any(bond.unbondings or bond.lots for bond in plain.bonds.values())
        for proposal_id in self.proposals:
            assert market.states[f"proposal/{proposal_id}"].status not in OPEN
        self.every_account_is_what_plain_sums_make_it()
        self.stakes_are_what_is_in_their_accounts()
        self.rewards_are_promised_once_and_backed()
        self.stakers_are_owed_what_was_set_aside()
        self.budgets_count_what_is_held_and_spent()


_NO_RATE = {"staking_reward_per_day": 0}


def _plain(order: dict[str, Any]) -> dict[str, Any]:
    built: dict[str, Any] = msgspec.to_builtins(order)
    return built


# A failure takes minutes to be made smaller: that is for the long runs, see ``make test-long``.
PHASES = tuple(each for each in Phase if LONG or each not in {Phase.shrink, Phase.explain})
WholeEconomy.TestCase.settings = settings(
    max_examples=1_000 if LONG else 100, stateful_step_count=50, phases=PHASES
)
TestWholeEconomy = WholeEconomy.TestCase

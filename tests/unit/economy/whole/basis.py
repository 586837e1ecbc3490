"""How a whole economy begins, and short words for what is done with it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize
from hypothesis.stateful import rule as at_any_time
from msgspec.structs import replace

from aia_mas.domain.economy.accounts import wallet
from aia_mas.domain.economy.governance.kinds import PROPOSAL_KINDS
from aia_mas.domain.economy.governance.proposal import ProposalState
from aia_mas.domain.economy.orders import PlaceOrder
from aia_mas.domain.economy.parameters import EconomicParameters, TierTerms
from aia_mas.domain.economy.supply.terms import SupplyTerms, TokenTerms
from aia_mas.domain.economy.supply.treasury_orders import Fund
from aia_mas.domain.kernel import DomainError
from aia_mas.domain.kernel.money import ONE
from aia_mas.domain.kernel.principal import system
from aia_mas.domain.orchestration.agent_commands import RegisterAgent
from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.domain.orchestration.task import TaskState
from aia_mas.domain.orchestration.task_specification import TaskSpecification

from .market import Market
from .plain import Plain
from .plain_basis import POOL

AGENTS = ("ann", "bob", "cal", "dee")
CLIENTS = ("pat", "quin")
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
    {"vote_reward_interval_seconds": 60, "open_proposals_per_proposer": 1},
    {"vote_reward_interval_seconds": 3_600, "open_proposals_per_proposer": 2},
    {"min_delegation": 0},
)
NO_RATE: dict[str, Any] = {"staking_reward_per_day": 0}
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
    gov = TokenTerms(token="AIA_GOV", cap=10**4 * ONE, treasury=2_000 * ONE, reward_pool=300 * ONE)
    return EconomicParameters(
        tiers=TABLES[0],
        base_task_reward=10 * ONE + 7,
        reward_block=60 * ONE,
        jail_lost_tasks=1,
        staking_reward_interval_seconds=600,
        min_delegation=ONE,
        vote_reward_interval_seconds=300,
        proposal_kinds=KINDS,
        supply=SupplyTerms(tokens=(aia, gov), faucet=faucet),
    )


def rule(**drawn: Any) -> Callable[[Any], Any]:
    """Return what makes a rule, after which the processes go on at the pace of this run."""

    def made(act: Callable[..., None]) -> Any:
        @wraps(act)
        def acted(self: Basis, **given: Any) -> None:
            self.whole = False
            act(self, **given)
            if self.pace:
                self.market.assign(self.pace)
                self.market.settle(None, self.pace)
            self.whole = True

        return at_any_time(**drawn)(acted)

    return made


class Basis(RuleBasedStateMachine):
    """An economy that has begun, its model, and short words for what is done with both."""

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
        self.loans: list[tuple[str, str]] = []
        self.evidence = 0
        # Works of each process after every step, at most; 0: it has to be asked.
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

    def register(self, name: str, stake: int, price: int) -> None:
        able = Capabilities(cost_per_task=price * ONE + 1, max_concurrent_tasks=4)
        self.give(RegisterAgent(agent_id=name, capabilities=able, initial_stake=stake))

    def task(self, task_id: str) -> TaskState:
        state: TaskState = self.market.states[f"task/{task_id}"]
        return state

    def proposal(self, proposal_id: str) -> ProposalState:
        state: ProposalState = self.market.states[f"proposal/{proposal_id}"]
        return state

    def later(self, seconds: int) -> None:
        self.market.later(seconds)
        self.plain.now = self.market.now

    def settle_all(self) -> None:
        """Work all off; nothing but what there is no money for may be left."""
        left = self.market.settle()
        broke = self.plain.parameters.staking_reward_per_day > self.plain.available(POOL)
        assert not left or (broke and all("staking-rewards" in each for each in left)), left

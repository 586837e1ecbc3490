"""What a plain economy remembers: balances, stakes, tasks and votes, as dictionaries and sums."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fractions import Fraction

from aia_mas.domain.economy.budgets.terms import BudgetTerms
from aia_mas.domain.economy.orders import OrderPlaced
from aia_mas.domain.economy.parameters import EconomicParameters
from aia_mas.domain.economy.rewards.terms import RewardTerms
from aia_mas.domain.economy.staking import events as staking

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


class PlainBasis:
    """Everything there is."""

    def __init__(self) -> None:
        self.now = datetime.min.replace(tzinfo=UTC)
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
        self.proposers: dict[str, str] = {}
        self.undecided: set[str] = set()
        # Rounds of payments for votes: when the last one began, its power, and who was paid in it;
        # and of each proposal, which one it is in, how long one is, and what its voters are owed.
        self.rounds: list[tuple[datetime, dict[str, int], set[str]]] = []
        self.round_of: dict[str, int] = {}
        self.round_seconds: dict[str, int] = {}
        self.owed_votes: dict[str, dict[str, int]] = {}

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

    def bond(self, agent_id: str) -> Bond:
        return self.bonds.setdefault(agent_id, Bond())

"""Stories of money and stakes, as the fold of the economy is told them."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta

from aia_mas.application.event_log.records import RecordedEvent
from aia_mas.domain.economy.accounts import staked, unbonding, wallet
from aia_mas.domain.economy.budgets.events import BudgetHeld, BudgetSet
from aia_mas.domain.economy.budgets.periods import Period
from aia_mas.domain.economy.budgets.terms import BudgetTerms, Scope
from aia_mas.domain.economy.governance.kinds import ProposalKind
from aia_mas.domain.economy.governance.proposal_events import ProposalCreated
from aia_mas.domain.economy.ledger.events import BalanceChanged
from aia_mas.domain.economy.parameters import EconomicParameters, ParametersChanged
from aia_mas.domain.economy.staking.events import AgentJailed, AgentUnjailed, StakeBonded
from aia_mas.domain.kernel import Event
from aia_mas.domain.kernel.money import ONE
from aia_mas.domain.kernel.steps import at_once
from aia_mas.domain.orchestration.agent_events import AgentRegistered, AgentUnregistered
from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.domain.orchestration.task_events import TaskRated
from aia_mas.projections.economy.economy_view import EconomyView

START = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)


class Story:
    """Tells a fold what happened, and when; amounts in whole tokens."""

    def __init__(self) -> None:
        self.view = EconomyView()
        self.now = START
        self.told: list[RecordedEvent] = []
        self.balances: defaultdict[str, int] = defaultdict(int)
        self.held: defaultdict[str, int] = defaultdict(int)
        self.budgets: dict[str, BudgetTerms] = {}

    def after(self, **time: float) -> "Story":
        self.now += timedelta(**time)
        return self

    def tell(self, stream: str, event: Event) -> "Story":
        recorded = RecordedEvent(
            position=len(self.told) + 1,
            stream=stream,
            version=1,
            topic=event.topic,
            event=event,
            recorded_at=self.now,
            command_id="c",
            actor="a",
            correlation_id=None,
            causation_id=None,
        )
        self.told.append(recorded)
        self.view.apply(recorded)
        return self

    def account(self, account: str, amount: int, reason: str = "transfer", hold: int = 0) -> None:
        self.balances[account] += amount
        self.held[account] += hold
        self.tell(
            f"account/{account}",
            BalanceChanged(
                transfer_id="t",
                amount=amount * ONE,
                balance=self.balances[account] * ONE,
                held=self.held[account] * ONE,
                reason=reason,
                at=self.now,
            ),
        )

    def move(self, source: str, target: str, amount: int, reason: str = "transfer") -> "Story":
        self.account(source, -amount, reason)
        self.account(target, amount, reason)
        return self

    def hold(self, account: str, amount: int) -> "Story":
        self.account(account, 0, "task", amount)
        return self

    def issue(self, target: str, amount: int) -> "Story":
        token = target.split(":")[1]
        return self.move(f"issuance:{token}", target, amount, "genesis")

    def earn(self, agent: str, amount: int, token: str = "AIA") -> "Story":
        source = f"rewards_reserved:{token}" if token == "AIA" else f"reward_pool:{token}"
        return self.move(source, wallet(agent, token), amount, "task_reward")

    def stake(self, agent: str, amount: int, effective: int | None = None) -> "Story":
        """Bond so much more."""
        self.move(wallet(agent), staked(agent), amount, "stake")
        bonded = self.balances[staked(agent)]
        return self.tell(
            f"stake/{agent}",
            StakeBonded(
                bonded=bonded * ONE,
                effective=(bonded if effective is None else effective) * ONE,
                amount=amount * ONE,
                transfer_id="t",
                at=self.now,
            ),
        )

    def unbond(self, agent: str, amount: int) -> "Story":
        return self.move(staked(agent), unbonding(agent), amount, "unstake")

    def jail(self, agent: str, until: datetime | None) -> "Story":
        bonded = self.balances[staked(agent)] * ONE
        if until is None:
            freed = AgentUnjailed(bonded=bonded, effective=bonded, at=self.now)
            return self.tell(f"stake/{agent}", freed)
        jailed = AgentJailed(bonded=bonded, effective=0, lost=5, until=until, at=self.now)
        return self.tell(f"stake/{agent}", jailed)

    def register(self, agent: str, address: str | None = None) -> "Story":
        able = Capabilities(wallet_address=address)
        return self.tell(
            f"agent/{agent}", AgentRegistered(capabilities=able, owner="o", registered_at=self.now)
        )

    def leave(self, agent: str) -> "Story":
        return self.tell(f"agent/{agent}", AgentUnregistered(at=self.now))

    def rate(self, agent: str, rating: float) -> "Story":
        return self.tell(
            "task/t", TaskRated(agent_id=agent, attempt=1, rating=rating, by="o", at=self.now)
        )

    def change(self, parameters: EconomicParameters) -> "Story":
        return self.tell(
            "parameters/economy",
            ParametersChanged(parameters=parameters, revision=1, by="o", at=self.now),
        )

    def budget(self, budget_id: str, amount: int, period: Period) -> "Story":
        terms = BudgetTerms(
            scope=Scope.CLIENT, match="c", amount=amount * ONE, period=period, warn_ppm=800_000
        )
        self.budgets[budget_id] = terms
        return self.tell(
            f"budget/{budget_id}", BudgetSet(terms=terms, revision=1, by="o", at=self.now)
        )

    def use(self, budget_id: str, period: str, *, held: int, spent: int = 0) -> "Story":
        return self.tell(
            f"budget/{budget_id}",
            BudgetHeld(
                task_id="t",
                transfer_id="t",
                period=period,
                amount=0,
                held=held * ONE,
                spent=spent * ONE,
                at=self.now,
            ),
        )

    def propose(self, proposal_id: str) -> "Story":
        return self.tell(
            f"proposal/{proposal_id}",
            ProposalCreated(
                title="More tea",
                proposer="a",
                terms=ProposalKind(name="text"),
                starts_at=self.now,
                by="o",
                at=self.now,
            ),
        )

    def restored(self) -> EconomyView:
        """Return a view that goes on where a snapshot of this one was taken."""
        view = EconomyView()
        at_once(view.restore(list(at_once(self.view.snapshot()))))
        return view

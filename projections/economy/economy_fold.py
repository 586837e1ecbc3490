"""How events become the figures of the economy: integers only, and no time but that of the log."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from aia_mas.application.event_log.records import RecordedEvent
from aia_mas.domain.economy.accounts import AIA, Purpose
from aia_mas.domain.economy.budgets.events import (
    BudgetExceeded,
    BudgetHeld,
    BudgetReleased,
    BudgetRemoved,
    BudgetSet,
    BudgetSpent,
    BudgetWarned,
)
from aia_mas.domain.economy.budgets.periods import kind_of
from aia_mas.domain.economy.governance.proposal import OPEN, ProposalStatus
from aia_mas.domain.economy.governance.proposal_events import (
    ProposalActivated,
    ProposalCancelled,
    ProposalCreated,
    ProposalDefeated,
    ProposalExecuted,
    ProposalExpired,
    ProposalQueued,
    ProposalSucceeded,
    ProposalVetoed,
)
from aia_mas.domain.economy.incentives.events import ProgramClosed, ProgramOpened
from aia_mas.domain.economy.ledger.events import BalanceChanged
from aia_mas.domain.economy.parameters import ParametersChanged
from aia_mas.domain.economy.staking.events import EVENTS as STAKE_EVENTS
from aia_mas.domain.economy.staking.events import AgentJailed, AgentUnjailed, StakeEvent
from aia_mas.domain.kernel import Event
from aia_mas.domain.kernel.ids import entity_of
from aia_mas.domain.orchestration.agent_events import (
    AgentRegistered,
    AgentUnregistered,
    AgentUpdated,
)
from aia_mas.domain.orchestration.task_events import TaskCompleted, TaskRated
from aia_mas.projections.economy.earning_kinds import KINDS, key_of
from aia_mas.projections.economy.flows import Flow
from aia_mas.projections.economy.ladder import Ladder
from aia_mas.projections.economy.people import BudgetUse, EconomyState, Holding, Person

_MILLION = 1_000_000
_SPENDING = frozenset({Purpose.REWARD_POOL, Purpose.REWARDS_RESERVED, Purpose.STAKING_REWARDS})
_MOVED_ON = "reward_block"
"""The reason why a pool's tokens go into another account that is a part of the same pool."""


class EconomyFold:
    """Folds events into an ``EconomyState``.

    Attributes:
        state: The figures.
        totals: What everybody together has, by token.
        stakes: Who has how much effective stake.
        bonds: Who has how much AIA bonded.
        earners: Who earned how much AIA, ever.
    """

    def __init__(self, state: EconomyState | None = None) -> None:
        """Continue with a state, whose people are yet to be taken in; or begin with none."""
        self.state = state or EconomyState()
        self.totals: dict[str, Holding] = {}
        self.stakes, self.bonds, self.earners = Ladder(), Ladder(), Ladder()
        self._at: datetime | None = None

    def take_in(self, owner: str, person: Person) -> None:
        """Count somebody of the state that the fold continues with, each once."""
        for token, holding in person.holdings.items():
            total = self._total(token)
            total.wallet += holding.wallet
            total.held += holding.held
            total.staked += holding.staked
            total.unbonding += holding.unbonding
        self.stakes.note(owner, person.effective)
        self.bonds.note(owner, person.bonded)
        self.earners.note(owner, earned_in(person, AIA))

    def apply(self, recorded: RecordedEvent) -> None:
        """Fold one event."""
        fold = _FOLDS.get(type(recorded.event))
        state = self.state
        if recorded.recorded_at != self._at:
            self._at = recorded.recorded_at
            state.at = round(recorded.recorded_at.timestamp() * 1000)
            state.begun = state.begun or state.at
        state.position = recorded.position
        if fold is not None:
            fold(self, recorded.stream, recorded.event)

    def _total(self, token: str) -> Holding:
        found = self.totals.get(token)
        if found is None:
            found = self.totals[token] = Holding()
        return found

    def _changed(self, stream: str, event: BalanceChanged) -> None:
        account = entity_of(stream)
        purpose, _, rest = account.partition(":")
        token, _, owner = rest.partition(":")
        if purpose == Purpose.WALLET:
            holding, total = self.state.person(owner).holding(token), self._total(token)
            total.wallet += event.balance - holding.wallet
            total.held += event.held - holding.held
            holding.wallet, holding.held = event.balance, event.held
            kind = KINDS.get(event.reason)
            if kind is not None and event.amount > 0:
                self._earned(owner, kind, token, event.amount)
        elif purpose == Purpose.STAKED:
            holding, total = self.state.person(owner).holding(token), self._total(token)
            total.staked += event.balance - holding.staked
            holding.staked = event.balance
        elif purpose == Purpose.UNBONDING:
            holding, total = self.state.person(owner).holding(token), self._total(token)
            total.unbonding += event.balance - holding.unbonding
            holding.unbonding = event.balance
        else:
            self._system(account, purpose, event)

    def _system(self, account: str, purpose: str, event: BalanceChanged) -> None:
        state = self.state
        state.system[account] = event.balance
        if event.amount < 0 and purpose in _SPENDING and event.reason != _MOVED_ON:
            state.spent.setdefault(account, Flow()).add(-event.amount, state.at)

    def _earned(self, owner: str, kind: str, token: str, amount: int) -> None:
        state, key = self.state, key_of(kind, token)
        person = state.people[owner]
        person.earned.setdefault(key, Flow()).add(amount, state.at)
        state.earned.setdefault(key, Flow()).add(amount, state.at)
        if token == AIA:
            self.earners.note(owner, earned_in(person, AIA))

    def _staked(self, stream: str, event: StakeEvent) -> None:
        owner = entity_of(stream)
        person = self.state.person(owner)
        person.bonded, person.effective = event.bonded, event.effective
        person.bonded_gov = event.bonded_gov
        if isinstance(event, AgentJailed):
            person.jailed_until = round(event.until.timestamp() * 1000)
        elif isinstance(event, AgentUnjailed):
            person.jailed_until = 0
        self.stakes.note(owner, person.effective)
        self.bonds.note(owner, person.bonded)

    def _parameters(self, _stream: str, event: ParametersChanged) -> None:
        self.state.parameters = event.parameters

    def _declared(self, stream: str, event: AgentRegistered | AgentUpdated) -> None:
        person = self.state.person(entity_of(stream))
        person.registered = True
        person.address = event.capabilities.wallet_address

    def _left(self, stream: str, _event: AgentUnregistered) -> None:
        self.state.person(entity_of(stream)).registered = False

    def _opened(self, stream: str, event: ProgramOpened) -> None:
        self.state.programs[entity_of(stream)] = event.terms.token
        self.state.programs_total += 1

    def _closed(self, stream: str, _event: ProgramClosed) -> None:
        self.state.programs.pop(entity_of(stream), None)

    def _budget_set(self, stream: str, event: BudgetSet) -> None:
        budgets, budget_id, kind = self.state.budgets, entity_of(stream), event.terms.period
        if budget_id not in budgets or budgets[budget_id].kind is not kind:
            budgets[budget_id] = BudgetUse(kind)

    def _budget_removed(self, stream: str, _event: BudgetRemoved) -> None:
        self.state.budgets.pop(entity_of(stream), None)

    def _budget_used(self, stream: str, event: BudgetHeld | BudgetSpent | BudgetReleased) -> None:
        use = self.state.budgets.get(entity_of(stream))
        # What ends in a period that is over changes nothing about this one.
        if use is not None and kind_of(event.period) is use.kind and event.period >= use.period:
            use.period, use.held, use.spent = event.period, event.held, event.spent

    def _budget_warned(self, stream: str, event: BudgetWarned) -> None:
        use = self.state.budgets.get(entity_of(stream))
        if use is not None:
            use.warned = event.period

    def _budget_exceeded(self, stream: str, event: BudgetExceeded) -> None:
        use = self.state.budgets.get(entity_of(stream))
        if use is not None:
            use.exceeded = event.period

    def _proposal(self, stream: str, event: Event) -> None:
        state, proposal_id = self.state, entity_of(stream)
        status, ended = _STATUSES[type(event)], state.proposals_ended
        if status is ProposalStatus.QUEUED:
            # It was counted as ended when it succeeded, just before.
            ended[ProposalStatus.SUCCEEDED] -= 1
        if status in OPEN:
            state.proposals[proposal_id] = status
        else:
            state.proposals.pop(proposal_id, None)
            ended[status] = ended.get(status, 0) + 1

    def _completed(self, _stream: str, event: TaskCompleted) -> None:
        self.state.person(event.agent_id).completed += 1

    def _rated(self, _stream: str, event: TaskRated) -> None:
        person = self.state.person(event.agent_id)
        person.ratings += 1
        person.rated += round(event.rating * _MILLION)


def earned_in(person: Person, token: str) -> int:
    """Return what somebody earned in a token, ever; base units."""
    suffix = key_of("", token)
    return sum(flow.total for key, flow in person.earned.items() if key.endswith(suffix))


_STATUSES: dict[type[Event], ProposalStatus] = {
    ProposalCreated: ProposalStatus.PENDING,
    ProposalActivated: ProposalStatus.ACTIVE,
    ProposalSucceeded: ProposalStatus.SUCCEEDED,
    ProposalDefeated: ProposalStatus.DEFEATED,
    ProposalVetoed: ProposalStatus.VETOED,
    ProposalQueued: ProposalStatus.QUEUED,
    ProposalExecuted: ProposalStatus.EXECUTED,
    ProposalExpired: ProposalStatus.EXPIRED,
    ProposalCancelled: ProposalStatus.CANCELLED,
}

# Any: each fold takes its own event type.
_FOLDS: dict[type[Event], Callable[[EconomyFold, str, Any], None]] = {
    BalanceChanged: EconomyFold._changed,
    ParametersChanged: EconomyFold._parameters,
    AgentRegistered: EconomyFold._declared,
    AgentUpdated: EconomyFold._declared,
    AgentUnregistered: EconomyFold._left,
    TaskCompleted: EconomyFold._completed,
    TaskRated: EconomyFold._rated,
    ProgramOpened: EconomyFold._opened,
    ProgramClosed: EconomyFold._closed,
    BudgetSet: EconomyFold._budget_set,
    BudgetRemoved: EconomyFold._budget_removed,
    BudgetHeld: EconomyFold._budget_used,
    BudgetSpent: EconomyFold._budget_used,
    BudgetReleased: EconomyFold._budget_used,
    BudgetWarned: EconomyFold._budget_warned,
    BudgetExceeded: EconomyFold._budget_exceeded,
    **dict.fromkeys(STAKE_EVENTS, EconomyFold._staked),
    **dict.fromkeys(_STATUSES, EconomyFold._proposal),
}

"""Everything that a node has for the economy, wired together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from aia_mas.application.economy.configured import parameters_of, tokens_of
from aia_mas.application.economy.election_desk import ElectionDesk
from aia_mas.application.economy.enrolment import Enrolment
from aia_mas.application.economy.initial_stakes import InitialStakes
from aia_mas.application.economy.known_legs import KnownLegs
from aia_mas.application.economy.order_desk import OrderDesk
from aia_mas.application.economy.registering import Staking
from aia_mas.application.economy.standing import Standing
from aia_mas.application.event_log.fold_host import FoldHost
from aia_mas.application.processes.settlement import LEASE, Settlement
from aia_mas.application.processes.settlement_fold import SettlementFold
from aia_mas.domain.economy.staking.earnings import StakingEarnings
from aia_mas.domain.economy.todo import OpenOrders
from aia_mas.interfaces.process_folds import SETTLEMENT
from aia_mas.projections.economy.figures import AgentEconomicProfile

if TYPE_CHECKING:
    from aia_mas.application.engine.working_set import WorkingSet
    from aia_mas.interfaces.bootstrap import System


class Economy:
    """The economy as a node knows it.

    Attributes:
        tokens: The tokens that there are.
        fold: What the settlement has to do.
        host: Keeps it up to date.
        settlement: The process.
        orders: Where orders are placed.
        legs: What transfers move.
        polls: Where votes are given.
        standing: How accounts and parameters stand.
        enrolment: Fills wallets.
        initial_stakes: Waits for what is staked with a registration.
        leads: What a node leads for it, by the name of its lease.
    """

    def __init__(self, system: System, working_set: WorkingSet) -> None:
        """Wire it for a node that is wired but for this."""
        self.tokens = tokens_of(system.settings)
        self.fold = SettlementFold()
        self.host = FoldHost(
            system.log, self.fold, system.stores.folds, categories=SETTLEMENT.categories
        )
        self.settlement = Settlement(
            self.fold, self.host, system.clock, parameters_of(system.settings)
        )
        self._system = system
        self.polls = ElectionDesk(self.fold, self.host, system.log.feed)
        self.orders = OrderDesk(system.engine, working_set, system.log.feed)
        self.legs = KnownLegs(working_set)
        self.standing = Standing(working_set)
        self.enrolment = Enrolment(
            self.orders,
            self.standing,
            self.tokens,
            system.new_id,
            faucet=system.settings.development,
        )
        self.initial_stakes = InitialStakes(self.orders, system.workload.agent)
        self.leads = ((LEASE, self.settlement.lead),)

    def profile(self, agent_id: str) -> AgentEconomicProfile | None:
        """Return how somebody stands in the economy now; None: nobody of this id is known."""
        system, history = self._system, self.polls.elections.history
        return system.projections.economy.profile(
            agent_id,
            system.clock.now(),
            claimable=self.earnings.index.owed(agent_id),
            voting_power=history.own(agent_id) + history.received(agent_id),
        )

    def open_orders(self) -> Mapping[str, int]:
        """Return how many orders wait to be carried out, by kind."""
        orders = self.fold.lists[OpenOrders.name]
        assert isinstance(orders, OpenOrders)
        return orders.figures()

    @property
    def earnings(self) -> StakingEarnings:
        """What stakers earn, and the parameters in force, as far as ``host`` has come."""
        earnings = self.fold.lists[StakingEarnings.name]
        assert isinstance(earnings, StakingEarnings)
        return earnings


def staking_of(system: System, working_set: WorkingSet) -> Staking:
    """Return what has registrations stake on a node."""
    return Staking(system.new_id, working_set.begin, faucet=system.settings.development)

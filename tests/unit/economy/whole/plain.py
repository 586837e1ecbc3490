"""An economy told a second time: plain sums over what was asked and what came of it.

It never looks at accounts or at the state of a stake: those are what it is compared with.
"""

from __future__ import annotations

from typing import Any

from aia_mas.domain.economy.budgets.events import BudgetRemoved, BudgetSet
from aia_mas.domain.economy.incentives.events import AwardsPaid, ProgramClosed, ProgramOpened
from aia_mas.domain.economy.ledger.events import HoldPosted, HoldVoided
from aia_mas.domain.economy.orders import OrderExecuted, OrderPlaced
from aia_mas.domain.economy.parameters import ParametersChanged
from aia_mas.domain.economy.rewards.events import RewardBlockReserved, RewardsSettled
from aia_mas.domain.economy.staking import events as staking
from aia_mas.domain.economy.staking.rewards import StakingRewardsNotified
from aia_mas.domain.kernel import Event

from .plain_basis import POOL, RESERVED
from .plain_stakes import PlainStakes
from .plain_tasks import PlainTasks
from .plain_votes import PlainVotes


class Plain(PlainStakes, PlainTasks, PlainVotes):
    """Hears what happened, and knows what must be in every account."""

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
            case _ if kind in ("proposal", "proposer", "vote", "delegation"):
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

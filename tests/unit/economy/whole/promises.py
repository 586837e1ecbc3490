"""What always holds in an economy, and how all of it ends."""

from __future__ import annotations

from typing import Any

from hypothesis.stateful import invariant

from aia_mas.domain.economy.accounts import account_stream
from aia_mas.domain.economy.budgets.budget import BudgetState, budget_stream
from aia_mas.domain.economy.governance.proposal import OPEN
from aia_mas.domain.economy.ledger import AccountState
from aia_mas.domain.economy.ledger.commands import VoidHold
from aia_mas.domain.economy.orders import PlaceOrder
from aia_mas.domain.economy.parameter_changes import ChangeParameters
from aia_mas.domain.economy.staking.index import SCALE
from aia_mas.domain.economy.staking.state import NO_STAKE, StakeState, stake_stream
from aia_mas.domain.orchestration.task_commands import (
    CancelTask,
)

from .basis import AGENTS, NO_RATE, Basis
from .plain_basis import RESERVED, SHARED


class Promises(Basis):
    """Compares everything with the model after every step, and at the end."""

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

    def teardown(self) -> None:
        """Let everything come to its end: nothing stays due, held or promised."""
        if not self.whole:
            return
        for task_id in self.tasks:
            if self.task(task_id).unfinished:
                assert self.give(CancelTask(task_id=task_id))
        for transfer_id in list(self.plain.pending):
            assert self.give(VoidHold(transfer_id=transfer_id))
        self.give(PlaceOrder(order_id="last", order=ChangeParameters(changes=NO_RATE)))
        for seconds in (0, 700, 700, 7_200, 7_200):
            self.later(seconds)
            self.settle_all()
        self.check_the_end()

    def check_the_end(self) -> None:
        plain, market = self.plain, self.market
        assert not market.due()
        market.check_replay()
        held = {name: amount for name, amount in plain.held.items() if amount}
        assert not held and not plain.aside and not plain.deposits and not plain.programs
        assert not plain.promised and not plain.done
        assert not any(plain.budget_held.values())
        assert not any(bond.unbondings or bond.lots for bond in plain.bonds.values())
        for proposal_id in self.proposals:
            assert self.proposal(proposal_id).status not in OPEN
        self.every_account_is_what_plain_sums_make_it()
        self.stakes_are_what_is_in_their_accounts()
        self.rewards_are_promised_once_and_backed()
        self.stakers_are_owed_what_was_set_aside()
        self.budgets_count_what_is_held_and_spent()

"""What an accepted proposal has done: in time, once, or not at all."""

from __future__ import annotations

from datetime import timedelta

from aia_mas.domain.economy.accounts import treasury, wallet
from aia_mas.domain.economy.authority import SETTLEMENT
from aia_mas.domain.economy.governance.commands import (
    ExpireProposal,
    RequestExecution,
)
from aia_mas.domain.economy.governance.proposal import ProposalStatus as Status
from aia_mas.domain.economy.governance.proposal_events import (
    Deposit,
    ExecutionFailed,
    ProposalExecuted,
    ProposalQueued,
    ProposalSucceeded,
)
from aia_mas.domain.economy.orders import OrderStatus
from aia_mas.domain.kernel.money import ONE

from .town import Town, grant


def test_an_accepted_payment_waits_for_its_timelock_and_is_made_once(town: Town):
    town.propose("p1", "treasury", grant("zoe", 5), grant("yan", 7))
    town.vote("ann")
    town.vote("bob")
    town.settle()
    state = town.proposal()
    assert state.status is Status.QUEUED
    told = [type(event) for stream, event in town.log if stream == "proposal/p1"]
    assert told.index(ProposalQueued) == told.index(ProposalSucceeded) + 1
    assert state.execute_after == town.now + timedelta(seconds=50)
    town.later(49)
    assert town.balance(wallet("zoe")) == (0, 0)

    town.later(1)

    assert town.proposal().status is Status.EXECUTED
    assert town.balance(wallet("zoe")) == (5, 0)
    assert town.balance(wallet("yan")) == (7, 0)
    assert town.balance(treasury()) == (988, 0)
    assert town.states["order/proposal:p1:1"].status is OrderStatus.EXECUTED
    assert town.proposal().deposit is Deposit.REFUNDED
    town.later(10**6)
    assert town.balance(wallet("zoe")) == (5, 0)
    assert town.give(RequestExecution(proposal_id="p1")) == []


def test_when_one_command_fails_none_is_carried_out_and_it_is_tried_again(town: Town):
    town.propose("p1", "treasury", grant("zoe", 900), grant("yan", 900))
    town.vote("ann")
    town.vote("bob")
    town.later(0)
    town.later(50)

    state = town.proposal()
    assert state.status is Status.QUEUED
    assert state.failure is not None
    assert (state.failures, state.failure.command) == (1, 1)
    assert state.failure.code == "insufficient_funds"
    assert town.balance(wallet("zoe")) == (0, 0)
    assert town.balance(treasury()) == (1_000, 0)

    town.states["account/treasury:AIA"] = type(town.states["account/treasury:AIA"])(
        balance=1_800 * ONE
    )
    town.later(5)
    assert town.proposal().status is Status.EXECUTED
    assert town.balance(treasury()) == (0, 0)


def test_what_cannot_be_executed_expires_and_the_deposit_comes_back(town: Town):
    town.propose("p1", "treasury", grant("zoe", 1_001))
    town.vote("ann")
    town.vote("bob")
    town.later(0)
    for _ in range(30):
        town.later(60)
    state = town.proposal()
    assert (state.status, state.deposit) == (Status.EXPIRED, Deposit.REFUNDED)
    failures = [event for _, event in town.log if isinstance(event, ExecutionFailed)]
    assert len(failures) == state.failures < 12
    assert not any(isinstance(event, ProposalExecuted) for _, event in town.log)


def test_what_nobody_could_try_in_time_is_tried_before_it_expires(town: Town):
    town.propose("p1", "treasury", grant("zoe", 1))
    town.vote("ann")
    town.vote("bob")
    town.settle()
    town.now += timedelta(seconds=10**6)  # the system was down meanwhile
    assert town.give(ExpireProposal(proposal_id="p1"), SETTLEMENT) == []
    town.settle()
    assert town.proposal().status is Status.EXECUTED

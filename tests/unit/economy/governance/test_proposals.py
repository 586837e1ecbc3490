"""Proposals from the beginning to every end they can have."""

from __future__ import annotations

from datetime import timedelta

import pytest

from aia_mas.domain.economy.accounts import AIA_GOV, Purpose, account_of, wallet
from aia_mas.domain.economy.authority import SETTLEMENT
from aia_mas.domain.economy.governance.commands import (
    CancelProposal,
    CastVote,
    PayVotes,
    VetoProposal,
)
from aia_mas.domain.economy.governance.errors import VotingEnded
from aia_mas.domain.economy.governance.proposal import ProposalStatus as Status
from aia_mas.domain.economy.governance.proposal_events import (
    Deposit,
    ProposalActivated,
    VotesPaid,
)
from aia_mas.domain.economy.governance.tally import Choice, Outcome
from aia_mas.domain.kernel.errors import DomainError
from aia_mas.domain.kernel.money import ONE

from .town import TREASURER, Town, agent, grant

BURN = account_of(Purpose.BURN)


def test_a_text_is_voted_on_and_its_deposit_comes_back(town: Town):
    town.propose()
    assert town.balance(wallet("ann")) == (100, 10)

    town.vote("ann", "yes")
    town.vote("bob", "yes")
    assert town.settle()[0] == "close:p1"

    state = town.proposal()
    assert (state.status, state.early) == (Status.SUCCEEDED, True)
    assert state.deposit is Deposit.REFUNDED
    assert town.balance(wallet("ann")) == (100, 0)
    assert town.balance(BURN) == (0, 0)
    # 1 AIA_GOV for each full 100 tokens that voted themselves
    assert town.balance(wallet("ann", AIA_GOV)) == (3, 0)
    assert town.balance(wallet("bob", AIA_GOV)) == (4, 0)
    assert town.balance(wallet("eve", AIA_GOV)) == (0, 0)


def test_voting_ends_with_its_period_where_the_rest_could_change_the_outcome(town: Town):
    town.propose()
    town.vote("bob", "yes")
    town.later(99)
    assert town.proposal().status is Status.ACTIVE
    town.vote("ann", "no")
    town.later(1)
    assert (town.proposal().status, town.proposal().early) == (Status.SUCCEEDED, False)


@pytest.mark.parametrize(
    ("votes", "status", "outcome", "deposit"),
    [
        ({"ann": "no", "bob": "no"}, Status.DEFEATED, Outcome.DEFEATED, Deposit.REFUNDED),
        ({"ann": "no"}, Status.DEFEATED, Outcome.NO_QUORUM, Deposit.BURNED),
        ({}, Status.DEFEATED, Outcome.NO_QUORUM, Deposit.BURNED),
        ({"ann": "veto", "bob": "veto"}, Status.VETOED, Outcome.VETOED, Deposit.BURNED),
        ({"ann": "abstain", "bob": "abstain"}, Status.DEFEATED, Outcome.DEFEATED, Deposit.REFUNDED),
        ({"ann": "abstain", "eve": "yes"}, Status.SUCCEEDED, Outcome.SUCCEEDED, Deposit.REFUNDED),
    ],
)
def test_ends_of_a_vote(
    town: Town, votes: dict[str, str], status: Status, outcome: Outcome, deposit: Deposit
):
    town.propose()
    for voter, choice in votes.items():
        town.vote(voter, choice)
    town.later(100)

    state = town.proposal()
    assert (state.status, state.deposit) == (status, deposit)
    assert state.result is not None
    assert state.result.outcome is outcome
    burned = deposit is Deposit.BURNED
    assert town.balance(BURN) == (10 if burned else 0, 0)
    assert town.balance(wallet("ann")) == (90 if burned else 100, 0)


def test_power_counts_as_it_was_when_voting_began(town: Town):
    town.propose("p1", "slow")
    town.bond("nia", 1_000)  # pending: who bonds now is in time
    town.later(60)
    assert isinstance(town.log[-1][1], ProposalActivated)
    town.bond("late", 10**6)
    town.bond("bob", 0)

    town.vote("nia")
    town.vote("bob")
    with pytest.raises(DomainError, match="no voting power"):
        town.vote("late")
    standing = town.elections.standing("p1")
    assert standing is not None
    assert (standing.tally.yes, standing.total) == (1_400 * ONE, 2_000 * ONE)


def test_bonded_gov_is_power_as_well():
    town = Town()
    town.fund("ann", 10)
    town.bond("ann", 1, 2)
    town.propose()
    town.vote("ann")
    standing = town.elections.standing("p1")
    assert standing is not None
    assert standing.tally.yes == 3 * ONE


def test_who_votes_itself_takes_its_power_back_from_its_delegate(town: Town):
    town.delegate("bob", "ann")
    town.propose()
    town.vote("ann", "yes")
    assert _yes_no(town) == (700, 0)
    town.vote("bob", "no")
    assert _yes_no(town) == (300, 400)


def test_delegations_after_the_snapshot_do_not_count(town: Town):
    town.delegate("bob", "ann")
    town.propose()
    town.withdraw("bob")
    town.delegate("eve", "ann")
    town.vote("ann", "yes")
    assert _yes_no(town) == (700, 0)


def test_a_delegate_without_power_of_its_own_votes_with_that_of_others(town: Town):
    town.delegate("bob", "del")
    town.propose()
    town.vote("del", "no")
    assert _yes_no(town) == (0, 400)


def test_a_proposer_takes_back_what_is_pending(town: Town):
    town.propose("p1", "slow", by=agent("ann"))
    town.give(CancelProposal(proposal_id="p1"), agent("ann"))
    assert town.give(CancelProposal(proposal_id="p1"), agent("ann")) == []
    town.later(1_000)
    assert town.proposal().status is Status.CANCELLED
    assert town.balance(wallet("ann")) == (100, 0)


@pytest.mark.parametrize("when", ["active", "queued"])
def test_a_guardian_cancels_with_a_reason_and_the_deposit_comes_back(town: Town, when: str):
    _bring(town, when)
    town.give(CancelProposal(proposal_id="p1", reason="a mistake"), TREASURER)
    town.later(1_000)
    state = town.proposal()
    assert (state.status, state.reason) == (Status.CANCELLED, "a mistake")
    assert town.balance(wallet("ann")) == (100, 0)
    assert town.balance(wallet("zoe")) == (0, 0)


@pytest.mark.parametrize("when", ["active", "queued"])
def test_a_guardian_vetoes_and_the_deposit_is_burned(town: Town, when: str):
    _bring(town, when)
    town.give(VetoProposal(proposal_id="p1", reason="theft"), TREASURER)
    town.later(1_000)
    state = town.proposal()
    assert (state.status, state.reason) == (Status.VETOED, "theft")
    assert town.balance(wallet("ann")) == (90, 0)
    assert town.balance(BURN) == (10, 0)
    with pytest.raises(DomainError) as refusal:
        town.give(CancelProposal(proposal_id="p1", reason="x"), TREASURER)
    assert refusal.value.code == "proposal_finished"


def test_votes_between_the_close_and_the_count_are_refused(town: Town):
    town.propose()
    town.now += timedelta(seconds=100)
    works = town.elections.due(town.now, 10)
    town.give(works[0].command, SETTLEMENT)
    assert town.proposal().closed
    town.now -= timedelta(seconds=50)  # another node, whose clock is behind
    with pytest.raises(VotingEnded):
        town.give(CastVote(proposal_id="p1", voter="bob", choice=Choice.YES))


def test_an_empty_pool_pays_nobody_and_stops_nothing(town: Town):
    empty = Town(funds=0)
    empty.bond("ann", 300)
    empty.fund("ann", 10)
    empty.propose()
    empty.vote("ann")
    empty.settle()
    paid = [event for _, event in empty.log if isinstance(event, VotesPaid)]
    assert [(each.paid, each.funded, each.last) for each in paid] == [(0, False, True)]
    assert empty.elections.next_due() is None


def test_many_voters_are_paid_in_batches_each_once():
    town = Town(gov_per_vote=2 * ONE)
    for number in range(250):
        town.bond(f"v{number}", 100)
    town.fund("ann", 10)
    town.propose()
    for number in reversed(range(250)):
        town.vote(f"v{number}", "abstain")
    town.later(100)
    paid = [event for _, event in town.log if isinstance(event, VotesPaid)]
    assert [len(each.voters) for each in paid] == [100, 100, 50]
    # Whoever voted first: the batches are the same on whichever node they are made up.
    voters = [voter for each in paid for voter in each.voters]
    assert voters == sorted(voters)
    again = PayVotes(proposal_id="p1", batch=0, voters=(("v0", 10**20),))
    assert town.give(again, SETTLEMENT) == []
    assert {town.balance(wallet(f"v{number}", AIA_GOV)) for number in range(250)} == {(2, 0)}


def test_splitting_power_over_many_agents_is_not_paid_more():
    whole, parts = Town(), Town()
    whole.bond("one", 950)
    for number in range(10):
        parts.bond(f"part{number}", 95)
    for town, voters in ((whole, ["one"]), (parts, [f"part{number}" for number in range(10)])):
        town.fund("ann", 10)
        town.propose()
        for voter in voters:
            try:
                town.vote(voter, "yes")
            except VotingEnded:
                break
        town.later(100)
    assert whole.balance(wallet("one", AIA_GOV)) == (9, 0)
    assert sum(parts.balance(wallet(f"part{n}", AIA_GOV))[0] for n in range(10)) == 0


def test_of_what_power_was_only_what_open_snapshots_ask_for_is_kept(town: Town):
    before = town.elections.history.kept()
    for number in range(1, 50):
        town.bond("bob", number)
    assert town.elections.history.kept() == before
    town.propose()
    for number in range(1, 50):
        town.bond("bob", 400 + number)
    # One more value of bob and of the total, however often they change.
    assert town.elections.history.kept() == before + 2
    town.propose("p2")
    town.bond("bob", 1)
    town.bond("bob", 2)
    assert town.elections.history.kept() == before + 4
    town.vote("bob", "no")
    town.vote("bob", "no", "p2")
    assert [town.elections.power(each, "bob") for each in ("p1", "p2")] == [
        (49 * ONE, 0),
        (449 * ONE, 0),
    ]
    town.later(100)
    for number in range(50):
        town.propose(f"q{number}")
        town.bond("bob", number)
        town.vote("eve", "no", f"q{number}")
        town.vote("ann", "no", f"q{number}")
        town.later(100)
    # The round of payments still goes on, and asks for the power at its beginning.
    assert town.elections.history.kept() <= before + 8
    list(town.elections.history.rows())
    assert town.elections.history.kept() == before + 2


def _bring(town: Town, when: str) -> None:
    town.propose("p1", "treasury", grant("zoe", 1))
    if when == "queued":
        town.vote("ann")
        town.vote("bob")
        town.settle()
    assert town.proposal().status.value == when


def _yes_no(town: Town) -> tuple[int, int]:
    standing = town.elections.standing("p1")
    assert standing is not None
    return standing.tally.yes // ONE, standing.tally.no // ONE

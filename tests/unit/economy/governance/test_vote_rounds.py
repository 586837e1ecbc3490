"""Votes are paid once in a round, whatever is proposed, moved about or split up."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from aia_mas.domain.economy.accounts import AIA_GOV, reward_pool, wallet
from aia_mas.domain.economy.governance.commands import VetoProposal
from aia_mas.domain.economy.governance.proposal_events import Deposit, VotesPaid
from aia_mas.domain.economy.parameters import PARAMETERS, ParametersState
from aia_mas.domain.kernel import DomainError
from aia_mas.domain.kernel.money import MAX_AMOUNT, ONE

from .recount import payments
from .town import TREASURER, Town

ROUND = 1_000


@pytest.fixture
def town() -> Town:
    """Return a town in which eve alone makes every quorum, and rounds last 1,000 seconds."""
    made = Town(funds=10_000)
    made.fund("ann", 1_000)
    change(made, vote_reward_interval_seconds=ROUND, open_proposals_per_proposer=100)
    for name, tokens in (("eve", 1_000), ("bob", 300), ("cal", 50)):
        made.bond(name, tokens)
    return made


def change(town: Town, **changes: Any) -> None:
    known: ParametersState = town.states[PARAMETERS]
    town.states[PARAMETERS] = replace(known, parameters=replace(known.parameters, **changes))


def gov(town: Town, name: str) -> float:
    """Return what somebody was paid for its votes, tokens."""
    return town.balance(wallet(name, AIA_GOV))[0]


def voted(town: Town, proposal_id: str, *voters: str, choice: str = "yes") -> None:
    """Propose something, have some vote, and let the vote end."""
    town.propose(proposal_id)
    for voter in voters:
        town.vote(voter, choice, proposal_id)
    town.later(101)


def test_many_proposals_pay_a_voter_once_in_a_round(town: Town):
    # Given twenty proposals that say nothing, all of them open
    for number in range(20):
        town.propose(f"p{number}")
    # When somebody who makes the quorum alone votes on all of them
    for number in range(20):
        town.vote("eve", "yes", f"p{number}")
    town.settle()
    # Then it is paid for one
    assert all(town.proposal(f"p{n}").deposit is Deposit.REFUNDED for n in range(20))
    assert gov(town, "eve") == 10
    assert len([event for _, event in town.log if isinstance(event, VotesPaid)]) == 1


def test_one_after_the_other_they_pay_no_more(town: Town):
    for number in range(9):
        voted(town, f"p{number}", "eve")
    assert gov(town, "eve") == 10
    town.later(ROUND - 9 * 101)
    voted(town, "next", "eve")
    assert gov(town, "eve") == 20


def test_a_round_begins_with_a_vote_when_the_last_one_is_over_and_not_before(town: Town):
    voted(town, "p1", "eve")
    town.later(5 * ROUND)
    # Nobody missed anything: there was nothing to vote on.
    voted(town, "p2", "eve")
    town.later(ROUND - 102)
    voted(town, "p3", "eve")  # begins in the round of p2
    assert gov(town, "eve") == 20
    voted(town, "p4", "eve")
    assert gov(town, "eve") == 30


def test_others_are_paid_in_the_same_round_for_what_they_vote_on(town: Town):
    voted(town, "p1", "eve")
    voted(town, "p2", "eve", "bob", "cal")
    assert (gov(town, "eve"), gov(town, "bob"), gov(town, "cal")) == (10, 3, 0)


def test_without_a_quorum_nobody_is_paid_and_the_deposit_burns(town: Town):
    voted(town, "p1", "bob")
    assert (gov(town, "bob"), town.proposal("p1").deposit) == (0, Deposit.BURNED)
    # It was no payment: another vote in the round is paid.
    voted(town, "p2", "bob", "eve")
    assert gov(town, "bob") == 3


def test_a_vote_that_is_stopped_pays_nobody_and_one_that_is_vetoed_by_votes_does(town: Town):
    town.propose("p1")
    town.vote("bob", "yes", "p1")
    town.give(VetoProposal(proposal_id="p1", reason="so"), TREASURER)
    town.settle()
    assert gov(town, "bob") == 0
    voted(town, "p2", "eve", "bob", choice="veto")
    assert (gov(town, "eve"), town.proposal("p2").deposit) == (10, Deposit.BURNED)


def test_stake_that_goes_from_one_to_the_other_is_paid_once(town: Town):
    # Given a round, and eve paid in it
    voted(town, "p1", "eve")
    # When its stake is put behind others, who vote with it
    for number in range(5):
        town.bond("eve" if not number else f"eve{number - 1}", 0)
        town.bond(f"eve{number}", 1_000)
        voted(town, f"q{number}", f"eve{number}")
    # Then these are paid nothing: they had nothing when the round began
    assert [gov(town, f"eve{number}") for number in range(5)] == [0] * 5
    assert town.proposal("q4").deposit is Deposit.REFUNDED


def test_it_is_paid_by_what_the_voter_has_left_when_it_votes(town: Town):
    voted(town, "p1", "eve")
    town.bond("bob", 199)
    voted(town, "p2", "eve", "bob")
    assert gov(town, "bob") == 1


def test_a_shorter_round_holds_from_the_next_proposal_on(town: Town):
    voted(town, "p1", "eve")
    change(town, vote_reward_interval_seconds=60)
    voted(town, "p2", "eve")
    assert gov(town, "eve") == 20


def test_votes_on_in_two_rounds_are_each_paid_in_that_in_which_they_began(town: Town):
    change(town, vote_reward_interval_seconds=60)
    town.propose("p1")
    town.later(60)
    town.propose("p2")
    town.vote("bob", "yes", "p1")
    town.vote("bob", "yes", "p2")
    town.vote("eve", "yes", "p2")
    town.vote("eve", "yes", "p1")
    town.later(100)
    assert (gov(town, "eve"), gov(town, "bob")) == (20, 6)


def test_a_rate_that_no_pool_has_is_paid_to_nobody_and_stops_nothing(town: Town):
    change(town, gov_per_vote=MAX_AMOUNT)
    town.bond("eve", 10**14)
    voted(town, "p1", "eve", "bob")
    (paid,) = [event for _, event in town.log if isinstance(event, VotesPaid)]
    assert (paid.paid, paid.funded, paid.last) == (0, False, True)
    assert town.elections.next_due() is None
    assert not town.elections.due(town.now, 10)


steps = st.lists(
    st.one_of(
        st.tuples(st.just("propose"), st.sampled_from(["text", "slow"])),
        st.tuples(
            st.just("vote"),
            st.sampled_from(["v0", "v1", "v2", "v3"]),
            st.sampled_from(["yes", "no", "abstain", "veto"]),
        ),
        st.tuples(
            st.just("bond"), st.sampled_from(["v0", "v1", "v2", "v3"]), st.integers(0, 1_000)
        ),
        st.tuples(st.just("later"), st.sampled_from([1, 60, 101, 400])),
        st.tuples(st.just("restart")),
    ),
    max_size=60,
)


@settings(max_examples=150, deadline=None)
@given(steps, st.sampled_from([60, 300, ROUND]))
def test_whatever_happens_a_round_pays_all_power_once_at_most(drawn: list, seconds: int):
    town = Town(funds=100_000)
    town.fund("ann", 10_000)
    change(town, vote_reward_interval_seconds=seconds, open_proposals_per_proposer=100)
    town.bond("v0", 700)
    made = 0
    for step in drawn:
        match step:
            case ("propose", kind):
                made += 1
                town.propose(f"p{made}", kind)
            case ("vote", voter, choice):
                for number in range(max(1, made - 2), made + 1):
                    try:
                        town.vote(voter, choice, f"p{number}")
                    except DomainError:
                        continue
            case ("bond", voter, tokens):
                town.bond(voter, tokens)
            case ("later", wait):
                town.later(wait)
            case _:
                town._fold.lists["elections"] = town.restored()
    for _ in range(3):
        town.later(200)

    owed, rounds = payments(town.log)
    paid: dict[str, dict[str, int]] = {}
    for stream, event in town.log:
        if isinstance(event, VotesPaid):
            voters = paid.setdefault(stream.split("/")[1], {})
            voters |= dict.fromkeys(event.voters, 0)
    assert {each: set(voters) for each, voters in paid.items()} == {
        each: set(voters) for each, voters in owed.items()
    }
    total = sum(sum(voters.values()) for voters in owed.values())
    assert town.balance(reward_pool(AIA_GOV))[0] * ONE == 100_000 * ONE - total
    for power, amounts in rounds:
        assert sum(amounts.values()) <= ONE * (power // (100 * ONE))

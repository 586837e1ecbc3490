"""Elections counted twice: as votes come in, and from the log the long way round."""

from __future__ import annotations

import random
from contextlib import suppress
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aia_mas.domain.economy.governance.delegation import VotesDelegated
from aia_mas.domain.economy.governance.errors import (
    AlreadyVoted,
    DelegationChainTooLong,
    DelegationCycle,
    NoVotingPower,
    SelfDelegation,
    VotesNotDelegated,
)
from aia_mas.domain.economy.governance.kinds import ProposalKind
from aia_mas.domain.economy.governance.tally import Choice, Tally, decided, outcome_of

from .recount import recount, verdict
from .town import Town

NAMES = [f"a{number}" for number in range(8)]
CHOICES = [choice.value for choice in Choice]

stakes = st.dictionaries(
    st.sampled_from(NAMES), st.tuples(st.integers(0, 500), st.integers(0, 50)), max_size=8
)
wishes = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from([*NAMES, ""])), max_size=16)
votes = st.lists(
    st.tuples(st.sampled_from(NAMES), st.sampled_from(CHOICES)),
    max_size=8,
    unique_by=lambda vote: vote[0],
)
shares = st.integers(0, 1_000_000)
rules = st.builds(
    ProposalKind,
    name=st.just("text"),
    delay_seconds=st.just(0.0),
    period_seconds=st.just(100.0),
    quorum_ppm=shares,
    threshold_ppm=st.integers(0, 999_999),
    veto_ppm=st.integers(1, 1_000_000),
    deposit=st.just(0),
    timelock_seconds=st.just(0.0),
)


def _town(terms: ProposalKind, staked: dict[str, tuple[int, int]], wanted: list) -> Town:
    town = Town((terms,))
    half = len(wanted) // 2
    _delegate(town, wanted[:half])
    for name, (bonded, gov) in staked.items():
        town.bond(name, bonded, gov)
    _delegate(town, wanted[half:])
    return town


def _delegate(town: Town, wanted: list) -> None:
    for name, to in wanted:
        with suppress(SelfDelegation, DelegationCycle, VotesNotDelegated):
            if to:
                town.delegate(name, to)
            else:
                town.withdraw(name)


def _vote(town: Town, cast: list) -> None:
    for name, choice in cast:
        try:
            town.vote(name, choice)
        except NoVotingPower:
            assert sum(town.elections.power("p1", name) or (0, 0)) == 0


@settings(max_examples=150, deadline=None)
@given(rules, stakes, wishes, votes, st.randoms(use_true_random=False))
def test_both_counts_agree_whatever_was_delegated_and_in_whatever_order_is_voted(
    terms: ProposalKind,
    staked: dict[str, tuple[int, int]],
    wanted: list,
    cast: list,
    draw: random.Random,
):
    # Given a proposal on which some vote, whose stakes and delegations change meanwhile
    town = _town(terms, staked, wanted)
    town.propose()
    _vote(town, cast[: len(cast) // 2])
    town.bond("a1", 10**6)
    _delegate(town, [("a2", "a3"), ("a3", "a2"), ("a0", "a1")])
    _vote(town, cast[len(cast) // 2 :])
    shuffled = _town(terms, staked, wanted)
    shuffled.propose()
    draw.shuffle(cast)
    _vote(shuffled, cast)
    live = town.elections.standing("p1")
    restored = town.restored().standing("p1")

    # When it ends
    for each in (town, shuffled):
        each.later(101)

    # Then it is what anybody counts from the log, and the same in another order
    result = town.proposal().result
    assert result is not None
    counted, total = recount(town.log, "p1")
    assert {choice: getattr(result.tally, choice) for choice in counted} == counted
    assert result.total == total
    assert result.outcome.value == verdict(counted, total, terms)
    other = shuffled.proposal().result
    assert other is not None
    assert (other.tally, other.total, other.outcome) == (
        result.tally,
        result.total,
        result.outcome,
    )
    assert live is not None and live.tally == result.tally
    assert restored == live


@settings(max_examples=200, deadline=None)
@given(
    rules,
    st.lists(st.tuples(st.sampled_from(list(Choice)), st.integers(0, 4)), max_size=4),
    st.integers(0, 6),
)
def test_what_is_decided_early_nothing_that_may_still_come_changes(
    terms: ProposalKind, cast: list, rest: int
):
    fixed = Tally()
    for choice, power in cast:
        fixed = fixed.plus(choice, power)
    total = fixed.cast + rest

    # All that can still happen: the rest is divided among four choices and silence.
    outcomes = set()
    for yes in range(rest + 1):
        for no in range(rest - yes + 1):
            for abstain in range(rest - yes - no + 1):
                for veto in range(rest - yes - no - abstain + 1):
                    final = Tally(
                        fixed.yes + yes,
                        fixed.no + no,
                        fixed.abstain + abstain,
                        fixed.veto + veto,
                    )
                    outcomes.add(outcome_of(final, total, terms))

    expected = outcomes.pop() if len(outcomes) == 1 else None
    assert decided(fixed, total, terms) == expected


def test_every_order_of_votes_gives_the_same_tally_with_an_override_in_a_chain():
    tallies = set()
    for order in permutations([("a0", "yes"), ("a1", "no"), ("a3", "veto")]):
        # Given a0 -> a1 -> a2 -> a3, each with power of its own
        town = Town()
        for number in range(4):
            town.bond(f"a{number}", 10**number)
        town.bond("others", 10**6)
        for number in range(3):
            town.delegate(f"a{number}", f"a{number + 1}")
        town.fund("ann", 10)
        town.propose()

        for voter, choice in order:
            town.vote(voter, choice)

        standing = town.elections.standing("p1")
        assert standing is not None
        tallies.add(standing.tally)
    one = 10**18
    assert tallies == {Tally(yes=one, no=10 * one, veto=1_100 * one)}


def test_random_delegations_never_make_a_circle_nor_too_long_a_chain():
    draw = random.Random(7)
    town = Town()
    names = [f"n{number}" for number in range(40)]
    refused = set()
    for _ in range(2_000):
        one, other = draw.sample(names, 2)
        try:
            town.delegate(one, other)
        except (DelegationCycle, DelegationChainTooLong) as error:
            refused.add(error.code)
    assert refused == {"delegation_cycle", "delegation_chain_too_long"}
    delegates = {}
    for stream, event in town.log:
        if isinstance(event, VotesDelegated):
            delegates[stream.split("/")[1]] = event.to
    for name in names:
        seen = [name]
        while seen[-1] in delegates:
            seen.append(delegates[seen[-1]])
            assert len(seen) == len(set(seen)), "a circle"
        assert len(seen) - 1 <= 16


def test_a_second_vote_is_refused_and_counts_nothing():
    town = Town()
    town.bond("a0", 5)
    town.bond("a1", 50)
    town.fund("ann", 10)
    town.propose()
    town.vote("a0", "yes")
    before = len(town.log), town.elections.standing("p1")

    with pytest.raises(AlreadyVoted) as refusal:
        town.vote("a0", "no")
    assert refusal.value.facts == {"choice": Choice.YES}
    assert (len(town.log), town.elections.standing("p1")) == before

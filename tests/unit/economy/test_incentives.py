"""Incentive programs: what earns an award, what it is worth, and where the rest goes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from aia_mas.domain.economy.incentives.events import AwardsPaid, Outcome
from aia_mas.domain.economy.incentives.program import program_stream
from aia_mas.domain.economy.incentives.programs import Programs
from aia_mas.domain.economy.incentives.terms import (
    Criterion,
    Eligibility,
    Payout,
)
from aia_mas.domain.economy.orders import (
    OrderRefused,
)
from aia_mas.domain.economy.parameters import DEFAULT_PARAMETERS
from aia_mas.domain.economy.staking.events import StakeBonded
from aia_mas.domain.orchestration.task_commands import RateTask

from .programs import ESCROW, FUNDS, cancelled, closed, done, opened, purses, town
from .town import NOW, Town, treasury


def test_a_program_takes_its_budget_from_the_treasury():
    given = town()

    assert given.account(treasury()).balance == FUNDS - 100
    assert given.account(ESCROW).balance == 100


def test_a_program_that_the_treasury_cannot_fund_is_refused():
    given = town(budget=FUNDS + 1)

    (refusal,) = [event for _, event in given.events if type(event) is OrderRefused]
    assert refusal.code == "insufficient_funds"
    assert program_stream("p1") not in given.states
    assert given.account(treasury()).balance == FUNDS


def test_every_so_many_tasks_earn_an_award():
    given = town(count=2)

    done(given, "ann", "bob", "ann", "ann")
    assert purses(given) == (10, 0, 0)
    done(given, "ann", "bob")
    assert purses(given) == (20, 10, 0)


def test_an_agent_earns_so_many_awards_at_most():
    given = town(most_per_agent=2)

    done(given, *["ann"] * 5, "bob")

    assert purses(given) == (20, 10, 0)


def test_quality_counts_what_clients_rated_well():
    given = town(criterion=Criterion.QUALITY, count=2, min_rating=0.8)
    names = done(given, *["ann"] * 4)

    for name, rating in zip(names, (0.8, 0.79, 1.0, 0.9), strict=True):
        given.give(RateTask(task_id=name, rating=rating))
    given.settle()

    assert purses(given) == (10, 0, 0)


def test_quality_counts_only_what_was_completed_while_the_program_ran():
    given = town(criterion=Criterion.QUALITY, min_rating=0.5, starts_at=NOW + timedelta(hours=1))
    (early,) = done(given, "ann")
    given.pass_time(hours=1)
    (name,) = done(given, "ann")

    given.give(RateTask(task_id=early, rating=1.0))
    given.settle()
    assert purses(given) == (0, 0, 0)
    given.give(RateTask(task_id=name, rating=1.0))
    given.settle()
    assert purses(given) == (10, 0, 0)


def test_a_streak_ends_with_a_failure():
    given = town(criterion=Criterion.STREAK, count=3)

    done(given, "ann", "ann", "bob", "bob")
    given.submit("bad")
    given.fail("bad", "ann")
    done(given, "ann", "bob")
    assert purses(given) == (0, 10, 0)

    done(given, "ann", "ann")
    assert purses(given) == (10, 10, 0)


def test_the_first_to_come_so_far_win_and_then_it_is_over():
    given = town(criterion=Criterion.FIRST_N, count=2, winners=2)

    done(given, "cal", "ann", "bob", "ann", "ann", "ann", "cal", "bob")

    assert purses(given) == (10, 0, 10)
    end = closed(given)
    assert end is not None
    assert (end.outcome, end.returned) == (Outcome.COMPLETED, 80)
    assert given.account(treasury()).balance == FUNDS - 20


def test_a_budget_that_is_used_up_pays_those_who_came_first_and_no_more():
    given = town(budget=25)

    for agent in ("ann", "bob", "cal", "ann"):
        name = f"t{len(given.events)}"
        given.submit(name)
        given.complete(name, agent)
    given.settle()

    assert purses(given) == (10, 10, 0)
    end = closed(given)
    assert end is not None
    assert (end.outcome, end.returned) == (Outcome.EXHAUSTED, 5)
    assert given.account(ESCROW).balance == 0


def test_pro_rata_shares_the_budget_by_awards_in_the_end():
    given = town(payout=Payout.PRO_RATA, budget=100)
    done(given, "ann", "bob", "ann", "cal", "cal", "cal", "cal")
    assert purses(given) == (0, 0, 0)

    given.pass_time(days=7)
    given.settle()

    assert purses(given) == (28, 14, 57)
    end = closed(given)
    assert end is not None
    assert (end.outcome, end.returned, end.agents) == (Outcome.ENDED, 1, 3)


def test_hundreds_are_paid_in_several_payments():
    given = Town({treasury(): FUNDS})
    agents = [f"a{number}" for number in range(250)]
    for agent in agents:
        given.agent(agent)
    opened(given, payout=Payout.PRO_RATA, budget=1_000)
    for agent in agents:
        name = f"t{len(given.events)}"
        given.submit(name)
        given.complete(name, agent)

    given.pass_time(days=7)
    given.settle()

    assert [given.purse(agent)[0] for agent in agents] == [4] * 250
    assert len(given.told(AwardsPaid)) == 3


def test_work_counts_from_the_beginning_to_the_end():
    given = town(starts_at=NOW + timedelta(hours=1), ends_at=NOW + timedelta(hours=2))

    done(given, "ann")
    given.pass_time(hours=1)
    done(given, "bob")
    given.pass_time(hours=1)
    done(given, "cal")

    assert purses(given) == (0, 10, 0)
    end = closed(given)
    assert end is not None
    assert (end.outcome, end.returned) == (Outcome.ENDED, 90)


def test_what_was_earned_before_a_cancellation_is_paid_and_the_rest_goes_back():
    given = town()
    given.submit("t1")
    given.complete("t1", "ann")  # earned, and not paid yet

    cancelled(given)
    done(given, "bob")

    assert purses(given) == (10, 0, 0)
    end = closed(given)
    assert end is not None
    assert (end.outcome, end.returned) == (Outcome.CANCELLED, 90)
    assert given.account(treasury()).balance == FUNDS - 10


def test_a_cancelled_program_that_pays_in_the_end_pays_nothing():
    given = town(payout=Payout.PRO_RATA)
    done(given, "ann")

    cancelled(given)

    assert purses(given) == (0, 0, 0)
    assert given.account(treasury()).balance == FUNDS


@pytest.mark.parametrize(
    ("eligibility", "expected"),
    [
        (Eligibility(), (10, 10, 10)),
        (Eligibility(agents=("bob", "cal")), (0, 10, 10)),
        (Eligibility(task_types=("report",)), (0, 0, 0)),
        (Eligibility(task_types=("report", "analysis")), (10, 10, 10)),
        (Eligibility(tiers=("silver", "gold")), (0, 10, 0)),
        (Eligibility(tiers=("bronze",), agents=("bob",)), (0, 0, 0)),
    ],
)
@pytest.mark.parametrize("restarted", [False, True])
def test_only_the_work_of_those_who_are_meant_counts(
    eligibility: Eligibility, expected: tuple[int, int, int], restarted: bool
):
    given = town(eligibility=eligibility)
    silver = DEFAULT_PARAMETERS.tiers[1].min_stake
    for agent, stake in (("ann", silver - 1), ("bob", silver)):
        bonded = StakeBonded(amount=stake, bonded=stake, effective=stake, transfer_id="s", at=NOW)
        given.happen([(f"stake/{agent}", bonded)])
    if restarted:
        given.restart()

    done(given, "ann", "bob", "cal")

    assert purses(given) == expected


def test_work_at_tasks_of_ones_own_counts_for_nothing():
    given = town()

    done(given, "ann", owner="ann")
    done(given, "bob", owner="ann")

    assert purses(given) == (0, 10, 0)


def test_several_programs_count_the_same_work():
    given = town()
    opened(given, "p2", amount=7)

    done(given, "ann")

    assert purses(given) == (17, 0, 0)


def test_a_program_goes_on_after_a_restart():
    given = town(criterion=Criterion.QUALITY, count=2, min_rating=0.5)
    names = done(given, "ann", "ann")
    given.submit("open")
    given.give(RateTask(task_id=names[0], rating=1.0))

    given.restart()
    given.give(RateTask(task_id=names[1], rating=1.0))
    given.complete("open", "ann")
    given.settle()
    given.restart()
    given.give(RateTask(task_id="open", rating=1.0))
    given.settle()

    assert purses(given) == (10, 0, 0)
    programs = given.lists[Programs.name]
    assert isinstance(programs, Programs)
    standing = programs.standing("p1")
    assert standing is not None
    assert (standing.agents["ann"].counted, standing.agents["ann"].towards) == (3, 1)

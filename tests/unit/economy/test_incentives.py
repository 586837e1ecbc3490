"""Incentive programs: what earns an award, what it is worth, and where the rest goes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from aia_mas.domain.economy.authority import SETTLEMENT
from aia_mas.domain.economy.errors import SystemAccount
from aia_mas.domain.economy.incentives.commands import CloseProgram, PayAwards
from aia_mas.domain.economy.incentives.errors import OverBudget, ProgramIsOver, ProgramRunning
from aia_mas.domain.economy.incentives.events import Award, AwardsPaid, Outcome, ProgramClosed
from aia_mas.domain.economy.incentives.orders import CancelProgram, OpenProgram
from aia_mas.domain.economy.incentives.program import escrow_of, program_stream
from aia_mas.domain.economy.incentives.programs import Programs
from aia_mas.domain.economy.incentives.terms import (
    Criterion,
    Eligibility,
    Payout,
    ProgramTerms,
)
from aia_mas.domain.economy.orders import (
    OrderRefused,
    OrderStatus,
    PlaceOrder,
    order_stream,
)
from aia_mas.domain.economy.parameters import DEFAULT_PARAMETERS
from aia_mas.domain.economy.staking.events import StakeBonded
from aia_mas.domain.kernel import DomainError
from aia_mas.domain.orchestration.task_commands import RateTask

from .town import ADMIN, NOW, OPERATOR, Town, client, treasury, wallet

ESCROW = escrow_of("p1", "AIA")
FUNDS = 10_000


def program(**changes: Any) -> ProgramTerms:
    said: dict[str, Any] = {
        "title": "More of it",
        "budget": 100,
        "starts_at": NOW,
        "ends_at": NOW + timedelta(days=7),
        "criterion": Criterion.COUNT,
        "payout": Payout.FIXED,
        "amount": 10,
        **changes,
    }
    if said["payout"] is Payout.PRO_RATA:
        said["amount"] = None
    return ProgramTerms(**said)


def town(**changes: Any) -> Town:
    """Return a system with a program and three agents."""
    made = Town({treasury(): FUNDS})
    for agent in ("ann", "bob", "cal"):
        made.agent(agent)
    opened(made, **changes)
    return made


def opened(given: Town, program_id: str = "p1", **changes: Any) -> None:
    order = OpenProgram(program_id=program_id, terms=program(**changes))
    given.give(PlaceOrder(order_id=f"open-{program_id}", order=order))
    given.settle()


def cancelled(given: Town) -> None:
    given.give(PlaceOrder(order_id="stop", order=CancelProgram(program_id="p1", reason="enough")))
    given.settle()


def done(given: Town, *agents: str, **spec: Any) -> list[str]:
    """Have agents complete a task each."""
    names = []
    for agent in agents:
        name = f"t{len(given.events)}"
        given.submit(name, **spec)
        given.complete(name, agent)
        names.append(name)
    given.settle()
    return names


def purses(given: Town) -> tuple[int, int, int]:
    return tuple(given.purse(agent)[0] for agent in ("ann", "bob", "cal"))  # type: ignore[return-value]


def closed(given: Town) -> ProgramClosed | None:
    return next((event for _, event in given.events if type(event) is ProgramClosed), None)


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


def pay(number: int, *awards: Award) -> PayAwards:
    return PayAwards(program_id="p1", token="AIA", number=number, awards=awards)


def test_no_payment_is_made_beyond_the_budget_whatever_is_in_the_account():
    given = town()
    given.states["account/" + ESCROW] = replace(given.account(ESCROW), balance=1_000)

    with pytest.raises(OverBudget):
        given.give(pay(1, Award("ann", 1, 101)), SETTLEMENT)
    with pytest.raises(OverBudget):
        given.give(pay(2, Award("ann", 1, 1)), SETTLEMENT)
    given.give(pay(1, Award("ann", 1, 100)), SETTLEMENT)
    before = len(given.events)
    given.give(pay(1, Award("ann", 1, 100)), SETTLEMENT)
    assert len(given.events) == before


def test_nobody_but_the_settlement_pays_and_closes():
    given = town()
    close = CloseProgram(program_id="p1", token="AIA", outcome=Outcome.ENDED)

    for command in (pay(1, Award("ann", 1, 1)), close):
        with pytest.raises(SystemAccount):
            given.give(command, ADMIN)
    with pytest.raises(ProgramRunning):
        given.give(close, SETTLEMENT)


def test_a_program_that_is_over_stays_so():
    given = town()
    given.pass_time(days=7)
    given.settle()

    with pytest.raises(ProgramIsOver):
        given.give(pay(1, Award("ann", 1, 1)), SETTLEMENT)
    cancelled(given)
    assert [e.code for _, e in given.events if type(e) is OrderRefused] == ["incentive_closed"]


@pytest.mark.parametrize("by", [OPERATOR, client("ann")])
@pytest.mark.parametrize(
    "order", [OpenProgram(program_id="p2", terms=program()), CancelProgram(program_id="p1")]
)
def test_programs_are_ordered_by_treasurers_and_votes_only(by: Any, order: Any):
    with pytest.raises(DomainError) as caught:
        town().give(PlaceOrder(order_id="o", order=order), by)

    assert caught.value.code == "permission_denied"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": ""}, "title"),
        ({"budget": 0}, "budget"),
        ({"budget": 10**40}, "budget"),
        ({"token": "aia"}, "token"),
        ({"token": "A:B"}, "token"),
        ({"ends_at": NOW}, "ends_at"),
        ({"starts_at": NOW + timedelta(days=8)}, "ends_at"),
        ({"ends_at": NOW + timedelta(days=40_000)}, "ends_at"),
        ({"ends_at": NOW.replace(tzinfo=None)}, "ends_at"),
        ({"count": 0}, "count"),
        ({"count": 10**7}, "count"),
        ({"criterion": Criterion.QUALITY}, "min_rating"),
        ({"criterion": Criterion.QUALITY, "min_rating": float("nan")}, "min_rating"),
        ({"min_rating": 0.5}, "min_rating"),
        ({"criterion": Criterion.FIRST_N}, "winners"),
        ({"winners": 3}, "winners"),
        ({"amount": None}, "amount"),
        ({"amount": 0}, "amount"),
        ({"amount": 101}, "amount"),
        ({"most_per_agent": 0}, "most_per_agent"),
        ({"eligibility": Eligibility(agents=("a b",))}, "eligibility.agents.0"),
        ({"eligibility": Eligibility(tiers=("",))}, "eligibility.tiers.0"),
    ],
)
def test_programs_that_cannot_be_are_refused(changes: dict[str, Any], field: str):
    order = OpenProgram(program_id="p2", terms=program(**changes))

    with pytest.raises(DomainError) as caught:
        town().give(PlaceOrder(order_id="o", order=order))

    assert getattr(caught.value, "field", "") == field


def test_an_id_is_that_of_one_program():
    given = town()

    opened(given)  # the same order again changes nothing
    again = OpenProgram(program_id="p1", terms=program())
    given.give(PlaceOrder(order_id="other", order=again))
    given.settle()

    assert [e.code for _, e in given.events if type(e) is OrderRefused] == ["incentive_exists"]
    assert given.account(wallet("ann")).balance == 0


def test_a_program_pays_in_a_token_that_there_is():
    given = town()

    opened(given, program_id="p2", token="XYZ")

    state = given.states[order_stream("open-p2")]
    assert (state.status, state.refusal.code) == (OrderStatus.REFUSED, "unknown_token")


def test_a_program_is_for_tiers_that_there_are():
    given = town()

    opened(given, program_id="p2", eligibility=Eligibility(tiers=("gold", "goldd")))

    state = given.states[order_stream("open-p2")]
    assert (state.status, state.refusal.code) == (OrderStatus.REFUSED, "unknown_tier")
    assert closed(given) is None and "incentive/p2" not in given.states

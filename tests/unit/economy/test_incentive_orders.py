"""Incentive programs: who orders them, which can be, and what only the settlement does."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from aia_mas.domain.economy.authority import SETTLEMENT
from aia_mas.domain.economy.errors import SystemAccount
from aia_mas.domain.economy.incentives.commands import CloseProgram, PayAwards
from aia_mas.domain.economy.incentives.errors import OverBudget, ProgramIsOver, ProgramRunning
from aia_mas.domain.economy.incentives.events import Award, Outcome
from aia_mas.domain.economy.incentives.orders import CancelProgram, OpenProgram
from aia_mas.domain.economy.incentives.terms import (
    Criterion,
    Eligibility,
)
from aia_mas.domain.economy.orders import (
    OrderRefused,
    OrderStatus,
    PlaceOrder,
    order_stream,
)
from aia_mas.domain.kernel import DomainError

from .programs import ESCROW, cancelled, closed, opened, program, town
from .town import ADMIN, NOW, OPERATOR, client, wallet


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

"""Budgets: their periods, how they are made, changed and removed, and how fast they are used."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from aia_mas.domain.economy.budgets.budget import budget_stream
from aia_mas.domain.economy.budgets.burn import burn_rate, runway_seconds
from aia_mas.domain.economy.budgets.commands import CreateBudget, RemoveBudget, SetBudget
from aia_mas.domain.economy.budgets.events import (
    BudgetHeld,
    BudgetSet,
)
from aia_mas.domain.economy.budgets.periods import Period, kind_of, period_at, span_of
from aia_mas.domain.economy.budgets.terms import Scope
from aia_mas.domain.kernel import DomainError
from aia_mas.domain.kernel.precondition import Precondition

from .spending import refused, town
from .town import NOW, terms


@pytest.mark.parametrize(
    ("period", "at", "name", "begin", "end"),
    [
        (Period.DAY, "2026-11-29T23:59:59.999999Z", "2026-11-29", "2026-11-29", "2026-11-30"),
        (Period.DAY, "2026-11-30T00:30:00+01:00", "2026-11-29", "2026-11-29", "2026-11-30"),
        (Period.WEEK, "2027-01-03T12:00:00Z", "2026-W53", "2026-12-28", "2027-01-04"),
        (Period.WEEK, "2026-03-02T00:00:00Z", "2026-W10", "2026-03-02", "2026-03-09"),
        (Period.MONTH, "2026-12-31T23:00:00Z", "2026-12", "2026-12-01", "2027-01-01"),
        (Period.MONTH, "2028-02-29T01:00:00Z", "2028-02", "2028-02-01", "2028-03-01"),
    ],
)
def test_periods_follow_the_calendar_of_utc(
    period: Period, at: str, name: str, begin: str, end: str
):
    assert period_at(period, datetime.fromisoformat(at)) == name
    assert kind_of(name) is period
    assert span_of(name) == (
        datetime.fromisoformat(begin).replace(tzinfo=UTC),
        datetime.fromisoformat(end).replace(tzinfo=UTC),
    )


def test_what_is_given_once_has_no_end():
    assert period_at(Period.ONCE, NOW) == "once"
    assert kind_of("once") is Period.ONCE
    assert span_of("once") is None


def test_the_same_again_changes_nothing():
    given = town()
    given.budget("b1", terms(100, warn_ppm=800_000))
    before = len(given.events)

    given.give(SetBudget(budget_id="b1", terms=terms(100)))

    assert len(given.events) == before


@pytest.mark.parametrize(
    "changes", [{"scope": Scope.OWNER}, {"match": "bob"}, {"period": Period.WEEK}]
)
def test_what_a_budget_is_about_stays(changes: dict[str, Any]):
    given = town()
    given.budget("b1", terms(100))

    error = refused("budget_fixed", given.give, SetBudget(budget_id="b1", terms=terms(**changes)))

    assert error.facts["field"] in changes


def test_a_budget_is_made_once_and_only_on_the_condition_asked_for():
    given = town()
    given.budget("b1", terms(100))

    refused("budget_exists", given.give, CreateBudget(budget_id="b1", terms=terms(100)))
    stale = SetBudget(budget_id="b1", terms=terms(5), precondition=Precondition(revisions=(7,)))
    refused("precondition_failed", given.give, stale)
    gone = RemoveBudget(budget_id="b1", precondition=Precondition(revisions=(7,)))
    refused("precondition_failed", given.give, gone)


def test_nothing_counts_in_a_removed_budget_but_the_end_of_what_it_holds():
    given = town()
    given.budget("b1", terms(100))
    given.submit("t1", payer="alice", max_cost=90)

    given.give(RemoveBudget(budget_id="b1"))
    given.submit("t2", payer="alice", max_cost=90)
    given.complete("t1", "worker", cost=40)
    given.pay("t1")

    (use,) = given.budget("b1").uses
    assert (use.held, use.spent) == (0, 40)
    refused("budget_not_found", given.give, RemoveBudget(budget_id="b1"))
    refused("budget_not_found", given.give, RemoveBudget(budget_id="unheard-of"))


def test_a_removed_budget_may_be_made_again_about_something_else():
    given = town()
    given.budget("b1", terms(100))
    given.give(RemoveBudget(budget_id="b1"))

    given.budget("b1", terms(10, scope=Scope.TAG, match="x"))
    given.submit("t1", payer="alice", max_cost=5, cost_tags=("x",))
    given.submit("t2", payer="alice", max_cost=50)

    assert given.told(BudgetHeld) == ["b1"]
    assert given.budget("b1").revision == 2


def test_there_are_not_too_many_budgets_about_one_thing():
    given = town()
    for number in range(10):
        given.budget(f"b{number}", terms(100))

    refused("too_many_budgets", given.give, CreateBudget(budget_id="b10", terms=terms(100)))

    given.give(RemoveBudget(budget_id="b3"))
    given.budget("b10", terms(100))
    assert given.told(BudgetSet)[-1] == "b10"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"amount": 0}, "amount"),
        ({"amount": -1}, "amount"),
        ({"amount": 10**34}, "amount"),
        ({"warn_ppm": 1_000_001}, "warn_percent"),
        ({"warn_ppm": -1}, "warn_percent"),
        ({"match": ""}, "match"),
        ({"match": "a\0b"}, "match"),
        ({"scope": Scope.TAG, "match": "x" * 129}, "match"),
        ({"scope": Scope.OWNER, "match": "ann@example.com"}, "match"),
    ],
)
def test_budgets_that_cannot_be_are_refused(changes: dict[str, Any], field: str):
    given = town()

    with pytest.raises(DomainError) as caught:
        given.give(CreateBudget(budget_id="b1", terms=terms(**changes)))

    assert getattr(caught.value, "field", "") == field
    assert budget_stream("b1") not in given.states


def test_how_fast_and_how_long():
    assert burn_rate(100, 10 * 86_400) == 10
    assert burn_rate(10, 7_200) == 120
    assert burn_rate(7, 0) == burn_rate(7, 3_599) == burn_rate(7, 3_600) == 7 * 24
    assert runway_seconds(30, 10) == 3 * 86_400
    assert runway_seconds(-5, 10) == 0
    assert runway_seconds(30, 0) is None

"""Budgets: what counts in them, what they tell and refuse."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from aia_mas.domain.economy.budgets.commands import SetBudget
from aia_mas.domain.economy.budgets.events import (
    BudgetExceeded,
    BudgetHeld,
    BudgetWarned,
)
from aia_mas.domain.economy.budgets.periods import Period
from aia_mas.domain.economy.budgets.terms import Scope
from aia_mas.domain.economy.parameters import (
    DEFAULT_PARAMETERS,
    PARAMETERS,
    ParametersChanged,
)
from aia_mas.domain.kernel import DomainError

from .spending import refused, town
from .town import NOW, client, terms


def test_what_a_task_may_cost_is_held_in_the_wallet_and_in_every_budget_that_applies():
    # Given a budget for the client, one for the wallet, one for a tag, and others
    given = town()
    given.budget("b-client", terms(100))
    given.budget("b-owner", terms(100, scope=Scope.OWNER, match="alice", period=Period.MONTH))
    given.budget("b-tag", terms(100, scope=Scope.TAG, match="research", period=Period.ONCE))
    given.budget("b-other-tag", terms(100, scope=Scope.TAG, match="sales"))
    given.budget("b-other-client", terms(100, match="bob"))

    # When alice submits a task that may cost 30
    given.submit("t1", client("alice"), payer="alice", max_cost=30, cost_tags=("research",))

    # Then that is set aside
    assert given.purse("alice") == (1_000, 30)
    assert given.told(BudgetHeld) == ["b-client", "b-owner", "b-tag"]
    uses = {name: given.budget(name).uses for name in ("b-client", "b-owner", "b-tag")}
    assert {name: (use.period, use.held, use.spent) for name, (use,) in uses.items()} == {
        "b-client": ("2026-03-04", 30, 0),
        "b-owner": ("2026-03", 30, 0),
        "b-tag": ("once", 30, 0),
    }


def test_a_task_of_another_client_counts_for_the_owner_of_the_wallet_only():
    given = town()
    given.budget("b-client", terms(100))
    given.budget("b-owner", terms(100, scope=Scope.OWNER))

    given.submit("t1", owner="bob", payer="alice", max_cost=30)

    assert given.told(BudgetHeld) == ["b-owner"]


def test_nothing_is_held_for_a_task_that_nobody_pays_for():
    given = town()
    given.budget("b1", terms(100))

    given.submit("t1", max_cost=30)
    given.submit("t2", payer="alice", max_cost=0)

    assert given.purse("alice") == (1_000, 0)
    assert given.told(BudgetHeld) == []


def test_an_exhausted_budget_refuses_by_name_and_changes_nothing():
    given = town()
    given.budget("b1", terms(100))
    given.budget("b2", terms(50))
    given.submit("t1", payer="alice", max_cost=40)
    before = len(given.events)

    error = refused("budget_exhausted", given.submit, "t2", payer="alice", max_cost=11)

    assert error.facts["budget_id"] == "b2"
    assert error.facts["resets_at"] == "2026-03-05T00:00:00Z"
    assert len(given.events) == before
    assert given.purse("alice") == (1_000, 40)
    given.submit("t3", payer="alice", max_cost=10)


def test_what_was_spent_counts_like_what_is_held():
    given = town()
    given.budget("b1", terms(100))
    given.submit("t1", payer="alice", max_cost=90)
    given.complete("t1", "worker", cost=60)
    assert given.pay("t1") == 60

    refused("budget_exhausted", given.submit, "t2", payer="alice", max_cost=41)
    given.submit("t3", payer="alice", max_cost=40)


def test_a_wallet_that_holds_too_little_refuses():
    given = town(29)

    refused("insufficient_funds", given.submit, "t1", payer="alice", max_cost=30)

    assert given.purse("alice") == (29, 0)


@pytest.mark.parametrize("by", [client("bob"), client("worker")])
def test_only_who_may_spend_names_a_payer(by: Any):
    refused("permission_denied", town().submit, "t1", by, payer="alice", max_cost=1)


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"payer": "alice"}, "max_cost"),
        ({"payer": "al ice", "max_cost": 5}, "payer"),
        ({"payer": "", "max_cost": 5}, "payer"),
        ({"cost_tags": ("a", "b", "a")}, "cost_tags.2"),
        ({"cost_tags": ("",)}, "cost_tags.0"),
        ({"cost_tags": tuple(map(str, range(11)))}, "cost_tags"),
        ({"payer": "alice", "max_cost": 5, "cost_tags": ("a\0",)}, "cost_tags.0"),
    ],
)
def test_payers_and_tags_that_cannot_be_are_refused(spec: dict[str, Any], field: str):
    with pytest.raises(DomainError) as caught:
        town().submit("t1", **spec)

    assert getattr(caught.value, "field", "") == field


def test_a_soft_budget_lets_pass_and_tells_once_in_a_period():
    given = town()
    given.budget("b1", terms(50, hard=False))

    for number in range(4):
        given.submit(f"t{number}", payer="alice", max_cost=30)

    assert given.told(BudgetWarned) == ["b1"]
    assert given.told(BudgetExceeded) == ["b1"]
    given.pass_time(days=1)
    given.submit("next", payer="alice", max_cost=51)
    assert given.told(BudgetExceeded) == ["b1", "b1"]


def test_it_warns_once_when_four_fifths_are_used():
    given = town()
    given.budget("b1", terms(100))

    given.submit("t1", payer="alice", max_cost=79)
    assert given.told(BudgetWarned) == []
    given.submit("t2", payer="alice", max_cost=1)
    given.submit("t3", payer="alice", max_cost=1)

    assert given.told(BudgetWarned) == ["b1"]


def test_when_it_warns_is_a_parameter_and_each_budget_may_say_otherwise():
    given = town()
    changed = ParametersChanged(
        parameters=replace(DEFAULT_PARAMETERS, budget_warning_ppm=500_000),
        revision=1,
        by="admin",
        at=NOW,
    )
    given.happen([(PARAMETERS, changed)])
    given.budget("half", terms(100))
    given.budget("all", terms(100, warn_ppm=1_000_000))

    given.submit("t1", payer="alice", max_cost=50)
    assert given.told(BudgetWarned) == ["half"]
    given.submit("t2", payer="alice", max_cost=50)
    assert given.told(BudgetWarned) == ["half", "all"]


def test_a_budget_that_becomes_smaller_than_what_is_used_tells_at_once():
    given = town()
    given.budget("b1", terms(100))
    given.submit("t1", payer="alice", max_cost=60)

    given.give(SetBudget(budget_id="b1", terms=terms(50)))

    assert (given.told(BudgetWarned), given.told(BudgetExceeded)) == (["b1"], ["b1"])
    refused("budget_exhausted", given.submit, "t2", payer="alice", max_cost=1)


def test_a_new_period_begins_with_nothing_and_the_last_one_ends_as_it_would_have():
    # Given a task of yesterday that is not over
    given = town()
    given.budget("b1", terms(100))
    given.submit("t1", payer="alice", max_cost=90)
    given.pass_time(days=1)

    # When another one is submitted, and the first one completed
    given.submit("t2", payer="alice", max_cost=95)
    given.complete("t1", "worker", cost=60)
    assert given.pay("t1") == 60

    # Then each counts in its own period
    uses = {use.period: (use.held, use.spent) for use in given.budget("b1").uses}
    assert uses == {"2026-03-04": (0, 60), "2026-03-05": (95, 0)}


def test_what_is_held_of_old_periods_is_kept_until_it_ends():
    given = town()
    given.budget("b1", terms(100))
    given.submit("old", payer="alice", max_cost=1)
    for day in range(5):
        given.pass_time(days=1)
        given.submit(f"t{day}", payer="alice", max_cost=1)
        given.complete(f"t{day}", "worker", cost=1)
        given.pay(f"t{day}")

    assert [use.period for use in given.budget("b1").uses] == [
        "2026-03-04",
        "2026-03-08",
        "2026-03-09",
    ]

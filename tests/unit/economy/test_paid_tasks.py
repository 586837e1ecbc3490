"""What becomes of what is set aside for a task: paid to its agent, let go, or set aside anew."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from aia_mas.domain.economy.authority import SETTLEMENT
from aia_mas.domain.economy.budgets.commands import CostDue, PayCost, ReleaseCost
from aia_mas.domain.economy.budgets.events import BudgetHeld, BudgetReleased, BudgetSpent
from aia_mas.domain.economy.ledger.events import HoldVoided, TransferHeld
from aia_mas.domain.kernel import DomainError
from aia_mas.domain.orchestration.task_commands import CancelTask, ExpireTask, SubmitTask
from aia_mas.domain.orchestration.task_specification import CostPolicy, TaskSpecification

from .town import NOW, OPERATOR, PRICE, Town, client, terms, wallet


def town(amount: int = 100) -> Town:
    made = Town({wallet("alice"): amount})
    made.agent("worker")
    made.budget("b1", terms(1_000))
    return made


def use(given: Town) -> tuple[int, int]:
    (only,) = given.budget("b1").uses
    return only.held, only.spent


def refused(code: str, act: Any, *arguments: Any, **more: Any) -> None:
    with pytest.raises(DomainError) as caught:
        act(*arguments, **more)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("told", "paid"),
    [(None, PRICE), (12, 12), (30, 30), (31, 30), (0, PRICE)],
)
def test_an_agent_is_paid_what_its_work_cost_and_never_more_than_was_set_aside(
    told: int | None, paid: int
):
    given = town()
    given.submit("t1", payer="alice", max_cost=30)

    given.complete("t1", "worker", cost=told)

    assert given.pay("t1") == paid
    assert given.purse("alice") == (100 - paid, 0)
    assert given.purse("worker") == (paid, 0)
    assert use(given) == (0, paid)
    assert given.settle() == 0


def test_a_task_is_paid_for_once_whoever_repeats_that():
    given = town()
    given.submit("t1", payer="alice", max_cost=30)
    given.complete("t1", "worker")
    (work,) = given.lists["task_costs"].due(given.now, 10)
    assert work.work_id == "cost:task:t1"
    given.settle()
    before = len(given.events)

    given.give(work.command, SETTLEMENT)

    assert len(given.events) == before
    assert given.purse("worker") == (PRICE, 0)


def test_nobody_but_the_settlement_pays_and_only_who_did_the_work_is_paid():
    given = town()
    given.agent("other")
    given.submit("t1", payer="alice", max_cost=30)
    hold = given.task("t1").hold
    assert hold is not None
    due = CostDue(task_id="t1", agent_id="worker", hold=hold, cost=PRICE)

    refused("hold_in_use", given.give, PayCost(due=due), SETTLEMENT)
    given.complete("t1", "worker")
    refused("system_account", given.give, PayCost(due=due))
    refused("system_account", given.give, ReleaseCost(task_id="t1", hold=hold))
    for wrong in (
        replace(due, agent_id="other"),
        replace(due, hold=replace(hold, amount=29)),
        replace(due, hold=replace(hold, payer="bob")),
    ):
        refused("hold_in_use", given.give, PayCost(due=wrong), SETTLEMENT)
    assert given.purse("alice") == (100, 30)


def test_work_that_cost_nothing_lets_all_go():
    given = town()
    given.agent("free", price=0)
    given.submit("t1", payer="alice", max_cost=30)
    given.complete("t1", "free")

    assert given.pay("t1") == 0

    assert given.purse("alice") == (100, 0)
    assert use(given) == (0, 0)


def test_who_works_for_itself_moves_nothing():
    given = Town({wallet("worker"): 100})
    given.agent("worker")
    given.submit("t1", owner="worker", payer="worker", max_cost=30)
    given.complete("t1", "worker")

    assert given.pay("t1") == 0
    assert given.purse("worker") == (100, 0)


def _cancelled(given: Town) -> None:
    given.give(CancelTask(task_id="t1"))


def _expired(given: Town) -> None:
    given.pass_time(hours=2)
    given.give(ExpireTask(task_id="t1"))


def _dead(given: Town) -> None:
    given.fail("t1", "worker")


@pytest.mark.parametrize("end", [_cancelled, _expired, _dead])
@pytest.mark.parametrize("restarted", [False, True])
def test_what_was_set_aside_is_let_go_when_a_task_comes_to_nothing(end: Any, restarted: bool):
    # Given a task that is paid for
    given = town()
    given.submit("t1", payer="alice", max_cost=30, deadline=NOW.replace(hour=13))
    assert given.settle() == 0

    # When it comes to nothing
    end(given)
    if restarted:
        given.restart()

    # Then the settlement lets it go, once
    assert given.settle() == 1
    assert given.purse("alice") == (100, 0)
    assert use(given) == (0, 0)
    assert given.told(BudgetReleased) == ["b1"]
    given.restart()
    assert given.settle() == 0


def test_a_failed_attempt_that_is_followed_by_another_lets_nothing_go():
    given = town()
    given.submit("t1", payer="alice", max_cost=30, max_attempts=2)
    given.fail("t1", "worker")

    assert given.settle() == 0

    assert given.purse("alice") == (100, 30)
    given.complete("t1", "worker")
    assert given.pay("t1") == PRICE


def test_nothing_is_let_go_while_the_task_may_still_cost_something():
    given = town()
    given.submit("t1", payer="alice", max_cost=30)
    hold = given.task("t1").hold
    assert hold is not None

    refused("hold_in_use", given.give, ReleaseCost(task_id="t1", hold=hold), SETTLEMENT)
    given.complete("t1", "worker")
    refused("hold_in_use", given.give, ReleaseCost(task_id="t1", hold=hold), SETTLEMENT)
    assert given.pay("t1") == PRICE


@pytest.mark.parametrize("settled", [False, True])
def test_a_retry_sets_aside_anew_in_the_same_commit(settled: bool):
    # Given a dead task, whose money was let go already or not
    given = town(30)
    given.submit("t1", payer="alice", max_cost=30)
    given.fail("t1", "worker")
    if settled:
        given.settle()

    # When it is tried again
    before = len(given.events)
    given.retry("t1", client("alice"))

    # Then as much is set aside as before, once
    kinds = [type(event) for _, event in given.events[before:]]
    assert (TransferHeld in kinds, HoldVoided in kinds) == (True, not settled)
    assert given.purse("alice") == (30, 30)
    assert use(given) == (30, 0)
    assert given.settle() == 0
    given.complete("t1", "worker")
    assert given.pay("t1") == PRICE
    assert given.purse("alice") == (25, 0)
    assert use(given) == (0, PRICE)


def test_a_retry_again_and_again_has_a_transfer_each():
    given = town()
    given.submit("t1", payer="alice", max_cost=30)
    for _ in range(3):
        given.give(CancelTask(task_id="t1"))
        given.retry("t1")

    assert given.told(TransferHeld) == ["task:t1", "task:t1:2", "task:t1:3", "task:t1:4"]
    assert given.purse("alice") == (100, 30)
    given.settle()
    assert given.purse("alice") == (100, 30)


def test_a_retry_that_cannot_be_paid_is_refused_and_the_task_stays_dead():
    given = town(30)
    given.submit("t1", payer="alice", max_cost=30)
    given.fail("t1", "worker")
    given.settle()
    given.submit("t2", payer="alice", max_cost=1)
    before = len(given.events)

    refused("insufficient_funds", given.retry, "t1")

    assert len(given.events) == before
    assert given.task("t1").status == "dead"


def test_a_retry_counts_in_the_budgets_of_now():
    given = town()
    given.submit("t1", payer="alice", max_cost=30, cost_tags=("x",))
    given.fail("t1", "worker")
    given.settle()
    given.budget("b2", terms(29, match="alice"))

    refused("budget_exhausted", given.retry, "t1")
    assert given.told(BudgetHeld) == ["b1"]


def test_who_may_not_spend_what_the_payer_owns_does_not_retry():
    given = town()
    given.submit("t1", payer="alice", max_cost=30)
    given.fail("t1", "worker")

    refused("permission_denied", given.retry, "t1", OPERATOR)


def test_a_retry_of_what_waits_already_changes_nothing():
    given = town()
    given.submit("t1", payer="alice", max_cost=30)
    before = len(given.events)

    given.retry("t1", OPERATOR)

    assert len(given.events) == before


def test_a_task_that_is_there_already_is_not_paid_for_twice():
    given = town()
    said = TaskSpecification(task_type="t", payer="alice", max_cost=30, dedup_key="once")
    given.give(SubmitTask(task_id="t1", spec=said, owner="alice"))
    again = SubmitTask(task_id="t2", spec=said, owner="alice", key_holder="t1")

    decision = given.give(again)

    assert decision.result == "deduplicated"
    assert given.purse("alice") == (100, 30)
    assert "task/t2" not in given.states


def test_a_result_above_the_limit_is_refused_where_the_task_says_so_and_costs_nothing():
    given = town()
    given.submit("t1", payer="alice", max_cost=10, cost_policy=CostPolicy.REFUSE)
    with pytest.raises(AssertionError):
        given.complete("t1", "worker", cost=11)  # refused, and that is recorded
    assert given.purse("alice") == (100, 10)
    assert given.told(BudgetSpent) == []

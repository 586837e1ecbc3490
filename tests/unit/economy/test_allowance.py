"""What can still be promised: reserved blocks, less what is promised, and given back."""

from __future__ import annotations

import pytest

from aia_mas.domain.economy.rewards.allowance import Allowance
from aia_mas.domain.economy.rewards.terms import Unfunded
from aia_mas.domain.kernel.money import ONE
from aia_mas.domain.kernel.steps import at_once
from aia_mas.domain.orchestration.task_events import TaskStatus

from .reward_stories import (
    assigned,
    block,
    cancelled,
    changed,
    completed,
    expired,
    failed,
    released,
    settled,
    terms,
)

SILVER = 500 * ONE
KEPT = terms().reserved
"""18 tokens: 10 x 1.2 x 1.5."""


@pytest.fixture
def allowance() -> Allowance:
    """Return one with a block of 100 tokens."""
    fold = Allowance()
    fold.apply("economy", changed())
    fold.apply("blocks", block(1, 100))
    return fold


def test_without_parameters_nothing_is_promised():
    assert Allowance().promise("1", "a", SILVER).unfunded == Unfunded.POOL_EMPTY


def test_without_a_base_nothing_is_offered(allowance):
    allowance.apply("economy", changed(base_task_reward=0))

    assert allowance.promise("1", "a", SILVER) == (None, "")


def test_a_promise_says_its_terms_and_is_kept(allowance):
    promise = allowance.promise("1", "a", SILVER)

    assert promise == (terms(seconds=0.0), "")
    assert allowance.rewarded("a") == 1


@pytest.mark.parametrize("stake", [0, 99 * ONE, 100 * ONE - 1])
def test_without_a_tier_there_is_no_reward(allowance, stake):
    assert allowance.promise("1", "a", stake).unfunded == Unfunded.NO_STAKE


def test_nobody_orders_its_rewards_itself(allowance):
    assert allowance.promise("1", "a", SILVER, own=True).unfunded == Unfunded.OWN_TASK
    assert (allowance.rewarded("a"), allowance.promisable) == (0, allowance.available)


def test_so_many_at_once_as_the_stake_backs(allowance):
    assert allowance.promise("1", "a", 100 * ONE).terms is not None
    assert allowance.promise("2", "a", 100 * ONE).unfunded == Unfunded.STAKE_LIMIT
    assert allowance.promise("3", "b", 100 * ONE).terms is not None


def test_planned_ones_count_as_assigned_ones_do(allowance):
    allowance.promise("1", "a", 100 * ONE)
    allowance.apply("1", assigned(reward=terms(100)))

    assert allowance.promise("2", "a", 100 * ONE).unfunded == Unfunded.STAKE_LIMIT
    allowance.apply("1", completed())
    assert allowance.promise("2", "a", 100 * ONE).terms is not None


def test_an_empty_pool_is_a_reason_and_no_error(allowance):
    promised = [allowance.promise(str(number), "a", SILVER) for number in range(5)]
    assert all(each.terms is not None for each in promised)

    # Five times 18 of 100 are gone.
    assert allowance.promise("6", "b", SILVER).unfunded == Unfunded.POOL_EMPTY
    # What is left suffices for a smaller one.
    allowance.apply("blocks", block(2, 5))
    assert allowance.promise("6", "b", 100 * ONE).terms is not None


def test_a_plan_that_came_to_nothing_gives_back(allowance):
    allowance.promise("1", "a", 100 * ONE)
    allowance.drop("1")
    allowance.drop("1")

    assert allowance.rewarded("a") == 0
    assert allowance.available == 100 * ONE
    assert allowance.promise("1", "a", 100 * ONE).terms is not None


def test_an_assignment_consumes_what_was_promised_once(allowance):
    allowance.promise("1", "a", SILVER)
    allowance.apply("1", assigned(reward=terms()))

    assert (allowance.available, allowance.reserved) == (100 * ONE - KEPT, KEPT)
    # Whoever drops it afterwards takes nothing back.
    allowance.drop("1")
    assert (allowance.available, allowance.reserved) == (100 * ONE - KEPT, KEPT)


def test_an_assignment_of_another_leader_consumes_as_well(allowance):
    allowance.apply("1", assigned("z", reward=terms()))

    assert (allowance.available, allowance.reserved) == (100 * ONE - KEPT, KEPT)
    assert allowance.rewarded("z") == 1


@pytest.mark.parametrize(
    "over", [failed(), failed(TaskStatus.DEAD), released(), cancelled(), expired()], ids=repr
)
def test_an_attempt_that_comes_to_nothing_gives_back(allowance, over):
    allowance.apply("1", assigned(reward=terms()))
    allowance.apply("1", over)
    allowance.apply("1", over)

    assert (allowance.available, allowance.reserved) == (100 * ONE, 0)
    assert allowance.rewarded("a") == 0


def test_a_completed_one_keeps_its_part_until_it_is_settled(allowance):
    allowance.apply("1", assigned(reward=terms()))
    allowance.apply("1", completed())
    assert (allowance.available, allowance.awaiting) == (100 * ONE - KEPT, KEPT)

    allowance.apply("blocks", settled(1, {"1": 12}, freed=6))

    assert (allowance.available, allowance.awaiting) == (88 * ONE, 0)
    assert (allowance.paid, allowance.blocks) == (12 * ONE, 100 * ONE)


def test_a_snapshot_holds_all_that_is_in_the_log_and_no_plans(allowance):
    allowance.apply("1", assigned(reward=terms()))
    allowance.apply("2", assigned("b", reward=terms()))
    allowance.apply("2", completed("b"))
    allowance.promise("3", "a", SILVER)

    restored = at_once(Allowance.restore(at_once(allowance.snapshot())))

    assert restored.available == allowance.available
    assert (restored.reserved, restored.awaiting) == (KEPT, KEPT)
    assert restored.rewarded("a") == 1
    assert restored.parameters == allowance.parameters
    allowance.drop("3")
    assert at_once(restored.snapshot()) == at_once(allowance.snapshot())

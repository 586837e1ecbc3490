"""The to-do lists of rewards: blocks ahead, and completed attempts that are to be paid."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from aia_mas.domain.economy.rewards.ahead import BlocksAhead
from aia_mas.domain.economy.rewards.blocks import ReserveRewards
from aia_mas.domain.economy.rewards.due import RewardsDue
from aia_mas.domain.economy.rewards.factor import Punctuality
from aia_mas.domain.economy.rewards.settling import MOST, Completion, SettleRewards
from aia_mas.domain.economy.rewards.work import STAKE_LOST
from aia_mas.domain.economy.todo import Work
from aia_mas.domain.kernel.event import Event
from aia_mas.domain.kernel.money import ONE
from aia_mas.domain.kernel.steps import at_once

from .reward_stories import (
    POOL,
    after,
    answered,
    asked,
    assigned,
    block,
    bonded,
    cancelled,
    changed,
    completed,
    failed,
    happened,
    pool,
    rated,
    released,
    settled,
    terms,
)

LINGER = 0.5


class Due:
    """A list, and short words for what happens before it."""

    def __init__(self, **parameters: Any) -> None:
        self.list = RewardsDue()
        self.happens("parameters/economy", changed(**parameters))
        self.happens("stake/a", bonded(500))

    def happens(self, stream: str, event: Event, at: float = 0.0) -> None:
        self.list.apply(happened(stream, event, at))

    def does(self, task_id: str, *, begun: float = 0.0, done: float = 10.0) -> None:
        self.happens(f"task/{task_id}", assigned(reward=terms()), begun)
        self.happens(f"task/{task_id}", completed(), done)

    def work(self, at: float) -> Sequence[Work]:
        return self.list.due(after(at), 100)

    def completions(self, at: float) -> tuple[Completion, ...]:
        (work,) = self.work(at)
        assert isinstance(work.command, SettleRewards)
        return work.command.completions


@pytest.fixture
def due() -> Due:
    return Due()


def test_what_is_not_rated_is_paid_when_the_window_closes(due):
    due.does("1", done=10.0)

    assert due.work(69.999) == ()
    assert due.list.next_due() == after(70.0)
    assert due.work(70.0) == ()
    assert due.list.next_due() == after(70.0 + LINGER)
    assert due.completions(70.0 + LINGER) == (
        Completion("1", 1, "a", terms(), None, Punctuality.EARLY),
    )


@pytest.mark.parametrize(("looked", "counts"), [(False, 69.999), (True, 69.999), (False, 70.0)])
def test_a_rating_counts_by_when_it_was_given_not_by_when_somebody_looked(due, looked, counts):
    due.does("1", done=10.0)
    before = list(at_once(due.list.snapshot()))
    if looked:
        due.work(80.0)
    assert list(at_once(due.list.snapshot())) == before, "to look changes nothing that is kept"

    other = Due()
    other.does("1", done=10.0)
    other.happens("task/1", rated(0.9), counts)

    (paid,) = other.completions(90.0)
    assert paid.rating_ppm == (900_000 if counts < 70.0 else None)


def test_what_is_rated_is_paid_at_once_but_together_with_others(due):
    due.does("1")
    due.does("2")
    due.does("3")
    due.happens("task/1", rated(0.9), 20.0)
    due.happens("task/3", rated(0.0), 20.1)

    assert due.work(20.4) == ()
    (work,) = due.work(20.5)

    assert work.work_id == "rewards:settled:1"
    assert [(each.task_id, each.rating_ppm) for each in work.command.completions] == [
        ("1", 900_000),
        ("3", 0),
    ]
    assert (work.command.number, work.command.gov) == (1, ONE)


def test_a_full_batch_does_not_wait(due):
    due.happens("stake/a", bonded(100 * MOST + 100))
    for number in range(MOST + 1):
        due.does(str(number))
        due.happens(f"task/{number}", rated(0.5), 20.0)

    assert len(due.completions(20.0)) == MOST


def test_after_a_long_pause_all_is_paid_a_batch_after_the_other(due):
    due.happens("stake/a", bonded(300 * MOST))
    for number in range(2 * MOST + 1):
        due.does(str(number))
    sizes = []
    for number in range(1, 4):
        paid = due.completions(10_000.0)
        sizes.append(len(paid))
        due.happens("rewards/blocks", settled(number, {each.task_id: 1 for each in paid}))

    assert sizes == [MOST, MOST, 1]
    assert due.work(10_000.0) == ()


def test_one_settlement_at_a_time_and_the_same_until_it_is_done(due):
    due.does("1")
    due.happens("task/1", rated(0.5), 20.0)
    first = due.work(21.0)
    due.does("2")
    due.happens("task/2", rated(0.5), 21.0)

    assert due.work(22.0) == first
    due.happens("rewards/blocks", settled(1, {"1": 12}), 22.0)
    (second,) = due.work(22.0)
    assert second.work_id == "rewards:settled:2"
    assert [each.task_id for each in second.command.completions] == ["2"]


def test_what_another_leader_paid_is_done(due):
    due.does("1")
    due.does("2")
    due.happens("rewards/blocks", settled(1, {"1": 12, "2": 12}), 80.0)

    assert due.work(90.0) == ()
    assert due.list.next_due() is None
    assert len(due.list) == 0


def test_a_rating_after_its_payment_changes_nothing(due):
    due.does("1")
    due.happens("rewards/blocks", settled(1, {"1": 12}), 80.0)
    due.happens("task/1", rated(1.0), 81.0)

    assert due.work(200.0) == ()


def test_without_a_window_nothing_waits_for_a_rating():
    due = Due(rating_window_seconds=0)
    due.does("1")

    assert len(due.completions(10.0 + LINGER)) == 1


@pytest.mark.parametrize("over", [failed(), released(), cancelled()], ids=repr)
def test_an_attempt_that_comes_to_nothing_earns_nothing(due, over):
    due.happens("task/1", assigned(reward=terms()))
    due.happens("task/1", over, 1.0)
    due.happens("task/1", assigned(attempt=2), 2.0)
    due.happens("task/1", completed(), 3.0)

    assert due.work(100.0) == ()


def test_what_was_promised_nothing_is_not_settled(due):
    due.happens("task/1", assigned())
    due.happens("task/1", completed(), 3.0)

    assert due.work(100.0) == ()


@pytest.mark.parametrize(
    ("done", "when"),
    [(50.0, Punctuality.EARLY), (51.0, Punctuality.IN_TIME), (101.0, Punctuality.LATE)],
)
def test_punctuality_counts_from_the_assignment(due, done, when):
    due.does("1", done=done)

    assert due.completions(1_000.0)[0].punctuality is when


def test_to_wait_for_an_answer_does_not_count(due):
    due.happens("task/1", assigned(reward=terms()), 0.0)
    due.happens("task/1", asked(), 10.0)
    due.happens("task/1", answered(), 500.0)
    due.happens("task/1", asked(), 510.0)
    due.happens("task/1", completed(), 900.0)

    assert due.completions(1_000.0)[0].punctuality is Punctuality.EARLY


def test_stake_that_goes_away_takes_the_latest_rewards_with_it(due):
    for task_id in ("1", "2", "3"):
        due.happens(f"task/{task_id}", assigned(reward=terms()))
    due.happens("stake/a", bonded(250), 1.0)
    for task_id in ("1", "2", "3"):
        due.happens(f"task/{task_id}", completed(), 2.0)

    found = {each.task_id: each.forfeited for each in due.completions(100.0)}
    assert found == {"1": "", "2": "", "3": STAKE_LOST}


def test_stake_that_comes_back_does_not_bring_them_back(due):
    due.happens("task/1", assigned(reward=terms()))
    due.happens("stake/a", bonded(0), 1.0)
    due.happens("stake/a", bonded(500), 2.0)
    due.happens("task/1", completed(), 3.0)
    due.does("2", begun=3.0, done=4.0)

    assert [each.forfeited for each in due.completions(100.0)] == [STAKE_LOST, ""]


def test_one_stake_that_is_handed_on_earns_once(due):
    due.happens("stake/a", bonded(100))
    due.happens("task/1", assigned("a", reward=terms(100)))
    due.happens("stake/a", bonded(0), 1.0)
    due.happens("stake/b", bonded(100), 1.0)
    due.happens("task/2", assigned("b", reward=terms(100)), 1.0)
    due.happens("task/1", completed("a"), 2.0)
    due.happens("task/2", completed("b"), 2.0)

    found = {each.agent_id: each.forfeited for each in due.completions(100.0)}
    assert found == {"a": STAKE_LOST, "b": ""}


def test_what_was_delivered_is_earned_whatever_becomes_of_the_stake(due):
    due.does("1")
    due.happens("stake/a", bonded(0), 20.0)

    assert due.completions(100.0)[0].forfeited == ""


def test_a_snapshot_goes_on_where_it_was_taken(due):
    due.does("rated")
    due.happens("task/rated", rated(1.0), 20.0)
    due.does("unrated")
    due.happens("task/asking", assigned(reward=terms()), 5.0)
    due.happens("task/asking", asked(), 6.0)
    due.happens("rewards/blocks", settled(1, {"other": 1}), 20.0)

    restored = at_once(RewardsDue.restore(list(at_once(due.list.snapshot()))))

    assert list(at_once(restored.snapshot())) == list(at_once(due.list.snapshot()))
    for each in (due.list, restored):
        each.apply(happened("task/asking", completed(), 3_000.0))
    assert restored.due(after(4_000.0), 100) == due.list.due(after(4_000.0), 100)
    assert len(due.completions(4_000.0)) == 3


class Ahead:
    """The list of blocks, with parameters: blocks of 1,000 tokens, four of them ahead."""

    def __init__(self) -> None:
        self.list = BlocksAhead()
        self.happens("parameters/economy", changed())

    def happens(self, stream: str, event: Event) -> None:
        self.list.apply(happened(stream, event))

    def work(self) -> Sequence[Work]:
        return self.list.due(after(0.0), 100)


@pytest.fixture
def ahead() -> Ahead:
    return Ahead()


def test_nothing_is_reserved_of_an_empty_pool(ahead):
    assert ahead.work() == ()
    ahead.happens(POOL, pool(0))
    assert ahead.work() == ()
    ahead.happens(POOL, pool(5, held=5))
    assert ahead.work() == ()


def test_some_blocks_are_reserved_ahead(ahead):
    ahead.happens(POOL, pool(100_000))

    assert ahead.work() == (Work("rewards:block:1", ReserveRewards(1, 4_000 * ONE)),)
    ahead.happens("rewards/blocks", block(1, 4_000))
    assert ahead.work() == ()


def test_they_are_filled_up_when_one_of_them_is_gone(ahead):
    ahead.happens(POOL, pool(100_000))
    ahead.happens("rewards/blocks", block(1, 4_000))
    for number in range(56):  # 18 tokens each
        ahead.happens(f"task/{number}", assigned(reward=terms()))

    (work,) = ahead.work()
    assert work == Work("rewards:block:2", ReserveRewards(2, 56 * 18 * ONE))
    ahead.happens("task/0", failed())
    ahead.happens("task/1", failed())
    assert ahead.work() == ()


def test_a_block_has_room_for_a_reward_at_least(ahead):
    ahead.happens("parameters/economy", changed(reward_block=1))
    ahead.happens(POOL, pool(100_000))

    # Four rewards of the highest tier: 10 x 2 x 1.5.
    assert ahead.work() == (Work("rewards:block:1", ReserveRewards(1, 4 * 30 * ONE)),)


def test_the_balance_of_other_accounts_is_none_of_its_business(ahead):
    ahead.happens("account/reward_pool:AIA_GOV", pool(100))

    assert ahead.work() == ()


def test_the_list_of_blocks_goes_on_where_its_snapshot_was_taken(ahead):
    ahead.happens(POOL, pool(100_000))
    ahead.happens("rewards/blocks", block(1, 1_000))
    ahead.happens("task/1", assigned(reward=terms()))

    restored = at_once(BlocksAhead.restore(list(at_once(ahead.list.snapshot()))))

    assert restored.due(after(0.0), 1) == ahead.work() != ()
    assert list(at_once(restored.snapshot())) == list(at_once(ahead.list.snapshot()))

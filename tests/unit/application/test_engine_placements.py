"""Choices made for a command before it is decided: kept when it came true, else taken back."""

from __future__ import annotations

import asyncio

import pytest

from aia_mas.application.engine.engine import Origin
from aia_mas.application.event_log.errors import AppendFailed, LogClosed, Overloaded

from .conftest import ALICE, Node, answered, settle
from .counters import LimitReached, NotOpen, Open, Raise, Raised, counter


@pytest.fixture
async def placing(node: Node) -> Node:
    """A node with a counter `a` (limit 10) that chooses places from now on."""
    await node.given(Open("a", limit=10))
    node.places.open = True
    node.log.epochs["places"] = 1
    return node


async def test_a_choice_that_came_true_is_kept(placing: Node) -> None:
    await placing.when(Raise("a", 1))

    assert placing.places.taken == {"place1": "a"}
    assert placing.places.dropped == []
    assert placing.then("a")[1:] == [Raised(by=1, place="place1")]


async def test_placements_dropped_on_refusal(placing: Node) -> None:
    with pytest.raises(LimitReached):
        await placing.when(Raise("a", 11))

    assert placing.places.taken == {}


async def test_a_choice_is_made_anew_for_every_try(placing: Node) -> None:
    placing.log.elsewhere(counter("a"), Raised(by=1))

    await placing.when(Raise("a", 1))

    assert len(placing.places.taken) == 1
    assert placing.places.dropped == [("place1", False), ("place2", False)]
    assert placing.then("a")[-1] == Raised(by=1, place="place3")


async def test_a_choice_made_before_the_states_were_read_is_made_anew(placing: Node) -> None:
    placing.working_set.forget(counter("a"))

    await placing.when(Raise("a", 1))

    assert placing.places.dropped == [("place1", False)]
    assert set(placing.places.taken) == {"place2"}


async def test_a_failed_append_takes_its_choice_back(placing: Node) -> None:
    placing.log.fails.add("key")
    with pytest.raises(AppendFailed):
        await placing.when(Raise("a", 1), command_id="key")

    assert placing.places.taken == {}


@pytest.mark.parametrize("error", [Overloaded, LogClosed])
async def test_what_does_not_reach_the_log_takes_its_choice_back(
    placing: Node, error: type[Exception]
) -> None:
    if error is Overloaded:
        placing.log.committer._max_waiting = 0
    else:
        await placing.log.drain()
    with pytest.raises(error):
        await placing.when(Raise("a", 1))

    assert placing.places.taken == {}


async def test_a_choice_under_a_lost_lease_is_given_up_and_the_command_carried_out(
    placing: Node,
) -> None:
    placing.log.epochs["places"] = 2

    result = await placing.when(Raise("a", 1))

    assert answered(result).value == 1
    assert placing.places.dropped == [("place1", True)]
    assert placing.then("a")[1:] == [Raised(by=1)]


async def test_a_cancelled_waiter_does_not_take_a_choice_back(placing: Node) -> None:
    """The request still comes true; taking its place back would give it out twice."""
    placing.log.gate.clear()
    waiter = placing.start(Raise("a", 1))
    await settle()
    waiter.cancel()
    await settle()
    assert placing.places.taken == {"place1": "a"}

    placing.log.gate.set()
    await settle()
    assert placing.places.dropped == []
    assert placing.then("a")[1:] == [Raised(by=1, place="place1")]


async def test_a_cancelled_waiters_refusal_takes_the_choice_back(placing: Node) -> None:
    placing.log.gate.clear()
    waiter = placing.start(Raise("a", 1))
    await settle()
    placing.log.elsewhere(counter("a"), Raised(by=1))
    waiter.cancel()
    await settle()

    placing.log.gate.set()
    await settle()
    assert placing.places.taken == {}


async def test_a_choice_stands_when_only_the_answer_was_lost(placing: Node) -> None:
    """The commit came through; the log knows the command when it is submitted again."""
    placing.log.loses_answers = True

    await placing.when(Raise("a", 1), command_id="key")

    assert placing.places.taken == {"place1": "a"}
    assert placing.places.dropped == []


async def test_a_repeated_command_takes_its_new_choice_back(placing: Node) -> None:
    await placing.when(Raise("a", 1), command_id="key")
    await placing.when(Raise("a", 1), command_id="other")

    assert (await placing.when(Raise("a", 1), command_id="key")).replayed
    assert set(placing.places.taken) == {"place1", "place2"}
    assert placing.places.dropped == [("place3", False)]


async def test_each_of_several_commands_has_its_own_choice(placing: Node) -> None:
    """The second one is refused: the place of the first does not make up for its own."""
    results = await placing.engine.execute_many(
        [Raise("a", 6), Raise("a", 6), Raise("a", 4)], Origin(ALICE)
    )

    assert isinstance(results[1], LimitReached)
    assert set(placing.places.taken) == {"place1", "place3"}


async def test_a_refused_atomic_group_takes_all_choices_back(placing: Node) -> None:
    with pytest.raises(LimitReached):
        await placing.engine.execute_many(
            [Raise("a", 6), Raise("a", 6)], Origin(ALICE), atomic=True
        )

    assert placing.places.taken == {}


async def test_a_choice_is_taken_back_when_another_one_cannot_be_made(placing: Node) -> None:
    place = placing.places.place

    def failing(command: Raise) -> object:
        if command.by == 7:
            raise ValueError("a bug")
        return place(command)

    placing.engine._handlers = {
        cls: handler._replace(place=failing) if handler.place else handler  # type: ignore[arg-type]
        for cls, handler in placing.engine._handlers.items()
    }
    with pytest.raises(ValueError, match="a bug"):
        await placing.engine.execute_many([Raise("a", 1), Raise("a", 7)], Origin(ALICE))

    assert placing.places.taken == {}


async def test_many_choices_at_once_are_all_kept_or_taken_back(placing: Node) -> None:
    results = await asyncio.gather(
        *(placing.start(Raise("a" if number % 3 else "missing", 1)) for number in range(30)),
        return_exceptions=True,
    )

    kept = sum(not isinstance(result, BaseException) for result in results)
    assert kept == 10
    assert sum(isinstance(result, NotOpen) for result in results) == 10
    assert len(placing.places.taken) == kept

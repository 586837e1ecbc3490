"""What is known by type of task is kept in arrays: however they came to be, they say the same."""

import pytest

from aia_mas.domain.kernel.steps import at_once
from aia_mas.domain.orchestration.agent_events import AgentUnregistered
from aia_mas.domain.orchestration.fleet import Fleet
from aia_mas.domain.orchestration.scoring import board, column, records
from aia_mas.domain.orchestration.scoring.candidates import Candidate

from .scored_fleet import NOW, ScoredFleet


def crowd(count: int) -> ScoredFleet:
    """Return agents of whom each third one has failed at a task of the type, and all took long."""
    world = ScoredFleet()
    for number in range(count):
        world.agent(f"a{number:03}")
    for number in range(count):
        world.completed(f"a{number:03}", 1.0 + number)
        if number % 3 == 0:
            world.failed(f"a{number:03}")
    return world


def chosen(fleet: Fleet, task_type: str = "t") -> tuple[Candidate, ...]:
    world = ScoredFleet()
    world.fleet = fleet
    pick = world.pick(task_type)
    assert pick is not None
    return pick.grounds.candidates


def restored(fleet: Fleet) -> Fleet:
    return at_once(Fleet.restore(at_once(fleet.snapshot())))


def test_records_are_taken_in_a_few_with_each_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that none takes long; who is not known yet is judged as new to the type."""
    monkeypatch.setattr(board, "_AT_ONCE", 3)
    monkeypatch.setattr(board, "_PREPARED", 0)
    live = crowd(8).fleet
    cold = restored(live)
    cold._board._columns.clear()

    left = []
    for _ in range(3):
        chosen(cold)
        left.append(len(cold._board._columns["t"].rest))

    assert left == [5, 2, 0]
    assert chosen(cold) == chosen(live)


def test_what_is_learned_meanwhile_is_not_overwritten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(board, "_AT_ONCE", 1)
    world = crowd(6)
    world.fleet._board._columns.clear()
    chosen(world.fleet)
    for number in range(6):
        world.failed(f"a{number:03}")
    for _ in range(6):
        chosen(world.fleet)

    assert chosen(world.fleet) == chosen(restored(world.fleet))


def test_a_restored_fleet_knows_the_types_that_were_used_last() -> None:
    live = crowd(8).fleet

    other = restored(live)

    assert other._board._columns["t"].rest == []
    assert chosen(other) == chosen(live)


def test_a_fleet_that_grows_forgets_nothing() -> None:
    """The arrays double; a column that exists grows when it is asked for next."""
    world = crowd(60)
    chosen(world.fleet)
    for number in range(60, 200):
        world.agent(f"a{number:03}")
        if number % 2:
            world.failed(f"a{number:03}")
        else:
            world.completed(f"a{number:03}", 0.5)
    chosen(world.fleet)

    assert chosen(world.fleet) == chosen(restored(world.fleet))


@pytest.mark.parametrize("many", [3, 10_000])
def test_records_in_other_types_count_however_many_changed(
    monkeypatch: pytest.MonkeyPatch, many: int
) -> None:
    monkeypatch.setattr(column, "_MANY", many)
    world = crowd(20)
    chosen(world.fleet)
    for number in range(20):
        world.failed(f"a{number:03}", "other")

    assert chosen(world.fleet) == chosen(restored(world.fleet))


def test_who_takes_the_seat_of_another_is_judged_by_its_own_record() -> None:
    world = crowd(3)
    for _ in range(5):
        world.failed("a000")
    before = chosen(world.fleet)
    world.fleet.apply("agent/a000", AgentUnregistered(at=NOW))
    world.agent("new")

    found = {each.agent_id: each.quality for each in chosen(world.fleet)}

    assert found["new"] > {each.agent_id: each.quality for each in before}["a000"]
    assert chosen(world.fleet) == chosen(restored(world.fleet))


def test_columns_are_bounded_and_the_longest_unused_goes_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = crowd(4)
    monkeypatch.setattr(board, "_COLUMN_BYTES", 2 * column.ROWS * 64 * 8)
    for task_type in ("t", "u", "t", "v"):
        chosen(world.fleet, task_type)

    assert list(world.fleet._board._columns) == ["t", "v"]


def test_a_type_that_is_forgotten_is_forgotten_by_the_arrays_as_well(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(records, "MAX_TYPES", 2)
    world = crowd(3)
    chosen(world.fleet)
    for task_type in ("u", "v"):
        world.completed("a001", 1.0, task_type)

    assert "t" not in world.fleet.records.types
    assert chosen(world.fleet) == chosen(restored(world.fleet))

"""Whatever agents live through: scores stay in bounds, merit never costs, a rebuild is the same."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NamedTuple

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from aia_mas.domain.kernel.steps import at_once
from aia_mas.domain.orchestration.fleet import Fleet
from aia_mas.domain.orchestration.requirement import signature_of
from aia_mas.domain.orchestration.scoring.candidates import WHOLE_SCORE, score
from aia_mas.domain.orchestration.scoring.records_snapshot import (
    RecordsSnapshot,
    joined,
    parts_of,
)
from aia_mas.domain.orchestration.scoring.weights import (
    DEFAULT_WEIGHTS,
    FEATURES,
    MAX_STAKE,
    ONE,
    Weights,
)
from aia_mas.domain.orchestration.task_specification import Requirements

from .scored_fleet import TOKEN, ScoredFleet

AGENTS = st.sampled_from(["a", "b", "c", "d"])
TYPES = st.sampled_from(["t", "u"])


class Outcome(NamedTuple):
    """One attempt of somebody: how it ended, how long it took, how it was rated."""

    agent_id: str
    task_type: str
    end: str
    seconds: float
    rating: float | None


OUTCOMES = st.builds(
    Outcome,
    AGENTS,
    TYPES,
    st.sampled_from(["completed", "failed", "lost"]),
    st.sampled_from([0.0, 0.001, 0.5, 3.0, 1000.0]),
    st.sampled_from([None, 0.0, 0.3, 1.0]),
)
WEIGHTS = st.lists(st.integers(0, ONE), min_size=4, max_size=4).flatmap(
    lambda cuts: st.integers(0, MAX_STAKE).map(lambda stake: weights(sorted(cuts), stake))
)


def weights(cuts: list[int], stake: int) -> Weights:
    """Return weights that add up to one: the parts between the cuts, less the stake's."""
    rest = ONE - stake
    edges = [0, *(cut * rest // ONE for cut in cuts), rest]
    quality, latency, headroom, price, affinity = (high - low for low, high in pairwise(edges))
    return Weights(
        quality=quality,
        latency=latency,
        headroom=headroom,
        price=price,
        stake=stake,
        affinity=affinity,
    )


def lived(history: list[Outcome], **standing: dict[str, Any]) -> ScoredFleet:
    """Return four agents that lived through this."""
    world = ScoredFleet()
    for agent_id in ("a", "b", "c", "d"):
        world.agent(agent_id, **{"cost_per_task": TOKEN, **standing.get(agent_id, {})})
    for agent_id, task_type, end, seconds, rating in history:
        if end == "completed":
            task_id = world.completed(agent_id, seconds, task_type)
            if rating is not None:
                world.rated(task_id, agent_id, rating)
        else:
            getattr(world, end)(agent_id, task_type)
    return world


def scores(world: ScoredFleet, weights: Weights = DEFAULT_WEIGHTS) -> dict[str, int]:
    """Return everybody's score for a task of type ``t``."""
    pick = world.pick("t")
    assert pick is not None
    return {each.agent_id: score(each, weights) for each in pick.grounds.candidates}


@given(st.lists(OUTCOMES, max_size=30), WEIGHTS)
def test_features_and_scores_stay_in_bounds(history, weights):
    world = lived(history, a={"stake": 10**33}, b={"cost_per_task": 10**33})
    world.given("c")
    pick = world.pick("t")

    assert pick is not None
    for candidate in pick.grounds.candidates:
        values = [getattr(candidate, name) for name in FEATURES]
        assert all(0 <= value <= ONE and type(value) is int for value in values)
        assert 0 <= score(candidate, weights) <= WHOLE_SCORE


@given(st.lists(OUTCOMES, max_size=20), st.data(), WEIGHTS)
def test_a_better_outcome_never_lowers_a_score(history, data, weights):
    """Durations alike, so that nothing but the outcome differs."""
    alike = [each._replace(seconds=1.0) for each in history]
    # Everybody is known in the type: a stranger is judged by what is typical of all.
    known = [Outcome(name, "t", "completed", 1.0, None) for name in ("a", "b", "c", "d")]
    better = []
    for each in alike:
        if each.agent_id == "a" and data.draw(st.booleans()):
            raised = None if each.rating is None or each.end != "completed" else 1.0
            each = each._replace(end="completed", rating=raised)
        better.append(each)

    before, after = (scores(lived(known + past), weights)["a"] for past in (alike, better))

    assert after >= before


@given(st.lists(OUTCOMES, max_size=20), st.data(), WEIGHTS)
def test_less_time_never_lowers_a_score(history, data, weights):
    known = [Outcome(name, "t", "completed", 5.0, None) for name in ("a", "b", "c", "d")]
    quicker = [
        each._replace(seconds=each.seconds / data.draw(st.sampled_from([1, 2, 100])))
        if each.agent_id == "a"
        else each
        for each in history
    ]

    before, after = (scores(lived(known + past), weights)["a"] for past in (history, quicker))

    assert after >= before


@given(
    st.lists(OUTCOMES, max_size=12),
    st.integers(0, 10**22),
    st.integers(0, 10**22),
    st.integers(0, 10**19),
    WEIGHTS,
)
def test_more_stake_and_a_lower_price_never_lower_a_score(history, stake, more, less, weights):
    poor = lived(history, a={"stake": stake, "cost_per_task": 10 * TOKEN})
    rich = lived(history, a={"stake": stake + more, "cost_per_task": 10 * TOKEN - less})

    assert scores(rich, weights)["a"] >= scores(poor, weights)["a"]


@given(st.lists(OUTCOMES, max_size=12), st.integers(0, 8), st.integers(0, 8), WEIGHTS)
def test_less_in_hand_never_lowers_a_score(history, fewer, more, weights):
    fewer, more = sorted((fewer, more))
    found = []
    for held in (more, fewer):
        world = lived(history)
        for _ in range(held):
            world.given("a")
        found.append(scores(world, weights)["a"])

    assert found[1] >= found[0]


def restored(fleet: Fleet) -> Fleet:
    """Return a fleet that was stored in parts and read back."""
    snapshot = at_once(fleet.snapshot())
    parts = [
        msgspec.json.decode(msgspec.json.encode(part), type=RecordsSnapshot)
        for part in parts_of(snapshot.records)
    ]
    records = RecordsSnapshot([], [], [], [], [])
    for part in parts:
        records = joined(records, part)
    return at_once(Fleet.restore(msgspec.structs.replace(snapshot, records=records)))


@given(st.lists(OUTCOMES, max_size=30), st.lists(OUTCOMES, max_size=10), st.booleans())
def test_a_restored_fleet_and_a_rebuilt_one_decide_alike(before, after, warm):
    live = lived(before)
    if warm:  # the arrays of the type exist already, and are kept up to date from here on
        live.pick("t")
    other = ScoredFleet()
    other.fleet, other.count = restored(live.fleet), live.count
    for world in (live, other):
        for agent_id, task_type, end, seconds, _ in after:
            if end == "completed":
                world.completed(agent_id, seconds, task_type)
            else:
                getattr(world, end)(agent_id, task_type)
    rebuilt = lived([*before, *(each._replace(rating=None) for each in after)])

    for task_type in ("t", "u", "v"):
        picks = [world.pick(task_type) for world in (live, other, rebuilt)]
        assert picks[0] == picks[1] == picks[2]
    snapshots = [at_once(world.fleet.snapshot()) for world in (live, other, rebuilt)]
    assert snapshots[0] == snapshots[1] == snapshots[2]


def test_a_fleet_restored_in_the_middle_of_a_question_counts_the_wait_as_little():
    live = lived([])
    task_id = live.started("a")
    live.asked(task_id, "a", 1.0)
    other = ScoredFleet()
    other.fleet, other.count = restored(live.fleet), live.count
    for world in (live, other):
        world.answered(task_id, "a", 3600.0)
        world.delivered(task_id, "a", 3601.0)

    took = [world.fleet.records.agents["a"].pairs["t"].took for world in (live, other)]
    assert took == [2_000 * 16] * 2


@given(st.lists(OUTCOMES, max_size=10), st.lists(AGENTS, max_size=12))
def test_the_quick_way_and_the_long_way_find_the_same(history, held):
    """With few agents free each is asked; else the arrays are."""
    found = []
    for crowd in (0, 30):
        world = lived(history)
        for agent_id in held:
            world.given(agent_id)
        for number in range(crowd):
            world.agent(f"x{number}")
        signature = signature_of(
            "t", Requirements(excluded_agents=tuple(f"x{number}" for number in range(30)))
        )
        pick = world.fleet.pick(signature, 3)
        # The crowd is a part of the fleet, though nothing else of what was decided on.
        found.append(pick and pick._replace(grounds=pick.grounds._replace(agents=0, with_room=0)))

    assert found[0] == found[1]


def test_default_weights_are_what_they_always_were():
    values = msgspec.structs.astuple(DEFAULT_WEIGHTS)
    assert values == (3_500, 2_000, 1_500, 1_000, 500, 1_500)
    assert sum(values) == ONE

"""Who gets a task by which policy, and what users may add."""

from collections import Counter

import pytest

from aia_mas.domain.orchestration.errors import InvalidText
from aia_mas.domain.orchestration.scoring.candidates import Candidate, Mark, score
from aia_mas.domain.orchestration.scoring.policies import (
    Policy,
    drawn,
    power_of_two,
    registered,
)
from aia_mas.domain.orchestration.scoring.seeds import seed_of, two_of
from aia_mas.domain.orchestration.scoring.weights import (
    DEFAULT_WEIGHTS,
)

from .scored_fleet import PRICE_ONLY, TOKEN, ScoredFleet


def crowd(count: int, policy: str = "scored") -> ScoredFleet:
    """Return agents that differ in price only: the lower the number, the cheaper."""
    world = ScoredFleet()
    for number in range(count):
        world.agent(f"a{number:02}", cost_per_task=number * TOKEN)
    world.rules(default=policy)
    return world


def chosen(world: ScoredFleet, **asked) -> str:
    pick = world.pick(**asked)
    assert pick is not None
    return pick.agent_id


# ------------------------------------------------------------------------------------- scored


def test_the_better_of_two_that_the_seed_draws_of_the_eight_best():
    world = crowd(30)
    wins = Counter(chosen(world, seed=seed) for seed in range(2_000))

    assert wins.keys() == {f"a{number:02}" for number in range(7)}, "never the last of the eight"
    ranked = [wins[f"a{number:02}"] for number in range(7)]
    assert ranked == sorted(ranked, reverse=True)
    # Drawn in 7 of 28 pairs, and always the better one.
    assert ranked[0] / 2_000 == pytest.approx(7 / 28, abs=0.03)


def test_the_same_seed_draws_the_same_two():
    assert seed_of("task", 1) == seed_of("task", 1) != seed_of("task", 2)
    assert all(0 <= seed_of("task", attempt) < 2**53 for attempt in range(100))
    pairs = {two_of(seed, 8) for seed in range(5_000)}
    assert pairs == {(i, j) for i in range(8) for j in range(i + 1, 8)}
    assert {two_of(seed, 2) for seed in range(50)} == {(0, 1)}
    assert two_of(123, 1) == (0, 0)


def test_equals_take_turns():
    world = ScoredFleet()
    names = [f"a{number:02}" for number in range(16)]
    for agent_id in names:
        world.agent(agent_id, places=1)

    found = []
    for _ in names:
        found.append(chosen(world, seed=len(found)))
        world.given(found[-1])
    assert sorted(found) == names


def test_preferred_agents_go_before_all_others_whatever_their_score():
    world = crowd(30)
    for _ in range(20):
        world.failed("a29")
    asked = {"preferred_agents": ("a29", "a28", "nobody")}

    assert {chosen(world, seed=seed, **asked) for seed in range(50)} == {"a28"}
    for _ in range(10):
        world.given("a28")
    assert chosen(world, **asked) == "a29"
    for _ in range(10):
        world.given("a29")
    assert chosen(world, **asked) not in {"a28", "a29"}


def test_who_is_specialised_or_has_the_key_is_favoured_but_not_at_any_price():
    world = crowd(2)
    world.agent("s", specializations=("t",))
    assert chosen(world) == "s"

    world.given("a01", key="k")
    for _ in range(10):
        world.completed("a00")
        world.failed("s")
        world.failed("a01")
    assert chosen(world, key="k") == "a00"


# ----------------------------------------------------------------------------- other policies


def test_round_robin_goes_round():
    world = crowd(12, "round_robin")
    order = []
    for _ in range(24):
        order.append(chosen(world, seed=len(order)))
        world.completed(order[-1])

    assert order == [f"a{number:02}" for number in range(12)] * 2


def test_cheapest_takes_the_cheapest_with_room():
    world = crowd(12, "cheapest")

    assert chosen(world) == "a00"
    for _ in range(10):
        world.given("a00")
    assert chosen(world) == "a01"


def test_least_loaded_takes_who_has_most_places_free_by_share():
    world = ScoredFleet()
    world.rules(default="least_loaded")
    for agent_id, places in (("a", 2), ("b", 4)):
        world.agent(agent_id, places=places)

    order = []
    for _ in range(6):
        order.append(chosen(world))
        world.given(order[-1])
    assert order == ["a", "b", "b", "a", "b", "b"]


def test_sticky_goes_to_whom_it_went_before_while_that_one_has_room():
    world = crowd(20, "sticky")
    world.given("a19", key="k")

    assert chosen(world, key="k") == "a19"
    assert chosen(world, key="other") != "a19"
    for _ in range(9):
        world.given("a19")
    elsewhere = chosen(world, key="k")
    assert elsewhere == chosen(crowd(20)), "as scored"
    world.given(elsewhere, key="k")
    assert chosen(world, key="k") == elsewhere


def test_sticky_goes_elsewhere_when_that_one_does_not_suit():
    world = crowd(3, "sticky")
    world.given("a02", key="k")

    assert chosen(world, key="k", excluded_agents=("a02",)) != "a02"


def test_sticky_without_a_key_is_scored():
    assert [chosen(crowd(20, "sticky"), seed=seed) for seed in range(20)] == [
        chosen(crowd(20), seed=seed) for seed in range(20)
    ]


def test_each_type_may_have_a_policy_of_its_own():
    world = crowd(20)
    world.rules(by_type={"t": "cheapest"})

    assert {chosen(world, seed=seed) for seed in range(20)} == {"a00"}
    assert len({chosen(world, task_type="u", seed=seed) for seed in range(50)}) > 3


def test_weights_change_who_is_chosen():
    world = ScoredFleet()
    world.agent("good", cost_per_task=TOKEN)
    world.agent("cheap")
    world.agent("dear", cost_per_task=TOKEN)
    for _ in range(10):
        world.completed("good")
        world.failed("cheap")
        world.failed("dear")
    first = world.pick()
    world.rules(weights=PRICE_ONLY)
    second = world.pick()

    assert first is not None and second is not None
    assert first.grounds.candidates[0].agent_id == "good"
    assert second.grounds.candidates[0].agent_id == "cheap"
    assert (first.grounds.revision, second.grounds.revision) == (0, 1)


# ------------------------------------------------------------------------------ users' own ones


def dearest(shortlist, weights, seed):
    return min(range(len(shortlist)), key=lambda index: shortlist[index].price)


def test_a_user_s_policy_chooses_from_the_shortlist():
    world = ScoredFleet(registered([Policy("dearest", dearest, "The dearest")]))
    for number in range(30):
        world.agent(f"a{number:02}", cost_per_task=number * TOKEN)
    world.rules(by_type={"t": "dearest"})

    pick = world.pick()
    assert pick is not None
    assert (pick.agent_id, pick.grounds.policy) == ("a07", "dearest")


def test_names_are_taken_once():
    with pytest.raises(ValueError, match="two policies"):
        registered([Policy("scored", power_of_two)])
    with pytest.raises(InvalidText):
        registered([Policy("", power_of_two)])
    assert next(iter(registered([]))) == "scored"


def test_of_preferred_candidates_two_are_drawn_among_themselves():
    shortlist = [
        Candidate("a", *(0,) * 6, Mark.PREFERRED),
        Candidate("b", *(10_000,) * 6),
    ]

    assert drawn(shortlist, 5) == (0, 0)
    assert power_of_two(shortlist, DEFAULT_WEIGHTS, 5) == 0
    assert score(shortlist[1], DEFAULT_WEIGHTS) == 10**8

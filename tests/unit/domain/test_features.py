"""The features of agents, each by the events that it comes from."""

import pytest
from msgspec.structs import astuple

from aia_mas.domain.orchestration.agent_events import AgentUnregistered
from aia_mas.domain.orchestration.scoring import records
from aia_mas.domain.orchestration.scoring.candidates import Mark, affinity_of, labels_mark
from aia_mas.domain.orchestration.scoring.weights import ONE
from aia_mas.domain.orchestration.task_status import ReleaseReason

from .scored_fleet import NOW, TOKEN, ScoredFleet


@pytest.fixture
def world() -> ScoredFleet:
    """Three agents that nothing tells apart."""
    world = ScoredFleet()
    for agent_id in ("a", "b", "c"):
        world.agent(agent_id)
    return world


def test_nothing_tells_newcomers_apart(world):
    pick = world.pick()

    assert pick is not None
    assert len({astuple(each)[1:] for each in pick.grounds.candidates}) == 1


def test_quality_follows_outcomes(world):
    for _ in range(5):
        world.completed("a")
        world.failed("b")
        world.lost("c")

    quality = world.features("quality")
    assert quality["a"] > 0.7 > 0.5 > quality["b"] == quality["c"]


def test_an_attempt_that_never_began_says_nothing_about_the_agent(world):
    world.lost("a", started=False)

    assert len(set(world.features("quality").values())) == 1
    assert len(set(world.features("latency").values())) == 1


def test_what_was_moved_by_hand_says_nothing_about_the_agent(world):
    world.lost("a", reason=ReleaseReason.REASSIGNED)

    assert len(set(world.features("quality").values())) == 1
    assert len(set(world.features("latency").values())) == 1


def test_quality_follows_clients_ratings(world):
    for agent_id, rating in (("a", 1.0), ("b", 0.5), ("c", 0.0)):
        for _ in range(4):
            world.rated(world.completed(agent_id), agent_id, rating)

    quality = world.features("quality")
    assert quality["a"] > quality["b"] > quality["c"]


def test_a_rating_of_long_ago_counts_for_the_agent_alone(world, monkeypatch):
    monkeypatch.setattr(records, "MAX_FINISHED", 1)
    rated = world.completed("a")
    world.completed("b")
    before = world.fleet.records.agents["a"].pairs["t"]

    world.rated(rated, "a", 0.0)

    assert world.fleet.records.agents["a"].pairs["t"] == before
    quality = world.features("quality")
    assert quality["a"] < quality["b"]


def test_what_happened_lately_counts_for_more(world):
    for number in range(20):
        world.completed("a") if number < 10 else world.failed("a")
        world.failed("b") if number < 10 else world.completed("b")

    quality = world.features("quality")
    assert quality["b"] > quality["a"] + 0.1


def test_a_record_in_other_types_is_what_a_new_type_begins_with(world):
    for _ in range(10):
        world.completed("a", task_type="other")
        world.failed("b", task_type="other")
        world.completed("b", task_type="t")

    new, known = world.features("quality", "new"), world.features("quality", "t")
    assert new["a"] > new["c"] > new["b"]
    assert known["b"] > new["b"], "what it did in the type itself outweighs the rest"


def test_a_type_that_goes_badly_for_all_makes_strangers_look_worse(world):
    for _ in range(30):
        world.failed("a", task_type="hard")
        world.completed("a", task_type="easy")

    assert world.features("quality", "easy")["c"] > world.features("quality", "hard")["c"]


def test_who_is_little_known_gets_the_benefit_of_the_doubt(world):
    """Optimism: equal means, and the one seen less often is tried first."""
    for _ in range(32):
        world.rated(world.completed("a"), "a", 0.25)
    world.rated(world.completed("b"), "b", 0.25)

    quality = world.features("quality")
    assert quality["b"] > quality["a"]


def test_latency_is_relative_to_who_would_be_done_first(world):
    world.completed("a", 2.0)
    world.completed("b", 4.0)
    world.completed("c", 8.0)

    assert world.features("latency") == {"a": 1.0, "b": 0.5, "c": 0.25}


def test_waiting_for_an_answer_is_no_work(world):
    """Two questions, and a third that nobody answered before the result came."""
    task_id = world.started("a")
    for asked, answered in ((1.0, 3600.0), (3600.5, 7200.0)):
        world.asked(task_id, "a", asked)
        world.answered(task_id, "a", answered)
    world.asked(task_id, "a", 7200.5)
    world.delivered(task_id, "a", 9000.0)
    world.completed("b", 2.0)

    assert world.fleet.records.agents["a"].pairs == world.fleet.records.agents["b"].pairs


def test_who_never_says_that_it_started_is_taken_to_have_begun_at_once(world):
    world.delivered(world.given("a"), "a", 2.0)
    world.completed("b", 2.0)

    assert world.fleet.records.agents["a"].pairs == world.fleet.records.agents["b"].pairs


def test_a_slow_task_is_noticed_at_once_and_forgotten_slowly(world):
    for agent_id in ("a", "b"):
        world.completed(agent_id, 1.0)
    world.completed("b", 10.0)
    assert world.features("latency")["b"] == pytest.approx(0.1, abs=0.01)

    world.completed("b", 1.0)
    once = world.features("latency")["b"]
    assert 0.1 < once < 0.2
    for _ in range(20):
        world.completed("b", 1.0)
    assert world.features("latency")["b"] > 0.9


def test_what_an_agent_has_in_hand_comes_first(world):
    for agent_id in ("a", "b"):
        world.completed(agent_id, 1.0)
    world.given("b")
    world.given("b")

    latency = world.features("latency")
    assert (latency["a"], latency["b"]) == (1.0, pytest.approx(1 / 3, abs=1e-4))


def test_who_never_did_such_a_task_is_taken_for_typical(world):
    for _ in range(50):
        world.completed("a", 2.0)
    world.completed("b", 1.0)

    latency = world.features("latency")
    assert latency["b"] == 1.0
    assert latency["a"] == pytest.approx(latency["c"], abs=0.05)


def test_failures_and_lost_leases_cost_time(world):
    for agent_id in ("a", "b", "c"):
        world.completed(agent_id, 1.0)
    world.failed("b")
    world.lost("c")

    latency = world.features("latency")
    assert latency["a"] > latency["b"] > latency["c"]
    for _ in range(30):
        world.completed("b", 1.0)
    assert world.features("latency")["b"] > 0.99, "it made up for it"


def test_headroom_is_the_share_of_places_that_is_free(world):
    world.agent("d", places=4)
    world.given("d")
    world.given("a")

    headroom = world.features("headroom")
    assert (headroom["a"], headroom["b"], headroom["d"]) == (0.9, 1.0, 0.75)


def test_price_is_relative_to_what_the_task_allows_or_else_to_the_dearest():
    world = ScoredFleet()
    world.agent("a", cost_per_task=0)
    world.agent("b", cost_per_task=5 * TOKEN)
    world.agent("c", cost_per_task=10 * TOKEN)

    assert world.features("price") == {"a": 1.0, "b": 0.5, "c": 0.0}
    assert world.features("price", max_cost=20 * TOKEN) == {"a": 1.0, "b": 0.75, "c": 0.5}


def test_a_free_fleet_has_one_price(world):
    assert set(world.features("price").values()) == {1.0}
    assert set(world.features("price", max_cost=0).values()) == {1.0}


def test_stake_counts_by_its_logarithm_up_to_the_highest_tier():
    world = ScoredFleet()
    for agent_id, tokens in (("a", 0), ("b", 100), ("c", 1_000), ("d", 10_000), ("e", 10**9)):
        world.agent(agent_id, stake=tokens * TOKEN)

    stake = world.features("stake")
    assert stake["a"] == 0.0
    assert stake["c"] - stake["b"] == pytest.approx(0.25, abs=0.01)
    assert stake["d"] == stake["e"] == 1.0


def test_affinity_adds_up():
    world = ScoredFleet()
    world.agent("a", specializations=("t",))
    world.agent("b")
    world.agent("c")
    world.given("b", key="customer-1")
    preferred = {"key": "customer-1", "preferred_agents": ("c",)}

    assert world.features("affinity") == {"a": 0.2, "b": 0.0, "c": 0.0}
    # A preferred agent counts as such whatever it is specialised in.
    assert world.features("affinity", **preferred) == {"a": 0.2, "b": 0.3, "c": 0.1}
    every = Mark.PREFERRED | Mark.SPECIALISED | Mark.STICKY | labels_mark(2, 2)
    assert affinity_of(every) == ONE
    assert affinity_of(labels_mark(1, 2)) == affinity_of(labels_mark(2, 2)) // 2 == 2_000


def test_who_leaves_and_comes_back_is_known(world):
    for _ in range(5):
        world.failed("a")
    before = world.features("quality")["a"]

    world.fleet.apply("agent/a", AgentUnregistered(at=NOW))
    assert "a" not in world.features("quality")
    world.agent("a")

    assert world.features("quality")["a"] == before


def test_the_place_of_one_who_left_says_nothing_about_the_next(world):
    world.pick()
    for _ in range(5):
        world.failed("a")
    world.fleet.apply("agent/a", AgentUnregistered(at=NOW))
    world.agent("d")

    quality, latency = world.features("quality"), world.features("latency")
    assert quality["d"] == quality["c"]
    assert latency["d"] == latency["c"]


def test_what_is_remembered_is_bounded(world, monkeypatch):
    for name in ("MAX_TYPES", "MAX_TYPES_OF_AGENT", "MAX_GONE", "MAX_FINISHED", "MAX_STICKY"):
        monkeypatch.setattr(records, name, 2)
    for number in range(5):
        world.completed("a", task_type=f"type{number}")
        world.given("a", key=f"key{number}")
        world.agent(f"g{number}")
        world.completed(f"g{number}", task_type="type4")
        world.fleet.apply(f"agent/g{number}", AgentUnregistered(at=NOW))

    kept = world.fleet.records
    assert list(kept.types) == ["type3", "type4"]
    assert kept.agents["a"].pairs.keys() <= {"type3", "type4"}
    assert list(kept.gone) == ["g3", "g4"]
    assert list(kept.sticky) == ["key3", "key4"]
    assert len(kept.finished) == 2
    assert kept.types["type4"].agents.keys() == {"a", "g3", "g4"}

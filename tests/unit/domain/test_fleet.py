"""The fleet: who is picked, and who is not."""

import msgspec
import pytest

from aia_mas.domain.kernel.steps import at_once
from aia_mas.domain.orchestration.agent_events import (
    AgentActivated,
    AgentCameOnline,
    AgentDrained,
    AgentEndpointDisabled,
    AgentEndpointEnabled,
    AgentSuspended,
    AgentUnregistered,
    AgentUpdated,
    AgentWentOffline,
)
from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.domain.orchestration.fleet import (
    Fleet,
    FleetSnapshot,
    Pick,
    directory,
    matching,
    pools,
)
from aia_mas.domain.orchestration.requirement import signature_of
from aia_mas.domain.orchestration.task_events import TaskStarted
from aia_mas.domain.orchestration.task_specification import Requirements

from .fleets import ANYONE, NOW, assign, complete, fleet_of, held_by, picks, registered


def test_the_least_loaded_goes_first_by_share_of_places():
    fleet = fleet_of(
        policy="least_loaded", big={"max_concurrent_tasks": 4}, small={"max_concurrent_tasks": 2}
    )

    assert picks(fleet) == ["big", "small", "big", "big", "small", "big"]


def test_among_equals_the_one_goes_first_that_waited_longest():
    fleet = fleet_of(a={}, b={}, c={})
    for task_id, agent_id in (("1", "b"), ("2", "a"), ("3", "c")):
        assign(fleet, task_id, agent_id)
        complete(fleet, task_id)

    assert picks(fleet) == ["b", "a", "c"]


def test_preferred_then_specialised_then_others():
    signature = signature_of("t", Requirements(preferred_agents=("p",)))
    fleet = fleet_of(o={}, s={"specializations": ("t",)}, p={"max_concurrent_tasks": 2})

    assert picks(fleet, signature) == ["p", "p", "s", "o"]


def test_a_pick_tells_what_it_was_made_on():
    fleet = fleet_of(a={"max_concurrent_tasks": 4, "cost_per_task": 10**20}, b={})
    assign(fleet, "1", "a")
    assign(fleet, "2", "b")

    pick = fleet.pick(ANYONE)
    assert pick is not None
    assert pick == Pick("a", 10**20, 0.25, 1, pick.grounds, pick.declared)


@pytest.mark.parametrize("few", [0, 8])
def test_a_pick_tells_how_many_were_left_out(monkeypatch, few):
    monkeypatch.setattr(pools, "_FEW", few)
    able = {"skills": {"x": 0.5}}
    fleet = fleet_of(a=able, b=able, full=able, drained=able, other={}, left=able)
    fleet.apply("agent/drained", AgentDrained(at=NOW))
    fleet.apply("agent/left", AgentUnregistered(at=NOW))
    assign(fleet, "1", "full")

    pick = fleet.pick(signature_of("t", Requirements(skills={"x": 0.1})))

    assert pick is not None
    assert (pick.grounds.agents, pick.grounds.with_room, pick.considered) == (5, 3, 2)


def test_few_and_many_free_agents_are_ranked_alike(monkeypatch):
    signature = signature_of("t", Requirements(skills={"x": 0.5}, preferred_agents=("a7",)))
    agents = {
        f"a{n}": {
            "skills": {"x": n % 5 / 4},
            "specializations": ("t",) if n % 3 else (),
            "max_concurrent_tasks": 1 + n % 2,
        }
        for n in range(40)
    }
    orders = []
    for few in (0, 1000):
        monkeypatch.setattr(pools, "_FEW", few)
        fleet = fleet_of(**agents)
        assign(fleet, "1", "a3")
        orders.append(picks(fleet, signature))

    assert orders[0] == orders[1]
    assert orders[0][:2] == ["a7", "a7"]
    assert (
        len(orders[0])
        == sum(
            each["max_concurrent_tasks"] for each in agents.values() if each["skills"]["x"] >= 0.5
        )
        - 1
    )


@pytest.mark.parametrize(
    ("event", "back"),
    [
        (AgentWentOffline(at=NOW), AgentCameOnline(at=NOW)),
        (AgentDrained(at=NOW), AgentActivated(at=NOW)),
        (AgentSuspended(at=NOW), AgentActivated(at=NOW)),
        (AgentEndpointDisabled(reason="gone", at=NOW), AgentEndpointEnabled(at=NOW)),
        (AgentUnregistered(at=NOW), registered()),
    ],
)
def test_who_is_out_of_service_is_not_picked(event, back):
    fleet = fleet_of(a={})
    fleet.opened.clear()

    fleet.apply("agent/a", event)
    assert fleet.pick(ANYONE) is None
    assert not fleet.has_room
    fleet.apply("agent/a", back)
    assert fleet.pick(ANYONE) is not None
    assert len(fleet.opened) == 1


def test_an_agent_that_left_counts_until_its_tasks_are_gone_and_then_makes_room():
    fleet = fleet_of(a={}, b={})
    assign(fleet, "1", "a")
    fleet.apply("agent/a", AgentUnregistered(at=NOW))
    assert held_by(fleet)["a"] == {"1"}

    complete(fleet, "1")
    assert not held_by(fleet)["a"]
    fleet.apply("agent/c", registered())
    assert sorted(fleet.candidates(ANYONE)) == ["b", "c"]
    assert len(at_once(fleet.snapshot()).seats) == 2


def test_a_reservation_counts_once_when_it_comes_true():
    fleet = fleet_of(a={"max_concurrent_tasks": 2}, b={})
    fleet.reserve("1", "a")
    assert (fleet.active_tasks("a"), fleet.is_reserved("1")) == (1, True)
    assert not held_by(fleet)["a"]

    assign(fleet, "1", "a")
    assert (fleet.active_tasks("a"), fleet.is_reserved("1")) == (1, False)
    assert held_by(fleet)["a"] == {"1"}
    assert not fleet.unreserve("1")


def test_a_reservation_gives_way_to_what_the_log_says():
    fleet = fleet_of(a={}, b={})
    fleet.reserve("1", "a")
    assign(fleet, "1", "b")

    assert (fleet.active_tasks("a"), fleet.active_tasks("b")) == (0, 1)
    assert fleet.unreserve("1") is False


def test_a_reservation_outlives_the_task_until_it_is_taken_back():
    fleet = fleet_of(a={})
    fleet.reserve("1", "a")
    complete(fleet, "1")
    assert fleet.active_tasks("a") == 1

    assert fleet.unreserve("1")
    assert fleet.active_tasks("a") == 0


def test_an_agent_that_left_with_a_reservation_is_forgotten_afterwards():
    fleet = fleet_of(a={}, b={})
    fleet.reserve("1", "a")
    fleet.apply("agent/a", AgentUnregistered(at=NOW))
    assert fleet.active_tasks("a") == 1

    assign(fleet, "1", "b")
    assert fleet.active_tasks("a") == 0
    assert not at_once(fleet.snapshot()).seats[0].agent_id


def test_who_registers_again_is_not_held_to_what_it_was_given_before():
    fleet = fleet_of(a={}, b={})
    assign(fleet, "1", "a")
    complete(fleet, "1")
    fleet.reserve("2", "a")
    fleet.apply("agent/a", AgentUnregistered(at=NOW))
    fleet.apply("agent/a", registered())

    assert at_once(fleet.snapshot()).last == [0, 0]


def test_lowering_the_limit_keeps_what_is_held_and_gives_nothing_new():
    fleet = fleet_of(a={"max_concurrent_tasks": 3})
    assign(fleet, "1", "a")
    assign(fleet, "2", "a")
    fleet.apply("agent/a", AgentUpdated(capabilities=Capabilities(), revision=2))
    assert fleet.pick(ANYONE) is None

    complete(fleet, "1")
    assert fleet.pick(ANYONE) is None
    complete(fleet, "2")
    assert fleet.pick(ANYONE) is not None


def test_an_update_opens_an_agent_that_had_room_all_along():
    fleet = fleet_of(a={})
    fleet.opened.clear()
    wanted = signature_of("t", Requirements(skills={"x": 0.5}))
    assert fleet.pick(wanted) is None

    changed = Capabilities(skills={"x": 0.5})
    fleet.apply("agent/a", AgentUpdated(capabilities=changed, revision=2))
    assert len(fleet.opened) == 1
    assert fleet.pick(wanted) is not None


def test_the_cap_counts_what_is_held_and_what_is_reserved():
    fleet = fleet_of(2, a={"max_concurrent_tasks": 5})
    assign(fleet, "1", "a")
    fleet.reserve("2", "a")
    assert fleet.capped
    assert not fleet.has_room
    assert fleet.pick(ANYONE) is None
    assert [reason.code for reason in fleet.why_not(ANYONE)] == ["max_concurrent_tasks"]

    fleet.unreserve("2")
    assert fleet.pick(ANYONE) is not None
    assert fleet.why_not(ANYONE) == ()


def test_events_of_others_change_nothing():
    fleet = fleet_of(a={})
    before = at_once(fleet.snapshot())
    complete(fleet, "unknown")

    fleet.apply("task/1", TaskStarted(agent_id="a", attempt=1, lease="L", started_at=NOW))

    assert at_once(fleet.snapshot()) == before
    assert not held_by(fleet)
    assert fleet.active_tasks("nobody") == 0


def test_an_assignment_to_an_agent_never_heard_of_is_kept_in_mind():
    fleet = Fleet()
    assign(fleet, "1", "ghost")

    assert held_by(fleet) == {"ghost": {"1"}}
    complete(fleet, "1")
    assert not held_by(fleet)


@pytest.mark.parametrize("size", [3, 200])
def test_a_snapshot_goes_on_as_the_original(size):
    fleet = fleet_of(**{f"a{n}": {"max_concurrent_tasks": 1 + n % 3} for n in range(size)})
    for n in range(0, size, 2):
        assign(fleet, f"t{n}", f"a{n}")
    fleet.apply("agent/a1", AgentUnregistered(at=NOW))
    fleet.apply("agent/a0", AgentUnregistered(at=NOW))
    fleet.apply("agent/a2", AgentSuspended(at=NOW))

    data = msgspec.json.encode(at_once(fleet.snapshot()))
    restored = at_once(Fleet.restore(msgspec.json.decode(data, type=FleetSnapshot)))
    assert msgspec.json.encode(at_once(restored.snapshot())) == data
    for each in (fleet, restored):
        each.apply("agent/new", registered(max_concurrent_tasks=2))
    assert picks(restored, count=1000) == picks(fleet, count=1000)


def test_the_fleet_forgets_what_placement_does_not_ask_for():
    fleet = fleet_of(a={"metadata": {"long": "x" * 1000}, "endpoint": "e", "wallet_address": "w"})

    assert at_once(fleet.snapshot()).seats[0].capabilities == Capabilities()


@pytest.mark.parametrize("kinds", ["t", "tuv"])
def test_matches_stay_right_when_much_changes_and_memory_is_short(monkeypatch, kinds):
    monkeypatch.setattr(matching, "_JOURNAL", 150)
    monkeypatch.setattr(matching, "_MATCHES", 2)
    monkeypatch.setattr(matching, "_INDEXED_SLOTS", 50)
    monkeypatch.setattr(directory, "_COLUMN_BYTES", 100)
    signatures = [signature_of(kind, Requirements(skills={"x": 0.5})) for kind in kinds]
    fleet = Fleet()
    for n in range(600):
        fleet.apply(f"agent/a{n}", registered(skills={"x": n % 4 / 3}))
        if n in {0, 10, 90, 95, 300, 599}:
            for signature in signatures:
                expected = sum(m % 4 >= 2 for m in range(n + 1))
                assert len(fleet.candidates(signature)) == expected
                assert sum(fleet.suits(signature, slot) for slot in range(n + 1)) == expected

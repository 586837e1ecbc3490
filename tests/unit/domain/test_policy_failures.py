"""A user's policy that fails stops nothing, and everybody can see that it failed."""

import msgspec
import pytest

from aia_mas.domain.kernel.steps import at_once
from aia_mas.domain.orchestration.fleet import Fleet
from aia_mas.domain.orchestration.scoring import failures
from aia_mas.domain.orchestration.scoring.failures import (
    FailedPolicy,
    PolicyFailure,
    PolicyFailures,
    failure_of,
)
from aia_mas.domain.orchestration.scoring.policies import Policy, registered
from aia_mas.domain.orchestration.scoring.replay import decide_again
from aia_mas.domain.orchestration.scoring.weights import DEFAULT_WEIGHTS
from aia_mas.domain.orchestration.task_events import TaskAssigned

from .scored_fleet import NOW, ScoredFleet


def raising(*_):
    raise ZeroDivisionError("division by zero")


def world_of(choose) -> ScoredFleet:
    world = ScoredFleet(registered([Policy("broken", choose)]))
    world.agent("a")
    world.agent("b")
    world.rules(default="broken")
    return world


@pytest.mark.parametrize(
    ("choose", "error"),
    [
        (lambda *_: 99, "IndexError: it chose number 99 of 2 candidates"),
        (lambda *_: -1, "IndexError: it chose number -1 of 2 candidates"),
        (lambda *_: "b", "TypeError: it chose 'b', and not the index of a candidate"),
        (lambda *_: None, "TypeError: it chose None, and not the index of a candidate"),
        (lambda *_: 1.0, "TypeError: it chose 1.0, and not the index of a candidate"),
        (lambda shortlist, *_: shortlist[0], "TypeError: it chose Candidate("),
        (lambda: 0, "TypeError: "),
        (raising, "ZeroDivisionError: division by zero (test_policy_failures.py:"),
    ],
)
def test_the_default_policy_chooses_in_place_of_one_that_fails(choose, error):
    pick = world_of(choose).pick()

    assert pick is not None
    assert pick.grounds.policy == "scored"
    failure = pick.grounds.failure
    assert failure is not None
    assert failure.policy == "broken"
    assert failure.error.startswith(error)


def test_a_policy_that_the_node_does_not_know_is_told_of_as_well():
    world = ScoredFleet()
    world.agent("a")
    world.rules(by_type={"t": "of another node"})

    pick = world.pick()

    assert pick is not None
    assert pick.grounds.policy == "scored"
    assert pick.grounds.failure == PolicyFailure(
        policy="of another node", error="not registered on the node that chose"
    )


def test_one_that_does_not_fail_leaves_no_word():
    pick = world_of(lambda *_: 1).pick()

    assert pick is not None
    assert (pick.grounds.policy, pick.grounds.failure) == ("broken", None)


class Unspeakable(Exception):
    def __str__(self):
        raise RuntimeError


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (Unspeakable(), "Unspeakable"),
        (ValueError("a\x00b\n\ud800c"), "ValueError: a b  c"),
        (ValueError("x" * 10_000), "ValueError: " + "x" * (failures.MAX_ERROR - 12)),
    ],
)
def test_whatever_was_raised_can_be_stored(error, told):
    failure = failure_of("p", error)

    assert failure.error == told
    assert msgspec.json.decode(msgspec.json.encode(failure), type=PolicyFailure) == failure


def assigned(failure: PolicyFailure | None) -> TaskAssigned:
    return TaskAssigned(
        agent_id="a", attempt=1, lease="L", lease_seconds=1.0, assigned_at=NOW, failure=failure
    )


def test_failures_are_counted_from_the_log_and_outlive_a_restart():
    world = world_of(raising)
    failure = PolicyFailure(policy="broken", error="ValueError: no")
    for number in range(3):
        world.fleet.apply(f"task/x{number}", assigned(failure), "t")
    world.fleet.apply("task/y", assigned(None), "t")

    restored = at_once(Fleet.restore(at_once(world.fleet.snapshot())))

    at = int(NOW.timestamp() * 1000)
    for fleet in (world.fleet, restored):
        expected = {"broken": FailedPolicy(3, "ValueError: no", "x2", at)}
        assert fleet.chooser.failures.by_policy == expected


def test_a_bounded_number_of_policies_is_remembered(monkeypatch):
    monkeypatch.setattr(failures, "MAX_POLICIES", 2)
    known = PolicyFailures()
    for name in ("a", "b", "a", "c"):
        known.note(PolicyFailure(policy=name, error="e"), "task", 0)

    assert list(known.by_policy) == ["a", "c"]
    assert known.by_policy["a"].times == 2


def test_the_decision_comes_out_the_same_from_its_event():
    world = world_of(raising)
    pick = world.pick()
    assert pick is not None
    grounds = pick.grounds
    event = msgspec.structs.replace(
        assigned(grounds.failure),
        agent_id=pick.agent_id,
        policy=grounds.policy,
        seed=grounds.seed,
        candidates=grounds.candidates,
    )

    assert decide_again(event, DEFAULT_WEIGHTS) == pick.agent_id

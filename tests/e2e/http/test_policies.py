"""The rules of assignment over HTTP, and why a task went where it went."""

from collections.abc import Callable
from typing import Any

import httpx
import msgspec
import pytest

from aia_mas.domain.orchestration.scoring.policies import Policy
from aia_mas.domain.orchestration.scoring.replay import decide_again
from aia_mas.domain.orchestration.scoring.rules import AssignmentRulesChanged
from aia_mas.domain.orchestration.scoring.weights import DEFAULT_WEIGHTS, Weights
from aia_mas.domain.orchestration.task_events import TaskAssigned

API = "/mas/api/v1"
POLICIES = f"{API}/agents/tasks/policies"
WEIGHTS = {
    "quality": 0.2,
    "latency": 0.2,
    "headroom": 0.1,
    "price": 0.4,
    "stake": 0.1,
    "affinity": 0,
}
BUILT_IN = ["scored", "round_robin", "least_loaded", "cheapest", "sticky"]


@pytest.fixture
def node(start_node: Callable[..., Any]) -> Any:
    """A node of its own: these rules hold for everybody on it."""
    return start_node()


@pytest.fixture(scope="module")
def untouched(start_for_module: Callable[..., Any]) -> Any:
    """A node whose rules nobody changes."""
    return start_for_module()


def register(client: httpx.Client, agent_id: str, **fields: Any) -> None:
    body = {"agent_id": agent_id, "max_concurrent_tasks": 5, **fields}
    assert client.post(f"{API}/agents/register", json=body).status_code == 201


def submit(client: httpx.Client, task_type: str = "work", **fields: Any) -> str:
    """Submit a task and wait until it is in somebody's hands."""
    body = {"task_type": task_type, **fields}
    answer = client.post(f"{API}/agents/tasks/submit", json=body)
    assert answer.status_code == 201, answer.text
    task_id: str = answer.json()["task_id"]
    for _ in range(1000):
        if client.get(f"{API}/agents/tasks/{task_id}/explain").json()["assignments"]:
            return task_id
        position = int(answer.headers["x-event-position"])
        client.get(f"{API}/agents/tasks/{task_id}", params={"min_position": position})
    raise AssertionError("nobody got it")


def explain(client: httpx.Client, task_id: str) -> dict[str, Any]:
    answer = client.get(f"{API}/agents/tasks/{task_id}/explain")
    assert answer.status_code == 200, answer.text
    explanation: dict[str, Any] = answer.json()
    return explanation


def test_policies_and_weights_are_seen_and_changed(node: Any) -> None:
    client = node.client
    before = client.get(POLICIES)
    assert before.headers["etag"] == '"rev-0"'
    shown = before.json()
    assert (shown["revision"], shown["default"], shown["by_type"]) == (0, "scored", {})
    assert [policy["name"] for policy in shown["policies"]] == BUILT_IN
    assert shown["weights"] == DEFAULT_WEIGHTS.shares()

    body = {"weights": WEIGHTS, "default": "cheapest", "by_type": {"chat": "sticky"}}
    changed = client.put(POLICIES, json=body, headers={"if-match": '"rev-0"'})
    assert (changed.status_code, changed.headers["etag"]) == (200, '"rev-1"')
    assert changed.json() == {**shown, **body, "revision": 1}
    assert client.get(POLICIES).json() == changed.json()
    assert client.put(POLICIES, json=body).json()["revision"] == 1
    stale = client.put(POLICIES, json={}, headers={"if-match": '"rev-0"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "precondition_failed")

    one = client.put(f"{POLICIES}/chat", json={"policy": "round_robin"})
    assert (one.json()["by_type"], one.json()["revision"]) == ({"chat": "round_robin"}, 2)
    gone = client.delete(f"{POLICIES}/chat")
    assert (gone.status_code, gone.json()["by_type"]) == (200, {})
    assert client.put(POLICIES, json={}).json() == {**shown, "revision": 4}
    events = client.get(f"{API}/audit/streams/assignment/rules").json()["items"]
    assert [event["topic"] for event in events] == ["assignment.rules_changed.v1"] * 4


@pytest.mark.parametrize(
    ("path", "body", "code", "field"),
    [
        ("", {"default": "best"}, "unknown_policy", "default"),
        ("", {"by_type": {"t": "best"}}, "unknown_policy", "by_type.t"),
        ("", {"by_type": []}, "invalid_type", "by_type"),
        ("", {"weights": {**WEIGHTS, "price": 0.5}}, "invalid_weights", "weights"),
        ("", {"weights": {**WEIGHTS, "price": 0.3, "stake": 0.2}}, "invalid_weights", None),
        ("", {"weights": {**WEIGHTS, "price": -0.4}}, "invalid_weights", "weights.price"),
        ("", {"weights": {**WEIGHTS, "price": 0.40001}}, "invalid_weights", "weights.price"),
        ("", {"weights": {"price": 1}}, "missing_field", None),
        ("", {"weight": WEIGHTS}, "unknown_field", "weight"),
        ("/t", {"policy": "best"}, "unknown_policy", "policy"),
        ("/t", {}, "missing_field", "policy"),
        ("/" + "x" * 129, {"policy": "scored"}, "invalid_text", "task_type"),
    ],
)
def test_bad_rules_are_refused_and_change_nothing(
    untouched: Any, path: str, body: Any, code: str, field: str | None
) -> None:
    client = untouched.client
    before = client.get(POLICIES).json()

    answer = client.put(f"{POLICIES}{path}", json=body)

    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert field is None or answer.json()["errors"][0]["field"] == field
    assert client.get(POLICIES).json() == before


def test_an_assignment_is_explained_by_features_and_weights(node: Any) -> None:
    client = node.client
    client.put(POLICIES, json={"weights": WEIGHTS})
    for number in range(12):
        register(client, f"a{number}", cost_per_task=number, skills={"x": number / 20})
    register(client, "outsider", specializations=["work"])
    register(client, "dear", skills={"x": 1}, cost_per_task=99)
    register(client, "away", skills={"x": 1})
    client.post(f"{API}/agents/away/drain")

    asked = {"requirements": {"skills": {"x": 0.1}}, "max_cost": 20}
    explanation = explain(client, submit(client, **asked))

    (assignment,) = explanation["assignments"]
    assert (assignment["policy"], assignment["revision"]) == ("scored", 1)
    assert assignment["considered"] == 10
    shortlist = assignment["shortlist"]
    assert [each["agent_id"] for each in shortlist] == [f"a{number}" for number in range(2, 10)]
    assert [each["score"] for each in shortlist] == sorted(
        (each["score"] for each in shortlist), reverse=True
    )
    chosen, other = assignment["chosen"], assignment["runner_up"]
    assert chosen["agent_id"] == assignment["agent_id"]
    assert chosen["drawn"] and other["drawn"]
    assert chosen["score"] > other["score"]
    assert [each["agent_id"] for each in shortlist if each["drawn"]] == [
        chosen["agent_id"],
        other["agent_id"],
    ]
    features = chosen["features"]
    assert {name: each["weight"] for name, each in features.items()} == WEIGHTS
    assert sum(each["points"] for each in features.values()) == pytest.approx(chosen["score"])
    price = 1 - int(chosen["agent_id"][1:]) / 20
    assert features["price"]["value"] == pytest.approx(price, abs=1e-4)
    filtered = {each["code"]: each for each in explanation["filtered"]}
    assert filtered["no_agent_with_skill"]["agents"] == ["a0", "a1", "outsider"]
    assert (filtered["price_above_max_cost"]["count"], filtered["not_active"]["count"]) == (1, 1)
    assert filtered["price_above_max_cost"]["agents"] == ["dear"]
    assert filtered["price_above_max_cost"]["facts"] == {"max_cost": "20"}
    assert filtered["not_active"]["agents"] == ["away"]
    assert explanation["as_of"] >= assignment["position"]
    then = {"agents": 15, "with_room": 14, "considered": 10}
    assert assignment["at_decision"] == then


def test_what_is_told_of_a_decision_stays_when_the_fleet_changes(node: Any) -> None:
    client = node.client
    for agent_id in "ab":
        register(client, agent_id, skills={"x": 1})
    task_id = submit(client, requirements={"skills": ["x"]})
    for agent_id in "ab":
        client.post(f"{API}/agents/{agent_id}/drain")
    register(client, "c")

    explanation = explain(client, task_id)

    (assignment,) = explanation["assignments"]
    assert assignment["at_decision"] == {"agents": 2, "with_room": 2, "considered": 2}
    counts = {each["code"]: each["count"] for each in explanation["filtered"]}
    assert counts == {"no_agent_with_skill": 1, "not_active": 2}
    assert explanation["as_of"] > assignment["position"]


def test_a_waiting_task_names_examples_of_who_does_not_suit(node: Any) -> None:
    client = node.client
    for number in range(25):
        register(client, f"a{number}", skills={"x": 0.5})
    body = {"task_type": "work", "requirements": {"skills": {"x": 0.9}}}
    task_id = client.post(f"{API}/agents/tasks/submit", json=body).json()["task_id"]

    explanation = explain(client, task_id)

    (reason,) = explanation["waiting"]
    assert (reason["code"], reason["count"]) == ("no_agent_with_skill", 25)
    assert reason["agents"] == [f"a{number}" for number in range(20)]
    assert explanation["assignments"] == []


def test_the_same_key_goes_to_the_same_agent(node: Any) -> None:
    client = node.client
    for number in range(12):
        register(client, f"a{number}")
    client.put(f"{POLICIES}/chat", json={"policy": "sticky"})

    asked = {"requirements": {"sticky_key": "customer-1"}}
    seen = [explain(client, submit(client, "chat", **asked)) for _ in range(5)]

    assignments = [explanation["assignments"][0] for explanation in seen]
    assert len({assignment["agent_id"] for assignment in assignments}) == 1
    assert [assignment["chosen"]["marks"] for assignment in assignments] == [
        [],
        *[["sticky"]] * 4,
    ]


async def recorded(node: Any) -> list[Any]:
    """Return all events of the node's log."""
    log = node.system.log
    return [event.event for event in await log.read(0, 10_000)]


def test_every_assignment_of_a_node_is_decided_the_same_again_from_its_log(node: Any) -> None:
    client = node.client
    for number in range(20):
        register(client, f"a{number}", cost_per_task=number % 7, max_concurrent_tasks=50)
    for round_, name in enumerate(("scored", "cheapest", "round_robin", "scored")):
        client.put(POLICIES, json={"default": name, "weights": WEIGHTS if round_ else None})
        tasks = [{"task_type": f"type{number % 3}"} for number in range(50)]
        answer = client.post(f"{API}/agents/tasks/submit-batch", json={"tasks": tasks})
        last = answer.json()["items"][-1]["task"]["task_id"]
        while not explain(client, last)["assignments"]:
            client.get(POLICIES)

    weights: dict[int, Weights] = {0: DEFAULT_WEIGHTS}
    decided = 0
    for event in node.run(recorded(node)):
        if isinstance(event, AssignmentRulesChanged):
            weights[event.rules.revision] = event.rules.weights
        elif isinstance(event, TaskAssigned):
            assert decide_again(event, weights[event.revision]) == event.agent_id
            assert len(msgspec.json.encode(event)) < 1_500
            decided += 1
    assert decided == 200


def test_weights_of_the_configuration_stand_in_the_log(start_node: Callable[..., Any]) -> None:
    configured = Weights(quality=0, latency=0, headroom=0, price=10_000, stake=0, affinity=0)
    client = start_node(scoring_weights=configured).client
    register(client, "dear", cost_per_task=2)
    register(client, "cheap", cost_per_task=1)

    explanation = explain(client, submit(client))

    assert explanation["assignments"][0]["agent_id"] == "cheap"
    assert client.get(POLICIES).json()["weights"]["price"] == 1.0
    (event,) = client.get(f"{API}/audit/streams/assignment/rules").json()["items"]
    assert event["actor"] == "system:dispatcher"


def test_a_policy_of_the_program_that_runs_the_node(
    start_node: Callable[..., Any],
) -> None:
    last = Policy("last", lambda shortlist, _weights, _seed: len(shortlist) - 1, "The last one")
    client = start_node(policies=[last]).client
    for number in range(3):
        register(client, f"a{number}", cost_per_task=number)
    shown = client.put(f"{POLICIES}/work", json={"policy": "last"}).json()
    assert shown["policies"][-1] == {
        "name": "last",
        "detail": "The last one",
        "built_in": False,
        "known": True,
        "failures": 0,
        "last_failure": None,
    }

    explanation = explain(client, submit(client))

    (assignment,) = explanation["assignments"]
    assert (assignment["agent_id"], assignment["policy"]) == ("a2", "last")
    assert assignment["runner_up"]["agent_id"] == "a0"


def test_a_policy_that_fails_is_shown_wherever_one_would_look(
    start_node: Callable[..., Any],
) -> None:
    def broken(_shortlist: Any, _weights: Any, _seed: int) -> int:
        raise KeyError("no such agent")

    client = start_node(policies=[Policy("broken", broken)]).client
    register(client, "a")
    client.put(f"{POLICIES}/work", json={"policy": "broken"})
    assert _failures(client) == 0

    task_id = submit(client)

    (assignment,) = explain(client, task_id)["assignments"]
    assert (assignment["agent_id"], assignment["policy"]) == ("a", "scored")
    failure = assignment["failure"]
    assert failure["policy"] == "broken"
    assert failure["error"].startswith("KeyError: 'no such agent' (test_policies.py:")
    position = assignment["position"]
    policies = client.get(POLICIES, params={"min_position": position}).json()["policies"]
    (shown,) = [each for each in policies if each["name"] == "broken"]
    assert (shown["known"], shown["failures"]) == (True, 1)
    last = shown["last_failure"]
    assert (last["task_id"], last["error"]) == (task_id, failure["error"])
    assert _failures(client) == 1


def _failures(client: httpx.Client) -> int:
    lines = client.get("/metrics").text.splitlines()
    (line,) = [each for each in lines if each.startswith("aia_mas_policy_failures_total{")]
    assert 'policy="broken"' in line
    return int(float(line.rpartition(" ")[2]))

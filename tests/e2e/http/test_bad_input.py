"""Bad bodies: each gets its own code and changes nothing."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from .nodes import QUIET, stranger_on
from .problems import AGENT, API, JSON, TASK, head, is_problem

BATCH = f"{API}/agents/tasks/submit-batch"
CANCEL = f"{API}/agents/tasks/bulk/cancel"
DRAIN = f"{API}/agents/bulk/drain"
DEEP = b"[" * 5000 + b"]" * 5000


@pytest.fixture(scope="module")
def node(start_for_module: Callable[..., Any]) -> Any:
    """A node on which nothing happens by itself, so that the log stands still between requests."""
    return start_for_module(**QUIET)


@pytest.fixture(scope="module")
def stranger(node: Any) -> str:
    """An agent that bad requests talk about."""
    return stranger_on(node.client)


def agent(**fields: Any) -> bytes:
    return json.dumps({"agent_id": "never-registered", **fields}).encode()


def task(**fields: Any) -> bytes:
    return json.dumps({"task_type": "never-submitted", **fields}).encode()


def wanted(labels: Any) -> bytes:
    return task(requirements={"labels": labels})


@pytest.mark.parametrize(
    ("path", "body", "status", "code", "field"),
    [
        (AGENT, b'{"agent_id": ', 400, "malformed_json", ""),
        (AGENT, b"", 400, "missing_body", ""),
        (AGENT, b'{"agent_id": "\xff"}', 400, "invalid_encoding", ""),
        (AGENT, b'{"agent_id": "\\ud83d"}', 400, "malformed_json", ""),
        (AGENT, b'{"agent_id": 12}', 422, "invalid_type", "agent_id"),
        (AGENT, b"[]", 422, "invalid_type", ""),
        (AGENT, b"{}", 422, "missing_field", "agent_id"),
        (AGENT, agent(skill={"x": 1}), 422, "unknown_field", "skill"),
        (AGENT, agent(skills={"x": "high"}), 422, "invalid_type", "skills.x"),
        (AGENT, b'{"agent_id":"x","skills":{"x":NaN}}', 422, "invalid_number", ""),
        (AGENT, b'{"agent_id":"x","cost_per_task":Infinity}', 422, "invalid_number", ""),
        (AGENT, b'{"agent_id":"x","skills":{"x":1e400}}', 422, "invalid_number", "skills.x"),
        (AGENT, agent(skills={"x": 1.01}), 422, "invalid_skill_level", "skills.x"),
        (AGENT, agent(skills={"node.js": 2}), 422, "invalid_skill_level", "skills.node\\.js"),
        (AGENT, agent(skills={"x": -0.01}), 422, "invalid_skill_level", "skills.x"),
        (AGENT, agent(cost_per_task=-1), 422, "negative_amount", "cost_per_task"),
        (AGENT, agent(cost_per_task="NaN"), 422, "invalid_amount", "cost_per_task"),
        (AGENT, agent(cost_per_task="1e3"), 422, "invalid_amount", "cost_per_task"),
        (AGENT, agent(cost_per_task="1_0"), 422, "invalid_amount", "cost_per_task"),
        (AGENT, agent(cost_per_task=" 1"), 422, "invalid_amount", "cost_per_task"),
        (AGENT, agent(cost_per_task=None), 422, "invalid_amount", "cost_per_task"),
        (AGENT, b'{"agent_id":"x","cost_per_task":9e999999999}', 422, "amount_too_large",
         "cost_per_task"),
        (AGENT, agent(cost_per_task="1e-999999"), 422, "invalid_amount", "cost_per_task"),
        (AGENT, agent(cost_per_task=10**16), 422, "amount_too_large", "cost_per_task"),
        (AGENT, agent(cost_per_task="1e-19"), 422, "invalid_amount", "cost_per_task"),
        (AGENT, agent(initial_stake=-5), 422, "negative_amount", "initial_stake"),
        (AGENT, agent(max_concurrent_tasks=0), 422, "invalid_value", "max_concurrent_tasks"),
        (AGENT, agent(max_concurrent_tasks=10**6), 422, "invalid_value", "max_concurrent_tasks"),
        (AGENT, agent(resources={"gpu": "two"}), 422, "invalid_type", "resources.gpu"),
        (AGENT, agent(resources={"gpu": -1}), 422, "invalid_resource_amount", "resources.gpu"),
        (AGENT, agent(resources={"gpu": 1e13}), 422, "invalid_resource_amount", "resources.gpu"),
        (AGENT, agent(resources={"": 1}), 422, "invalid_text", "resources"),
        (AGENT, agent(labels={"zone": ["eu"]}), 422, "invalid_type", "labels.zone"),
        (AGENT, agent(labels={"zone": 10**200}), 422, "invalid_text", "labels.zone"),
        (AGENT, agent(endpoint="agent:8080"), 422, "invalid_endpoint", "endpoint"),
        (AGENT, agent(endpoint="https://user@agent"), 422, "invalid_endpoint", "endpoint"),
        (AGENT, agent(owner="o" * 256), 422, "invalid_text", "owner"),
        (AGENT, agent(owner=None), 422, "invalid_type", "owner"),
        (AGENT, b'{"agent_id":"x","labels":{"a":1' + b"0" * 5000 + b"}}", 422, "invalid_number",
         ""),
        (AGENT, agent(data_sources=[""]), 422, "invalid_text", "data_sources.0"),
        (AGENT, agent(specializations=["x" * 129]), 422, "invalid_text", "specializations.0"),
        (AGENT, agent(skills={f"s{n}": 1 for n in range(257)}), 422, "invalid_value", "skills"),
        (AGENT, agent(agent_id="a/b"), 422, "invalid_id", "agent_id"),
        (AGENT, agent(agent_id="a b"), 422, "invalid_id", "agent_id"),
        (AGENT, agent(agent_id="ä"), 422, "invalid_id", "agent_id"),
        (AGENT, agent(agent_id=""), 422, "invalid_id", "agent_id"),
        (AGENT, b'{"agent_id":"x","cost_per_task":-9e999999}', 422, "negative_amount",
         "cost_per_task"),
        (AGENT, agent(cost_per_task="1." + "0" * 90 + "1"), 422, "invalid_amount",
         "cost_per_task"),
        (AGENT, agent(specializations=["a", 1]), 422, "invalid_type", "specializations.1"),
        (AGENT, agent(agent_id=".."), 422, "invalid_id", "agent_id"),
        (AGENT, agent(agent_id="tasks"), 422, "reserved_id", "agent_id"),
        (AGENT, agent(agent_id="METRICS"), 422, "reserved_id", "agent_id"),
        (AGENT, agent(agent_id="x" * 10_000), 422, "id_too_long", "agent_id"),
        (AGENT, agent(endpoint="a\0b"), 422, "nul_character", "endpoint"),
        (AGENT, agent(metadata={"k": ["v", "\0"]}), 422, "nul_character", "metadata.k.1"),
        (AGENT, agent(metadata={"k\0": 1}), 422, "nul_character", "metadata.k\\\\u0000"),
        (TASK, task(payload={"a": {"b": "\0"}}), 422, "nul_character", "payload.a.b"),
        (TASK, task(payload={"\0": 1}), 422, "nul_character", "payload.\\\\u0000"),
        (TASK, b'{"task_type":"x","payload":' + DEEP + b"}", 422, "too_deep", ""),
        (TASK, task(payload=json.loads("[" * 70 + "]" * 70)), 422, "invalid_value", "payload"),
        (BATCH, b'{"tasks":[{}],"atomic":1}', 422, "invalid_type", "atomic"),
        *(
            (CANCEL, json.dumps({"dry_run": True, "filter": {name: []}}).encode(), 422,
             "invalid_value", f"filter.{name}")
            for name in ("status", "priority")
        ),
        *(
            (CANCEL, json.dumps({"dry_run": True, "filter": {name: None}}).encode(), 422,
             "invalid_type", f"filter.{name}")
            for name in ("status", "owner", "agent_id", "task_type", "since", "tag", "parent")
        ),
        (DRAIN, b'{"dry_run":true,"filter":{"tier":[]}}', 422, "invalid_value", "filter.tier"),
        (DRAIN, b'{"dry_run":true,"filter":{"online":null}}', 422, "invalid_type",
         "filter.online"),
        (DRAIN, b'{"dry_run":true,"filter":{"label_value":["x"]}}', 422, "invalid_value",
         "filter.label_value"),
        (TASK, task(task_type=""), 422, "invalid_text", "task_type"),
        (TASK, task(priority="soon"), 422, "invalid_value", "priority"),
        (TASK, task(max_cost=-1), 422, "negative_amount", "max_cost"),
        (TASK, task(max_attempts=0), 422, "invalid_retry_policy", "max_attempts"),
        (TASK, task(lease_seconds=0), 422, "invalid_lease_seconds", "lease_seconds"),
        (TASK, task(deadline="tomorrow"), 422, "invalid_type", "deadline"),
        (TASK, task(deadline="2020-01-01T00:00:00Z"), 422, "deadline_passed", "deadline"),
        (TASK, task(deadline="2090-01-01T00:00:00"), 422, "invalid_type", "deadline"),
        (TASK, task(deadline="9999-12-31T23:59:59-23:00"), 422, "invalid_value", "deadline"),
        (TASK, task(deadline="0001-01-01T00:00:00+23:00"), 422, "invalid_value", "deadline"),
        (TASK, task(requirements={"skills": {"x": 2}}), 422, "invalid_skill_level",
         "requirements.skills.x"),
        (TASK, task(requirements={"skill": "x"}), 422, "unknown_field", "requirements.skill"),
        (TASK, task(requirements={"preferred_agents": ["a b"]}), 422, "invalid_id",
         "requirements.preferred_agents.0"),
        (TASK, wanted([{"key": "cores", "op": ">", "value": "many"}]), 422,
         "invalid_label_comparator", "requirements.labels.0.value"),
        (TASK, wanted([{"key": "a", "value": 1}, {"key": "b", "op": "<="}]), 422,
         "invalid_label_comparator", "requirements.labels.1.value"),
        (TASK, wanted([{"key": "a", "op": "in"}]), 422,
         "invalid_label_comparator", "requirements.labels.0.values"),
        (TASK, wanted([{"key": "a", "op": "~", "value": "x"}]), 422, "invalid_value",
         "requirements.labels.0.op"),
        (TASK, wanted([{"op": "=", "value": "x"}]), 422, "missing_field",
         "requirements.labels.0.key"),
        (TASK, wanted([{"key": "a", "val": "x"}]), 422, "unknown_field",
         "requirements.labels.0.val"),
        (TASK, wanted({"a": None}), 422, "invalid_type", "requirements.labels.a"),
        (TASK, wanted("zone=eu"), 422, "invalid_type", "requirements.labels"),
        (TASK, task(requirements={"resources": {"gpu": -0.1}}), 422, "invalid_resource_amount",
         "requirements.resources.gpu"),
        (TASK, task(requirements={"min_tier": "wooden"}), 422, "unknown_tier",
         "requirements.min_tier"),
        (TASK, task(requirements={"sticky_key": ""}), 422, "invalid_text",
         "requirements.sticky_key"),
    ],
    ids=lambda value: str(value)[:40] if isinstance(value, bytes) else str(value),
)  # fmt: skip
def test_a_bad_body_has_its_own_code_and_changes_nothing(
    client: httpx.Client, path: str, body: bytes, status: int, code: str, field: str
) -> None:
    before = head(client)

    answer = client.post(path, content=body, headers=JSON)

    problem = is_problem(answer)
    assert (answer.status_code, problem["code"]) == (status, code), problem
    if field:
        assert problem["errors"][0]["field"] == field
    assert head(client) == before


ACTIONS = ("drain", "suspend", "activate", "heartbeat", "claim")


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "malformed_json"),
        (b"[]", 422, "invalid_type"),
        (b"null", 422, "invalid_type"),
        (b'{"nonsense": 1}', 422, "unknown_field"),
        (b'{"reason": "\\u0000"}', 422, "nul_character"),
    ],
)
def test_a_bad_body_is_refused_where_none_is_needed(
    client: httpx.Client, stranger: str, action: str, body: bytes, status: int, code: str
) -> None:
    before = head(client)

    answer = client.post(f"{API}/agents/{stranger}/{action}", content=body, headers=JSON)

    assert (answer.status_code, is_problem(answer)["code"]) == (status, code)
    assert head(client) == before


@pytest.mark.parametrize("action", ACTIONS)
def test_a_body_may_be_left_out_where_none_is_needed(
    client: httpx.Client, unique: str, action: str
) -> None:
    client.put(f"{API}/agents/{unique}", json={})
    path = f"{API}/agents/{unique}/{action}"

    for body in ({}, {"content": b"", "headers": JSON}, {"json": {}}):
        assert client.post(path, **body).status_code == 200


@pytest.mark.parametrize(
    ("body", "code"),
    [({"limit": 0}, "invalid_value"), ({"limit": 101}, "invalid_value"),
     ({"wait": -1}, "invalid_value"), ({"wait": "long"}, "invalid_type"),
     ({"max": 1}, "unknown_field")],
)  # fmt: skip
def test_a_bad_claim(client: httpx.Client, stranger: str, body: Any, code: str) -> None:
    answer = client.post(f"{API}/agents/{stranger}/claim", json=body)

    assert (answer.status_code, is_problem(answer)["code"]) == (422, code)


def test_a_duplicate_registration_is_refused(client: httpx.Client, unique: str) -> None:
    assert client.post(AGENT, json={"agent_id": unique}).status_code == 201
    before = head(client)

    answer = client.post(AGENT, json={"agent_id": unique, "skills": {"x": 1}})

    assert (answer.status_code, is_problem(answer)["code"]) == (409, "agent_already_registered")
    assert head(client) == before

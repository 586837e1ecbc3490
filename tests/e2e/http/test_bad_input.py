"""Bad input: each gets its own code and changes nothing."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

API = "/mas/api/v1"
AGENT = f"{API}/agents/register"
TASK = f"{API}/agents/tasks/submit"
JSON = {"content-type": "application/json"}
DEEP = b"[" * 5000 + b"]" * 5000


@pytest.fixture(scope="module")
def node(start_for_module: Callable[..., Any]) -> Any:
    """A node on which nothing happens by itself, so that the log stands still between requests."""
    return start_for_module(heartbeat_interval_seconds=3_600, pickup_timeout_seconds=3_600)


@pytest.fixture(scope="module")
def stranger(node: Any) -> str:
    """An agent that bad requests talk about."""
    body = {"agent_id": "bad-input", "skills": {"bad-input": 1}, "max_concurrent_tasks": 1000}
    assert node.client.put(f"{API}/agents/bad-input", json=body).status_code in {200, 201}
    return "bad-input"


def head(client: httpx.Client) -> int:
    position: int = client.get(f"{API}/audit/head").json()["position"]
    return position


def is_problem(answer: httpx.Response) -> dict[str, Any]:
    """Check the form of a problem document and return it."""
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem["status"] == answer.status_code
    assert {"type", "title", "detail", "code", "instance", "request_id"} <= problem.keys()
    assert problem["type"].endswith(problem["code"])
    assert answer.headers["x-request-id"] == problem["request_id"]
    for error in problem.get("errors", ()):
        assert {"code", "message"} <= error.keys()
    return problem


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
        (AGENT, b'{"agent_id":"x","skills":{"x":1e400}}', 422, "invalid_number", "skills"),
        (AGENT, agent(skills={"x": 1.01}), 422, "invalid_skill_level", "skills.x"),
        (AGENT, agent(skills={"x": -0.01}), 422, "invalid_skill_level", "skills.x"),
        (AGENT, agent(cost_per_task=-1), 422, "negative_amount", "cost_per_task"),
        (AGENT, agent(cost_per_task="NaN"), 422, "invalid_amount", "cost_per_task"),
        (AGENT, agent(cost_per_task="1e999999"), 422, "amount_too_large", "cost_per_task"),
        (AGENT, agent(cost_per_task="9e999999999"), 422, "amount_too_large", "cost_per_task"),
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
        (AGENT, agent(cost_per_task="-9e999999"), 422, "negative_amount", "cost_per_task"),
        (AGENT, agent(cost_per_task="1." + "0" * 90 + "1"), 422, "invalid_amount",
         "cost_per_task"),
        (AGENT, agent(specializations=["a", 1]), 422, "invalid_type", "specializations.1"),
        (AGENT, agent(agent_id=".."), 422, "invalid_id", "agent_id"),
        (AGENT, agent(agent_id="tasks"), 422, "reserved_id", "agent_id"),
        (AGENT, agent(agent_id="METRICS"), 422, "reserved_id", "agent_id"),
        (AGENT, agent(agent_id="x" * 10_000), 422, "id_too_long", "agent_id"),
        (AGENT, agent(endpoint="a\0b"), 422, "nul_character", "endpoint"),
        (AGENT, agent(metadata={"k": ["v", "\0"]}), 422, "nul_character", "metadata.k.1"),
        (AGENT, agent(metadata={"k\0": 1}), 422, "nul_character", "metadata.k\\u0000"),
        (TASK, task(payload={"a": {"b": "\0"}}), 422, "nul_character", "payload.a.b"),
        (TASK, task(payload={"\0": 1}), 422, "nul_character", "payload.\\u0000"),
        (TASK, b'{"task_type":"x","payload":' + DEEP + b"}", 422, "too_deep", ""),
        (TASK, task(payload=json.loads("[" * 70 + "]" * 70)), 422, "invalid_value", "payload"),
        (TASK, task(task_type=""), 422, "invalid_text", "task_type"),
        (TASK, task(priority="soon"), 422, "invalid_value", "priority"),
        (TASK, task(max_cost=-1), 422, "negative_amount", "max_cost"),
        (TASK, task(max_attempts=0), 422, "invalid_value", "max_attempts"),
        (TASK, task(lease_seconds=0), 422, "invalid_value", "lease_seconds"),
        (TASK, task(deadline="tomorrow"), 422, "invalid_type", "deadline"),
        (TASK, task(deadline="2020-01-01T00:00:00Z"), 422, "invalid_value", "deadline"),
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
    "content_type",
    [
        None,
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json; charset=utf-16",
        "application/msgpack",
        "x" * 1000,
    ],
)
def test_a_body_that_is_not_json_is_refused(client: httpx.Client, content_type: str | None) -> None:
    headers = {} if content_type is None else {"content-type": content_type}

    answer = client.post(AGENT, content=agent(), headers=headers)

    assert answer.status_code == 415
    assert is_problem(answer)["code"] == "unsupported_media_type"


@pytest.mark.parametrize("encoding", ["gzip", "br"])
def test_a_compressed_body_is_refused(client: httpx.Client, encoding: str) -> None:
    answer = client.post(AGENT, content=agent(), headers={**JSON, "content-encoding": encoding})

    assert (answer.status_code, is_problem(answer)["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize(
    "content_type", ["application/json; charset=UTF-8", "Application/JSON", "application/ld+json"]
)
def test_json_is_known_by_its_other_names(
    client: httpx.Client, unique: str, content_type: str
) -> None:
    answer = client.post(
        AGENT, content=agent(agent_id=unique), headers={"content-type": content_type}
    )

    assert answer.status_code == 201


@pytest.mark.parametrize(
    "path",
    [
        "/agents/%00",
        "/agents/a%00b",
        "/agents/%FF%FE",
        "/agents/%2e%2e",
        "/agents/..%2F..%2Fetc",
        "/agents/a%2Fb",
        "/agents/%ZZ",
        "/agents/%",
        "/agents/a%20b",
        "/agents/" + "x" * 10_000,
        "/agents/%F0%9F%98%80",
        "/agents/tasks/%00",
        "/agents/tasks/%00/explain",
        "/agents/tasks/" + "%41" * 5_000,
        "/agents/%00/tasks",
        "/agents/%00/performance",
        "/audit/streams/%00",
        "/audit/streams/agent/%00",
        "/audit/streams/agent%2F%FF",
        "/audit/streams/" + "a/" * 3_000,
    ],
)
def test_a_garbled_path_is_refused(client: httpx.Client, path: str) -> None:
    url = httpx.URL(client.base_url).copy_with(raw_path=f"{API}{path}".encode())
    answer = client.get(url)

    assert answer.status_code in {404, 422}
    assert is_problem(answer)["code"] in {
        "agent_not_found", "task_not_found", "stream_not_found", "route_not_found", "invalid_id",
        "id_too_long",
    }  # fmt: skip
    posted = client.post(
        httpx.URL(client.base_url).copy_with(raw_path=f"{API}{path}/heartbeat".encode())
    )
    assert posted.status_code in {404, 405, 422}
    is_problem(posted)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("nonsense=1", "unknown_parameter"),
        ("limit=0", "invalid_parameter"),
        ("limit=501", "invalid_parameter"),
        ("limit=ten", "invalid_parameter"),
        ("limit=1e400", "invalid_parameter"),
        ("min_position=-1", "invalid_parameter"),
        ("min_position=99999999999999999999", "invalid_parameter"),
        ("sort=name", "invalid_parameter"),
        ("status=sleeping", "invalid_parameter"),
        ("online=perhaps", "invalid_parameter"),
        ("online=null", "invalid_parameter"),
        ("min_level=nan", "invalid_value"),
        ("min_level=2", "invalid_value"),
        ("min_level=0.5", "missing_parameter"),
        ("label_value=x", "missing_parameter"),
        ("cursor=abc", "invalid_cursor"),
        ("cursor=%FF", "invalid_encoding"),
        ("cursor=%C3%A4", "invalid_cursor"),
        ("cursor=" + "A" * 5000, "invalid_cursor"),
        ("owner=%00", "nul_character"),
        ("q=%FF", "invalid_encoding"),
        ("agent_id=x", "unknown_parameter"),
        ("%00=1", "unknown_parameter"),
    ],
)
def test_a_bad_query_has_its_own_code(client: httpx.Client, query: str, code: str) -> None:
    answer = client.get(f"{API}/agents?{query}")

    assert (answer.status_code // 100, is_problem(answer)["code"]) == (4, code)


@pytest.mark.parametrize(
    "query",
    ["since=yesterday", "until=2020-01-01T00:00:00", "sort=up", "after=-1", "upto=x",
     "until=null", "since=0001-01-01T00:00:00%2B23:59", "limit=-3", "type=%00", "stream=%00"],
)  # fmt: skip
def test_a_bad_query_of_the_audit_is_refused(client: httpx.Client, query: str) -> None:
    answer = client.get(f"{API}/audit/events?{query}")

    assert answer.status_code in {400, 422}
    is_problem(answer)


def test_a_duplicate_registration_is_refused(client: httpx.Client, unique: str) -> None:
    assert client.post(AGENT, json={"agent_id": unique}).status_code == 201
    before = head(client)

    answer = client.post(AGENT, json={"agent_id": unique, "skills": {"x": 1}})

    assert (answer.status_code, is_problem(answer)["code"]) == (409, "agent_already_registered")
    assert head(client) == before


@pytest.mark.parametrize(
    ("method", "path", "body", "code"),
    [
        ("GET", "/agents/nobody", None, "agent_not_found"),
        ("PATCH", "/agents/nobody", {}, "agent_not_found"),
        ("DELETE", "/agents/nobody", None, "agent_not_found"),
        ("POST", "/agents/nobody/heartbeat", None, "agent_not_found"),
        ("POST", "/agents/nobody/claim", {}, "agent_not_found"),
        ("POST", "/agents/nobody/drain", None, "agent_not_found"),
        ("GET", "/agents/nobody/tasks", None, "agent_not_found"),
        ("GET", "/agents/nobody/performance", None, "agent_not_found"),
        ("GET", "/agents/tasks/nothing", None, "task_not_found"),
        ("GET", "/agents/tasks/nothing/explain", None, "task_not_found"),
        ("POST", "/agents/tasks/nothing/cancel", None, "task_not_found"),
        ("POST", "/agents/tasks/nothing/retry", None, "task_not_found"),
        ("POST", "/agents/tasks/nothing/start", {"agent_id": "a", "lease": "l"}, "task_not_found"),
        ("POST", "/agents/tasks/nothing/fail", {"agent_id": "a", "lease": "l"}, "task_not_found"),
        ("GET", "/nothing/here", None, "route_not_found"),
    ],
)
def test_what_does_not_exist(
    client: httpx.Client, method: str, path: str, body: Any, code: str
) -> None:
    answer = client.request(method, f"{API}{path}", json=body)

    assert (answer.status_code, is_problem(answer)["code"]) == (404, code)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/agents/tasks/submit", {"POST", "OPTIONS"}),
        ("DELETE", "/agents", {"GET", "HEAD", "OPTIONS"}),
        ("POST", "/audit/head", {"GET", "HEAD", "OPTIONS"}),
        ("POST", "/agents/a1", {"GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"}),
        ("TRACE", "/agents", {"GET", "HEAD", "OPTIONS"}),
    ],
)
def test_a_method_that_is_not_served(
    client: httpx.Client, method: str, path: str, allowed: set[str]
) -> None:
    answer = client.request(method, f"{API}{path}")

    assert (answer.status_code, is_problem(answer)["code"]) == (405, "method_not_allowed")
    assert set(answer.headers["allow"].split(", ")) == allowed


@pytest.fixture
def held(client: httpx.Client, stranger: str) -> dict[str, str]:
    """A task that an agent holds: its path, and the proof of it."""
    task = client.post(TASK, json={"task_type": "x", "requirements": {"skills": [stranger]}}).json()
    for _ in range(1000):
        task = client.get(f"{API}/agents/tasks/{task['task_id']}").json()
        if task["lease"]:
            break
    return {"path": f"{API}/agents/tasks/{task['task_id']}", "lease": task["lease"]}


def test_completing_twice_is_refused(
    client: httpx.Client, held: dict[str, str], stranger: str
) -> None:
    proof = {"agent_id": stranger, "lease": held["lease"]}
    assert client.post(f"{held['path']}/complete", json=proof).status_code == 200
    before = head(client)

    again = client.post(f"{held['path']}/complete", json={**proof, "result": 2})
    failed = client.post(f"{held['path']}/fail", json=proof)
    cancelled = client.post(f"{held['path']}/cancel")

    assert (again.status_code, is_problem(again)["code"]) == (409, "task_already_completed")
    assert (failed.status_code, is_problem(failed)["code"]) == (409, "task_already_finished")
    assert (cancelled.status_code, is_problem(cancelled)["code"]) == (409, "task_already_finished")
    assert head(client) == before
    assert client.get(held["path"]).json()["result"] is None


def test_another_agent_cannot_complete(client: httpx.Client, held: dict[str, str]) -> None:
    before = head(client)

    answer = client.post(
        f"{held['path']}/complete", json={"agent_id": "somebody", "lease": held["lease"]}
    )

    assert (answer.status_code, is_problem(answer)["code"]) == (409, "not_assigned_to_agent")
    assert head(client) == before


def test_an_old_lease_is_refused_recorded_and_changes_nothing(
    client: httpx.Client, held: dict[str, str], stranger: str
) -> None:
    for action in ("start", "progress", "complete", "fail"):
        answer = client.post(
            f"{held['path']}/{action}", json={"agent_id": stranger, "lease": "of-yesterday"}
        )
        assert (answer.status_code, is_problem(answer)["code"]) == (409, "stale_lease")
    seen = client.get(held["path"]).json()

    assert (seen["status"], seen["refused"]) == ("assigned", 4)
    longest = client.post(
        f"{held['path']}/start", json={"agent_id": stranger, "lease": "x" * 100_000}
    )
    assert is_problem(longest)["code"] == "stale_lease"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"quality": 1.5}, "invalid_value"),
        ({"usage": {"tokens_in": -1}}, "invalid_value"),
        ({"usage": {"cost": -1}}, "negative_amount"),
        ({"result": "\0"}, "nul_character"),
        ({"outcome": 1}, "unknown_field"),
    ],
)
def test_a_bad_result_leaves_the_task_as_it_is(
    client: httpx.Client, held: dict[str, str], stranger: str, fields: dict[str, Any], code: str
) -> None:
    proof = {"agent_id": stranger, "lease": held["lease"]}
    before = head(client)

    answer = client.post(f"{held['path']}/complete", json={**proof, **fields})

    assert (answer.status_code, is_problem(answer)["code"]) == (422, code)
    assert head(client) == before


@pytest.mark.parametrize(
    ("body", "code"),
    [({"limit": 0}, "invalid_value"), ({"limit": 101}, "invalid_value"),
     ({"wait": -1}, "invalid_value"), ({"wait": "long"}, "invalid_type"),
     ({"max": 1}, "unknown_field")],
)  # fmt: skip
def test_a_bad_claim(client: httpx.Client, stranger: str, body: Any, code: str) -> None:
    answer = client.post(f"{API}/agents/{stranger}/claim", json=body)

    assert (answer.status_code, is_problem(answer)["code"]) == (422, code)


def test_a_long_content_type_is_refused_without_thinking_long(client: httpx.Client) -> None:
    """A pattern with two ways to read a run of spaces takes the square of its length."""
    answer = client.post(
        f"{API}/agents/tasks/submit",
        content=b"{}",
        headers={"content-type": "application/json" + " " * 60_000 + "x"},
        timeout=5,
    )
    assert answer.status_code == 415
    assert answer.json()["code"] == "unsupported_media_type"


def test_an_atomic_batch_names_the_item_that_was_refused(client: httpx.Client) -> None:
    good, late = {"task_type": "x"}, {"task_type": "x", "deadline": "2020-01-01T00:00:00Z"}
    answer = client.post(
        f"{API}/agents/tasks/submit-batch", json={"tasks": [good, good, late], "atomic": True}
    )
    assert answer.status_code == 422
    assert answer.json()["index"] == 2


def test_a_bad_key_is_refused_whatever_the_batch_holds(client: httpx.Client) -> None:
    answer = client.post(
        f"{API}/agents/tasks/submit-batch",
        json={"tasks": [1]},
        headers={b"idempotency-key": b"\xff"},
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_idempotency_key")

"""Bad requests around the body: media types, paths, queries, methods, what does not exist."""

import json
from typing import Any

import httpx
import pytest

from .problems import AGENT, API, JSON, is_problem


def agent(**fields: Any) -> bytes:
    return json.dumps({"agent_id": "never-registered", **fields}).encode()


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
        ("min_level=nan", "invalid_parameter"),
        ("min_level=2", "invalid_parameter"),
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


@pytest.mark.parametrize(
    "query",
    [
        "limit=1&limit=2",
        "sort=agent_id&sort=-agent_id",
        "q=a&q=b",
        "online=true&online=false",
        "min_position=0&min_position=1",
        "label=a&label=b",
    ],
)
def test_a_parameter_that_is_given_twice_must_say_the_same(
    client: httpx.Client, query: str
) -> None:
    answer = client.get(f"{API}/agents?{query}")

    problem = is_problem(answer)
    assert (answer.status_code, problem["code"]) == (400, "invalid_parameter")
    assert problem["errors"][0]["field"] == query.partition("=")[0]


@pytest.mark.parametrize(
    "query",
    [
        "limit=1&limit=1",
        "status=active&status=draining",
        "label=a&label_op=in&label_value=1&label_value=2",
        "tier=gold&tier=silver",
    ],
)
def test_a_parameter_may_be_repeated_and_a_list_may_have_several(
    client: httpx.Client, query: str
) -> None:
    assert client.get(f"{API}/agents?{query}").status_code == 200


@pytest.mark.parametrize("query", ["status=queued&status=dead", "priority=high&priority=low"])
def test_lists_of_tasks_take_several_too(client: httpx.Client, query: str) -> None:
    assert client.get(f"{API}/agents/tasks?{query}").status_code == 200
    assert client.get(f"{API}/agents/metrics/history?from=2026-01-01T00:00:00Z").is_success

"""What holds for every endpoint: request ids, times, methods, slashes, origins."""

from datetime import datetime

import httpx
import pytest

API = "/mas/api/v1"
REGISTER = f"{API}/agents/register"


def test_a_request_has_an_id_that_its_events_carry(client: httpx.Client, unique: str) -> None:
    named = client.put(f"{API}/agents/{unique}", json={}, headers={"x-request-id": f"r-{unique}"})
    unnamed = client.get(f"{API}/agents/{unique}")

    assert named.headers["x-request-id"] == f"r-{unique}"
    assert len(unnamed.headers["x-request-id"]) == 36
    (event,) = client.get(f"{API}/audit/streams/agent/{unique}").json()["items"]
    assert event["correlation_id"] == f"r-{unique}"


@pytest.mark.parametrize("given", ["", "a b", "x" * 129, "é".encode(), "<script>"])
def test_a_request_id_that_could_harm_a_log_is_replaced(
    client: httpx.Client, given: str | bytes
) -> None:
    answer = client.get("/nowhere", headers={"x-request-id": given})

    assert len(answer.headers["x-request-id"]) == 36
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


def test_times_are_rfc_3339_in_utc(client: httpx.Client, unique: str) -> None:
    registered = client.put(f"{API}/agents/{unique}", json={}).json()["registered_at"]
    read = client.get(f"{API}/agents/{unique}").json()["registered_at"]

    for text in (registered, read):
        assert text.endswith("Z")
        assert datetime.fromisoformat(text).utcoffset() is not None
    assert registered == read


def test_head_is_get_without_a_body(client: httpx.Client, unique: str) -> None:
    client.put(f"{API}/agents/{unique}", json={})

    got = client.get(f"{API}/agents/{unique}")
    headed = client.head(f"{API}/agents/{unique}")

    assert (headed.status_code, headed.content) == (200, b"")
    assert headed.headers["content-length"] == got.headers["content-length"]
    assert headed.headers["etag"] == got.headers["etag"]
    assert client.head(f"{API}/agents/nobody").status_code == 404


def test_options_tells_the_methods(client: httpx.Client) -> None:
    answer = client.options(f"{API}/agents/tasks/submit")

    assert (answer.status_code, answer.content) == (204, b"")
    assert "POST" in answer.headers["allow"]


def test_a_trailing_slash_does_not_matter(client: httpx.Client, unique: str) -> None:
    client.put(f"{API}/agents/{unique}/", json={})

    assert client.get(f"{API}/agents/{unique}/").json()["agent_id"] == unique
    assert client.get(f"{API}/agents/").status_code == 200


def test_pages_of_this_machine_may_call(client: httpx.Client, unique: str) -> None:
    origin = {"origin": "http://localhost:3000"}

    preflight = client.options(
        REGISTER,
        headers={
            **origin,
            "access-control-request-method": "POST",
            "access-control-request-headers": "content-type,idempotency-key",
        },
    )
    answer = client.post(REGISTER, json={"agent_id": unique}, headers=origin)
    problem = client.get(f"{API}/agents/nobody", headers=origin)

    assert preflight.status_code == 204
    assert "POST" in preflight.headers["access-control-allow-methods"]
    assert "Idempotency-Key" in preflight.headers["access-control-allow-headers"]
    assert answer.status_code == 201
    for reply in (preflight, answer, problem):
        assert reply.headers["access-control-allow-origin"] == "http://localhost:3000"
        assert reply.headers["vary"] == "Origin"
    assert "X-Event-Position" in answer.headers["access-control-expose-headers"]


def test_pages_of_other_sites_may_not(client: httpx.Client, unique: str) -> None:
    origin = {"origin": "https://evil.example"}

    preflight = client.options(
        REGISTER, headers={**origin, "access-control-request-method": "POST"}
    )
    answer = client.post(REGISTER, json={"agent_id": unique}, headers=origin)
    simple = client.post(f"{API}/agents/{unique}/drain", headers=origin)
    rebound = client.get(f"{API}/agents", headers={"host": "evil.example"})
    read = client.get(f"{API}/agents", headers=origin)

    for reply in (preflight, answer, simple):
        assert (reply.status_code, reply.json()["code"]) == (403, "origin_not_allowed")
    assert (rebound.status_code, rebound.json()["code"]) == (403, "host_not_allowed")
    assert "access-control-allow-origin" not in read.headers
    assert client.get(f"{API}/agents/{unique}").status_code == 404

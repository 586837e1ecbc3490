"""A limit to the requests of one caller: told in every answer, and kept."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from redis import Redis
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from aia_mas.application.settings_rates import rate

from ...valkeys import running_valkey
from .conftest import KEY, bearer

API = "/mas/api/v1"
SOCKET = f"{API}/agents/ws/frontend/client_001"


@pytest.fixture(scope="module")
def limited(start_for_module: Callable[..., Any]) -> Any:
    """A node with keys that serves nobody more than five requests."""
    return start_for_module(
        jwt_secret=KEY, rate_limit=rate("5/hour"), cors_origins=("https://app.example",)
    )


def test_answers_tell_what_is_left_and_the_limit_is_kept(limited: Any, unique: str) -> None:
    with limited.new_client(**bearer(unique, "admin")) as client:
        for left in (4, 3, 2, 1):
            answer = client.get(f"{API}/agents")
            assert answer.status_code == 200
            assert answer.headers["ratelimit-policy"] == '"default";q=5;w=3600'
            assert answer.headers["ratelimit"].startswith(f'"default";r={left};t=')
        problem = client.get(f"{API}/agents/nobody")
        assert (problem.status_code, problem.headers["ratelimit"][:13]) == (404, '"default";r=0')

        refused = client.post(f"{API}/agents/tasks/submit", json={"task_type": "x"})

    assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
    assert refused.headers["content-type"] == "application/problem+json"
    assert 700 < int(refused.headers["retry-after"]) <= 720
    assert refused.headers["ratelimit"].startswith('"default";r=0;t=')
    assert refused.headers["x-request-id"]


def test_who_has_a_token_counts_by_subject_and_others_by_address(limited: Any, unique: str) -> None:
    """Whatever is wrong with a request, it counts: for its address, when nobody vouches for it."""
    asked = [
        limited.client.get("/openapi.json"),
        limited.client.get("/nowhere"),
        limited.client.get(f"{API}/agents"),
        limited.client.get(f"{API}/agents", headers=bearer("x", "admin", key=KEY[::-1])),
        limited.client.get(f"{API}/agents", headers={"authorization": "Basic abc"}),
    ]
    assert [answer.status_code for answer in asked] == [200, 404, 401, 401, 401]
    assert limited.client.get("/openapi.json").status_code == 429

    # Others at the same address are served, two tokens of one subject count together.
    for left in (4, 3):
        answer = limited.client.get(f"{API}/agents", headers=bearer(unique, "admin"))
        assert answer.headers["ratelimit"].startswith(f'"default";r={left};')
    for path in ("/mas/health/live", "/mas/health/ready"):
        for _ in range(10):
            alive = limited.client.get(path)
            assert alive.status_code == 200
            assert "ratelimit" not in alive.headers
    page = {"origin": "https://app.example", "access-control-request-method": "GET"}
    assert limited.client.options(f"{API}/agents", headers=page).status_code == 204
    seen = limited.client.get("/docs", headers=page)
    assert seen.status_code == 429
    assert seen.headers["access-control-allow-origin"] == page["origin"]
    assert "RateLimit" in seen.headers["access-control-expose-headers"]


@pytest.mark.parametrize("browser", [False, True])
def test_handshakes_count(limited: Any, unique: str, browser: bool) -> None:
    url = limited.url.replace("http://", "ws://") + SOCKET
    header = bearer(unique, "admin")["authorization"]
    more: dict[str, Any] = (
        {"subprotocols": ["mas.v1", f"bearer.{header.split()[1]}"]}
        if browser
        else {"additional_headers": {"Authorization": header}}
    )
    for _ in range(5):
        with connect(url, **more) as socket:
            assert json.loads(socket.recv(30))["type"] == "metrics_update"

    with pytest.raises(InvalidStatus) as refused, connect(url, **more):
        pass

    response = refused.value.response
    assert response.status_code == 429
    assert json.loads(response.body or b"{}")["code"] == "rate_limited"
    assert int(response.headers["retry-after"]) > 0
    assert response.headers["ratelimit"].startswith('"default";r=0;')
    asked = limited.client.get(f"{API}/agents", headers=bearer(unique, "admin"))
    assert asked.status_code == 429, "sockets and requests count together"


def test_the_document_tells_of_a_limit_where_there_is_one(limited: Any, node: Any) -> None:
    def responses(of: Any, operation: str) -> dict[str, Any]:
        with of.new_client(**(bearer("reader", "admin") if of is limited else {})) as client:
            document = client.get("/openapi.json").json()
        return next(
            each["responses"]
            for item in document["paths"].values()
            for each in item.values()
            if each["operationId"] == operation
        )

    assert "429" not in responses(node, "register_agent")
    told = responses(limited, "register_agent")
    assert "429" in told
    assert {"RateLimit", "RateLimit-Policy"} <= told["201"]["headers"].keys()
    assert "429" not in responses(limited, "get_liveness")


def test_nodes_count_together_through_redis_and_alone_without_it(
    start_node: Callable[..., Any],
) -> None:
    with running_valkey() as server:
        node = start_node(rate_limit=rate("50/hour"), redis_url=server.connection_url)
        assert node.client.get(f"{API}/agents").headers["ratelimit"].startswith('"default";r=49;')
        with Redis.from_url(server.connection_url) as redis:
            assert list(redis.scan_iter("mas:*:rate:subject:dev"))
        assert node.client.get("/mas/health").json()["redis"]["status"] == "ok"

    for left in (49, 48, 47):
        answer = node.client.get(f"{API}/agents")
        assert answer.status_code == 200
        assert answer.headers["ratelimit"].startswith(f'"default";r={left};')
    health = node.client.get("/mas/health").json()
    assert (health["status"], health["redis"]["status"]) == ("degraded", "unavailable")
    assert "requests are counted by this node alone" in health["redis"]["detail"]


def test_without_a_limit_nothing_is_told(client: httpx.Client) -> None:
    assert "ratelimit" not in client.get(f"{API}/agents").headers

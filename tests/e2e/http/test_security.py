"""Who may do what, on a node that has keys."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from aia_mas import __version__

from .conftest import KEY, bearer
from .nodes import assigned
from .problems import head

API = "/mas/api/v1"


@pytest.fixture
def admin(secured: Any) -> Iterator[httpx.Client]:
    """A client that may do everything."""
    with secured.new_client(**bearer("root", "admin")) as client:
        yield client


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_nothing_is_served_without_a_token_but_health_and_docs(secured: Any) -> None:
    client = secured.client
    document = client.get("/openapi.json").json()
    for path, item in document["paths"].items():
        for method, operation in item.items():
            url = path.replace("{agent_id}", "a").replace("{task_id}", "t").replace("{stream}", "s")
            answer = client.request(method, url)
            if operation["security"]:
                assert code(answer) == (401, "unauthenticated"), (method, path)
                assert answer.headers["www-authenticate"].startswith("Bearer")
            else:
                assert answer.status_code == 200, (method, path)
    for path in ("/docs", "/mas/docs", "/mas/health", "/mas/health/live", "/mas/health/ready"):
        assert client.get(path).status_code == 200
    assert client.get("/mas/health").json()["mode"] == "production"


def test_health_tells_strangers_no_more_than_how_it_is(
    secured: Any, admin: httpx.Client, acting: Callable[..., httpx.Client]
) -> None:
    public = {"status": "ok", "mode": "production", "version": __version__}
    told = admin.get("/mas/health").json()

    assert secured.client.get("/mas/health").json() == public
    assert acting("v", "viewer").get("/mas/health").json() == public
    assert public.items() < told.items()
    assert {"node", "store_id", "leaders", "projections", "database", "redis"} <= told.keys()
    assert acting("a", "auditor").get("/mas/health").json().keys() == told.keys()
    refused = secured.client.get("/mas/health", headers=bearer("root", "admin", lives=-60))
    assert code(refused) == (401, "token_expired")
    for path in ("/mas/health/live", "/mas/health/ready"):
        assert secured.client.get(path, headers=bearer("x", lives=-60)).status_code == 200


def test_an_unhealthy_node_tells_strangers_no_more_either(start_node: Callable[..., Any]) -> None:
    node = start_node(jwt_secret=KEY)
    node.lose_database()

    stranger = node.client.get("/mas/health")
    auditor = node.client.get("/mas/health", headers=bearer("a", "auditor"))

    assert code(stranger) == code(auditor) == (503, "not_ready")
    assert stranger.json()["health"].keys() == {"status", "mode", "version"}
    assert auditor.json()["health"]["database"]["status"] == "unavailable"
    assert node.system.name not in stranger.text
    assert str(node.system.log.store_id) not in stranger.text


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"authorization": "Bearer nonsense"}, "invalid_token"),
        ({"authorization": "Basic cm9vdDpyb290"}, "invalid_token"),
        (bearer("root", "admin", key="another secret, also long enough"), "invalid_token"),
        (bearer("root", "admin", lives=-60), "token_expired"),
        (bearer("system:dispatcher", "admin"), "invalid_token"),
    ],
)
def test_a_bad_token_is_refused(secured: Any, headers: dict[str, str], expected: str) -> None:
    answer = secured.client.get(f"{API}/agents", headers=headers)

    assert code(answer) == (401, expected)
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


def test_the_actor_of_an_event_is_the_subject(
    acting: Any, admin: httpx.Client, unique: str
) -> None:
    acting(unique, "agent").put(f"{API}/agents/{unique}", json={})

    (event,) = admin.get(f"{API}/audit/streams/agent/{unique}").json()["items"]

    assert (event["actor"], event["data"]["owner"]) == (unique, unique)


def test_only_an_operator_registers_an_agent_for_somebody_else(
    acting: Any, admin: httpx.Client, unique: str
) -> None:
    path, team = f"{API}/agents/{unique}", {"owner": "team"}

    assert code(acting(unique, "agent").put(path, json=team)) == (403, "permission_denied")
    registered = acting("ops", "operator").put(path, json=team)

    assert (registered.status_code, registered.json()["owner"]) == (201, "team")
    assert acting(unique, "agent").put(path, json={}).json()["owner"] == "team"


def test_an_agent_acts_for_itself_only(acting: Any, admin: httpx.Client, unique: str) -> None:
    other = f"{unique}-other"
    me = acting(unique, "agent")
    for agent_id in (unique, other):
        admin.put(f"{API}/agents/{agent_id}", json={"skills": {agent_id: 1}})
    submitted = admin.post(
        f"{API}/agents/tasks/submit",
        json={"task_type": "x", "requirements": {"skills": [other]}},
    )
    task = assigned(admin, submitted.json()["task_id"])
    before = head(admin)
    theirs = {"agent_id": other, "lease": task["lease"]}

    for method, path, body in (
        ("POST", "/agents/register", {"agent_id": f"{unique}-new"}),
        ("PUT", f"/agents/{other}", {}),
        ("PATCH", f"/agents/{other}", {"max_concurrent_tasks": 5}),
        ("DELETE", f"/agents/{other}", None),
        ("POST", f"/agents/{other}/heartbeat", None),
        ("POST", f"/agents/{other}/claim", {}),
        ("POST", f"/agents/{other}/drain", None),
        ("POST", f"/agents/tasks/{task['task_id']}/start", theirs),
        ("POST", f"/agents/tasks/{task['task_id']}/progress", theirs),
        ("POST", f"/agents/tasks/{task['task_id']}/complete", theirs),
        ("POST", f"/agents/tasks/{task['task_id']}/fail", theirs),
        ("POST", f"/agents/tasks/{task['task_id']}/cancel", None),
        ("POST", f"/agents/{other}/activate", None),
        ("POST", f"/agents/{unique}/suspend", None),
        ("GET", "/audit/events", None),
    ):
        answer = me.request(method, f"{API}{path}", json=body)
        assert code(answer) == (403, "permission_denied"), (method, path)
    assert head(admin) == before

    assert me.post(f"{API}/agents/{unique}/heartbeat").status_code == 200
    assert me.post(f"{API}/agents/{unique}/claim", json={}).status_code == 200
    assert me.patch(f"{API}/agents/{unique}", json={"labels": {"a": "b"}}).status_code == 200
    assert me.get(f"{API}/agents/{other}").status_code == 200
    stale = me.post(
        f"{API}/agents/tasks/{task['task_id']}/complete", json={"agent_id": unique, "lease": "x"}
    )
    assert code(stale) == (409, "not_assigned_to_agent")


def test_roles(acting: Any, admin: httpx.Client, unique: str) -> None:
    admin.put(f"{API}/agents/{unique}", json={})
    submission = {"task_type": "x", "requirements": {"skills": [f"{unique}-of-nobody"]}}

    viewer, client = acting("v", "viewer"), acting("c", "client")
    auditor, operator, nobody = acting("a", "auditor"), acting("o", "operator"), acting("n")

    assert viewer.get(f"{API}/agents").status_code == 200
    assert code(viewer.post(f"{API}/agents/tasks/submit", json=submission))[0] == 403
    assert client.post(f"{API}/agents/tasks/submit", json=submission).status_code == 201
    assert code(client.put(f"{API}/agents/{unique}", json={}))[0] == 403
    assert auditor.get(f"{API}/audit/events").status_code == 200
    assert code(client.get(f"{API}/audit/events"))[0] == 403
    assert operator.post(f"{API}/agents/{unique}/suspend").status_code == 200
    assert code(nobody.get(f"{API}/agents"))[0] == 403


def test_a_client_calls_off_and_tries_again_only_what_is_its_own(
    acting: Any, admin: httpx.Client, unique: str
) -> None:
    mine, other = acting(unique, "client"), acting(f"{unique}-other", "client")
    submission = {"task_type": "x", "requirements": {"skills": [unique]}}
    task = mine.post(f"{API}/agents/tasks/submit", json=submission).json()
    path = f"{API}/agents/tasks/{task['task_id']}"
    before = head(admin)
    key = {"idempotency-key": unique}

    for action in ("cancel", "retry"):
        assert code(other.post(f"{path}/{action}")) == (403, "permission_denied")
    refused = other.post(f"{path}/cancel", headers=key)
    again = other.post(f"{path}/cancel", headers=key)
    for answer in (refused, again):
        assert code(answer) == (403, "permission_denied")
        assert "idempotent-replayed" not in answer.headers
    assert head(admin) == before
    assert other.get(path).json()["owner"] == unique

    assert mine.post(f"{path}/cancel").json()["status"] == "cancelled"
    assert mine.post(f"{path}/retry").status_code == 200
    assert acting("ops", "operator").post(f"{path}/cancel").json()["status"] == "cancelled"


def test_an_agent_ends_its_own_drain_and_nothing_else(
    acting: Any, admin: httpx.Client, unique: str
) -> None:
    me, path = acting(unique, "agent"), f"{API}/agents/{unique}"
    me.put(path, json={})

    def status(answer: httpx.Response) -> str:
        assert answer.is_success, answer.text
        told: str = answer.json()["status"]
        return told

    assert status(me.post(f"{path}/drain")) == "draining"
    assert status(me.put(path, json={})) == "active"
    assert status(me.post(f"{path}/drain")) == "draining"
    assert status(me.post(f"{path}/activate")) == "active"
    for order in ("drain", "suspend"):
        ordered = status(admin.post(f"{path}/{order}"))
        assert status(me.put(path, json={})) == ordered
        assert code(me.post(f"{path}/activate")) == (403, "permission_denied")
        assert me.delete(path).status_code == 204
        assert status(me.put(path, json={})) == ordered
        assert status(admin.get(path)) == ordered
    assert status(admin.post(f"{path}/activate")) == "active"


def test_keys_of_two_callers_do_not_meet(acting: Any, unique: str) -> None:
    def submitted(subject: str, key: str) -> str:
        answer = acting(subject, "client").post(
            f"{API}/agents/tasks/submit",
            json={"task_type": "x"},
            headers={"idempotency-key": key},
        )
        assert answer.status_code == 201
        task_id: str = answer.json()["task_id"]
        return task_id

    ids = [
        submitted(f"{unique}:a", "b:c"),
        submitted(unique, "a:b:c"),
        submitted(f"{unique}:a:b", "c"),
        submitted(f"{unique}%3Aa", "b:c"),
    ]
    assert len(set(ids)) == 4


def test_with_keys_any_host_name_is_served_and_no_origin_is_trusted(
    secured: Any, admin: httpx.Client
) -> None:
    named = admin.get(f"{API}/agents", headers={"host": "mas.example.org"})
    page = admin.get(f"{API}/agents", headers={"origin": "http://localhost:3000"})

    assert named.status_code == page.status_code == 200
    assert "access-control-allow-origin" not in page.headers


def test_a_token_on_a_node_without_keys_is_refused(client: httpx.Client) -> None:
    answer = client.get(f"{API}/agents", headers=bearer("root", "admin"))

    assert code(answer) == (401, "invalid_token")


def test_no_secret_comes_back_or_stands_in_the_log(
    secured: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    headers = bearer("root", "admin")
    token = headers["authorization"].split()[1]
    secured.client.get(f"{API}/agents", headers=headers)
    refused = secured.client.get(f"{API}/agents", headers={"authorization": f"Bearer {token}x"})

    out, err = capfd.readouterr()
    assert token not in out + err + refused.text
    assert KEY not in out + err


def test_only_the_agent_itself_and_operators_see_the_secret_of_its_endpoint(
    acting: Callable[..., httpx.Client], unique: str
) -> None:
    own, stranger = acting(unique, "agent"), acting(f"{unique}-other", "agent")
    operator, client = acting("ops", "operator"), acting("c", "client")
    agent = f"{API}/agents/{unique}"
    own.put(agent, json={"endpoint": "https://agent.example/"}).raise_for_status()

    for who in (own, operator):
        secret = who.get(f"{agent}/webhook").json()["secret"]
        assert secret.startswith("whsec_")
        assert who.post(f"{agent}/webhook/rotate").json()["secret"] != secret
    for who in (stranger, client):
        assert code(who.get(f"{agent}/webhook")) == (403, "permission_denied")
        assert code(who.post(f"{agent}/webhook/rotate")) == (403, "permission_denied")
        assert code(who.post(f"{agent}/webhook/test")) == (403, "permission_denied")
        assert "whsec_" not in who.get(agent).text

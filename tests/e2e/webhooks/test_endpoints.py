"""Endpoints are disabled when they fail and enabled again; their secrets change."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from .conftest import QUICK
from .firms import AGENTS, TASKS, Firm
from .receivers import Receiver, Reply


def topics(firm: Firm) -> list[str]:
    return [event["topic"].removeprefix("agent.").removesuffix(".v1") for event in firm.events()]


def disabled(firm: Firm) -> None:
    firm.agent(lambda agent: agent["endpoint_disabled"] == "failing")


def test_an_endpoint_that_fails_again_and_again_is_disabled_and_its_tasks_are_queued_again(
    firm: Firm, receiver: Receiver
) -> None:
    receiver.answer = lambda _: Reply(500)
    task_ids = [firm.submit() for _ in range(3)]

    disabled(firm)
    for task_id in task_ids:
        firm.ends(task_id, "queued")

    assert topics(firm) == ["registered", "endpoint_disabled"]
    (event,) = firm.events()[1:]
    assert (event["data"]["reason"], event["data"]["failures"]) == ("failing", 4)
    assert event["actor"] == "system:webhooks"
    state = firm.webhook()
    assert (state["state"], state["reason"], state["failures"]) == ("disabled", "failing", 4)
    assert state["last_delivery"]["outcome"] == "5xx"
    # Nobody is assigned it, and it says why.
    explained = firm.client.get(f"{TASKS}/{task_ids[0]}/explain").json()
    assert [reason["code"] for reason in explained["waiting"]] == ["endpoint_disabled"]
    agent = firm.agent(lambda _: True)
    assert (agent["status"], agent["online"]) == ("active", True)


@pytest.mark.parametrize("how", ["put", "patch", "activate"])
def test_a_disabled_endpoint_is_enabled_again(firm: Firm, receiver: Receiver, how: str) -> None:
    receiver.answer = lambda _: Reply(410)
    task_id = firm.submit()
    firm.agent(lambda agent: agent["endpoint_disabled"] == "gone")
    receiver.answer = lambda _: Reply()

    if how == "put":
        firm.put()
    elif how == "patch":
        answer = firm.client.patch(firm.path, json={"endpoint": receiver.url})
        assert answer.json()["endpoint_disabled"] is None
    else:
        assert firm.client.post(f"{firm.path}/activate").status_code == 200

    firm.ends(task_id, "running")
    assert topics(firm) == ["registered", "endpoint_disabled", "endpoint_enabled"]
    assert firm.webhook()["state"] == "enabled"
    assert firm.webhook()["failures"] == 0


def test_other_changes_enable_nothing(firm: Firm, receiver: Receiver) -> None:
    receiver.answer = lambda _: Reply(410)
    firm.submit()
    firm.agent(lambda agent: agent["endpoint_disabled"] == "gone")

    firm.client.patch(firm.path, json={"max_concurrent_tasks": 7})

    assert firm.webhook()["state"] == "disabled"
    assert topics(firm) == ["registered", "endpoint_disabled", "updated"]


def test_after_a_rotation_both_secrets_sign(firm: Firm, receiver: Receiver) -> None:
    before = firm.webhook()
    assert before["previous_secret_until"] is None

    answer = firm.client.post(f"{firm.path}/webhook/rotate", headers={"idempotency-key": "r1"})
    again = firm.client.post(f"{firm.path}/webhook/rotate", headers={"idempotency-key": "r1"})

    after = firm.webhook()
    assert answer.json() == again.json() == after
    assert after["secret"] != before["secret"]
    assert after["previous_secret_until"] is not None
    firm.submit()
    received = receiver.next()
    assert received.signatures == [
        received.signed_with(after["secret"]),
        received.signed_with(before["secret"]),
    ]
    # The secret itself stands in no event and in no stored answer.
    stored = firm.client.get("/mas/api/v1/audit/events", params={"limit": 500}).text
    assert after["secret"] not in stored
    assert "whsec_" not in stored


def test_agents_have_secrets_of_their_own_and_new_ones_when_they_register_again(
    firm: Firm, receiver: Receiver, unique: str
) -> None:
    other = Firm(firm.client, receiver.url, f"{unique}-2")
    secret = firm.webhook()["secret"]
    assert secret.startswith("whsec_")
    assert other.webhook()["secret"] != secret

    firm.client.delete(firm.path)
    assert firm.client.get(f"{firm.path}/webhook").json()["code"] == "agent_not_found"
    firm.put()

    assert firm.webhook()["secret"] != secret


def test_a_trial_tells_what_came_back(firm: Firm, receiver: Receiver) -> None:
    secret = firm.webhook()["secret"]

    told = firm.client.post(f"{firm.path}/webhook/test").json()

    ping = receiver.next_ping()
    assert ping.json == {"type": "ping", "agent_id": firm.agent_id}
    assert ping.signatures == [ping.signed_with(secret)]
    assert (told["outcome"], told["status"], told["endpoint"]) == ("answered", 204, receiver.url)
    receiver.answer_ping = lambda _: Reply(302, b"", {"location": "/x"})
    told = firm.client.post(f"{firm.path}/webhook/test").json()
    assert (told["outcome"], told["status"]) == ("3xx", 302)
    firm.client.patch(firm.path, json={"endpoint": None})
    refused = firm.client.post(f"{firm.path}/webhook/test")
    assert (refused.status_code, refused.json()["code"]) == (409, "no_endpoint")


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://169.254.169.254/latest",
        "https://10.0.0.1/",
        "https://[::1]:8000/",
        "http://[::ffff:10.0.0.1]/",
        "https://0x7f.1/",
        "https://localhost/",
        "http://192.0.2.1/",
    ],
)
def test_an_address_that_is_not_allowed_is_refused_at_registration(
    node: Any, unique: str, endpoint: str
) -> None:
    client: httpx.Client = node.client
    body = {"agent_id": unique, "endpoint": endpoint}

    registered = client.post(f"{AGENTS}/register", json=body)
    put = client.put(f"{AGENTS}/{unique}", json={"endpoint": endpoint})

    for answer in (registered, put):
        problem = answer.json()
        assert (answer.status_code, problem["code"]) == (422, "endpoint_not_allowed"), problem
        assert problem["errors"][0]["pointer"] == "/endpoint"
    assert client.get(f"{AGENTS}/{unique}").status_code == 404


def test_plain_http_is_refused_where_no_network_is_allowed(node: Any, unique: str) -> None:
    answer = node.client.put(f"{AGENTS}/{unique}", json={"endpoint": "http://agent.example/"})

    assert answer.json()["code"] == "endpoint_not_allowed"


def test_pings_keep_an_agent_online_and_bring_it_back(
    start_node: Callable[..., Any], receiver: Receiver
) -> None:
    node = start_node(heartbeat_interval_seconds=0.4, **QUICK)
    firm = Firm(node.client, receiver.url, "pinged")
    assert receiver.next_ping().json["agent_id"] == "pinged"

    receiver.answer_ping = lambda _: Reply(500)
    firm.agent(lambda agent: not agent["online"])
    receiver.answer_ping = lambda _: Reply(204)
    firm.agent(lambda agent: bool(agent["online"]))

    assert topics(firm)[:3] == ["registered", "went_offline", "came_online"]
    receiver.answer_ping = lambda _: Reply(410)
    firm.agent(lambda agent: agent["endpoint_disabled"] == "gone")
    # Nobody is asked any more; another agent's pings come all the same.
    with receiver.pings.mutex:
        receiver.pings.queue.clear()
    other = Firm(node.client, f"{receiver.url}/other", "other")
    receiver.answer_ping = lambda _: Reply(204)
    pinged = {receiver.next_ping().json["agent_id"] for _ in range(3)}
    assert pinged == {other.agent_id}

"""The log over HTTP: every change stands in it, in order, and can be looked for."""

from typing import Any

import httpx

from .nodes import assigned
from .test_task_lives import register, submit

API = "/mas/api/v1"


def test_every_change_stands_in_the_audit(client: httpx.Client, unique: str) -> None:
    register(client, unique, skills={unique: 1.0})
    task_id = submit(client, unique)["task_id"]
    assigned(client, task_id)

    events = client.get(f"{API}/audit/streams/task/{task_id}").json()["items"]

    assert [event["topic"] for event in events] == ["task.submitted.v1", "task.assigned.v1"]
    assert [event["version"] for event in events] == [1, 2]
    assert {event["actor"] for event in events} <= {"dev", "system:dispatcher"}
    assert events[0]["data"]["spec"]["task_type"] == "work"
    head = client.get(f"{API}/audit/head").json()
    assert head["position"] >= events[-1]["position"]
    assert len(bytes.fromhex(head["hash"])) == 32
    one = client.get(
        f"{API}/audit/events",
        params={"after": events[1]["position"] - 1, "upto": events[1]["position"]},
    ).json()
    assert one["items"] == [events[1]]
    assert client.get(f"{API}/audit/streams/task/none").json()["code"] == "stream_not_found"


def test_an_audit_can_be_filtered_and_walked_in_both_directions(
    client: httpx.Client, unique: str
) -> None:
    register(client, unique)
    for action in ("suspend", "activate", "drain", "activate"):
        assert client.post(f"{API}/agents/{unique}/{action}").status_code == 200
    of_agent = {"stream": f"agent/{unique}"}

    def topics(**params: Any) -> list[str]:
        found: list[str] = []
        cursor = None
        while True:
            page = client.get(
                f"{API}/audit/events",
                params={**of_agent, **params, "limit": 2, **({"cursor": cursor} if cursor else {})},
            ).json()
            found += [event["topic"] for event in page["items"]]
            cursor = page["next_cursor"]
            if cursor is None:
                return found

    told = ["registered", "suspended", "activated", "drained", "activated"]
    forward = [f"agent.{word}.v1" for word in told]
    assert topics() == forward
    assert topics(sort="-position") == forward[::-1]
    activations = ["agent.activated.v1", "agent.activated.v1"]
    assert topics(type="agent.activated.v1") == activations
    assert topics(type=["agent.registered.v1", "agent.drained.v1"]) == [forward[0], forward[3]]
    assert topics(actor="nobody") == []
    assert topics(until="2020-01-01T00:00:00Z") == []
    assert topics(since="2020-01-01T00:00:00+02:00") == forward
    assert client.get(f"{API}/audit/events", params={"category": "agent"}).json()["items"]
    every = client.get(f"{API}/audit/events", params={**of_agent, "limit": 500}).json()["items"]
    second = every[1]["position"]
    assert topics(after=second) == forward[2:]
    assert topics(after=second, sort="-position") == forward[:1:-1]

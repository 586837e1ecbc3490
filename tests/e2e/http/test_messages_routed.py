"""Where messages go: topics, capabilities, roles, rules; the routing table and the reason why."""

from __future__ import annotations

from typing import Any

import httpx

from .mail import C, agents, of, ok, send, take
from .problems import API, head


def explained(client: httpx.Client, **message: Any) -> dict[str, Any]:
    body = {"message_type": "note", **message}
    told: dict[str, Any] = ok(client.post(f"{C}/routes/explain", json=body))
    return told


def routes(client: httpx.Client, **query: Any) -> list[dict[str, Any]]:
    """The whole routing table, page by page."""
    found: list[dict[str, Any]] = []
    cursor = None
    while True:
        page = ok(
            client.get(f"{C}/routes", params={**query, **({"cursor": cursor} if cursor else {})})
        )
        found += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return found


def test_a_topic_goes_to_whoever_subscribed(client: httpx.Client, unique: str) -> None:
    ann, bob, zoe = agents(client, unique, "ann", "bob", "zoe")
    path = f"{C}/agents/{{}}/subscriptions"
    both = {"patterns": [f"{unique}.*", f"{unique}.>"]}
    assert ok(client.post(path.format(ann), json=both)) == {
        "agent_id": ann,
        **both,
        "webhook": False,
    }
    ok(client.put(path.format(bob), json={"patterns": [f"{unique}.created"]}))

    created = send(client, topic=f"{unique}.created")["message_id"]
    deeper = send(client, topic=f"{unique}.created.twice")["message_id"]
    send(client, topic=unique)
    own = send(client, topic=f"{unique}.created", from_agent=ann)["message_id"]

    assert of(take(client, ann)) == [created, deeper]  # once, however many patterns take it in
    assert of(take(client, bob)) == [created, own]
    assert take(client, zoe) == []

    taken_back = client.delete(path.format(ann), params={"pattern": [f"{unique}.*", "none"]})
    assert ok(taken_back)["patterns"] == [f"{unique}.>"]
    changed = ok(client.put(path.format(bob), json={"patterns": ["a", "b"]}))
    again = ok(client.put(path.format(bob), json={"patterns": ["b", "a"]}))
    assert changed["patterns"] == again["patterns"] == ["a", "b"]
    assert ok(client.get(path.format(bob)))["patterns"] == ["a", "b"]
    assert send(client, topic=f"{unique}.x")["why"] == [f"topic {unique}.x: 1 now"]


def test_whoever_is_not_registered_may_subscribe(client: httpx.Client, unique: str) -> None:
    ok(client.post(f"{C}/agents/{unique}/subscriptions", json={"patterns": [unique]}))

    sent = send(client, topic=unique)["message_id"]

    assert of(take(client, unique)) == [sent]


def test_an_agent_that_left_gets_nothing_for_its_topics_until_it_is_back(
    client: httpx.Client, unique: str
) -> None:
    ann, bob = agents(client, unique, "ann", "bob")
    for agent_id in (ann, bob):
        path = f"{C}/agents/{agent_id}/subscriptions"
        ok(client.put(path, json={"patterns": [unique]}))

    def listening() -> Any:
        position = {"min_position": head(client)}
        listed = ok(client.get(f"{C}/topics", params={"topic": unique, **position}))["items"]
        (route,) = [each for each in routes(client, kind="topic") if each["name"] == unique]
        names = sorted(member["agent_id"] for member in route["members"])
        assert route["recipients"] == len(names)
        return [each["subscribers"] for each in listed], names

    assert listening() == ([2], [ann, bob])
    assert client.delete(f"{API}/agents/{ann}").status_code == 204
    assert listening() == ([1], [bob])
    missed = send(client, topic=unique)
    assert missed["why"] == [f"topic {unique}: 1 now"]
    ok(client.put(f"{API}/agents/{ann}", json={}), 201)
    assert listening() == ([2], [ann, bob])
    sent = send(client, topic=unique)["message_id"]
    assert of(take(client, ann)) == [sent]
    assert of(take(client, bob)) == [missed["message_id"], sent]


def test_topics_are_listed_in_the_order_of_their_words(client: httpx.Client, unique: str) -> None:
    patterns = [f"{unique}.{rest}" for rest in ("*", ">", "a", "a.*", "a.b", "b")]
    for agent_id in (f"{unique}-1", f"{unique}-2"):
        path = f"{C}/agents/{agent_id}/subscriptions"
        ok(client.post(path, json={"patterns": patterns[::-1]}))
    ok(client.delete(f"{C}/agents/{unique}-2/subscriptions", params={"pattern": patterns[2]}))

    def listed(**query: Any) -> list[tuple[str, int]]:
        found: list[tuple[str, int]] = []
        cursor = None
        while True:
            more = {"cursor": cursor} if cursor else {}
            page = ok(client.get(f"{C}/topics", params={**query, **more}))
            found += [(each["pattern"], each["subscribers"]) for each in page["items"]]
            cursor = page["next_cursor"]
            if cursor is None:
                return [each for each in found if each[0].startswith(f"{unique}.")]

    wanted = [(each, 1 if each == patterns[2] else 2) for each in patterns]
    assert listed() == listed(limit=2) == wanted
    assert [each for each, _ in listed(topic=f"{unique}.a")] == patterns[:3]
    assert [each for each, _ in listed(topic=f"{unique}.a.b", limit=1)] == [
        f"{unique}.>",
        f"{unique}.a.*",
        f"{unique}.a.b",
    ]


def test_a_capability_is_all_who_have_it_or_any_of_them(client: httpx.Client, unique: str) -> None:
    ann, bob = agents(client, unique, "ann", "bob", skills={unique: 0.5})
    (zoe,) = agents(client, unique, "zoe", specializations=[unique])

    everybody = send(client, capability=unique)
    one = send(client, capability=unique, mode="any", from_agent=ann)
    another = send(client, capability=unique, mode="any", from_agent=ann)

    assert everybody["recipients"] == []
    # Who has fewer waiting gets the next one, and never its sender.
    assert sorted([*one["recipients"], *another["recipients"]]) == sorted([bob, zoe])
    assert one["recipients"][0] in one["why"][0]
    assert len(take(client, ann)) == 1
    for agent_id in (bob, zoe):
        assert len(take(client, agent_id)) == 2


def test_a_rule_sends_messages_elsewhere_and_says_so(client: httpx.Client, unique: str) -> None:
    ann, bob = agents(client, unique, "ann", "bob")
    (boss,) = agents(client, unique, "boss", labels={"role": f"{unique}-boss"})
    moved = {
        "match": {"message_type": unique, "headers": {"to": "bob"}},
        "to": {"to_agent": bob},
        "order": 1,
    }
    copied = {
        "match": {"topic": f"{unique}.>"},
        "copy_to": {"role": f"{unique}-boss"},
        "priority": "critical",
        "description": "the boss hears of it",
    }
    first = f"{C}/rules/{unique}-1"
    put = client.put(first, json=moved)
    assert ok(put) == {"rule_id": f"{unique}-1", **moved, "enabled": True}
    ok(client.put(f"{C}/rules/{unique}-2", json=copied))
    before = head(client)
    ok(client.put(first, json=moved))
    assert head(client) == before

    sent = send(client, to_agent=ann, message_type=unique, headers={"to": "bob"})
    spread = send(client, topic=f"{unique}.x")
    plain = send(client, to_agent=ann, message_type=unique)

    assert sent["recipients"] == [bob]
    assert sent["why"] == [f"rule {unique}-1 sends it to {bob}"]
    assert spread["priority"] == "critical"
    assert spread["why"][0] == f"rule {unique}-2 copies it to role {unique}-boss, makes it critical"
    assert of(take(client, ann)) == [plain["message_id"]]
    assert of(take(client, bob)) == [sent["message_id"]]
    (copy,) = take(client, boss)
    assert (copy["message_id"], copy["priority"]) == (spread["message_id"], "critical")
    told = ok(client.get(f"{C}/messages/{sent['message_id']}"))
    assert (told["to_agent"], told["goes_to"]) == (ann, [{"to_agent": bob}])

    off = ok(client.put(first, json={**moved, "enabled": False}))
    assert off["enabled"] is False
    assert send(client, to_agent=ann, message_type=unique, headers={"to": "bob"})["recipients"] == [
        ann
    ]
    listed = [rule["rule_id"] for rule in ok(client.get(f"{C}/rules"))["items"]]
    mine = [rule_id for rule_id in listed if rule_id.startswith(unique)]
    assert mine == [f"{unique}-2", f"{unique}-1"]
    for number in (1, 2):
        assert client.delete(f"{C}/rules/{unique}-{number}").status_code == 204
    assert send(client, topic=f"{unique}.x")["priority"] == "normal"


def test_the_way_of_a_message_is_explained_without_sending_it(
    client: httpx.Client, unique: str
) -> None:
    ann, bob = agents(client, unique, "ann", "bob", skills={unique: 1})
    rule = {"match": {"message_type": unique}, "copy_to": {"capability": unique}}
    ok(client.put(f"{C}/rules/{unique}", json=rule))

    told = explained(client, to_agent="somebody", message_type=unique)
    empty = explained(client, role=unique)
    full = explained(client, broadcast=True)
    own = explained(client, from_agent=ann, capability=unique)

    assert told["destinations"] == [
        {"to_agent": "somebody"},
        {"capability": unique, "mode": "all"},
    ]
    assert (told["recipients"], told["priority"]) == (["somebody"], "normal")
    (group,) = told["groups"]
    assert (group["capability"], group["recipients"]) == (unique, 2)
    assert [each["agent_id"] for each in group["members"]] == [ann, bob]
    assert told["why"][0] == f"rule {unique} copies it to all with capability {unique}"
    assert told["problem"] is None
    # Nobody gets what they sent to a group themselves.
    assert [each["agent_id"] for each in own["groups"][0]["members"]] == [bob]
    assert own["groups"][0]["recipients"] == 1
    assert empty["problem"]["code"] == "empty_group"
    assert full["groups"][0]["recipients"] >= 2
    assert len(full["groups"][0]["members"]) <= 20
    assert take(client, ann) == take(client, "somebody") == []
    assert client.delete(f"{C}/rules/{unique}").status_code == 204


def test_the_routing_table_tells_who_gets_what(client: httpx.Client, unique: str) -> None:
    declared = {"skills": {unique: 1}, "labels": {"role": unique}}
    ann, bob = agents(client, unique, "ann", "bob", **declared)
    ok(client.post(f"{C}/agents/{ann}/subscriptions", json={"patterns": [f"{unique}.>"]}))
    ok(client.put(f"{C}/rules/{unique}", json={"match": {"topic": unique}, "last": True}))
    send(client, to_agent=bob)

    table = routes(client, limit=500)
    mine = [entry for entry in table if entry["name"].startswith(unique)]

    both = [
        {"agent_id": ann, "online": True, "waiting": 0},
        {"agent_id": bob, "online": True, "waiting": 1},
    ]
    capability, role, topic, rule = mine
    assert capability == {
        "kind": "capability",
        "name": unique,
        "recipients": 2,
        "members": both,
    }
    assert role == {**capability, "kind": "role"}
    assert (topic["kind"], topic["name"], topic["members"]) == ("topic", f"{unique}.>", both[:1])
    assert (rule["kind"], rule["rule"]["last"]) == ("rule", True)
    in_steps = routes(client, limit=7)
    assert [(e["kind"], e["name"]) for e in in_steps] == [(e["kind"], e["name"]) for e in table]
    kinds = {entry["kind"] for entry in routes(client, kind=["topic", "role"], limit=500)}
    assert kinds == {"topic", "role"}
    # Who leaves is in it no more.
    assert client.delete(f"{API}/agents/{bob}").status_code == 204
    entries = routes(client, kind="role", limit=500)
    assert [e["recipients"] for e in entries if e["name"] == unique] == [1]
    assert client.delete(f"{C}/rules/{unique}").status_code == 204


def test_an_agent_has_its_messages_sent_to_its_endpoint(client: httpx.Client, unique: str) -> None:
    (ann,) = agents(client, unique, "ann")
    path = f"{C}/agents/{ann}/forwarding"

    assert ok(client.put(path, json={"webhook": True}))["webhook"] is True
    assert ok(client.get(f"{C}/agents/{ann}/subscriptions"))["webhook"] is True
    assert ok(client.put(path, json={"webhook": False}))["webhook"] is False

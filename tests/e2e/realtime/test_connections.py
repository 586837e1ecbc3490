"""Who is connected, on all nodes: listed, and closed by operators."""

import json
from contextlib import ExitStack
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from .two_nodes import (
    ADMIN,
    AGENT,
    API,
    CONNECTIONS,
    FRONTEND,
    STREAM,
    bearer,
    code,
    dial,
    end_of,
    listed,
    until,
)

Pair = tuple[Any, Any]
DISCONNECTED = (4011, "disconnected by an operator")
DISCONNECT = f"{CONNECTIONS}/disconnect"


def register(node: Any, agent_id: str) -> None:
    answer = node.client.put(f"{API}/agents/{agent_id}", json={}, headers=ADMIN)
    assert answer.status_code in {200, 201}


def say(socket: Any, **message: Any) -> dict[str, Any]:
    socket.send(json.dumps(message))
    while True:
        frame: dict[str, Any] = json.loads(socket.recv(30))
        if frame["type"] != "metrics_update":
            return frame


def order(at: Any, headers: dict[str, str] = ADMIN, **whom: Any) -> Any:
    return at.client.post(DISCONNECT, json=whom, headers=headers)


def test_the_list_shows_connections_of_all_nodes_and_how_they_change(
    pair: Pair, unique: str
) -> None:
    first, second = pair
    register(first, unique)
    mine = bearer(unique, "agent")
    with (
        dial(first, f"{FRONTEND}{unique}-board", mine) as board,
        dial(second, AGENT + unique, mine) as agent,
        second.new_client(**mine) as browser,
        browser.stream("GET", STREAM, params={"topic": ["tasks", "metrics"]}) as stream,
    ):
        assert stream.status_code == 200
        found = until(
            lambda: len(items := listed(first, subject=unique)) == 3 and items, "three of them"
        )
        by_kind = {one["kind"]: one for one in found}
        assert by_kind.keys() == {"frontend", "agent", "stream"}
        assert [one["connection_id"] for one in found] == sorted(
            one["connection_id"] for one in found
        )
        front, worker = by_kind["frontend"], by_kind["agent"]
        assert (front["client_id"], front["agent_id"]) == (f"{unique}-board", None)
        assert (front["node"], front["topics"]) == ("first", ["metrics"])
        assert (worker["client_id"], worker["agent_id"]) == (unique, unique)
        assert (worker["node"], worker["topics"]) == ("second", [])
        assert by_kind["stream"]["topics"] == ["metrics", "tasks"]
        assert {one["queued_bytes"] for one in found} == {0}

        assert say(board, type="subscribe", topic="agents", id="a")["type"] == "subscribed"
        until(
            lambda: (
                listed(second, client_id=f"{unique}-board")[0]["topics"] == ["agents", "metrics"]
            ),
            "the new topic",
        )
        agent.close()
        until(lambda: not listed(first, agent_id=unique), "the end of the agent's socket")
        assert {one["kind"] for one in listed(second, subject=unique)} == {"frontend", "stream"}


def test_the_list_is_filtered_and_paged(pair: Pair, unique: str) -> None:
    first, second = pair
    mine = bearer(unique, "viewer")
    with ExitStack() as open_now:
        for n in range(5):
            open_now.enter_context(dial(pair[n % 2], f"{FRONTEND}{unique}-{n}", mine))
        until(lambda: len(listed(first, subject=unique)) == 5, "five of them")
        query = {"subject": unique, "limit": 2, "total": True}
        pages: list[Any] = []
        while not pages or pages[-1]["next_cursor"]:
            if pages:
                query["cursor"] = pages[-1]["next_cursor"]
            pages.append(second.client.get(CONNECTIONS, params=query, headers=ADMIN).json())
        assert [len(page["items"]) for page in pages] == [2, 2, 1]
        assert {page["total"] for page in pages} == {5}
        found = [one["client_id"] for page in pages for one in page["items"]]
        assert sorted(found) == [f"{unique}-{n}" for n in range(5)]
        on_first = listed(second, subject=unique, node="first")
        assert {one["client_id"] for one in on_first} == {f"{unique}-{n}" for n in (0, 2, 4)}
        assert not listed(first, subject=unique, kind="agent")
        foreign = {"kind": "frontend", "cursor": pages[0]["next_cursor"]}
        answer = first.client.get(CONNECTIONS, params=foreign, headers=ADMIN)
        assert code(answer) == (400, "invalid_cursor")
        unknown = first.client.get(CONNECTIONS, params={"kind": "phone"}, headers=ADMIN)
        assert code(unknown) == (400, "invalid_parameter")


def test_who_does_not_read_is_seen(pair: Pair, unique: str) -> None:
    with dial(pair[0], FRONTEND + unique, bearer(unique, "viewer")) as socket:
        socket.recv(30)
        until(lambda: listed(pair[1], client_id=unique), "it is not listed")

        async def hold_back() -> None:
            (entry,) = (
                each
                for each in pair[0].system.hub.roster.entries.values()
                if each.connection.client_id == unique
            )
            entry.connection.queued_bytes += 100_000

        pair[0].run(hold_back())
        until(lambda: listed(pair[1], client_id=unique)[0]["queued_bytes"] == 100_000, "unread")


def test_an_operator_closes_a_connection_on_another_node_and_nobody_else_s(
    pair: Pair, unique: str
) -> None:
    first, second = pair
    mine = bearer(unique, "viewer")
    with (
        dial(second, f"{FRONTEND}{unique}-1", mine) as one,
        dial(second, f"{FRONTEND}{unique}-2", mine) as other,
    ):
        (shown,) = until(lambda: listed(first, client_id=f"{unique}-1"), "it is not listed")
        path = f"{CONNECTIONS}/{shown['connection_id']}"
        asked = {"headers": bearer("ops", "operator")}
        answer = first.client.request("DELETE", path, json={"reason": "left open"}, **asked)
        assert answer.status_code == 200, answer.text
        assert end_of(one) == DISCONNECTED
        assert answer.json()["whom"] == {"connection_id": shown["connection_id"]}
        assert (answer.json()["by"], answer.json()["reason"]) == ("ops", "left open")

        # It is over; repeating it says the same, on the other node as well.
        until(lambda: not listed(first, client_id=f"{unique}-1"), "it is still listed")
        again = second.client.request("DELETE", path, headers=ADMIN)
        assert again.json() == answer.json()
        stream = f"{API}/audit/streams/disconnection/{shown['connection_id']}"
        (event,) = first.client.get(stream, headers=ADMIN).json()["items"]
        assert (event["topic"], event["actor"]) == ("disconnection.ordered.v1", "ops")

        other.send(json.dumps({"type": "ping", "id": "still"}))
        while json.loads(other.recv(30))["type"] != "pong":
            pass


@pytest.mark.parametrize("by", ["subject", "client_id", "agent_id", "stream"])
def test_an_order_closes_what_is_open_on_all_nodes_and_lets_in_who_comes_later(
    pair: Pair, unique: str, by: str
) -> None:
    first, second = pair
    register(first, unique)
    mine = bearer(unique, "agent")
    if by == "stream":
        with (
            second.new_client(**mine) as browser,
            browser.stream("GET", STREAM, params={"topic": "agents"}) as stream,
        ):
            lines = stream.iter_lines()
            assert next(lines).startswith("retry")
            until(lambda: listed(first, subject=unique), "it is not listed")
            assert order(first, subject=unique, kind="stream").status_code == 200
            assert "event: closed" in lines
            told = json.loads(next(lines).removeprefix("data: "))
            assert (told["code"], told["reason"]) == DISCONNECTED
        return
    where = AGENT if by == "agent_id" else FRONTEND
    nodes = (second,) if by == "agent_id" else (first, second)
    with ExitStack() as open_now:
        sockets = [open_now.enter_context(dial(node, where + unique, mine)) for node in nodes]
        for socket in sockets:
            socket.recv(30)
        answer = order(first, bearer("ops", "operator"), **{by: unique}, reason="moved")
        assert answer.status_code == 200, answer.text
        for socket in sockets:
            assert end_of(socket) == DISCONNECTED
    with dial(second, where + unique, mine) as later:
        assert say(later, type="ping", id="p")["type"] in {"pong", "welcome"}


def test_an_order_for_one_node_leaves_the_others_alone(pair: Pair, unique: str) -> None:
    mine = bearer(unique, "viewer")
    with (
        dial(pair[0], FRONTEND + unique, mine) as kept,
        dial(pair[1], FRONTEND + unique, mine) as closed,
    ):
        for socket in (kept, closed):
            socket.recv(30)
        assert order(pair[0], subject=unique, node="second").status_code == 200
        assert end_of(closed) == DISCONNECTED
        assert say(kept, type="ping", id="p")["type"] == "pong"


def test_an_order_with_a_key_is_given_once(pair: Pair, unique: str) -> None:
    keyed = {**ADMIN, "idempotency-key": unique}
    first = order(pair[0], keyed, subject=unique)
    again = order(pair[1], keyed, subject=unique)
    assert again.json() == first.json()
    assert again.headers["idempotent-replayed"] == "true"
    other = order(pair[1], keyed, subject=f"{unique}-other")
    assert code(other) == (422, "idempotency_key_reused")


def test_bad_orders_are_problems(pair: Pair, unique: str) -> None:
    client = pair[0].client
    unknown = client.request("DELETE", f"{CONNECTIONS}/{uuid4()}", headers=ADMIN)
    assert code(unknown) == (404, "connection_not_found")
    keyed = {**ADMIN, "idempotency-key": unique}
    for _ in range(2):
        unknown = client.request("DELETE", f"{CONNECTIONS}/{uuid4()}", headers=keyed)
        assert code(unknown) == (404, "connection_not_found")
    assert code(client.request("DELETE", f"{CONNECTIONS}/x", headers=ADMIN)) == (422, "invalid_id")
    assert code(order(pair[0])) == (422, "invalid_value")
    assert code(order(pair[0], reason="all of them")) == (422, "invalid_value")
    assert code(order(pair[0], subject="")) == (422, "invalid_text")
    assert code(order(pair[0], subject="x" * 256)) == (422, "invalid_text")
    assert code(order(pair[0], kind="phone")) == (422, "invalid_value")
    assert code(order(pair[0], everybody=True)) == (422, "unknown_field")
    for role in ("viewer", "client", "agent", "auditor"):
        headers = bearer(unique, role)
        assert code(order(pair[0], headers, subject="x")) == (403, "permission_denied")
        denied = client.request("DELETE", f"{CONNECTIONS}/{uuid4()}", headers=headers)
        assert code(denied) == (403, "permission_denied")
        if role != "auditor":
            answer = client.get(CONNECTIONS, headers=headers)
            assert code(answer) == (403, "permission_denied")
    assert client.get(CONNECTIONS, headers=bearer(unique, "auditor")).status_code == 200


@pytest.mark.parametrize("hints", [True, False])
def test_of_two_sockets_of_an_agent_on_two_nodes_the_newer_one_serves_it(
    pair: Pair, unique: str, hints: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = pair
    register(first, unique)
    mine = bearer(unique, "agent")
    if not hints:
        for node in pair:
            monkeypatch.setattr(node.system.log, "hinted", lambda _: None)
    with dial(first, AGENT + unique, mine) as older:
        assert json.loads(older.recv(30))["type"] == "welcome"
        until(lambda: listed(second, agent_id=unique, node="first"), "it is not listed")
        with dial(second, AGENT + unique, mine) as newer:
            assert end_of(older) == (4010, "this agent connected once more")
            with dial(first, AGENT + unique, mine) as newest:
                assert end_of(newer) == (4010, "this agent connected once more")
                assert json.loads(newest.recv(30))["type"] == "welcome"
                assert say(newest, type="ping", id="p")["type"] == "pong"
                until(
                    lambda: [one["node"] for one in listed(second, agent_id=unique)] == ["first"],
                    "the older ones are still listed",
                )


def test_a_list_that_was_lost_is_written_anew(pair: Pair, unique: str) -> None:
    first, second = pair
    register(first, unique)
    mine = bearer(unique, "agent")
    with (
        dial(first, FRONTEND + unique, mine),
        dial(second, AGENT + unique, mine) as agent,
    ):
        until(lambda: len(listed(first, subject=unique)) == 2, "they are not listed")
        with psycopg.connect(first.system.settings.database_url, autocommit=True) as connection:
            # As after a crash of the database.
            connection.execute("truncate connection_nodes, connections, agent_sockets")
        until(lambda: len(listed(second, subject=unique)) == 2, "they are not written anew")
        with dial(first, AGENT + unique, mine):
            assert end_of(agent) == (4010, "this agent connected once more")

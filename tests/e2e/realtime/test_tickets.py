"""One-time tickets: one connection each, on whichever node, in the name of the token."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest

from .two_nodes import (
    ADMIN,
    AGENT,
    API,
    FRONTEND,
    KEY,
    STREAM,
    TICKETS,
    bearer,
    code,
    dial,
    dial_by_ticket,
    end_of,
    listed,
    ticket_of,
    until,
)

Pair = tuple[Any, Any]


def test_a_ticket_opens_a_socket_on_another_node_in_the_name_of_its_token(
    pair: Pair, unique: str
) -> None:
    first, second = pair
    ticket = ticket_of(first, bearer(unique, "viewer"))
    with dial_by_ticket(second, FRONTEND + unique, ticket) as socket:
        assert socket.subprotocol == "mas.v1"
        assert json.loads(socket.recv(30))["type"] == "metrics_update"
        (shown,) = until(lambda: listed(first, subject=unique), "it is not listed")
        assert (shown["client_id"], shown["node"]) == (unique, "second")


def test_what_a_ticket_opens_has_the_rights_of_its_token(pair: Pair, unique: str) -> None:
    first, second = pair
    mine, other = f"{unique}-mine", f"{unique}-other"
    for agent_id in (mine, other):
        first.client.put(f"{API}/agents/{agent_id}", json={}, headers=ADMIN)
    with dial_by_ticket(second, AGENT + other, ticket_of(first, bearer(mine, "agent"))) as socket:
        assert end_of(socket) == (4003, "permission_denied")
    with dial_by_ticket(second, AGENT + mine, ticket_of(first, bearer(mine, "agent"))) as socket:
        assert json.loads(socket.recv(30))["type"] == "welcome"
    with dial_by_ticket(second, AGENT + mine, ticket_of(first, bearer(mine, "viewer"))) as socket:
        assert end_of(socket) == (4003, "permission_denied")


def test_of_many_who_use_a_ticket_at_the_same_moment_one_gets_in(pair: Pair, unique: str) -> None:
    ticket = ticket_of(pair[0], bearer(unique, "viewer"))

    def use(number: int) -> str:
        with dial_by_ticket(pair[number % 2], f"{FRONTEND}{unique}-{number}", ticket) as socket:
            try:
                kind: str = json.loads(socket.recv(30))["type"]
            except Exception:
                assert end_of(socket) == (4001, "invalid_ticket")
                return "refused"
            return kind

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(use, range(8)))
    assert sorted(answers) == ["metrics_update", *["refused"] * 7]


def test_a_ticket_opens_an_event_stream_once(pair: Pair, unique: str) -> None:
    first, second = pair
    query = {"topic": "agents", "ticket": ticket_of(first, bearer(unique, "viewer"))}
    with second.new_client() as browser:
        with browser.stream("GET", STREAM, params=query) as stream:
            assert stream.status_code == 200
            lines = stream.iter_lines()  # dropped, it would end the stream
            assert next(line for line in lines if line.startswith("event:"))
            (shown,) = until(lambda: listed(first, subject=unique), "it is not listed")
            assert (shown["kind"], shown["topics"]) == ("stream", ["agents"])
        # As an EventSource does that comes back by itself.
        assert code(browser.get(STREAM, params=query)) == (401, "invalid_ticket")


def test_a_browser_begins_a_new_stream_where_the_one_before_ended(pair: Pair, unique: str) -> None:
    first, second = pair
    agents = [f"{unique}-{number}" for number in range(3)]
    start = 0
    for agent_id in agents:
        answer = first.client.put(f"{API}/agents/{agent_id}", json={}, headers=ADMIN)
        start = start or int(answer.headers["x-event-position"]) - 1

    def facts(count: int, **query: Any) -> list[tuple[str, str]]:
        ticket = ticket_of(first, bearer(unique, "viewer"))
        query |= {"topic": "agents", "agent_id": agents, "ticket": ticket}
        found: list[tuple[str, str]] = []
        with second.new_client() as browser, browser.stream("GET", STREAM, params=query) as stream:
            last = ""
            for line in stream.iter_lines():
                if line.startswith("id: "):
                    last = line.removeprefix("id: ")
                elif line.startswith("data: "):
                    frame = json.loads(line.removeprefix("data: "))
                    if frame["type"] == "agent_update":
                        found.append((last, frame["data"]["agent_id"]))
                    if len(found) == count:
                        break
        return found

    begun = facts(1, after=start)
    rest = facts(2, last_event_id=begun[0][0])
    assert [agent_id for _, agent_id in (*begun, *rest)] == agents


@pytest.mark.parametrize("ticket", ["", "x", "A" * 43, "é" * 43, "A" * 5_000])
def test_what_is_no_ticket_opens_nothing(pair: Pair, ticket: str, unique: str) -> None:
    answer = pair[0].client.get(STREAM, params={"ticket": ticket})
    assert code(answer) == (401, "invalid_ticket")
    assert "www-authenticate" in answer.headers
    if ticket and ticket.isascii() and len(ticket) < 100:
        with dial_by_ticket(pair[0], FRONTEND + unique, ticket) as socket:
            assert end_of(socket) == (4001, "invalid_ticket")


def test_a_ticket_beside_a_token_is_refused_and_stays_good(pair: Pair, unique: str) -> None:
    mine = bearer(unique, "viewer")
    ticket = ticket_of(pair[0], mine)
    both = pair[0].client.get(STREAM, params={"ticket": ticket}, headers=mine)
    assert code(both) == (400, "invalid_parameter")
    assert pair[0].client.head(STREAM, params={"ticket": ticket}).status_code == 200


def test_a_ticket_is_no_token(pair: Pair, unique: str) -> None:
    ticket = ticket_of(pair[0], bearer(unique, "admin"))
    for headers in ({}, {"authorization": f"Bearer {ticket}"}):
        answer = pair[0].client.get(f"{API}/agents", params={"ticket": ticket}, headers=headers)
        assert answer.status_code == 401
    assert code(pair[0].client.post(TICKETS)) == (401, "unauthenticated")
    # And a token in the URL is what it always was.
    token = bearer(unique, "admin")["authorization"].removeprefix("Bearer ")
    answer = pair[0].client.get(STREAM, params={"ticket": token})
    assert code(answer) == (401, "invalid_ticket")
    answer = pair[0].client.get(STREAM, params={"token": token})
    assert code(answer) == (401, "unauthenticated")


def test_the_database_never_sees_a_ticket(pair: Pair, unique: str) -> None:
    ticket = ticket_of(pair[0], bearer(unique, "viewer"))
    with psycopg.connect(pair[0].system.settings.database_url) as connection:
        rows = connection.execute("select t::text from tickets t").fetchall()
    assert any(unique in row for (row,) in rows)
    assert not any(ticket in row or ticket.encode().hex() in row for (row,) in rows)


def test_a_ticket_that_waited_too_long_is_refused_and_then_forgotten(
    pair: Pair, unique: str
) -> None:
    late, forgotten = (ticket_of(pair[0], bearer(unique, "viewer")) for _ in range(2))
    url = pair[0].system.settings.database_url
    with psycopg.connect(url, autocommit=True) as connection:
        past = """update tickets set expires_at = clock_timestamp() - interval '{}'
            where subject = %s"""
        connection.execute(past.format("1 ms"), (unique,))
        assert _refusal(pair[1], late) == (401, "ticket_expired")
        # Once only: then it is none any more.
        assert _refusal(pair[1], late) == (401, "invalid_ticket")
        connection.execute(past.format("1 hour"), (unique,))
        pair[0].run(pair[0].system.access.tickets._store.forget())
        kept = connection.execute("select count(*) from tickets where subject = %s", (unique,))
        assert kept.fetchone() == (0,)
    with dial_by_ticket(pair[0], FRONTEND + unique, forgotten) as socket:
        assert end_of(socket) == (4001, "invalid_ticket")


def _refusal(node: Any, ticket: str) -> tuple[int, str]:
    with node.client.stream("GET", STREAM, params={"ticket": ticket}) as answer:
        assert answer.status_code != 200
        answer.read()
        return code(answer)


def test_a_ticket_lasts_as_long_as_is_set_and_no_longer_than_its_token(
    pair: Pair, unique: str
) -> None:
    long, short = bearer(unique, "viewer"), bearer(f"{unique}-short", "viewer", lives=2)
    told = [
        datetime.fromisoformat(pair[0].client.post(TICKETS, headers=each).json()["expires_at"])
        for each in (long, short)
    ]
    with psycopg.connect(pair[0].system.settings.database_url) as connection:
        found = connection.execute(
            """select expires_at, expires_at - clock_timestamp(), to_timestamp(ends_at)
            from tickets where subject like %s order by subject""",
            (f"{unique}%",),
        ).fetchall()
    assert [row[0] for row in found] == told
    (_, left, _), (ends, _, token_ends) = found
    assert timedelta(0) < left <= timedelta(seconds=30)
    assert ends == token_ends


def test_a_socket_ends_with_the_token_that_asked_for_its_ticket(pair: Pair, unique: str) -> None:
    # The clocks of issuers may be five seconds behind: this one has about two seconds left.
    short = bearer(unique, "viewer", lives=-2.5)
    by_ticket, by_token = ticket_of(pair[0], short), short
    with (
        dial_by_ticket(pair[1], FRONTEND + unique, by_ticket) as one,
        dial(pair[0], FRONTEND + unique, by_token) as other,
    ):
        assert end_of(one) == (4001, "token_expired")
        assert end_of(other) == (4001, "token_expired")


def test_a_database_that_is_away_is_told_as_such(start_node: Callable[..., Any]) -> None:
    node = start_node(jwt_secret=KEY)
    ticket = ticket_of(node, bearer("v", "viewer"))
    node.lose_database()
    assert code(node.client.get(STREAM, params={"ticket": ticket})) == (503, "database_unavailable")
    assert code(node.client.post(TICKETS, headers=ADMIN)) == (503, "database_unavailable")
    with dial_by_ticket(node, FRONTEND + "v", ticket) as socket:
        assert end_of(socket) == (1013, "database_unavailable")

"""Revoked tokens: refused on every node, their sockets and streams closed at once."""

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from .two_nodes import (
    ADMIN,
    AGENT,
    API,
    CONNECTIONS,
    FRONTEND,
    KEY,
    PATIENCE,
    REVOCATIONS,
    STREAM,
    bearer,
    code,
    dial,
    dial_by_ticket,
    end_of,
    ticket_of,
    until,
)

Pair = tuple[Any, Any]
REVOKED = (4001, "token_revoked")


def revoke(node: Any, headers: dict[str, str] = ADMIN, **what: Any) -> Any:
    return node.client.post(REVOCATIONS, json=what, headers=headers)


def in_force(node: Any, **query: Any) -> list[dict[str, Any]]:
    answer = node.client.get(REVOCATIONS, params={"limit": 500, **query}, headers=ADMIN)
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def refused(node: Any, headers: dict[str, str]) -> bool:
    answer = node.client.get(f"{API}/agents", headers=headers)
    if answer.status_code == 200:
        return False
    assert code(answer) == (401, "token_revoked")
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    return True


def test_tokens_of_a_subject_end_on_all_nodes_and_new_ones_count(pair: Pair, unique: str) -> None:
    first, second = pair
    node_agent = first.client.put(f"{API}/agents/{unique}", json={}, headers=ADMIN)
    assert node_agent.status_code == 201
    old, silent = bearer(unique, "agent"), bearer(unique, "agent", iat=None)
    other = bearer(f"{unique}-other", "agent")
    unused = ticket_of(first, old)
    with (
        dial(first, FRONTEND + unique, old) as near,
        dial(second, AGENT + unique, silent) as far,
        dial_by_ticket(second, FRONTEND + unique, ticket_of(first, old)) as by_ticket,
        dial(second, FRONTEND + unique, other) as kept,
        second.new_client(**old) as browser,
        browser.stream("GET", STREAM, params={"topic": "agents"}) as stream,
    ):
        lines = stream.iter_lines()
        assert next(lines).startswith("retry")
        for socket in (near, far, by_ticket, kept):
            socket.recv(30)
        assert not refused(first, old)
        assert not refused(second, silent)

        answer = revoke(first, subject=unique, reason="lost")
        assert answer.status_code == 200, answer.text

        # On this node from the answer on, on the other as soon as it has heard.
        assert refused(first, old)
        for socket in (near, far, by_ticket):
            assert end_of(socket) == REVOKED
        assert "event: closed" in lines
        told = json.loads(next(lines).removeprefix("data: "))
        assert (told["code"], told["reason"]) == REVOKED
        assert refused(second, old)
        assert refused(second, silent)
        with dial(second, FRONTEND + unique, old) as again:
            assert end_of(again) == REVOKED
        with dial_by_ticket(second, FRONTEND + unique, unused) as again:
            assert end_of(again) == REVOKED
        assert not refused(second, other)
        kept.send(json.dumps({"type": "ping", "id": "p"}))
        while json.loads(kept.recv(30))["type"] != "pong":
            pass

    new = bearer(unique, "agent")
    for node in pair:
        assert not refused(node, new)
    with dial(second, AGENT + unique, new) as socket:
        assert json.loads(socket.recv(30))["type"] == "welcome"
    (shown,) = (one for one in in_force(second) if one["subject"] == unique)
    assert shown == answer.json()
    assert (shown["by"], shown["reason"], shown["expires_at"]) == ("root", "lost", None)


def test_one_token_is_revoked_by_its_id(pair: Pair, unique: str) -> None:
    lost, kept = bearer(unique, "viewer", jti=unique), bearer(unique, "viewer")
    ends = (datetime.now(UTC) + timedelta(minutes=10)).isoformat()
    with dial(pair[1], FRONTEND + unique, lost) as socket:
        socket.recv(30)
        answer = revoke(pair[0], token_id=unique, expires_at=ends)
        assert answer.status_code == 200, answer.text
        assert end_of(socket) == REVOKED
    for node in pair:
        assert refused(node, lost)
        assert not refused(node, kept)
    # Once more changes nothing, and says who it was.
    again = revoke(pair[1], bearer("other", "admin"), token_id=unique, expires_at=ends)
    assert again.json() == answer.json()


def test_a_node_that_starts_knows_what_was_revoked_before_it(
    pair: Pair, second_node: Callable[..., Any], unique: str
) -> None:
    old = bearer(unique, "viewer")
    assert revoke(pair[0], subject=unique).status_code == 200
    third = second_node(pair[0])
    assert refused(third, old)
    assert not refused(third, bearer(unique, "viewer"))


def test_a_revocation_ends_with_the_tokens_that_it_is_about(pair: Pair, unique: str) -> None:
    for seconds in (0.4, 4.0, 40.0):
        ends = datetime.now(UTC) + timedelta(seconds=seconds)
        answer = revoke(pair[0], token_id=unique, expires_at=ends.isoformat())
        if answer.status_code != 422:
            break
        assert datetime.now(UTC) > ends, "it was still to come"  # a busy machine
    assert answer.status_code == 200, answer.text
    until(
        lambda: all(unique != one["token_id"] for node in pair for one in in_force(node)),
        "it is still in force",
    )


def test_a_claim_that_waits_is_answered_as_the_token_is_by_then(pair: Pair, unique: str) -> None:
    old = bearer(unique, "agent")
    register = {"skills": {unique: 1.0}}
    assert pair[0].client.put(f"{API}/agents/{unique}", json=register, headers=old).is_success
    with ThreadPoolExecutor(1) as thread, pair[0].new_client(**old) as agent:
        path = f"{API}/agents/{unique}/claim"
        waiting = thread.submit(agent.post, path, json={"wait": 30})
        until(lambda: _asks(pair[0], unique), "it does not wait")
        revoked = revoke(pair[0], subject=unique)
        assert revoked.status_code == 200
        task = {"task_type": "work", "requirements": {"skills": [unique]}}
        submitted = pair[0].client.post(f"{API}/agents/tasks/submit", json=task, headers=ADMIN)
        assert code(waiting.result(PATIENCE)) == (401, "token_revoked")
    new = bearer(unique, "agent")
    (held,) = pair[0].client.post(path, json={"wait": 30}, headers=new).json()["items"]
    assert held["task_id"] == submitted.json()["task_id"]


def _asks(node: Any, agent_id: str) -> bool:
    return agent_id in node.system.claims._waiting


def test_read_models_pass_over_what_is_not_theirs(pair: Pair, unique: str) -> None:
    revoke(pair[0], subject=unique)
    order = {"subject": unique}
    ordered = pair[0].client.post(f"{CONNECTIONS}/disconnect", json=order, headers=ADMIN)
    position = ordered.headers["x-event-position"]
    for node in pair:
        for read in ("agents", "agents/tasks", "agents/tasks/queue"):
            query = {"min_position": position}
            assert node.client.get(f"{API}/{read}", params=query, headers=ADMIN).status_code == 200
        health = node.client.get("/mas/health", headers=ADMIN).json()
        assert health["status"] == "ok"
        assert not any(one.get("parked") for one in health["projections"])


def test_revocations_are_listed_by_pages(pair: Pair, unique: str) -> None:
    for number in range(3):
        assert revoke(pair[0], token_id=f"{unique}-{number}").status_code == 200
    position = revoke(pair[0], subject=unique).headers["x-event-position"]
    found: list[str | None] = []
    query: dict[str, Any] = {"limit": 1, "total": True, "min_position": position}
    while True:
        page = pair[1].client.get(REVOCATIONS, params=query, headers=ADMIN).json()
        found += [one["subject"] or one["token_id"] for one in page["items"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert len(found) == page["total"] == len(set(found))
    assert {unique, *(f"{unique}-{number}" for number in range(3))} <= set(found)


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        ({}, "invalid_value"),
        ({"subject": "a", "token_id": "b"}, "invalid_value"),
        ({"subject": ""}, "invalid_text"),
        ({"token_id": "x" * 256}, "invalid_text"),
        ({"subject": "a", "issued_before": "2999-01-01T00:00:00Z"}, "invalid_value"),
        ({"subject": "a", "issued_before": "2020-01-01T00:00:00"}, "invalid_type"),
        ({"subject": "a", "issued_before": "yesterday"}, "invalid_type"),
        ({"subject": "a", "expires_at": "2020-01-01T00:00:00Z"}, "invalid_value"),
        ({"token_id": "a", "issued_before": "2020-01-01T00:00:00Z"}, "invalid_value"),
        ({"subject": "a\u0000"}, "nul_character"),
        ({"subject": "a", "everybody": True}, "unknown_field"),
    ],
)
def test_bad_revocations_are_problems(pair: Pair, what: dict[str, Any], expected: str) -> None:
    answer = revoke(pair[0], **what)
    assert answer.status_code in {400, 422}
    assert answer.json()["code"] == expected


def test_only_admins_revoke(pair: Pair, unique: str) -> None:
    for role in ("operator", "auditor", "agent", "client", "viewer", "treasurer"):
        answer = revoke(pair[0], bearer(unique, role), subject="x")
        assert code(answer) == (403, "permission_denied")
    assert pair[0].client.get(REVOCATIONS, headers=bearer(unique, "auditor")).status_code == 200
    denied = pair[0].client.get(REVOCATIONS, headers=bearer(unique, "operator"))
    assert code(denied) == (403, "permission_denied")


def test_an_admin_may_revoke_its_own_token(start_node: Callable[..., Any]) -> None:
    node = start_node(jwt_secret=KEY)
    mine = bearer("root", "admin", iat=time.time() - 1)
    assert revoke(node, mine, subject="root").status_code == 200
    assert code(revoke(node, mine, subject="other")) == (401, "token_revoked")
    assert revoke(node, bearer("root", "admin"), subject="other").status_code == 200

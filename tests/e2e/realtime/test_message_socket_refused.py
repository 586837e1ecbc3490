"""Sockets of messages: what cannot be opened or done, and what is no message at all."""

from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from .agents_at_work import PATIENCE
from .mailboxes import Open


@pytest.mark.parametrize(
    ("name", "query", "code", "reason"),
    [
        ("no%20id", "", 1008, "invalid_id"),
        ("agents", "", 1008, "reserved_id"),
        ("bob", "?prefetch=0", 1008, "invalid_parameter"),
        ("bob", "?prefetch=1001", 1008, "invalid_parameter"),
        ("bob", "?prefetch=%C2%B2", 1008, "invalid_parameter"),
        ("bob", "?prefetch=1&prefetch=2", 1008, "invalid_parameter"),
        ("bob", "?prefetch=", 1008, "invalid_parameter"),
    ],
)
def test_what_cannot_be_opened_is_closed_with_its_code(
    node: Any, mailbox: Open, name: str, query: str, code: int, reason: str
) -> None:
    with pytest.raises(ConnectionClosed) as closed:
        mailbox(node, name, query).connection.recv(PATIENCE)
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (code, reason)


@pytest.mark.parametrize(
    ("kind", "data", "status", "code"),
    [
        ("send", {"to_agent": "b"}, 422, "missing_field"),
        ("send", {"message_type": "t"}, 422, "invalid_destination"),
        ("send", {"message_type": "t", "to_agent": "b", "topic": "c"}, 422, "invalid_destination"),
        ("send", {"message_type": "t", "to_agent": "b c"}, 422, "invalid_id"),
        ("send", {"message_type": "t", "to_agent": "b", "more": 1}, 422, "unknown_field"),
        ("send", {"message_type": "t", "topic": "a.*"}, 422, "illegal_wildcard"),
        ("send", {"message_type": "t", "to_agent": "b", "ttl": 0}, 422, "message_already_expired"),
        ("send", {"message_type": "t", "capability": "nobody-can"}, 409, "empty_group"),
        ("ack", {}, 422, "missing_field"),
        ("ack", {"message_ids": []}, 422, "invalid_value"),
        ("ack", {"message_ids": ["x"] * 1001}, 422, "invalid_value"),
        ("ack", {"message_ids": ["no id"]}, 422, "invalid_id"),
        ("ack", {"message_ids": "x"}, 422, "invalid_type"),
        ("nack", {"message_id": "no-such-message"}, 404, "message_not_found"),
        ("nack", {"message_id": "x", "retry_after_seconds": -1}, 422, "invalid_value"),
        ("nack", {"message_id": "x", "reason": "x" * 1_001}, 422, "invalid_text"),
        ("nack", {"message_id": "x", "agent_id": "other"}, 403, "inbox_not_allowed"),
        ("subscribe_topics", {"patterns": ["a.b*"]}, 422, "illegal_wildcard"),
        ("subscribe_topics", {"patterns": ["a b"]}, 422, "invalid_topic"),
        ("unsubscribe_topics", {}, 422, "missing_field"),
    ],
)
def test_what_cannot_be_done_has_the_problem_of_its_request(
    node: Any, mailbox: Open, unique: str, kind: str, data: dict[str, Any], status: int, code: str
) -> None:
    bob = mailbox(node, unique)
    receipt = bob.ask(kind, data)
    assert (receipt["status"], receipt["data"]["code"]) == (status, code)
    assert receipt["data"]["instance"].endswith(f"/communication/ws/{unique}")
    assert bob.nothing_came()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", "malformed_json"),
        ('{"type":"dance","id":"1"}', "unknown_type"),
        ('{"type":"subscribe","topic":"tasks"}', "unknown_type"),
        ('{"type":"accept","id":"1","data":{}}', "unknown_type"),
        ('{"type":"send","data":{}}', "invalid_message"),
        ('{"type":"ack","id":"1","more":1}', "invalid_message"),
        ('{"type":"ack","id":null,"data":{"message_ids":["x"]}}', "invalid_message"),
        ('{"type":"send","id":"1","idempotency_key":"","data":{}}', "invalid_message"),
    ],
)
def test_what_is_no_message_of_the_protocol_is_told_and_the_socket_goes_on(
    node: Any, mailbox: Open, unique: str, text: str, code: str
) -> None:
    bob = mailbox(node, unique)
    bob.connection.send(text)
    assert bob.next("error")["data"]["code"] == code
    assert bob.nothing_came()

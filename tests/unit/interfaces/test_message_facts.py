"""What is told live of messages: every event of theirs, without what stands in them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from aia_mas.application.event_log.records import RecordedEvent
from aia_mas.domain.communication import delivery_events as batches
from aia_mas.domain.communication import message_events as events
from aia_mas.domain.communication.destination import Destination
from aia_mas.domain.kernel import Event
from aia_mas.interfaces.realtime.facts import short_name
from aia_mas.interfaces.realtime.frames import payloads
from aia_mas.interfaces.realtime.message_facts import MESSAGES, MOST_TOLD, told_message

AT = datetime(2026, 3, 4, tzinfo=UTC)
SENT = events.MessageSent(
    from_agent="a",
    to=Destination(agents=("b",)),
    recipients=("b",),
    message_type="note",
    payload={"secret": 1},
    correlation_id="c1",
    ack_seconds=30,
    max_attempts=5,
    size=12,
    digest="d",
    sent_at=AT,
)
TOLD: dict[str, Any] = {
    "message_id": "m1",
    "status": "queued",
    "from_agent": "a",
    "to": {"to_agent": "b"},
    "recipients": ["b"],
    "message_type": "note",
    "priority": "normal",
    "correlation_id": "c1",
    "size": 12,
}
DIED = events.Died(recipient="b", attempts=5, reason="refused")
ITEM: dict[str, Any] = {"queued_at": 3, "agent_id": "b", "attempt": 2, "transport": "socket"}


@pytest.mark.parametrize(
    ("event", "name", "told"),
    [
        (SENT, "message.sent", TOLD),
        (
            events.MessageExpired(at=AT),
            "message.expired",
            {"message_id": "m1", "status": "expired"},
        ),
        (
            events.MessageDied(position=3, items=(DIED,), at=AT),
            "message.died",
            {
                "message_id": "m1",
                "status": "dead",
                "deliveries": [
                    {"queued_at": 3, "agent_id": "b", "attempt": 5, "reason": "refused"}
                ],
            },
        ),
        (
            events.MessageRedriven(
                recipients=("b",),
                from_agent="a",
                message_type="note",
                ack_seconds=30,
                max_attempts=5,
                sent_at=AT,
                sent=3,
                by="ops",
                at=AT,
            ),
            "message.redriven",
            {
                "message_id": "m1",
                "status": "queued",
                "from_agent": "a",
                "recipients": ["b"],
                "message_type": "note",
                "priority": "normal",
            },
        ),
        (
            events.MessageDropped(recipient="b", position=3, waiting=9, bound=8, at=AT),
            "message.dropped",
            {"message_id": "m1", "status": "dropped", "agent_id": "b"},
        ),
        (
            batches.DeliveriesNoted(items=(batches.Noted(3, "b", 2, "socket", AT, AT),), at=AT),
            "deliveries.noted",
            {"status": "delivered", "deliveries": [ITEM]},
        ),
        (
            batches.DeliveriesAcknowledged(
                items=(batches.Acknowledged(3, "b", 2, "socket", AT),), at=AT
            ),
            "deliveries.acknowledged",
            {"status": "acknowledged", "deliveries": [ITEM]},
        ),
        (
            batches.DeliveriesFailed(
                items=(batches.Failed(3, "b", 2, "socket", AT, "timed_out", AT),), at=AT
            ),
            "deliveries.failed",
            {
                "status": "failed",
                "deliveries": [{**ITEM, "reason": "timed_out", "retry_at": "2026-03-04T00:00:00Z"}],
            },
        ),
        (
            batches.DeliveriesReturned(items=(batches.Returned(3, "b", 2),), at=AT),
            "deliveries.returned",
            {
                "status": "queued",
                "deliveries": [{"queued_at": 3, "agent_id": "b", "attempt": 2}],
            },
        ),
        (
            batches.DeliveriesDropped(items=(batches.Dropped(3, "b", 9, 8),), at=AT),
            "deliveries.dropped",
            {"status": "dropped", "deliveries": [{"queued_at": 3, "agent_id": "b"}]},
        ),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_what_an_event_tells(event: Event, name: str, told: dict[str, Any]) -> None:
    stream = "message/m1" if name.startswith("message") else "deliveries/n1"
    recorded = RecordedEvent(7, stream, 2, event.topic, event, AT, "c", "a", None, None, 100)

    fact = MESSAGES.fact(recorded)

    assert fact is not None
    (payload,) = payloads(fact.frame)
    frame = msgspec.json.decode(payload)
    assert (frame["type"], frame["position"]) == ("message_update", 7)
    data = {key: value for key, value in frame["data"].items() if key not in {"at", "version"}}
    assert data == {"event": name, "actor": "a", **told}
    assert (fact.keys.agent_id, fact.keys.status) == (
        "b" if name != "message.expired" else None,
        told["status"],
    )


def test_of_a_large_batch_a_frame_tells_some_and_how_many_more_there_are() -> None:
    items = tuple(
        batches.Acknowledged(3, f"a{number}", 1, "socket", AT) for number in range(MOST_TOLD + 7)
    )
    event = batches.DeliveriesAcknowledged(items=items, at=AT)
    recorded = RecordedEvent(7, "deliveries/n1", 2, event.topic, event, AT, "c", "a", None, None, 9)

    told = told_message("deliveries.acknowledged", "n1", recorded)

    assert told.deliveries is not None
    assert [each.agent_id for each in told.deliveries] == [
        each.recipient for each in items[:MOST_TOLD]
    ]
    assert told.not_told == 7


def test_of_a_message_that_is_dead_for_many_as_well() -> None:
    items = tuple(replace(DIED, recipient=f"a{number}") for number in range(MOST_TOLD + 3))
    event = events.MessageDied(position=3, items=items, at=AT)
    recorded = RecordedEvent(7, "message/m1", 2, event.topic, event, AT, "c", "a", None, None, 9)

    told = told_message("message.died", "m1", recorded)

    assert told.deliveries is not None
    assert [each.agent_id for each in told.deliveries] == [
        each.recipient for each in items[:MOST_TOLD]
    ]
    assert (told.message_id, told.status, told.not_told) == ("m1", "dead", 3)


def test_every_event_of_a_message_is_told() -> None:
    known = {short_name(event.topic) for event in (*events.EVENTS, *batches.EVENTS)}

    assert MESSAGES.events == known

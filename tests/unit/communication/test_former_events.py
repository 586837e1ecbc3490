"""Events of messages as older logs hold them: they are read as those of today."""

from __future__ import annotations

import pytest

from aia_mas.application.event_log.mapper import PLAIN_JSON
from aia_mas.application.registry import UPCASTERS, event_mapper
from aia_mas.domain.communication.message_events import Died, MessageDied, MessageRedriven
from aia_mas.domain.kernel import Event
from aia_mas.domain.orchestration.task_specification import Priority

from .mail import at

STORED: dict[str, tuple[bytes, Event]] = {
    "message.died.v1": (
        b'{"recipient":"bob","position":7,"attempts":3,"reason":"no","at":"2026-01-02T03:04:15Z"}',
        MessageDied(
            position=7,
            items=(Died(recipient="bob", attempts=3, reason="no"),),
            at=at(10),
        ),
    ),
    "message.redriven.v1": (
        (
            b'{"recipient":"bob","from_agent":"ann","message_type":"note","priority":"high",'
            b'"ack_seconds":30.0,"max_attempts":3,"size":2,"sent_at":"2026-01-02T03:04:05Z",'
            b'"sent":7,"by":"ops","at":"2026-01-02T03:04:15Z"}'
        ),
        MessageRedriven(
            recipients=("bob",),
            from_agent="ann",
            message_type="note",
            priority=Priority.HIGH,
            ack_seconds=30.0,
            max_attempts=3,
            size=2,
            sent_at=at(0),
            sent=7,
            by="ops",
            at=at(10),
        ),
    ),
}
"""Samples as they were written."""


@pytest.mark.parametrize("topic", STORED)
def test_an_event_in_a_former_shape_is_read_as_one_of_today(topic: str) -> None:
    stored, event = STORED[topic]
    assert event_mapper().decode(topic, bytes([PLAIN_JSON]) + stored) == event


def test_there_is_a_sample_of_every_former_shape() -> None:
    assert UPCASTERS.keys() == STORED.keys()

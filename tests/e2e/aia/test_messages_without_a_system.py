"""What can be done with messages before there is a system, and what cannot."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from aia.agents.communication_framework import (
    EventDrivenCommunicationFramework,
    ReceivedMessage,
)

from .notes import note


def test_answers_go_where_they_are_wanted() -> None:
    asked = {"agent_id": "me", "attempt": 1, "sent_at": datetime.now(UTC), "queue": None}
    known = {"message_type": "q", "from_agent": "dotted.name", "correlation_id": "c"}
    for reply_to, agent, topic in (
        (None, "dotted.name", None),
        ("ben", "ben", None),
        ("dotted.name", "dotted.name", None),
        ("answers.of.all", None, "answers.of.all"),
    ):
        question = ReceivedMessage(reply_to=reply_to, **known, **asked)  # type: ignore[arg-type]
        answer = question.answer()
        assert (answer.to_agent, answer.topic, answer.correlation_id) == (agent, topic, "c")


async def test_without_a_system_it_says_so(unique: str) -> None:
    program = EventDrivenCommunicationFramework()
    assert not program.running
    with pytest.raises(RuntimeError, match="await its start"):
        await program.send_message(note(unique))
    with pytest.raises(RuntimeError, match="await its start"):
        program.receive(unique)

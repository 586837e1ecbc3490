"""The system in memory serves messages as a node does, and its clock lets their time run out."""

from __future__ import annotations

import anyio
import pytest

from aia.client.errors import Conflict, ReplyTimeout
from aia.client.types import MessageView
from aia.testing import InMemoryMas

pytestmark = pytest.mark.anyio


async def test_messages_are_sent_taken_settled_and_told() -> None:
    async with InMemoryMas(seed=1) as mas:
        await mas.register_agent("a1", skills={"sum": 1.0})
        messages = mas.client.messages
        sent = await messages.send("note", payload=[1], capability="sum", mode="any")
        assert list(sent.recipients) == ["a1"]
        (taken,) = (await messages.receive("a1")).items
        await messages.ack(taken.message_id, "a1")
        with pytest.raises(Conflict) as twice:
            await messages.ack(taken.message_id, "a1")
        assert twice.value.code == "message_already_acknowledged"
        assert (await messages.get(sent.message_id)).status == "acknowledged"

        dead = await messages.send("note", to_agent="a1")
        await messages.nack(dead.message_id, "a1", requeue=False)
        await mas.advance(seconds=2)
        (letter,) = (await messages.dead_letters()).items
        assert letter.message_id == dead.message_id
        assert (await messages.redrive_many()).redriven == 1

        late = await messages.send("note", to_agent="a1", ttl=60)
        await mas.advance(seconds=61)
        with pytest.raises(Conflict) as over:
            await messages.ack(late.message_id, "a1")
        assert over.value.facts["message_status"] == "expired"


async def test_questions_are_answered_or_time_out_once() -> None:
    async with InMemoryMas(seed=1) as mas:
        messages, answers = mas.client.messages, list[MessageView]()

        async def ask() -> None:
            answers.append(
                await messages.request("question", from_agent="a1", to_agent="a2", wait=30)
            )

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ask)
            await mas.rest()
            (question,) = (await messages.receive("a2")).items
            assert question.reply_to == "a1"
            await messages.send(
                "answer",
                from_agent="a2",
                to_agent="a1",
                correlation_id=question.correlation_id,
                payload=42,
            )
        assert [each.payload for each in answers] == [42]
        assert (await messages.peek("a1")).total == 0
        # Whoever has said how long to wait is not made to wait again by the client.
        with pytest.raises(ReplyTimeout) as unanswered:
            await messages.request("question", from_agent="a1", to_agent="a2", wait=0)
        assert unanswered.value.facts["message_id"]

"""Messages from inside a program, as the platform's programs use them."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from math import nan
from typing import Any

import pytest

from aia.agents.communication_framework import (
    CommunicationMessage,
    EventDrivenCommunicationFramework,
    MessagePriority,
)
from aia_mas.application.communication.replies import ReplyTimeout
from aia_mas.application.connections.store import OpenConnection
from aia_mas.domain.communication.disconnections import ConnectionNotFound
from aia_mas.domain.communication.errors import (
    AlreadyAcknowledged,
    EncryptionUnavailable,
    InvalidDestination,
    MessageExists,
    NotDead,
    RuleNotFound,
)
from aia_mas.domain.kernel.errors import InvalidValue

from .notes import PATIENCE, Seen, note, until

pytestmark = pytest.mark.anyio


async def test_messages_wait_in_order_until_they_are_acknowledged(
    framework: EventDrivenCommunicationFramework, unique: str
) -> None:
    low = note(unique, payload=1, priority=MessagePriority.LOW)
    urgent = note(unique, payload=2, priority=MessagePriority.CRITICAL, headers={"a": "b"})
    for message in (low, urgent, low):  # the same again changes nothing
        sent = await framework.send_message(message)
        assert (sent.message_id, sent.recipients) == (message.message_id, (unique,))
    assert sent.duplicate
    assert await framework.queue.size(unique) == 2
    peeked = await framework.queue.peek(unique)
    assert [(each.payload, each.attempts) for each in peeked] == [(1, 0), (2, 0)]
    assert len(await framework.queue.peek(unique, limit=1)) == 1

    async with framework.receive(unique, prefetch=2) as inbox:
        received = [await anext(inbox), await anext(inbox)]
        assert [each.payload for each in received] == [2, 1]
        assert (received[0].headers, received[0].from_agent) == ({"a": "b"}, "system")
        await received[0].ack()
        with pytest.raises(AlreadyAcknowledged):
            await received[0].ack()
        await received[1].nack("not now", retry_after=0.0)
        again = await anext(inbox)
        assert (again.payload, again.attempt, again.agent_id) == (1, 2, unique)
        await again.ack()
    assert await framework.queue.size(unique) == 0
    with pytest.raises(StopAsyncIteration):
        await anext(inbox)


async def test_what_a_reader_makes_of_a_message_changes_it_for_nobody_else(
    framework: EventDrivenCommunicationFramework, unique: str
) -> None:
    names, heard = [f"{unique}-{number}" for number in range(2)], Seen()

    @framework.on(f"message:{unique}")
    async def scribble(message: CommunicationMessage) -> None:
        message.payload["words"].append("heard")
        message.headers["heard"] = "yes"  # type: ignore[index]
        heard(message.payload)

    said: dict[str, Any] = {"words": ["said"]}
    message = CommunicationMessage(
        to_agents=names, message_type=unique, payload=said, headers={"from": "me"}
    )
    await framework.send_message(message)
    said["words"].append("changed")

    assert await heard.count(1) == [{"words": ["said", "heard"]}]
    for name in names:
        (received,) = await framework.queue.take(name)
        assert (received.payload, received.headers) == ({"words": ["said"]}, {"from": "me"})
        received.payload["words"].append("read")
        received.headers["read"] = "yes"  # type: ignore[index]
    (again,) = await framework.queue.peek(names[0])
    assert (again.payload, again.headers) == ({"words": ["said"]}, {"from": "me"})
    await framework.off(scribble)


async def test_what_nobody_waits_for_any_more_is_not_lost(
    framework: EventDrivenCommunicationFramework, unique: str
) -> None:
    async with framework.receive(unique) as inbox:
        waiting = asyncio.ensure_future(anext(inbox))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait({waiting})
        await framework.send_message(note(unique, payload="kept"))
        assert (await anext(inbox)).payload == "kept"
    # It was not acknowledged: the next one gets it.
    (received,) = await framework.queue.take(unique, wait=PATIENCE)
    assert (received.payload, received.attempt) == ("kept", 2)
    await received.ack()

    # What was fetched for it and never given to it counts as not delivered.
    for payload in ("seen", "unseen"):
        await framework.send_message(note(unique, payload=payload))
    async with framework.receive(unique) as inbox:
        assert (await anext(inbox)).payload == "seen"
    came = {}
    while len(came) < 2:
        (received,) = await framework.queue.take(unique, wait=PATIENCE)
        came[received.payload] = received.attempt
        await received.ack()
    assert came == {"seen": 2, "unseen": 1}

    # Who is told to stop in the meantime ends.
    async with framework.receive(unique) as inbox:
        waiting = asyncio.ensure_future(anext(inbox))
        await asyncio.sleep(0)
    with pytest.raises(StopAsyncIteration):
        await waiting


async def test_dead_letters_are_told_of_and_queued_again(
    framework: EventDrivenCommunicationFramework, unique: str
) -> None:
    message = note(unique, payload={"a": 1}, max_attempts=1, ttl=3600)
    await framework.send_message(message)
    with pytest.raises(NotDead):
        await framework.queue.redrive(message.message_id)
    (received,) = await framework.queue.take(unique, wait=PATIENCE)
    await received.nack("no use")

    async def is_dead() -> bool:
        return bool(await framework.queue.dead_letters(unique))

    await until(is_dead)
    (dead,) = await framework.queue.dead_letters(unique)
    assert (dead.message_id, dead.recipient, dead.attempts) == (message.message_id, unique, 1)
    assert (dead.payload, dead.reason, dead.ttl) == ({"a": 1}, "refused: no use", 3600)
    await framework.queue.redrive(message.message_id, unique)
    (received,) = await framework.queue.take(unique, wait=PATIENCE)
    await received.ack()


async def test_questions_are_answered(
    framework: EventDrivenCommunicationFramework, unique: str
) -> None:
    async def answer() -> None:
        async with framework.receive(f"{unique}-wise") as inbox:
            question = await anext(inbox)
            await framework.send_message(question.answer(question.payload + 1))
            await question.ack()

    answering = asyncio.ensure_future(answer())
    question = note(f"{unique}-wise", from_agent=unique, payload=41)
    reply = await framework.request(question, PATIENCE)
    assert (reply.payload, reply.from_agent, reply.to_agent) == (42, f"{unique}-wise", unique)
    assert reply.correlation_id == question.message_id
    await answering
    # It was acknowledged for who asked, and is there for who asks the same again.
    assert await framework.queue.size(unique) == 0
    assert (await framework.request(question, 0.0)).payload == 42
    with pytest.raises(ReplyTimeout):
        await framework.request(note(f"{unique}-nobody", from_agent=unique), 0.0)
    with pytest.raises(InvalidValue):
        await framework.request(note(unique))


async def test_topics_and_rules_say_where_messages_go(
    framework: EventDrivenCommunicationFramework, unique: str
) -> None:
    router, topic = framework.router, f"{unique}.created"
    await framework.subscribe(unique, [f"{unique}.*", "other.>"])
    await framework.unsubscribe(unique, ["other.>"])
    assert await router.subscriptions(unique) == (f"{unique}.*",)
    message = CommunicationMessage(topic=topic, message_type=unique, payload=1)
    explained = await router.explain(message)
    assert (explained.destinations, explained.audience) == ([{"topic": topic}], 1)

    await router.add_rule(
        unique,
        {"message_type": unique},
        copy_to={"to_agent": f"{unique}-auditor"},
        priority="high",
    )
    explained = await router.explain(message)
    assert (explained.recipients, explained.priority) == ((f"{unique}-auditor",), "high")
    assert any(unique in why for why in explained.why)
    assert unique in {rule.rule_id for rule in await router.rules()}
    assert any(entry.name == f"{unique}.*" for entry in await router.routes())
    await framework.send_message(message)
    for recipient in (unique, f"{unique}-auditor"):
        (received,) = await framework.queue.take(recipient, wait=PATIENCE)
        assert (received.payload, received.priority) == (1, "high")
        await received.ack()
    await router.remove_rule(unique)
    with pytest.raises(RuleNotFound):
        await router.remove_rule(unique)
    with pytest.raises(InvalidValue):
        await router.add_rule(unique, {"message_type": unique}, to={"to_agent": "a", "topic": "b"})
    empty = CommunicationMessage(capability=f"{unique}-arts", message_type="x")
    assert (await router.explain(empty)).refusal == "empty_group"


async def test_bad_messages_are_refused_with_their_codes(
    framework: EventDrivenCommunicationFramework, unique: str
) -> None:
    known, deep = note(unique), list[Any]()
    for _ in range(5_000):
        deep = [deep]
    await framework.send_message(known)
    for message, error in (
        (note(unique, message_id=known.message_id, payload="other"), MessageExists),
        (CommunicationMessage(message_type="x"), InvalidDestination),
        (note(unique, topic="a.b"), InvalidDestination),
        (note(unique, encrypt=True), EncryptionUnavailable),
        (note(unique, payload=object()), InvalidValue),
        (note(unique, payload="\0"), InvalidValue),
        (note(unique, payload="\ud800"), InvalidValue),
        (note(unique, payload=deep), InvalidValue),
        (note(unique, payload={None: 1}), InvalidValue),
        (note(unique, message_id=None), InvalidValue),
        (note(unique, ttl=-1), InvalidValue),
        (note(unique, priority="urgent"), InvalidValue),
        (note("two words"), InvalidValue),
    ):
        with pytest.raises(error):
            await framework.send_message(message)
    with pytest.raises(InvalidDestination):
        await framework.broadcast(note(unique))
    queue = framework.queue
    for wrong in (
        lambda: framework.request(known, timeout=nan),
        lambda: framework.subscribe(unique, "tasks"),
        lambda: framework.parked_events("no name\0"),
        lambda: framework.retry_parked("no name\0"),
        lambda: queue.peek(unique, limit=-1),
        lambda: queue.take(unique, limit=0),
        lambda: queue.take(unique, wait=nan),
    ):
        with pytest.raises(InvalidValue):
            await wrong()
    with pytest.raises(InvalidValue):
        framework.receive(unique, prefetch=0)
    sent = await framework.broadcast(CommunicationMessage(message_type=unique))
    assert sent.broadcast


async def test_connections_are_listed_and_closed(
    framework: EventDrivenCommunicationFramework, unique: str
) -> None:
    manager, connection_id = framework.websocket_manager, "01900000-0000-7000-8000-00000000abcd"
    assert await manager.connections(agent_id=unique) == []
    connection = OpenConnection(
        connection_id=connection_id,
        kind="agent",
        client_id=unique,
        agent_id=unique,
        subject="host",
        opened_at=datetime.now(UTC),
        topics=(),
        queued_bytes=0,
    )
    ordered = Seen()
    framework.on("disconnection_ordered")(ordered)
    await framework._call(lambda system: system.access.connections.write([connection]))
    (listed,) = await manager.connections(agent_id=unique)
    assert (listed.connection_id, listed.kind) == (connection_id, "agent")
    await manager.disconnect(connection_id, reason="over")
    await manager.disconnect(agent_id=unique, reason="all over")
    one, several = await ordered.count(2)
    assert one.data["whom"] == {"connection_id": connection_id}
    assert (one.data["reason"], several.data["whom"]) == ("over", {"agent_id": unique})
    assert several.data["reason"] == "all over"
    for unknown in ("01900000-0000-7000-8000-00000000dead", "no id\0"):
        with pytest.raises(ConnectionNotFound):
            await manager.disconnect(unknown)
    with pytest.raises(InvalidValue):
        await manager.disconnect(connection_id, agent_id=unique)
    await framework.off(ordered)
    figures = await framework.get_metrics()
    assert figures["connections"]["agent"] == 1

"""Messages as they come, through streams of both clients and through sockets."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from aia.client import (
    ApiError,
    AsyncClient,
    Backoff,
    Mailbox,
    PermissionDenied,
    Rejected,
    StreamClosed,
)
from aia.client.types import MessageToSend

from .conftest import KEY, token_of
from .cutting import CuttingWay
from .speaking import speaking

PATIENCE = 30.0
KINDS = ["sync", "async"]
SOON = Backoff(base_seconds=0.02)


@pytest.mark.parametrize("kind", KINDS)
def test_messages_come_are_acknowledged_and_come_again_over_a_new_connection(
    node: Any, way: Callable[[str], CuttingWay], kind: str, unique: str
) -> None:
    between = way(node.url)
    with speaking(kind, between.url, retries=SOON) as say:
        for number in range(4):
            say(lambda c, number=number: c.messages.send("t", to_agent=unique, payload=number))
        deliveries = say(lambda c: c.messages.stream(unique, prefetch=2))
        first, second = say.taken(deliveries, 2)
        assert [each.message.payload for each in (first, second)] == [0, 1]
        assert (first.message.attempt, first.message.from_agent) == (1, "dev")
        settled = say(lambda _: first.ack())
        assert (settled.status, settled.message_id) == ("acknowledged", first.message.message_id)
        (third,) = say.taken(deliveries, 1)
        assert third.message.payload == 2
        back = say(lambda _: third.nack("later", retry_after_seconds=3_600))
        assert back.status == "failed"
        (fourth,) = say.taken(deliveries, 1)
        between.cut_all()
        again = say.taken(deliveries, 2)
        assert {each.message.message_id for each in again} == {
            second.message.message_id,
            fourth.message.message_id,
        }
        assert [each.message.attempt for each in again] == [2, 2]
        say(lambda _: deliveries.close() if kind == "sync" else deliveries.aclose())


@pytest.mark.parametrize("kind", KINDS)
def test_a_stream_of_another_is_refused_and_one_that_is_closed_says_so(
    start_node: Callable[..., Any], kind: str
) -> None:
    node = start_node(jwt_secret=KEY)
    with (
        speaking(kind, node.url, token=token_of("ann", "agent")) as ann,
        speaking(kind, node.url, token=token_of("root", "admin")) as admin,
    ):
        foreign = ann(lambda c: c.messages.stream("bob"))
        with pytest.raises(PermissionDenied) as refused:
            ann.taken(foreign, 1)
        assert refused.value.code == "inbox_not_allowed"
        admin(lambda c: c.messages.send("t", to_agent="ann", payload=1))
        own = ann(lambda c: c.messages.stream("ann"))
        ann.taken(own, 1)
        admin(lambda c: c.connections.close_many(agent_id="ann"))
        with pytest.raises(StreamClosed):
            ann.taken(own, 1)


async def test_a_mailbox_gets_what_is_sent_and_acknowledges_in_one_go(
    node: Any, amas: AsyncClient, unique: str
) -> None:
    async with asyncio.timeout(PATIENCE), Mailbox(unique, node.url) as mailbox:
        told = await mailbox.subscribe(f"{unique}.>")
        assert told.patterns == [f"{unique}.>"]
        sent = [
            await mailbox.send(
                MessageToSend(message_type="t", to_agent=unique, payload={"n": number})
            )
            for number in range(3)
        ]
        await amas.messages.send("t", topic=f"{unique}.a", payload={"n": 3})
        got = [await anext(mailbox) for _ in range(4)]
        assert [each.message.payload["n"] for each in got] == [0, 1, 2, 3]
        assert [each.message.message_id for each in got[:3]] == [each.message_id for each in sent]
        await asyncio.gather(*(each.ack() for each in got[:2]))
        await got[0].ack()  # said twice, known once
        dead = await got[2].nack("cannot read it", requeue=False)
        assert dead.status == "dead"
        with pytest.raises(ApiError) as closed:
            await got[2].ack()
        assert closed.value.code == "message_closed"
        await got[3].ack()
        with pytest.raises(ApiError) as refused:
            await mailbox.send(MessageToSend(message_type="t", topic="a.*"))
        assert refused.value.code == "illegal_wildcard"
        assert (await mailbox.unsubscribe(f"{unique}.>")).patterns == []
    with pytest.raises(RuntimeError):
        await anext(Mailbox(unique, node.url))


async def test_a_mailbox_goes_on_over_a_lost_connection(
    node: Any, way: Callable[[str], CuttingWay], amas: AsyncClient, unique: str
) -> None:
    between = way(node.url)
    async with asyncio.timeout(PATIENCE), Mailbox(unique, between.url) as mailbox:
        for number in range(3):
            await amas.messages.send("t", to_agent=unique, payload=number)
        first = await anext(mailbox)
        await first.ack()
        second = await anext(mailbox)
        await asyncio.to_thread(between.cut_all)
        again = {}
        while again.keys() != {1, 2}:
            delivery = await anext(mailbox)
            if delivery.message.attempt == 2:  # else it had come before the cut
                again[delivery.message.payload] = delivery
        # Whichever delivery is acknowledged: it is the message that has arrived.
        await second.ack()
        await again[2].ack()
        sent = await mailbox.send(MessageToSend(message_type="t", to_agent=unique, payload=3))
        assert (await anext(mailbox)).message.message_id == sent.message_id


async def test_a_mailbox_of_another_is_refused(start_node: Callable[..., Any]) -> None:
    node = await asyncio.to_thread(start_node, jwt_secret=KEY)
    async with asyncio.timeout(PATIENCE):
        async with Mailbox("bob", node.url, token_of("ann", "agent")) as foreign:
            with pytest.raises(Rejected) as refused:
                await anext(foreign)
            assert refused.value.code == "permission_denied"
            with pytest.raises(Rejected):
                await foreign.send(MessageToSend(message_type="t", to_agent="ann"))
        async with Mailbox("ann", node.url, token_of("ann", "agent", lives=-5)) as expired:
            with pytest.raises(Rejected) as late:
                await anext(expired)
            assert late.value.code == "token_expired"

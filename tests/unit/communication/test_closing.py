"""A node that stops: what is out over its connections goes elsewhere at once, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from aia_mas.domain.communication.delivery_events import DeliveriesNoted, DeliveriesReturned
from aia_mas.domain.communication.terms import MessageTerms

from .mail import sent
from .stations import Post, Station


@pytest.fixture
async def post() -> AsyncIterator[Post]:
    post = Post(MessageTerms())
    post.clock.advance(100_000.0)  # to when messages of these tests are sent
    yield post
    await post.close()


async def taken(station: Station, *, prefetch: int | None = None, most: int = 10) -> list[str]:
    """Return what somebody gets who asks now, and how often it was tried."""
    collection = station.collect("ann", prefetch)
    collection.__enter__()  # it stays open
    handed = await collection.next(most, 0.0)
    return [f"{each.letter.message_id}/{each.attempt}" for each in handed]


async def test_what_is_out_over_its_connections_goes_elsewhere_at_once(post):
    one, two = await post.open(), await post.open()
    for number in range(4):
        await post.happens(f"message/m{number}", sent("ann"))
    assert await taken(one, most=1) == ["m0/1"]  # by asking: it may be acknowledged anywhere
    assert await taken(one, prefetch=2) == ["m1/1", "m2/1"]
    await post.advance(1.0)
    assert await taken(two) == ["m3/1"]

    await one.office.close()
    await post.rest()

    (back,) = [each.event for each in post.events if isinstance(each.event, DeliveriesReturned)]
    assert [item.attempt for item in back.items] == [1, 1]
    # A node that stops costs no message an attempt.
    assert await taken(two) == ["m1/1", "m2/1"]
    assert await taken(one) == []


@pytest.mark.parametrize("wait", [0.0, 1.0], ids=["before the log knows", "after"])
@pytest.mark.parametrize("in_order", [True, False], ids=["in order", "lost"])
async def test_an_attempt_is_used_up_unless_its_node_ended_the_connection(post, wait, in_order):
    one, two = await post.open(), await post.open()
    await post.happens("message/m0", sent("ann", max_attempts=2))
    for _ in range(3):
        with one.collect("ann", 1) as collection:
            handed = await collection.next(1, 0.0)
            collection.in_order = in_order
            await post.advance(wait)
        await post.rest()

    attempts = [f"{each.letter.message_id}/{each.attempt}" for each in handed]
    assert attempts == (["m0/1"] if in_order else [])
    assert await taken(two) == (["m0/1"] if in_order else [])


async def test_what_goes_back_while_the_log_is_being_told_that_it_is_out_is_not_out(post):
    one, two = await post.open(), await post.open()
    await post.happens("message/m0", sent("ann"))
    with one.collect("ann", 1) as collection:
        (handed,) = await collection.next(1, 0.0)
        collection.in_order = True
        post.clock.advance(0.7)
        while not handed.out.noted:
            await asyncio.sleep(0)
        assert not any(isinstance(each.event, DeliveriesNoted) for each in post.events)

    await post.rest()
    told = [type(each.event) for each in post.events[-2:]]
    assert told == [DeliveriesNoted, DeliveriesReturned]
    assert await taken(two) == ["m0/1"]


async def test_what_was_not_handed_over_yet_is_no_delivery(post):
    one, two = await post.open(), await post.open()
    await post.happens("message/m0", sent("ann"))
    tray = one.office.tray("ann")
    assert tray is not None
    outs = tray.take(1, "socket", set())

    await one.office.close()

    assert await one.office.deliver(tray, outs) == []
    assert await taken(two) == ["m0/1"]


async def test_what_is_on_its_way_back_is_waited_for(post):
    one, two = await post.open(), await post.open()
    await post.happens("message/m0", sent("ann"))
    with one.collect("ann", 1) as collection:
        (handed,) = await collection.next(1, 0.0)

    await one.office.close()

    assert handed.out.failing is not None
    assert handed.out.failing.done()
    await post.rest()
    assert await taken(two) == ["m0/2"]

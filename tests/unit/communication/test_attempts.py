"""What counts as an attempt when what is out does not arrive: the rows of ``docs/messages.md``."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import pytest

from aia_mas.application.communication.collecting import Collection
from aia_mas.domain.communication.terms import MessageTerms
from aia_mas.interfaces.redis_bridge.mailbox import BridgedMailbox
from aia_mas.interfaces.redis_bridge.wire import Lost, Parcel, Wire

from .mail import sent
from .stations import Post, Station

pytestmark = pytest.mark.anyio
COURIER = 5.0
"""Seconds that the courier waits after the deadline for the node that delivered to say so."""
ACK, BACKOFF = 10.0, 8.0


@pytest.fixture
async def post() -> AsyncIterator[Post]:
    """Return two nodes, the second of which leads the courier, and a message to ann."""
    terms = MessageTerms(backoff_base_seconds=BACKOFF, backoff_jitter=0.0)
    post = Post(terms)
    post.clock.advance(100_000.0)  # to when messages of these tests are sent
    for _ in range(2):
        await post.open()
    await post.lead(post.stations[1])
    await post.happens("message/m0", sent("ann", ack_seconds=ACK))
    yield post
    await post.close()


async def attempts(station: Station) -> list[int]:
    """Return which deliveries those are that somebody gets who asks now."""
    with station.collect("ann", 10) as collection:
        handed = await collection.next(10, 0.0)
        collection.in_order = True
    await station.post.rest()
    return [each.attempt for each in handed]


async def taken(station: Station, prefetch: int | None = 10) -> None:
    """Have somebody get the message, and keep it."""
    collection = station.collect("ann", prefetch)
    collection.__enter__()
    assert [each.attempt for each in await collection.next(10, 0.0)] == [1]


@pytest.mark.parametrize("prefetch", [10, None], ids=["connection", "poll"])
async def test_what_is_not_acknowledged_in_time_has_failed(
    post: Post, prefetch: int | None
) -> None:
    one, two = post.stations
    await taken(one, prefetch)
    await post.advance(ACK - 0.5)
    assert (await attempts(one), await attempts(two)) == ([], [])
    await post.advance(1.0)
    assert (await attempts(one), await attempts(two)) == ([], [])
    await post.advance(BACKOFF)
    assert await attempts(two) == [2]


async def test_what_a_killed_node_had_out_for_a_while_has_failed(post: Post) -> None:
    one, two = post.stations
    await taken(one)
    await post.advance(1.0)  # now the log knows
    await post.crash(one)

    await post.advance(ACK + COURIER - 1.5)
    assert await attempts(two) == []
    await post.advance(1.0 + BACKOFF)
    assert await attempts(two) == [2]


async def test_what_a_killed_node_had_out_for_a_moment_was_not_delivered(post: Post) -> None:
    one, two = post.stations
    await taken(one)
    await post.crash(one)
    assert await attempts(two) == [1]


async def test_what_a_killed_node_was_calling_an_endpoint_with_was_not_delivered(
    post: Post,
) -> None:
    one, two = post.stations
    calling = Collection(one.office, post.clock, "ann", "webhook", None)
    calling.__enter__()
    assert len(await calling.next(1, 0.0)) == 1
    await post.advance(2.0)
    await post.crash(one)
    assert await attempts(two) == [1]


# ------------------------------------------------------------------------------------- over Redis


class Bridged:
    """The mailbox of ann behind the bridge, on a node; nothing is published by itself."""

    def __init__(self, station: Station) -> None:
        communication = SimpleNamespace(
            collect=lambda name, _, prefetch: station.collect(name, prefetch),
            office=station.office,
        )
        # As much of a system as a mailbox needs.
        system: Any = SimpleNamespace(communication=communication, clock=station.post.clock)
        self.parcels: list[Parcel] = []
        wire = Wire()
        wire.publish = self.parcels.append  # type: ignore[method-assign]
        self.box = BridgedMailbox(system, wire, "ann", None, 10)
        self.running = asyncio.get_running_loop().create_task(self.box.run())

    def lose(self, why: Lost, number: int) -> None:
        """Have a parcel reach nobody."""
        lost = self.parcels[number].lost
        assert lost is not None
        lost(why)

    def stop(self) -> None:
        """Do as whoever leads the bridge does when it leads no more."""
        self.running.cancel()

    def stop_without_redis(self) -> None:
        """Do so when nothing can be published."""
        for number in range(len(self.parcels)):
            self.lose(Lost.UNSENT, number)
        self.stop()


@pytest.mark.parametrize(
    ("happens", "expected"),
    [
        (Bridged.stop, [1, 1]),
        (Bridged.stop_without_redis, [1, 1]),
        (lambda bridged: bridged.box.end(in_order=True), [1, 1]),
        (lambda bridged: bridged.box.end(in_order=False), [2, 2]),
        (lambda bridged: bridged.lose(Lost.UNHEARD, 1), [2, 1]),
    ],
    ids=[
        "another node takes over",
        "Redis is away",
        "the token expires",
        "the agent leaves",
        "nobody listens",
    ],
)
async def test_what_is_out_over_redis_fails_only_by_the_agent(
    post: Post, happens: Callable[[Bridged], None], expected: list[int]
) -> None:
    one, two = post.stations
    await post.happens("message/m1", sent("ann"))
    bridged = Bridged(one)
    await post.advance(1.0)
    assert len(bridged.parcels) == 2

    happens(bridged)
    with suppress(asyncio.CancelledError):
        await bridged.running
    await post.rest()

    assert sorted(await attempts(two), reverse=True) == expected

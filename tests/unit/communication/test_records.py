"""Acknowledgements on their way into the log: how many events they are, and when they are told."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import pytest

from aia.testing.events import append
from aia_mas.domain.communication.delivery_events import DeliveriesAcknowledged, DeliveriesNoted
from aia_mas.domain.communication.terms import MessageTerms
from aia_mas.domain.orchestration.agent_events import AgentRegistered
from aia_mas.domain.orchestration.capabilities import Capabilities

from .mail import EVERYBODY, NOW, sent
from .stations import Post, Station

SECONDS = 1.5
"""How long their acknowledgements take to come in."""
TICKS = 150


@pytest.fixture
async def post() -> AsyncIterator[Post]:
    post = Post(MessageTerms())
    yield post
    await post.close()


def acknowledge(station: Station, name: str) -> asyncio.Future[int]:
    """Deliver what waits for somebody, and have it acknowledged."""
    tray = station.office.tray(name)
    assert tray is not None
    (out,) = tray.take(10, "socket")
    return station.office.acknowledge(name, out.letter.message_id)


async def broadcast(post: Post, size: int) -> tuple[Station, list[str]]:
    """Open a station where a message to so many is to be delivered."""
    station = await post.open()
    names = [f"agent-{number:05}" for number in range(size)]
    born = AgentRegistered(capabilities=Capabilities(), owner="me", registered_at=NOW)
    for name in names:
        await append(post.log, f"agent/{name}", [born], f"register-{name}")
    await post.happens("message/m1", sent(goes=EVERYBODY))
    return station, names


@pytest.mark.parametrize("size", [300, 3_000])
async def test_a_broadcast_is_a_few_events_however_many_acknowledge_it(post, size):
    station, names = await broadcast(post, size)
    told = []
    for tick in range(TICKS):
        told += [acknowledge(station, name) for name in names[tick::TICKS]]
        await post.advance(SECONDS / TICKS)
    await post.advance(1.0)

    kinds = Counter(type(each.event) for each in post.events)
    assert kinds[DeliveriesAcknowledged] <= 4
    assert kinds[DeliveriesNoted] == 0
    assert all(each.done() and each.exception() is None for each in told)
    assert not station.room.letters

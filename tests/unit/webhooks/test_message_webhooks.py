"""Messages on their way to endpoints while the database is away, and when another node leads."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest

from aia_mas.application.event_log.leases import Lease
from aia_mas.application.processes.message_webhooks import LEASE, MessageWebhooks
from aia_mas.application.webhooks.lines import Backoff
from aia_mas.application.webhooks.sending import Reply
from aia_mas.domain.communication.delivery_events import DeliveriesAcknowledged, DeliveriesFailed
from aia_mas.domain.communication.destination import Destination
from aia_mas.domain.communication.mailbox import ForwardMailbox
from aia_mas.domain.communication.sending import SendMessage
from aia_mas.domain.communication.terms import MessageTerms
from aia_mas.domain.orchestration.webhooks import Endpoint
from tests.unit.communication.stations import Post, Station

NAMES = ("ann", "bob")


class Endpoints:
    """The endpoints of agents; whoever is asked answers when it is told to.

    Attributes:
        calls: Who was called.
        away: Whose endpoint cannot be looked up, since the database is away.
        answering: Set when endpoints answer.
    """

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.away: set[str] = set()
        self.answering = asyncio.Event()

    def endpoint(self, name: str) -> Endpoint:
        return Endpoint(f"https://{name}.example", 1)

    async def agent(self, name: str) -> object:
        if name in self.away:
            raise OSError("the database is away")
        return object()

    async def message(self, name: str, *_: object) -> Reply:
        self.calls.append(name)
        await self.answering.wait()
        return Reply(204, {}, b"", 0.1)


@pytest.fixture
async def post() -> AsyncIterator[Post]:
    post = Post(MessageTerms())
    yield post
    await post.close()


def webhooks(post: Post, station: Station, endpoints: Endpoints) -> MessageWebhooks:
    some: Any = endpoints
    fold: Any = SimpleNamespace(state=endpoints)
    return MessageWebhooks(
        fold,
        station.fold,
        station.host,
        station.office,
        some,
        some,
        post.clock,
        random=post.chance.random,
        backoff=Backoff(1.0, 60.0, post.chance.random),
        disable_after=5,
    )


async def begun(post: Post, station: Station, endpoints: Endpoints) -> asyncio.Task[None]:
    """Have a message on its way to each."""
    for name in NAMES:
        await station.do(ForwardMailbox(agent_id=name, webhook=True))
        to = Destination(agents=(name,))
        message = SendMessage(message_id=name, from_agent="eve", to=to, message_type="note")
        await station.do(message)
    lead = webhooks(post, station, endpoints).lead(Lease(LEASE, 1, 0), station.engine)
    leading = asyncio.get_running_loop().create_task(lead)
    await post.rest()
    return leading


async def ended(leading: asyncio.Task[None]) -> None:
    leading.cancel()
    await asyncio.wait({leading})


def recorded(post: Post, kind: type[Any]) -> list[tuple[str, int]]:
    """Who is told of in events of a kind, and of which attempt."""
    events = [each.event for each in post.events if isinstance(each.event, kind)]
    return [(item.recipient, item.attempt) for event in events for item in event.items]


async def test_what_cannot_be_sent_to_one_keeps_no_other_from_its_messages(post: Post) -> None:
    station, endpoints = await post.open(), Endpoints()
    endpoints.away.add("ann")
    leading = await begun(post, station, endpoints)
    assert endpoints.calls == ["bob"]

    endpoints.answering.set()
    await post.rest()
    assert recorded(post, DeliveriesAcknowledged) == [("bob", 1)]

    endpoints.away.clear()
    await post.advance(2.0)
    assert endpoints.calls == ["bob", "ann"]
    assert recorded(post, DeliveriesAcknowledged) == [("bob", 1), ("ann", 1)]
    await ended(leading)


async def test_what_is_on_its_way_when_another_node_leads_is_no_attempt(post: Post) -> None:
    station, endpoints = await post.open(), Endpoints()
    leading = await begun(post, station, endpoints)
    assert sorted(endpoints.calls) == ["ann", "bob"]

    await ended(leading)
    await post.advance(1.0)

    assert recorded(post, DeliveriesFailed) == []

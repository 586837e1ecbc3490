"""Who is no agent any more is forgotten with what it subscribed to, when too many are."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from aia_mas.domain.communication.destination import Destination
from aia_mas.domain.communication.mailbox import ForwardMailbox, Subscribe
from aia_mas.domain.communication.sending import SendMessage
from aia_mas.domain.communication.terms import MessageTerms
from aia_mas.domain.orchestration.agent_events import AgentRegistered, AgentUnregistered
from aia_mas.domain.orchestration.capabilities import Capabilities

from .mail import NOW
from .stations import Post

pytestmark = pytest.mark.anyio
BOUND = 3
NAMES = [f"a{number}" for number in range(BOUND + 4)]
REGISTERED = AgentRegistered(capabilities=Capabilities(), owner="o", registered_at=NOW)


@pytest.fixture
async def post() -> AsyncIterator[Post]:
    """Return a node with agents that subscribed; all but the last have left."""
    opened = Post(MessageTerms(absent=BOUND))
    station = await opened.open()
    for name in NAMES:
        await opened.happens(f"agent/{name}", REGISTERED)
        await station.do(Subscribe(agent_id=name, patterns=("news.*", name)))
        await station.do(ForwardMailbox(agent_id=name, webhook=True))
    for name in NAMES[:-1]:
        await opened.happens(f"agent/{name}", AgentUnregistered(at=NOW))
    await opened.lead(station)
    yield opened
    await opened.close()


async def test_as_many_as_may_be_are_known_those_who_left_last(post: Post) -> None:
    room = post.stations[0].room
    events = 4 * len(NAMES) - 1  # before the courier looked

    await post.advance(1.0)

    assert {each.stream for each in post.events[events:]} == {
        f"mailbox/{name}" for name in NAMES[:3]
    }
    assert [name for name in NAMES if room.directory.get(name)] == NAMES[3:]
    assert room.directory.by_webhook == {room.directory.number(name) for name in NAMES[3:]}
    events = len(post.events)
    await post.advance(5.0)
    assert len(post.events) == events


async def test_who_comes_back_has_its_subscriptions_if_it_was_not_forgotten(post: Post) -> None:
    await post.advance(1.0)
    for name in ("a0", "a5"):
        await post.happens(f"agent/{name}", REGISTERED)
    sent = SendMessage(
        message_id="m1",
        from_agent="ann",
        to=Destination(topic="news.today"),
        message_type="note",
    )
    await post.stations[0].do(sent)

    room = post.stations[0].room
    assert [name for name in NAMES if room.waiting(name)] == ["a5", "a6"]
    # Whoever was forgotten subscribes again as at first.
    again = await post.stations[0].do(Subscribe(agent_id="a0", patterns=("news.*",)))
    assert again["patterns"] == ["news.*"]

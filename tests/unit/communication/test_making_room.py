"""The courier makes room: the lowest go, and a few events tell of any number of them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from aia_mas.domain.communication.delivery_events import DeliveriesDropped
from aia_mas.domain.communication.destination import Destination
from aia_mas.domain.communication.sending import SendMessage
from aia_mas.domain.communication.terms import MessageTerms, WhenFull
from aia_mas.domain.orchestration.agent_events import AgentRegistered, AgentUnregistered
from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.domain.orchestration.task_specification import Priority

from .mail import NOW
from .stations import Post

pytestmark = pytest.mark.anyio
MANY = 1_200
BOUND, HELD = 2, 1
EVERYBODY = Destination(broadcast=True)


@pytest.fixture
async def post() -> AsyncIterator[Post]:
    """Return a node with many agents, and a courier that looks every quarter of a second."""
    opened = Post(MessageTerms(queue_size=BOUND, held=HELD, when_full=WhenFull.DROP_LOWEST))
    station = await opened.open()
    for number in range(MANY):
        event = AgentRegistered(capabilities=Capabilities(), owner="o", registered_at=NOW)
        await opened.happens(f"agent/a{number}", event)
    await opened.lead(station)
    yield opened
    await opened.close()


async def send(post: Post, message_id: str, to: Destination, priority: Priority) -> None:
    command = SendMessage(
        message_id=message_id, from_agent="ann", to=to, message_type="note", priority=priority
    )
    assert (await post.stations[0].do(command))["status"] == "queued"


async def test_a_broadcast_to_many_full_inboxes_is_a_few_events(post: Post) -> None:
    for number, priority in enumerate((Priority.LOW, Priority.HIGH, Priority.NORMAL)):
        await send(post, f"m{number}", EVERYBODY, priority)
    low = next(each.position for each in post.events if each.stream == "message/m0")
    before = len(post.events)

    await post.advance(5.0)

    events = post.events[before:]
    items = [item for each in events for item in each.event.items]
    assert {type(each.event) for each in events} == {DeliveriesDropped}
    assert len(events) <= MANY // 100
    assert sorted(item.recipient for item in items) == sorted(f"a{n}" for n in range(MANY))
    assert {(each.position, each.waiting, each.bound) for each in items} == {
        (low, BOUND + 1, BOUND)
    }
    room = post.stations[0].room
    assert all(room.waiting(f"a{number}") == BOUND for number in range(MANY))
    assert dropped(post) == MANY


async def test_what_is_out_is_dropped_once_it_is_not_out_any_more(post: Post) -> None:
    station = post.stations[0]
    for number in range(BOUND):
        await send(post, f"m{number}", Destination(agents=("a7",)), Priority.LOW)
    with station.collect("a7", None) as collection:
        await collection.next(BOUND, 0.0)
        await post.advance(1.0)  # now the log knows that they are out
        await post.happens("agent/a7", AgentUnregistered(at=NOW))
        await post.advance(1.0)
        assert station.room.waiting("a7") == BOUND  # one more than is held for those

        for number in range(BOUND):
            await refused(post, "a7", f"m{number}")
        await post.advance(1.0)

    assert station.room.waiting("a7") == HELD
    assert dropped(post) == BOUND - HELD


async def test_nobody_has_less_than_they_may_have(post: Post) -> None:
    for number in range(BOUND):
        await send(post, f"m{number}", EVERYBODY, Priority.LOW)
    await post.advance(5.0)
    assert dropped(post) == 0


async def refused(post: Post, name: str, message_id: str) -> None:
    future = post.stations[0].office.refuse(name, message_id, retry_after=60.0)
    await post.rest()
    assert future.done()


def dropped(post: Post) -> int:
    """Return how many deliveries were dropped."""
    return sum(figures.dropped for figures in post.stations[0].room.figures)

"""A clock that is set back keeps nothing from coming to an end."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from aia_mas.domain.communication.destination import Destination
from aia_mas.domain.communication.ending import RedriveMessage
from aia_mas.domain.communication.message_events import MessageExpired
from aia_mas.domain.communication.sending import SendMessage
from aia_mas.domain.communication.terms import MessageTerms

from .stations import Post

pytestmark = pytest.mark.anyio
LIFE = 60.0


@pytest.fixture
async def post() -> AsyncIterator[Post]:
    """Return a node that leads the courier, where a message is dead for bob and expired for cal."""
    opened = Post(MessageTerms())
    station = await opened.open()
    await opened.lead(station)
    await station.do(
        SendMessage(
            message_id="m1",
            from_agent="ann",
            to=Destination(agents=("bob", "cal")),
            message_type="note",
            ttl_seconds=LIFE,
            max_attempts=1,
        )
    )
    await refuse(opened)
    await opened.advance(10 * LIFE)
    assert ended(opened) == (1, 1)
    yield opened
    await opened.close()


async def refuse(post: Post) -> None:
    """Have bob refuse what he gets."""
    station = post.stations[0]
    with station.collect("bob", None) as collection:
        assert len(await collection.next(1, 0.0)) == 1
        _ = station.office.refuse("bob", "m1")
        await post.advance(1.0)


def ended(post: Post) -> tuple[int, int]:
    """Return for how many it is, or was, dead, and for how many it expired."""
    figures = post.stations[0].room.figures
    return sum(each.dead for each in figures), sum(each.expired for each in figures)


async def test_what_is_queued_again_expires_after_as_long_as_at_first(post: Post) -> None:
    post.clock.set(-11 * LIFE)
    sent = next(each.position for each in post.events if each.stream == "message/m1")
    await post.stations[0].do(RedriveMessage(message_id="m1", recipient="bob", sent=sent))

    await post.advance(LIFE - 1.0)
    assert ended(post) == (1, 1)
    await post.advance(2.0)

    assert ended(post) == (1, 2)
    assert post.stations[0].room.letters == {}
    assert sum(isinstance(each.event, MessageExpired) for each in post.events) == 2


async def test_what_is_queued_again_dies_again(post: Post) -> None:
    post.clock.set(-11 * LIFE)
    sent = next(each.position for each in post.events if each.stream == "message/m1")
    await post.stations[0].do(RedriveMessage(message_id="m1", recipient="bob", sent=sent))
    await refuse(post)

    assert ended(post) == (2, 1)
    assert post.stations[0].room.letters == {}

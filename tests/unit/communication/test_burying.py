"""The courier buries what has no further attempt: a few events tell of any number of recipients."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from aia_mas.domain.communication.delivery_events import Failed
from aia_mas.domain.communication.destination import Destination
from aia_mas.domain.communication.ending import RedriveMessage
from aia_mas.domain.communication.message_events import MessageDied
from aia_mas.domain.communication.recording import RecordDeliveries
from aia_mas.domain.communication.sending import SendMessage
from aia_mas.domain.communication.terms import MessageTerms
from aia_mas.domain.orchestration.agent_events import AgentRegistered
from aia_mas.domain.orchestration.capabilities import Capabilities

from .mail import NOW
from .stations import Post

pytestmark = pytest.mark.anyio
MANY = 1_200
NAMES = [f"a{number}" for number in range(MANY)]


@pytest.fixture
async def post() -> AsyncIterator[Post]:
    """Return two nodes with many agents, and a message to all of them at position ``MANY + 1``."""
    opened = Post(MessageTerms())
    station = await opened.open()
    await opened.open()
    for name in NAMES:
        event = AgentRegistered(capabilities=Capabilities(), owner="o", registered_at=NOW)
        await opened.happens(f"agent/{name}", event)
    command = SendMessage(
        message_id="m1",
        from_agent="ann",
        to=Destination(broadcast=True),
        message_type="note",
        max_attempts=1,
    )
    assert (await station.do(command))["status"] == "queued"
    yield opened
    await opened.close()


async def fail(post: Post, position: int = MANY + 1, names: list[str] = NAMES) -> None:
    """Have the only delivery to some fail."""
    failed = tuple(Failed(position, name, 1, "socket", NOW, "timed_out", None) for name in names)
    await post.stations[0].do(RecordDeliveries(writer="w", failed=failed))


def died(post: Post) -> list[MessageDied]:
    return [each.event for each in post.events if isinstance(each.event, MessageDied)]


def dead(post: Post) -> list[int]:
    """Return how many deliveries were given up, as each node counts them."""
    return [sum(each.dead for each in station.room.figures) for station in post.stations]


async def test_a_message_that_nobody_of_many_took_dies_by_a_few_events(post: Post) -> None:
    await post.lead(post.stations[0])
    await fail(post)

    await post.advance(5.0)

    events = died(post)
    assert len(events) <= MANY // 100
    assert sorted(item.recipient for each in events for item in each.items) == sorted(NAMES)
    assert {each.position for each in events} == {MANY + 1}
    assert {(item.attempts, item.reason) for each in events for item in each.items} == {
        (1, "timed_out")
    }
    assert dead(post) == [MANY, MANY]
    assert [station.room.letters for station in post.stations] == [{}, {}]


async def test_what_was_queued_again_dies_again(post: Post) -> None:
    await post.lead(post.stations[0])
    await fail(post, names=NAMES[:3])
    await post.advance(1.0)
    again = RedriveMessage(message_id="m1", recipient="a1", sent=MANY + 1)
    assert (await post.stations[0].do(again))["dead"] == 2
    redriven = len(post.events)

    await fail(post, redriven, ["a1"])
    await post.advance(1.0)

    first, second = died(post)
    assert [item.recipient for item in first.items] == ["a0", "a1", "a2"]
    assert (second.position, [item.recipient for item in second.items]) == (redriven, ["a1"])
    assert dead(post) == [4, 4]

"""A recipient with connections on two nodes: each message goes over one of them, and arrives."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Sequence

import pytest

from aia_mas.application.communication.collecting import Collection
from aia_mas.application.communication.sharing import Sharing
from aia_mas.domain.communication.mailroom.letter import Letter
from aia_mas.domain.communication.terms import MessageTerms

from .mail import sent
from .stations import Post, Station

pytestmark = pytest.mark.anyio
PATIENCE = 1.0
SENDERS = [f"s{number}" for number in range(8)]


def letter(sender: str, rank: int = 2) -> Letter:
    return Letter(1, "m", 1, sender, "note", rank, 0.0, 0.0, 30.0, 5)


# --------------------------------------------------------------------------------- whose it is


@pytest.fixture
def clock() -> list[float]:
    """Return what time it is."""
    return [100.0]


@pytest.fixture
def pair(clock: list[float]) -> tuple[Sharing, Sharing]:
    """Return what two nodes know of one recipient, who gets messages over both."""
    both = Sharing("one", lambda: clock[0]), Sharing("two", lambda: clock[0])
    for sharing in both:
        for writer in ("one", "two"):
            sharing.note(writer, there=True)
    return both


def test_without_another_node_nothing_is_left_to_one(clock: list[float]) -> None:
    alone = Sharing("one", lambda: clock[0])
    assert not alone.hold(letter("ann"))
    alone.note("one", there=True)
    assert (alone.hold(letter("ann")), alone.wait()) == (False, None)


def test_each_lane_of_a_sender_is_of_one_node_and_not_all_of_the_same(
    pair: tuple[Sharing, Sharing],
) -> None:
    one, two = pair
    held = [(one.hold(each), two.hold(each)) for each in map(letter, SENDERS)]
    assert set(held) == {(True, False), (False, True)}
    assert held == [(one.hold(each), two.hold(each)) for each in map(letter, SENDERS)]


def test_who_never_handed_anything_over_leaves_all_to_who_does(clock: list[float]) -> None:
    idle = Sharing("two", lambda: clock[0])
    idle.note("one", there=True)
    assert all(idle.hold(each) for each in map(letter, SENDERS))


def test_it_is_left_to_another_as_long_as_that_gets_on(
    clock: list[float], pair: tuple[Sharing, Sharing]
) -> None:
    one, _ = pair
    (theirs, *_) = [each for each in map(letter, SENDERS) if one.hold(each)]
    clock[0] += 0.9
    one.note("two", there=True)
    assert (one.wait(), one.give_up(lambda _: True)) == (pytest.approx(PATIENCE), False)
    clock[0] += 0.9
    assert not one.give_up(lambda _: True)
    clock[0] += 0.1
    assert one.wait() == pytest.approx(0.0)
    assert one.give_up(lambda _: True)
    one.release()
    assert (one.hold(theirs), one.wait()) == (False, None)


def test_who_has_nothing_left_to_deliver_is_not_given_up(
    clock: list[float], pair: tuple[Sharing, Sharing]
) -> None:
    one, _ = pair
    (theirs, *_) = [each for each in map(letter, SENDERS) if one.hold(each)]
    clock[0] += 60.0
    assert not one.give_up(lambda _: False)
    assert (one.wait(), one.hold(theirs)) == (None, True)


def test_when_another_joins_what_is_held_is_distributed_anew(
    pair: tuple[Sharing, Sharing],
) -> None:
    one, _ = pair
    assert not one.note("three", there=True)  # nothing is held
    assert [True for each in map(letter, SENDERS) if one.hold(each)]
    assert one.note("four", there=True)
    assert (one.wait(), one.give_up(lambda _: True)) == (0.0, True)


def test_what_a_node_was_left_whose_connection_is_gone_is_distributed_at_once(
    pair: tuple[Sharing, Sharing],
) -> None:
    one, _ = pair
    assert [True for each in map(letter, SENDERS) if one.hold(each)]
    assert one.note("two", there=False)
    assert (one.wait(), one.give_up(lambda _: True)) == (0.0, True)
    one.release()
    assert not any(map(one.hold, map(letter, SENDERS)))
    assert not one.note("two", there=False)


# --------------------------------------------------------------------------------- on two nodes


@pytest.fixture
async def post() -> AsyncIterator[Post]:
    """Return two nodes."""
    post = Post(MessageTerms())
    post.clock.advance(100_000.0)  # to when messages of these tests are sent
    for _ in range(2):
        await post.open()
    yield post
    await post.close()


class Reader:
    """Somebody who reads over one node, and acknowledges what comes."""

    def __init__(self, station: Station, prefetch: int = 10) -> None:
        self.station = station
        self.collection: Collection = station.collect("bob", prefetch)
        self.collection.__enter__()
        self.got: list[str] = []

    async def read(self) -> list[str]:
        """Read what comes now; nobody knows of it yet."""
        handed = await self.collection.next(10, 0.0)
        ids = [each.letter.message_id for each in handed]
        self.got += ids
        return ids

    async def acknowledge(self, ids: list[str]) -> None:
        """Acknowledge it, unless it was acknowledged at the other node."""
        for message_id in ids:
            if self.station.room.find(message_id, "bob") is not None:
                self.station.office.acknowledge("bob", message_id)
        await self.station.post.rest()


async def known(post: Post) -> tuple[Reader, Reader]:
    """Return readers at both nodes, each with a message that arrived there."""
    await post.happens("message/first", sent("bob"))
    one, two = (Reader(station) for station in post.stations)
    await one.acknowledge(await one.read())
    await post.happens("message/second", sent("bob"))
    assert await two.read() == []  # that may come over the first node
    await post.advance(PATIENCE)
    await two.acknowledge(await two.read())
    # The first one did not get on, so the second one has given it up; it is there, though.
    for sender in SENDERS:
        await post.happens(f"message/third-{sender}", sent("bob", from_agent=sender))
    for reader in (one, two):
        await reader.acknowledge(await reader.read())
    one.got.clear()
    two.got.clear()
    return one, two


async def story(post: Post, readers: Sequence[Reader], rounds: int, prefix: str) -> None:
    """In each round every sender sends a message, and both read before either acknowledges."""
    for number in range(rounds):
        for sender in SENDERS:
            message = sent("bob", from_agent=sender)
            await post.happens(f"message/{prefix}{number}-{sender}", message)
        came = [await reader.read() for reader in readers]
        for reader, ids in zip(readers, came, strict=True):
            await reader.acknowledge(ids)
        await post.advance(0.1)


async def test_a_message_comes_over_one_of_two_nodes(post: Post) -> None:
    one, two = readers = await known(post)
    await story(post, readers, 20, "then")

    assert set(Counter(one.got + two.got).values()) == {1}
    assert len(one.got) + len(two.got) == 20 * len(SENDERS)
    assert {each[-2:] for each in one.got}.isdisjoint(each[-2:] for each in two.got)
    assert one.got and two.got


async def test_what_a_node_does_not_hand_over_comes_over_the_other_in_its_order(
    post: Post,
) -> None:
    one, two = readers = await known(post)
    await story(post, readers, 3, "both")
    assert one.got
    two.got.clear()
    # The first one is gone, or has no room: nothing more is read there.
    for number in range(3):
        for sender in SENDERS:
            await post.happens(f"message/{number}-{sender}", sent("bob", from_agent=sender))
    while len(two.got) < 3 * len(SENDERS):
        await two.acknowledge(await two.read())
        await post.advance(0.1)

    for sender in SENDERS:
        mine = [each for each in two.got if each.endswith(f"-{sender}")]
        assert mine == [f"{number}-{sender}" for number in range(3)]
    assert post.stations[1].room.waiting("bob") == 0


@pytest.mark.parametrize("in_order", [True, False], ids=["ended", "lost"])
async def test_what_was_out_over_a_connection_that_is_gone_comes_over_another_node_at_once(
    post: Post, in_order: bool
) -> None:
    one, two = await known(post)
    for sender in SENDERS:
        await post.happens(f"message/{sender}", sent("bob", from_agent=sender))
    own, others = await two.read(), await one.read()
    assert own and others
    await post.advance(PATIENCE / 2 + 0.1)  # the log knows of it

    one.collection.in_order = in_order
    one.collection.__exit__()
    await post.rest()

    assert await two.read() == others


async def test_who_only_asks_now_and_then_gets_whatever_there_is(post: Post) -> None:
    one, two = await known(post)
    for sender in SENDERS:
        await post.happens(f"message/{sender}", sent("bob", from_agent=sender))
    own = await two.read()
    assert 0 < len(own) < len(SENDERS)  # the others are left to the first node

    with post.stations[1].collect("bob", None) as asking:
        others = [each.letter.message_id for each in await asking.next(10, 0.0)]
    assert sorted(own + others) == SENDERS
    assert await one.read() == [each for each in SENDERS if each in others]

"""Whoever acknowledges what is given up meanwhile is told as what it was given up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from aia_mas.application.communication.mailroom_fold import MailroomFold
from aia_mas.application.communication.on_their_way import OnTheirWay
from aia_mas.domain.communication.errors import MessageClosed
from aia_mas.domain.kernel.errors import DomainError

from .mail import EVERYBODY, MANY, Room

Happens = Callable[[Room, int, str], object]
GIVEN_UP: dict[str, tuple[Happens, str]] = {
    "buried": (lambda room, position, name: room.bury(position, name), "dead"),
    "without a further attempt": (lambda room, position, name: room.fail(position, name), "dead"),
    "dropped": (lambda room, position, name: room.drop(position, name), "dropped"),
    "dropped as before": (
        lambda room, position, name: room.drop_as_before(position, name),
        "dropped",
    ),
    "expired": (lambda room, _position, _name: room.expire("m1", 20.0), "expired"),
}


@pytest.fixture
def fold(room: Room) -> MailroomFold:
    """The fold of the room."""
    fold = MailroomFold()
    room.room = fold.state
    return fold


def told(room: Room, fold: MailroomFold, name: str, *happens: Happens) -> DomainError | None:
    """Return what somebody is told whose acknowledgement crosses what happens."""
    under_way = OnTheirWay(fold)
    letter, _ = fold.state.find("m1", name) or (None, None)
    assert letter is not None
    refusal = under_way.begin(letter, name)
    for each in happens:
        each(room, letter.position, name)
    room.acknowledge(letter.position, name, 21.0)
    return refusal()


@pytest.mark.parametrize(("happens", "status"), GIVEN_UP.values(), ids=GIVEN_UP)
def test_to_one(room: Room, fold: MailroomFold, happens: Happens, status: str) -> None:
    room.send("m1", "bob", "cal", ttl=20.0)

    refusal = told(room, fold, "bob", happens)

    assert isinstance(refusal, MessageClosed)
    assert refusal.facts == {"message_status": status, "message_id": "m1"}


@pytest.mark.parametrize(("happens", "status"), GIVEN_UP.values(), ids=GIVEN_UP)
def test_to_many(room: Room, fold: MailroomFold, happens: Happens, status: str) -> None:
    room.register(*MANY)
    room.send("m1", goes=EVERYBODY, from_agent=MANY[0], ttl=20.0)

    refusal = told(room, fold, MANY[1], happens)

    assert isinstance(refusal, MessageClosed)
    assert refusal.facts["message_status"] == status


def test_what_another_node_acknowledged_is_acknowledged(room: Room, fold: MailroomFold) -> None:
    room.send("m1", "bob")

    arrives: Happens = lambda room, position, name: room.acknowledge(position, name, 1.0)  # noqa: E731
    assert told(room, fold, "bob", arrives) is None


async def test_what_happens_to_others_is_no_matter(room: Room, fold: MailroomFold) -> None:
    position = room.send("m1", "bob", "cal")
    under_way = OnTheirWay(fold)
    letter = fold.state.letters[position]
    refusal = under_way.begin(letter, "bob")
    future = asyncio.get_running_loop().create_future()
    under_way.follow(letter, "bob", future)
    assert (position, "bob") in under_way
    assert under_way.future(position, "bob") is future

    room.bury(position, "cal")
    room.acknowledge(position, "bob", 1.0)
    assert refusal() is None
    future.set_result(9)
    await asyncio.sleep(0)
    assert (position, "bob") not in under_way
    assert under_way.future(position, "bob") is None

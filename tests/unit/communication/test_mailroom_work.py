"""No event takes long however many recipients there are, counted in calls; nor does any step."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import pytest

from aia_mas.domain.communication.delivery_events import Acknowledged, DeliveriesAcknowledged
from aia_mas.domain.communication.destination import Destination
from aia_mas.domain.communication.mailroom.folding import begin
from aia_mas.domain.communication.mailroom.snapshot import restore, snapshot
from aia_mas.domain.kernel.steps import Steps, at_once
from tests.unit.domain.counting import calls_of

from .mail import EVERYBODY, Room, at

FEW, MANY = 1_000, 10_000
LONGEST_PIECE = 128 * 1024
MOST_CALLS = 4_000
"""About a millisecond's; a step of the largest snapshot takes fewer."""


def name(number: int) -> str:
    return f"agent-{number:05}"


def crowd(size: int) -> Room:
    room = Room()
    names = [name(number) for number in range(size)]
    room.register(*names, labels={"role": "worker"}, skills={"python": 1.0})
    for each in names:
        room.subscribe(each, "tasks.*")
    return room


@pytest.fixture(scope="module")
def crowds() -> dict[int, Room]:
    """Return a small crowd and a large one; tests leave them as they are."""
    return {size: crowd(size) for size in (FEW, MANY)}


GROUPS = (
    EVERYBODY,
    Destination(topic="tasks.created"),
    Destination(role="worker"),
    Destination(capability="python"),
)


@pytest.mark.parametrize("group", GROUPS, ids=[group.told() for group in GROUPS])
def test_a_message_to_ten_thousand_is_as_little_work_as_one_to_a_thousand(crowds, group):
    work = {}
    for size, room in crowds.items():
        work[size] = calls_of(lambda room=room: room.send("m1", goes=group, ttl=10.0))
        assert room.room.letters[len(room.log)].left == size
        room.expire("m1", 11.0)

    assert work[MANY] <= work[FEW] < 200


def test_that_it_expires_is_no_more_work_for_many(crowds):
    """Its inboxes are cleared with the events that follow, some with each."""
    room = crowds[MANY]
    room.send("m1", goes=EVERYBODY, ttl=10.0)
    for number in range(MANY):
        assert room.room.waiting(name(number)) == 1

    assert calls_of(lambda: room.expire("m1", 11.0)) < MOST_CALLS
    rest = [calls_of(lambda: room.online(name(0))) for _ in range(MANY // 50)]
    assert max(rest) < MOST_CALLS
    assert max(rest) > 100
    assert rest[-1] < 50
    assert room.room.inboxes.all() == []


def acknowledgements(position: int, names: list[str]) -> DeliveriesAcknowledged:
    items = tuple(Acknowledged(position, each, 1, "socket", at(1.0)) for each in names)
    return DeliveriesAcknowledged(items=items, at=at(2.0))


@pytest.mark.parametrize("others", [0, 20])
def test_a_batch_of_acknowledgements_is_so_much_work_for_each(crowds, others):
    """Where nobody delivers, no inbox is looked into, however many letters to many there are."""
    room = crowds[MANY]
    for number in range(others):
        room.send(f"other-{number}", goes=EVERYBODY, ttl=10.0)
    position = room.send("m1", goes=EVERYBODY)
    batch = acknowledgements(position, [name(number) for number in range(MANY)])
    steps = begin(room.room, position + 1, "deliveries/w", batch)
    assert steps is not None
    work, _ = steps_of(steps)
    assert max(work) < MOST_CALLS
    assert sum(work) < 30 * MANY
    assert position not in room.room.letters
    room.log.append(("deliveries/w", batch))
    for number in range(others):
        room.expire(f"other-{number}", 11.0)


def steps_of(steps: Steps[object]) -> tuple[list[int], object]:
    """Take steps; return the calls of each, and what they led to."""
    work: list[int] = []
    end: list[object] = []

    def step() -> None:
        try:
            next(steps)
        except StopIteration as stopped:
            end.append(stopped.value)

    while not end:
        work.append(calls_of(step))
    return work, end[0]


def full() -> Room:
    """Return a mailroom with as much in it as there may be."""
    room = crowd(MANY)
    for number in range(60):
        room.send(f"spread-{number}", goes=EVERYBODY, ttl=10.0)
    for number in range(5_000):
        room.send(f"m-{number}", name(number))
    for number in range(5_000):
        # One with a full inbox.
        position = room.send(f"full-{number}", name(0))
        if number % 3 == 0:
            room.note(position, name(0), 1.0)
    return room


def test_a_full_mailroom_is_copied_and_restored_in_small_steps():
    room = full()

    copying, made = steps_of(snapshot(room.room))
    pieces: list[bytes] = list(made)  # type: ignore[call-overload]
    assert max(copying) < MOST_CALLS
    assert max(map(len, pieces)) < LONGEST_PIECE

    restoring, restored = steps_of(restore(pieces))
    assert max(restoring) < MOST_CALLS
    assert list(at_once(snapshot(restored))) == pieces  # type: ignore[arg-type]


def test_inboxes_may_be_looked_into_between_the_steps_of_a_snapshot():
    room = crowd(300)
    first = room.send("m1", goes=EVERYBODY)
    for number in range(0, 300, 2):
        room.send(f"m-{number}", name(number))
    second = room.send("m2", goes=EVERYBODY)
    numbers = iter(range(299, -1, -1))

    def looking(steps: Steps[Iterator[bytes]]) -> Steps[Iterator[bytes]]:
        while True:
            try:
                next(steps)
            except StopIteration as end:
                made: Iterator[bytes] = end.value
                return made
            for number in islice(numbers, 100):
                room.room.inbox(number)
            yield

    restored = at_once(restore(list(at_once(looking(snapshot(room.room))))))
    assert next(numbers, None) is None
    for number in range(300):
        inbox = restored.inbox(number)
        assert inbox is not None
        assert list(inbox.open)[:: len(inbox.open) - 1] == [first, second]
        assert len(inbox.open) == 2 + (number % 2 == 0)

"""What must be the same in a world of messages, at any time and in the end."""

from __future__ import annotations

from aia_mas.application.communication.collecting import CRITICAL
from aia_mas.domain.communication.mailroom.folding import fold
from aia_mas.domain.communication.mailroom.mailroom import Mailroom
from aia_mas.domain.communication.mailroom.snapshot import restore, snapshot
from aia_mas.domain.kernel.steps import at_once

from .mail_collecting import acknowledge_if_open, go, somebody, take
from .mail_faults import pass_time, take_over
from .mail_stories import check_stories, too_late
from .mail_world import NAMES, MailWorld
from .plain_mail import plain, told


def check(world: MailWorld) -> None:
    """Check that mailrooms say what plain messages say, and no window is exceeded."""
    expected = plain(world.plain)
    for station in world.post.stations:
        copy = at_once(restore(list(at_once(snapshot(station.room)))))
        assert told(copy) == expected
    # The other one is looked into only by those who collect there.
    assert told(world.post.stations[0].room) == expected
    for collector in world.collectors:
        window = collector.collection._room or set()
        assert window <= collector.out <= set(world.person(collector.name).waiting)
        assert len(window) <= (collector.prefetch or 0) + CRITICAL


def settle(world: MailWorld) -> None:
    """In the end everything has one outcome, and another fold of the log says the same."""
    for collector in tuple(world.collectors):
        go(world, collector)
    take_over(world, 1)
    for _ in range(50):
        for name in NAMES:
            collector = somebody(world, 0, name, None)
            while handed := take(world, collector, 20):
                for each in handed:
                    acknowledge_if_open(world, 0, each)
            go(world, collector)
        pass_time(world, 40.0)
        if not world.plain.open():
            break
    assert not world.plain.open()
    again = Mailroom()
    for event in world.post.events:
        fold(again, event.position, event.stream, event.event)
    assert told(again) == plain(world.plain)
    late = too_late(world.plain, world.now)
    for words in late:
        fold(again, len(world.post.events) + 1, "deliveries/late", words)
    assert told(again) == plain(world.plain)
    world.runner.run(check_stories(world.post.events, world.plain, late))
    for station in world.post.stations:
        assert station.room.letters == {}
        assert not station.room.inboxes.has_spread
        assert station.sorting._coming == {}

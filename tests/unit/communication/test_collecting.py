"""Whoever collects looks again when there may be something that was not there the last time."""

from __future__ import annotations

from aia_mas.domain.communication.destination import Destination
from aia_mas.domain.communication.terms import WhenFull
from aia_mas.domain.kernel.steps import at_once

from .mail_collecting import acknowledge, somebody, take
from .mail_sending import send
from .mail_world import MailWorld


def test_a_look_at_a_mailroom_that_is_behind_does_not_count_as_having_emptied_the_tray() -> None:
    world = MailWorld(WhenFull.REFUSE)
    try:
        for _ in range(3):
            send(world, 0, "ann", Destination(agents=("eve",)))
        station, collector = world.post.stations[0], somebody(world, 0, "eve", 2)
        past = list(at_once(station.fold.snapshot()))
        first, _second = take(world, collector, 9)
        assert take(world, collector, 9) == []  # the window is full
        acknowledge(world, 0, first, 1)

        behind = len(world.post.events) - 1
        at_once(station.fold.restore(past))
        assert station.fold.is_behind
        assert world.run(collector.collection.next(9, 0.0)) == []
        for each in world.post.events[behind:]:
            station.fold.apply(each)
        third = take(world, collector, 9)
        assert [each.message_id for each in third] == ["m2"]
    finally:
        world.close()

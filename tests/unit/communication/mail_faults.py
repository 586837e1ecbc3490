"""Time passes in a world of messages, and nodes die, lead and fall behind."""

from __future__ import annotations

from datetime import timedelta

from aia_mas.domain.kernel.steps import at_once

from .mail_world import TERMS, MailWorld

GRACE_COURIER, LOOK = 5.0, 0.5
"""Seconds; by the first the courier waits for a node to say what became of a delivery."""


def pass_time(world: MailWorld, seconds: float) -> None:
    """Let time pass; the courier does what is due."""
    world.run(world.post.advance(seconds))
    world.follow()
    before = world.now - timedelta(seconds=LOOK)
    if world.post.leader is None or seconds < LOOK:
        return
    people = world.plain.people.values()
    assert sum(bool(each.patterns) for each in people if not each.registered) <= TERMS.absent
    for person in people:
        for letter in person.waiting.values():
            assert letter.expires is None or letter.expires > before
            if letter.deadline is not None:
                assert letter.deadline + timedelta(seconds=GRACE_COURIER) > before


def set_the_clock_back(world: MailWorld, seconds: float) -> None:
    """Have the time of day be earlier, at all nodes; no time passes by that."""
    world.post.clock.set(-seconds)
    world.run(world.post.rest())


def kill_and_restart(world: MailWorld, node: int) -> None:
    """Kill a node with all who collect there, and start it again."""
    station = world.post.stations[node]
    world.collectors = [each for each in world.collectors if each.station is not station]

    async def again() -> None:
        await world.post.crash(station)
        world.post.stations.insert(node, await world.post.open())
        world.post.stations.pop()

    world.run(again())
    world.follow()


def take_over(world: MailWorld, node: int) -> None:
    """Have another node lead the courier, or the same again."""
    world.run(world.post.lead(world.post.stations[node]))
    world.follow()


def go_back_to_a_snapshot(world: MailWorld, node: int) -> None:
    """Fold again what came since a snapshot, as after a rebuild."""
    station = world.post.stations[node]
    stored = world.post.snapshots.newest.get(f"{station.fold.name}/{station.fold.version}")
    if stored is None:
        return
    at_once(station.fold.restore(stored.pieces))
    assert station.fold.is_behind is (stored.position < len(world.post.events))
    for collector in world.collectors:
        if collector.station is station and station.fold.is_behind:
            # Nothing is handed over by whoever may not know what has arrived.
            assert world.runner.run(collector.collection.next(9, 0.0)) == []
    for each in world.post.events[stored.position :]:
        station.fold.apply(each)
    assert not station.fold.is_behind
    world.run(world.post.rest())
    world.follow()

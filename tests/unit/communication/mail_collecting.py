"""Messages are collected in a world of messages: those that are due, in order, and no others."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from heapq import merge
from typing import Any

from aia_mas.application.communication.collecting import CRITICAL
from aia_mas.domain.communication.errors import MessageClosed
from aia_mas.domain.kernel.errors import DomainError
from aia_mas.domain.orchestration.task_specification import Priority

from .mail_world import Collector, Handed, MailWorld
from .plain_mail import Waiting

GRACE_HERE = 15.0
"""Seconds after which a node no longer waits for another one to say what became of a delivery."""


def somebody(world: MailWorld, node: int, name: str, prefetch: int | None) -> Collector:
    """Return somebody who collects so, perhaps new."""
    station = world.post.stations[node]
    for each in world.collectors:
        if (each.station, each.name, each.prefetch) == (station, name, prefetch):
            return each
    world.collectors.append(Collector(station, name, prefetch))
    return world.collectors[-1]


def go(world: MailWorld, collector: Collector, *, in_order: bool = False) -> None:
    """Have somebody's connection be lost, or ended by its node."""
    world.collectors.remove(collector)
    collector.collection.in_order = in_order
    waiting = world.person(collector.name).waiting
    failures = {position: each.failures for position, each in waiting.items()}

    async def leave() -> None:
        collector.collection.__exit__()

    world.run(leave())
    world.follow()
    if in_order:
        assert {position: each.failures for position, each in waiting.items()} == failures


def take(world: MailWorld, collector: Collector, most: int) -> list[Handed]:
    """Have somebody collect: it is what it is to get, in order, and nothing else."""
    name, room = collector.name, collector.room(most)
    tray = collector.station.office.tray(name)
    share = collector.prefetch is not None
    if tray is not None:
        tray.look(share=share)
    expected = _next_of(world, name, collector.out)
    if tray is not None and share:
        # What is another node's to hand over is left to that.
        letters = collector.station.room.letters
        expected = [each for each in expected if tray.sharing.other(letters[each]) is None]
    beyond = _beyond(world, collector, most, expected[room:])
    handed = world.run(collector.collection.next(most, 0.0))
    positions = [each.letter.position for each in handed]
    assert positions == expected[:room] + beyond
    found = []
    for each in handed:
        letter = world.person(name).waiting[each.letter.position]
        assert each.attempt == letter.failures + 1
        assert each.content.view.payload == world.sent[letter.message_id].payload
        _note_first(world, name, letter)
        found.append(Handed(name, letter))
    world.handed += found
    world.follow()
    return found


def _beyond(world: MailWorld, collector: Collector, most: int, others: list[int]) -> list[int]:
    """Return what somebody gets beside a full window (``others``: what waits, in order)."""
    prefetch, waiting = collector.prefetch, world.person(collector.name).waiting
    if prefetch is None or prefetch - collector.collection.out >= most:
        return []

    def urgent(position: int) -> bool:
        return waiting[position].priority is Priority.CRITICAL

    left = prefetch - collector.collection.out
    spare = left <= 0 and all(map(urgent, collector.collection._room or ()))
    found = list[int]()
    while len(found) < CRITICAL + min(left, 0) and any(map(urgent, others)):
        # One whose turn is before those of critical ones.
        first = others[0] if spare else next(filter(urgent, others))
        spare = spare and urgent(first)
        found.append(first)
        others.remove(first)
    return found


def _next_of(world: MailWorld, name: str, out: set[int]) -> list[int]:
    """Return what is to be delivered to somebody now, in order."""
    due = [
        letter
        for letter in world.person(name).waiting.values()
        if letter.position not in out
        and not letter.spent
        and (letter.expires is None or world.now < letter.expires)
        and _due(letter) <= world.now
    ]
    # Of one priority those that are new go in the order of the log, whatever the clock said.
    lanes = defaultdict[Any, list[Waiting]](list)
    for letter in due:
        lanes[letter.priority, _is_new(letter)].append(letter)
    for (_, new), lane in lanes.items():
        lane.sort(key=lambda each: each.position if new else (each.available, each.position))
    return [each.position for each in merge(*lanes.values(), key=_turn)]


def _note_first(world: MailWorld, name: str, letter: Waiting) -> None:
    """First deliveries are in order per sender and recipient within a priority."""
    if (letter.position, name) in world.first:
        return
    world.first.add((letter.position, name))
    if not letter.put_off and not letter.failures:
        lane = (letter.from_agent, name, letter.priority)
        assert world.last_first.get(lane, 0) < letter.position
        world.last_first[lane] = letter.position


def acknowledge_if_open(world: MailWorld, node: int, each: Handed) -> None:
    """Acknowledge something that may have ended meanwhile."""
    letter = world.letter(each)
    if letter is not None and not letter.spent:
        [answer] = acknowledge(world, node, each, 1)
        check_acknowledged(world, answer, letter, each)


def acknowledge(world: MailWorld, node: int, each: Handed, times: int) -> list[Any]:
    """Acknowledge something, perhaps several times at once; returns the answers."""
    office = world.post.stations[node].office

    async def acknowledge() -> list[Any]:
        answers: list[Any] = []
        for _ in range(times):
            try:
                answers.append(office.acknowledge(each.name, each.message_id))
            except DomainError as error:
                answers.append(error)
        await world.post.advance(0.1)
        return answers

    answers = world.run(acknowledge())
    world.follow()
    return answers


def check_acknowledged(world: MailWorld, answer: Any, letter: Waiting, each: Handed) -> None:
    """Check that whoever acknowledged something open is told what came of it."""
    outcome = world.plain.outcomes[letter.position, each.name]
    if outcome == "acknowledged":
        assert answer.result() <= len(world.post.events)
    else:
        # It was given up while the acknowledgement was on its way.
        refusal = answer.exception()
        assert isinstance(refusal, MessageClosed)
        assert refusal.facts["message_status"] == outcome


def _due(letter: Waiting) -> datetime:
    if letter.deadline is not None:
        return letter.deadline + timedelta(seconds=GRACE_HERE)
    if _is_new(letter):
        return datetime.min.replace(tzinfo=UTC)  # whatever the clock says
    return max(letter.retry_at or letter.available, letter.available)


def _is_new(letter: Waiting) -> bool:
    known = letter.failures or letter.deadline or letter.returned
    return not known and not letter.put_off


def _turn(letter: Waiting) -> tuple[datetime, int]:
    offset = timedelta(seconds=letter.priority.offset_seconds)
    return letter.available + offset, letter.position

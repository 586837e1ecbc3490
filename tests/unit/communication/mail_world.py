"""Two nodes as they are, messages in the plainest way beside them, and what must be the same."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from heapq import merge
from typing import Any, TypeVar

from msgspec.structs import replace

from aia_mas.application.communication.collecting import CRITICAL, Collection
from aia_mas.domain.communication.destination import Destination
from aia_mas.domain.communication.ending import RedriveMessage
from aia_mas.domain.communication.errors import MessageClosed, NotDead
from aia_mas.domain.communication.mailbox import SetSubscriptions
from aia_mas.domain.communication.mailroom.folding import fold
from aia_mas.domain.communication.mailroom.mailroom import Mailroom
from aia_mas.domain.communication.mailroom.snapshot import restore, snapshot
from aia_mas.domain.communication.message_events import MessageRedriven, MessageSent
from aia_mas.domain.communication.sending import SendMessage
from aia_mas.domain.communication.terms import MessageTerms, WhenFull
from aia_mas.domain.kernel import Event
from aia_mas.domain.kernel.errors import DomainError
from aia_mas.domain.kernel.steps import at_once
from aia_mas.domain.orchestration.agent_events import (
    AgentCameOnline,
    AgentRegistered,
    AgentUnregistered,
    AgentWentOffline,
)
from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.domain.orchestration.task_specification import Priority

from .mail_stories import check_stories, too_late
from .plain_mail import Person, PlainMail, Waiting, plain, told
from .stations import Post, Station

T = TypeVar("T")
NAMES = ("ann", "bob", "cal", "dan", "eve")
GRACE_HERE, GRACE_COURIER, LOOK = 15.0, 5.0, 0.5
"""Seconds; by those a node, and the courier, wait for another node to say what became of it."""
TERMS = MessageTerms(
    queue_size=6,
    retention=8,
    held=3,
    held_in_all=7,
    ack_seconds=10.0,
    backoff_base_seconds=2.0,
    backoff_cap_seconds=8.0,
)


class Handed:
    """What was handed to somebody who collects."""

    def __init__(self, name: str, letter: Waiting) -> None:
        self.name = name
        self.position = letter.position
        self.message_id = letter.message_id


class Collector:
    """Somebody who collects for a recipient at a node, and acknowledges what it likes."""

    def __init__(self, station: Station, name: str, prefetch: int | None) -> None:
        self.station = station
        self.name = name
        self.prefetch = prefetch
        self.collection: Collection = station.collect(name, prefetch)
        self.collection.__enter__()

    @property
    def out(self) -> set[int]:
        """The positions of what is out at this node for the recipient."""
        tray = self.station.office.tray(self.name)
        return set() if tray is None else set(tray.out)

    def room(self, most: int) -> int:
        """Return how many that are not critical fit into the window."""
        if self.prefetch is None:
            return most
        return min(most, max(self.prefetch - self.collection.out, 0))


class MailWorld:
    """Whoever acts here is checked against plain messages.

    Attributes:
        sent: What was accepted, by id.
        handed: What was handed over, in order.
        collectors: Who collects.
    """

    def __init__(self, policy: WhenFull) -> None:
        self._runner = asyncio.Runner()
        self.terms = replace(TERMS, when_full=policy)
        self.refuses = policy is WhenFull.REFUSE
        self.plain = PlainMail()
        self.sent: dict[str, SendMessage] = {}
        self.handed: list[Handed] = []
        self.collectors: list[Collector] = []
        self._first: set[tuple[int, str]] = set()
        self._last_first: dict[tuple[str, str, Priority], int] = {}
        self.post = self._runner.run(self._open())
        for name in NAMES[:3]:
            self.register(name, skilled=True, worker=True)
        for name, pattern in (("ann", "a.*"), ("bob", ">"), ("dan", "a.b")):
            self.subscribe(0, name, (pattern,))

    async def _open(self) -> Post:
        post = Post(self.terms)
        for _ in range(2):
            await post.open()
        await post.lead(post.stations[0])
        return post

    def close(self) -> None:
        """Stop."""
        self._runner.run(self.post.close())
        self._runner.close()

    # ------------------------------------------------------------------------------ people

    def register(self, name: str, *, skilled: bool, worker: bool) -> None:
        """Register somebody who is not."""
        if not self.person(name).registered:
            able = Capabilities(
                skills={"python": 1.0} if skilled else {},
                labels={"role": "worker"} if worker else {},
            )
            self.happens(
                f"agent/{name}",
                AgentRegistered(capabilities=able, owner="o", registered_at=self.now),
            )

    def unregister(self, name: str) -> None:
        """Unregister somebody who is registered."""
        if self.person(name).registered:
            self.happens(f"agent/{name}", AgentUnregistered(at=self.now))

    def go_on_or_offline(self, name: str) -> None:
        """Have an agent's heartbeats stay out, or come back."""
        person = self.person(name)
        if person.registered:
            kind = AgentWentOffline if person.online else AgentCameOnline
            self.happens(f"agent/{name}", kind(at=self.now))

    def subscribe(self, node: int, name: str, patterns: tuple[str, ...]) -> None:
        """Have somebody have exactly these subscriptions."""
        self.do(node, SetSubscriptions(agent_id=name, patterns=patterns))
        assert self.person(name).patterns == set(patterns)

    # ----------------------------------------------------------------------------- sending

    def send(self, node: int, sender: str, to: Destination, **said: Any) -> None:
        """Send a message; it is refused just when it must be."""
        after = said.pop("after", None)
        command = SendMessage(
            message_id=f"m{len(self.sent)}",
            from_agent=sender,
            to=to,
            message_type="note",
            payload=len(self.sent),
            deliver_after=None if after is None else self.now + timedelta(seconds=after),
            **said,
        )
        refusal = self._refusal(to, sender)
        answer = self.do(node, command)
        if refusal is None:
            assert not isinstance(answer, DomainError), answer
            self.sent[command.message_id] = command
        else:
            assert isinstance(answer, DomainError), answer
            assert answer.code == refusal

    def send_again(self, node: int, message_id: str) -> None:
        """Send what was sent before, twice at a time: it changes nothing."""
        command, head = self.sent[message_id], len(self.post.events)
        answers = self.run(self.post.stations[node].do_at_once([command, command]))
        assert [answer["status"] for answer in answers] == ["queued", "queued"]
        assert len(self.post.events) == head

    def send_at_once(self, node: int, sender: str, to: str, count: int) -> None:
        """Send several at the same time over one node: no bound is exceeded by that."""
        begin = len(self.sent)
        commands = [
            SendMessage(
                message_id=f"m{begin + number}",
                from_agent=sender,
                to=Destination(agents=(to,)),
                message_type="note",
            )
            for number in range(count)
        ]
        room = self.bound(to) - len(self.person(to).waiting) if self.refuses else count
        if not self.person(to).registered:
            room = min(room, self.terms.held_in_all - self.plain.held)
        answers = self.run(self.post.stations[node].do_at_once(commands))
        self.follow()
        taken = [not isinstance(answer, Exception) for answer in answers]
        assert taken == [number < room for number in range(count)]
        self.sent |= {command.message_id: command for command in commands[: sum(taken)]}

    def redrive(self, node: int, position: int, name: str) -> None:
        """Queue a letter again that was dead once: only if it is still."""
        message_id = self.post.events[position - 1].stream.partition("/")[2]
        letters = [
            each.position
            for each in self.post.events
            if each.stream == f"message/{message_id}"
            and (
                isinstance(each.event, MessageSent)
                or (isinstance(each.event, MessageRedriven) and each.event.recipient == name)
            )
        ]
        dead = self.plain.outcomes.get((letters[-1], name)) == "dead"
        command = RedriveMessage(message_id=message_id, recipient=name, sent=letters[0])
        assert isinstance(self.do(node, command), NotDead) is not dead

    def _refusal(self, to: Destination, sender: str) -> str | None:
        """Return why nothing can be sent there now."""
        if to.capability is not None or to.role is not None:
            group = [self.person(name) for name in self.plain.group(to, sender)]
            if not group:
                return "empty_group"
            if not to.any_one:
                return None
            # Whoever is there and has the least waiting is chosen.
            away = min(not each.online for each in group)
            least = min(len(each.waiting) for each in group if each.online is not away)
            bound = self.terms.retention if away else self.terms.queue_size
            return "inbox_full" if self.refuses and least >= bound else None
        held = self.plain.held
        for name in to.agents:
            person = self.person(name)
            held += not person.registered
            if not person.registered and held > self.terms.held_in_all:
                return "inbox_full"
            if self.refuses and len(person.waiting) >= self.bound(name):
                return "inbox_full"
        return None

    # -------------------------------------------------------------------------- delivering

    def collector(self, node: int, name: str, prefetch: int | None) -> Collector:
        """Return somebody who collects so, perhaps new."""
        station = self.post.stations[node]
        for each in self.collectors:
            if (each.station, each.name, each.prefetch) == (station, name, prefetch):
                return each
        self.collectors.append(Collector(station, name, prefetch))
        return self.collectors[-1]

    def go(self, collector: Collector) -> None:
        """Have somebody's connection be lost."""
        self.collectors.remove(collector)

        async def leave() -> None:
            collector.collection.__exit__()

        self.run(leave())
        self.follow()

    def take(self, collector: Collector, most: int) -> list[Handed]:
        """Have somebody collect: it is what it is to get, in order, and nothing else."""
        name, room = collector.name, collector.room(most)
        expected = self._next_of(name, collector.out)
        urgent = [
            position
            for position in expected[room:]
            if self.person(name).waiting[position].priority is Priority.CRITICAL
        ]
        beyond = 0
        if collector.prefetch is not None and collector.prefetch - collector.collection.out < most:
            beyond = max(CRITICAL + min(collector.prefetch - collector.collection.out, 0), 0)
        handed = self.run(collector.collection.next(most, 0.0))
        positions = [each.letter.position for each in handed]
        assert positions == expected[:room] + urgent[:beyond]
        found = []
        for each in handed:
            letter = self.person(name).waiting[each.letter.position]
            assert each.attempt == letter.failures + 1
            assert each.content.view.payload == self.sent[letter.message_id].payload
            self._note_first(name, letter)
            found.append(Handed(name, letter))
        self.handed += found
        self.follow()
        return found

    def _next_of(self, name: str, out: set[int]) -> list[int]:
        """Return what is to be delivered to somebody now, in order."""
        due = [
            letter
            for letter in self.person(name).waiting.values()
            if letter.position not in out
            and not letter.spent
            and (letter.expires is None or self.now < letter.expires)
            and _due(letter) <= self.now
        ]

        # Of one priority those that are new go in the order of the log, whatever the clock said.
        lanes = defaultdict[Any, list[Waiting]](list)
        for letter in due:
            lanes[letter.priority, _is_new(letter)].append(letter)
        for (_, new), lane in lanes.items():
            lane.sort(key=lambda each: each.position if new else (each.available, each.position))
        return [each.position for each in merge(*lanes.values(), key=_turn)]

    def _note_first(self, name: str, letter: Waiting) -> None:
        """First deliveries are in order per sender and recipient within a priority."""
        if (letter.position, name) in self._first:
            return
        self._first.add((letter.position, name))
        if not letter.put_off and not letter.failures:
            lane = (letter.from_agent, name, letter.priority)
            assert self._last_first.get(lane, 0) < letter.position
            self._last_first[lane] = letter.position

    # -------------------------------------------------------------------------- time and faults

    def pass_time(self, seconds: float) -> None:
        """Let time pass; the courier does what is due."""
        self.run(self.post.advance(seconds))
        self.follow()
        before = self.now - timedelta(seconds=LOOK)
        if self.post.leader is None or seconds < LOOK:
            return
        for person in self.plain.people.values():
            for letter in person.waiting.values():
                assert letter.expires is None or letter.expires > before
                if letter.deadline is not None:
                    assert letter.deadline + timedelta(seconds=GRACE_COURIER) > before

    def set_the_clock_back(self, seconds: float) -> None:
        """Have the time of day be earlier, for all nodes; no time passes by that."""
        self.post.clock.set(-seconds)
        self.run(self.post.rest())

    def kill_and_restart(self, node: int) -> None:
        """Kill a node with all who collect there, and start it again."""
        station = self.post.stations[node]
        self.collectors = [each for each in self.collectors if each.station is not station]

        async def again() -> None:
            await self.post.crash(station)
            self.post.stations.insert(node, await self.post.open())
            self.post.stations.pop()

        self.run(again())
        self.follow()

    def take_over(self, node: int) -> None:
        """Have another node lead the courier, or the same again."""
        self.run(self.post.lead(self.post.stations[node]))
        self.follow()

    def go_back_to_a_snapshot(self, node: int) -> None:
        """Fold again what came since a snapshot, as after a rebuild."""
        station = self.post.stations[node]
        stored = self.post.snapshots.newest.get(f"{station.fold.name}/{station.fold.version}")
        if stored is None:
            return
        at_once(station.fold.restore(stored.pieces))
        assert station.fold.is_behind is (stored.position < len(self.post.events))
        for collector in self.collectors:
            if collector.station is station and station.fold.is_behind:
                # Nothing is handed over by whoever may not know what has arrived.
                assert self._runner.run(collector.collection.next(9, 0.0)) == []
        for each in self.post.events[stored.position :]:
            station.fold.apply(each)
        assert not station.fold.is_behind
        self.run(self.post.rest())
        self.follow()

    # ------------------------------------------------------------------------------- checks

    def check(self) -> None:
        """Check that mailrooms say what plain messages say, and no window is exceeded."""
        expected = plain(self.plain)
        for station in self.post.stations:
            copy = at_once(restore(list(at_once(snapshot(station.room)))))
            assert told(copy) == expected
        # The other one is looked into only by those who collect there.
        assert told(self.post.stations[0].room) == expected
        for collector in self.collectors:
            window = collector.collection._room or set()
            assert window <= collector.out <= set(self.person(collector.name).waiting)
            assert len(window) <= (collector.prefetch or 0) + CRITICAL

    def settle(self) -> None:
        """In the end everything has one outcome, and another fold of the log says the same."""
        for collector in tuple(self.collectors):
            self.go(collector)
        self.take_over(1)
        for _ in range(50):
            for name in NAMES:
                collector = self.collector(0, name, None)
                while handed := self.take(collector, 20):
                    for each in handed:
                        self.acknowledge_if_open(0, each)
                self.go(collector)
            self.pass_time(40.0)
            if not self.plain.open():
                break
        assert not self.plain.open()
        again = Mailroom()
        for each in self.post.events:
            fold(again, each.position, each.stream, each.event)
        assert told(again) == plain(self.plain)
        late = too_late(self.plain, self.now)
        for event in late:
            fold(again, len(self.post.events) + 1, "deliveries/late", event)
        assert told(again) == plain(self.plain)
        self._runner.run(check_stories(self.post.events, self.plain, late))
        for station in self.post.stations:
            assert station.room.letters == {}
            assert not station.room.inboxes.has_spread
            assert station.sorting._coming == {}

    def acknowledge_if_open(self, node: int, each: Handed) -> None:
        """Acknowledge something that may have ended meanwhile."""
        letter = self.letter(each)
        if letter is not None and not letter.spent:
            [answer] = self.acknowledge(node, each, 1)
            self.check_acknowledged(answer, letter, each)

    def acknowledge(self, node: int, each: Handed, times: int) -> list[Any]:
        """Acknowledge something, perhaps several times at once; returns the answers."""
        office = self.post.stations[node].office

        async def acknowledge() -> list[Any]:
            answers: list[Any] = []
            for _ in range(times):
                try:
                    answers.append(office.acknowledge(each.name, each.message_id))
                except DomainError as error:
                    answers.append(error)
            await self.post.advance(0.1)
            return answers

        answers = self.run(acknowledge())
        self.follow()
        return answers

    def check_acknowledged(self, answer: Any, letter: Waiting, each: Handed) -> None:
        """Check that whoever acknowledged something open is told what came of it."""
        outcome = self.plain.outcomes[letter.position, each.name]
        if outcome == "acknowledged":
            assert answer.result() <= len(self.post.events)
        else:
            # It was given up while the acknowledgement was on its way.
            assert isinstance(answer.exception(), MessageClosed)

    # ------------------------------------------------------------------------------- helpers

    @property
    def now(self) -> datetime:
        """What time it is."""
        return self.post.clock.now()

    def person(self, name: str) -> Person:
        """Return what plain messages know of somebody."""
        return self.plain.person(name)

    def bound(self, name: str) -> int:
        """Return how many messages may wait for somebody."""
        person = self.person(name)
        if not person.registered:
            return self.terms.held
        return self.terms.queue_size if person.online else self.terms.retention

    def letter(self, handed: Handed) -> Waiting | None:
        """Return an open letter of the message that was handed over, to whom it was."""
        return self.open_letter(handed.message_id, handed.name)

    def open_letter(self, message_id: str, name: str) -> Waiting | None:
        """Return an open letter of a message to somebody."""
        waiting = self.person(name).waiting.values()
        return next((each for each in waiting if each.message_id == message_id), None)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do something, and wait until everything that follows at once has happened."""

        async def done() -> T:
            result = await work
            await self.post.rest()
            return result

        return self._runner.run(done())

    def do(self, node: int, command: Any) -> Any:
        """Give a command to a node."""
        answer = self.run(self.post.stations[node].do(command))
        self.follow()
        return answer

    def happens(self, stream: str, event: Event) -> None:
        """Have something happen."""
        self.run(self.post.happens(stream, event))
        self.follow()

    def follow(self) -> None:
        """Fold what has happened into plain messages."""
        for each in self.post.events[self.plain.position :]:
            self.plain.apply(each.position, each.stream, each.event)
        assert not self.plain.lower


def _due(letter: Waiting) -> datetime:
    if letter.deadline is not None:
        return letter.deadline + timedelta(seconds=GRACE_HERE)
    if _is_new(letter):
        return datetime.min.replace(tzinfo=UTC)  # whatever the clock says
    return max(letter.retry_at or letter.available, letter.available)


def _is_new(letter: Waiting) -> bool:
    return not letter.failures and letter.deadline is None and not letter.put_off


def _turn(letter: Waiting) -> tuple[datetime, int]:
    offset = timedelta(seconds=letter.priority.offset_seconds)
    return letter.available + offset, letter.position

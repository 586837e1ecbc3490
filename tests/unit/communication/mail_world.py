"""Two nodes as they are, messages in the plainest way beside them, and who is there."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from datetime import datetime
from typing import Any, TypeVar

from msgspec.structs import replace

from aia_mas.application.communication.collecting import Collection
from aia_mas.domain.communication.mailbox import SetSubscriptions
from aia_mas.domain.communication.sending import SendMessage
from aia_mas.domain.communication.terms import MessageTerms, WhenFull
from aia_mas.domain.kernel import Event
from aia_mas.domain.orchestration.agent_events import (
    AgentCameOnline,
    AgentRegistered,
    AgentUnregistered,
    AgentWentOffline,
)
from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.domain.orchestration.task_specification import Priority

from .plain_mail import Person, PlainMail, Waiting
from .stations import Post, Station

T = TypeVar("T")
NAMES = ("ann", "bob", "cal", "dan", "eve")
TERMS = MessageTerms(
    queue_size=6,
    retention=8,
    held=3,
    held_in_all=7,
    absent=1,
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
        first: Positions and recipients of what was delivered once at least.
        last_first: Position of the latest first delivery, by sender, recipient and priority.
    """

    def __init__(self, policy: WhenFull) -> None:
        self.runner = asyncio.Runner()
        self.terms = replace(TERMS, when_full=policy)
        self.refuses = policy is WhenFull.REFUSE
        self.plain = PlainMail()
        self.sent: dict[str, SendMessage] = {}
        self.handed: list[Handed] = []
        self.collectors: list[Collector] = []
        self.first: set[tuple[int, str]] = set()
        self.last_first: dict[tuple[str, str, Priority], int] = {}
        self.post = self.runner.run(self._open())
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
        self.runner.run(self.post.close())
        self.runner.close()

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

    def person(self, name: str) -> Person:
        """Return what plain messages know of somebody."""
        return self.plain.person(name)

    def bound(self, name: str) -> int:
        """Return how many messages may wait for somebody."""
        person = self.person(name)
        if not person.registered:
            return self.terms.held
        return self.terms.queue_size if person.online else self.terms.retention

    # ----------------------------------------------------------------------------- letters

    def letter(self, handed: Handed) -> Waiting | None:
        """Return an open letter of the message that was handed over, to whom it was."""
        return self.open_letter(handed.message_id, handed.name)

    def open_letter(self, message_id: str, name: str) -> Waiting | None:
        """Return an open letter of a message to somebody."""
        waiting = self.person(name).waiting.values()
        return next((each for each in waiting if each.message_id == message_id), None)

    # ------------------------------------------------------------------------ what happens

    @property
    def now(self) -> datetime:
        """What time it is."""
        return self.post.clock.now()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do something, and wait until everything that follows at once has happened."""

        async def done() -> T:
            result = await work
            await self.post.rest()
            return result

        return self.runner.run(done())

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

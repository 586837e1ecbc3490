"""Random histories of messages, made by the domain's own decisions, some of them too late."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from random import Random
from typing import Any

from aia_mas.domain.communication import ending, mailbox
from aia_mas.domain.communication.delivery_events import (
    Acknowledged,
    Dropped,
    Failed,
    Noted,
    Returned,
)
from aia_mas.domain.communication.destination import Destination
from aia_mas.domain.communication.mailroom.folding import fold
from aia_mas.domain.communication.mailroom.mailroom import Mailroom
from aia_mas.domain.communication.message import MessageState, evolve, message_stream
from aia_mas.domain.communication.message_events import Died, MessageDropped, MessageSent, Sealed
from aia_mas.domain.communication.recording import RecordDeliveries, record_deliveries
from aia_mas.domain.communication.sending import Route, SendMessage, send_message
from aia_mas.domain.communication.terms import MessageTerms
from aia_mas.domain.kernel import Context, Decision, Principal, Role
from aia_mas.domain.kernel.decision import accept
from aia_mas.domain.kernel.ids import entity_of
from aia_mas.domain.orchestration import agent_commands, agent_decisions
from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.domain.orchestration.task_specification import Priority

from .histories import Happening

NOW = datetime(2026, 3, 1, tzinfo=UTC)
AGENTS = ("ann", "bob", "cid", "dora")
"""Those who are registered; ``zoe`` is not."""
NAMES = (*AGENTS, "zoe")
TOPIC = "news.sport"

_PAYLOADS: tuple[Any, ...] = (
    None,
    {"amount": 2**70, "b": [1, 1.5e300, None, {"a": "ü'\"\\"}]},
    "text",
    0,
)
_SEALED = Sealed(key_id="k1", nonce="bm9uY2U=", text="dGV4dA==")


class Correspondence:
    """Messages to whom something happens at every step, in a log that begins with it.

    Attributes:
        room: The mailroom of the domain, which is asked what must come out.
        states: Messages by their ids.
        given: Every letter that anybody was to get: position, recipient and message.
        arrived: Those that were acknowledged, by position and recipient's number.
    """

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self._now = NOW
        self._position = 0
        self.room = Mailroom()
        self.states: dict[str, MessageState] = {}
        self.given: list[tuple[int, str, str]] = []
        self.arrived: set[tuple[int, int]] = set()
        self.room.on_acknowledged = lambda *letter: self.arrived.add(letter)
        self._sent: dict[str, int] = {}

    def history(self, steps: int) -> Iterator[list[Happening]]:
        """Yield as many steps, each with the events of one act."""
        if not self._position:
            for agent_id in AGENTS:
                put = agent_commands.PutAgent(agent_id=agent_id, capabilities=Capabilities())
                yield self._take(agent_decisions.put_agent(None, put, self._context))
            for agent_id in ("ann", "bob", "zoe"):
                wanted = mailbox.Subscribe(agent_id=agent_id, patterns=("news.*",))
                yield self._take(mailbox.subscribe(None, wanted, self._context))
        acts: tuple[Callable[[], Decision], ...] = (
            self._send,
            self._record,
            self._expire,
            self._bury,
            self._drop,
            self._redrive,
        )
        while steps:
            self._now += timedelta(milliseconds=self._random.randrange(1, 3_000))
            act = self._random.choices(acts, weights=(6, 12, 3, 4, 1, 2))[0]
            decision = act()
            if decision.refusal is None and decision.events:
                steps -= 1
                yield self._take(decision)

    @property
    def now(self) -> datetime:
        """The time of the last step."""
        return self._now

    @property
    def _context(self) -> Context:
        return Context(self._now, self._position, Principal("ops", frozenset({Role.OPERATOR})))

    def _take(self, decision: Decision) -> list[Happening]:
        for stream, event in decision.events:
            self._position += 1
            message_id = entity_of(stream)
            if isinstance(event, MessageSent):
                self._sent[message_id] = self._position
            if stream.startswith("message/"):
                self.states[message_id] = evolve(self.states.get(message_id), event)
            fold(self.room, self._position, stream, event)
            letter = self.room.letters.get(self._position)
            if letter is not None:
                names = [
                    each.name
                    for number, each in enumerate(self.room.directory.recipients)
                    if self.room.is_open(self._position, number)
                ]
                self.given += [(self._position, name, message_id) for name in names]
        return list(decision.events)

    def _some(self, *values: Any) -> Any:
        return self._random.choice(values)

    def _send(self) -> Decision:
        to = self._some(
            Destination(agents=(self._some(*NAMES),)),
            Destination(agents=tuple(self._random.sample(NAMES, 3))),
            Destination(topic=TOPIC),
            Destination(broadcast=True),
        )
        goes_to = (to, *self._some((), (), (Destination(agents=("zoe",)),)))
        payload = self._some(*_PAYLOADS)
        message_id = f"m{len(self.states)}"
        command = SendMessage(
            message_id=message_id,
            from_agent=self._some("system", *AGENTS),
            to=to,
            message_type=self._some("greeting", "größe"),
            priority=self._some(*Priority),
            payload=payload,
            sealed=_SEALED if payload is None else None,
            size=len(str(payload)),
            headers=self._some({}, {"lang": "日本"}),
            correlation_id=self._some(None, "c1"),
            reply_to=self._some(None, "answers.here"),
            deliver_after=self._some(None, self._now + timedelta(seconds=5)),
            ttl_seconds=self._some(None, 20.0, 400.0),
            max_attempts=self._random.randrange(1, 5),
            route=Route(
                destinations=goes_to,
                recipients=tuple(dict.fromkeys(name for each in goes_to for name in each.agents)),
                priority=self._some(*Priority),
                why=self._some((), ("A rule said so.", "It's 'quoted'")),
            ),
        )
        return send_message(None, command, self._context, terms=MessageTerms())

    def _record(self) -> Decision:
        if not self.given:
            return Decision()
        noted, acknowledged, failed = list[Noted](), list[Acknowledged](), list[Failed]()
        returned = list[Returned]()
        recent = self.given[-40:]
        for position, name, _ in self._random.sample(recent, min(3, len(recent))):
            number = self.room.directory.number(name)
            known = self.room.delivery(position, number)
            # Now and then somebody tells of what the log knows already, or of a delivery long over.
            attempt = max((known.failures if known else 0) + self._some(1, 1, 1, 0), 1)
            at = self._now - timedelta(seconds=1)
            transport = self._some("socket", "poll", "")
            kind = self._some("noted", "acknowledged", "failed", "failed", "returned")
            if kind == "noted":
                deadline = self._now + timedelta(seconds=30)
                noted.append(Noted(position, name, attempt, transport, at, deadline))
            elif kind == "returned":
                returned.append(Returned(position, name, attempt))
            elif kind == "acknowledged" and self._random.random() < 0.3:
                acknowledged.append(Acknowledged(position, name, 0, "", None))
            elif kind == "acknowledged":
                acknowledged.append(Acknowledged(position, name, attempt, transport, at))
            else:
                retry_at = self._some(None, None, self._now + timedelta(seconds=2))
                reason = self._some("refused: no\0t today", "refused", "timed_out")
                failed.append(Failed(position, name, attempt, transport, at, reason, retry_at))
        command = RecordDeliveries(
            writer=self._some("n1", "n2"),
            noted=tuple(noted),
            acknowledged=tuple(acknowledged),
            failed=tuple(failed),
            returned=tuple(returned),
        )
        return record_deliveries(None, command, self._context)

    def _expire(self) -> Decision:
        now = self._now.timestamp()
        due = [letter for letter in self.room.letters.values() if letter.is_over(now)]
        if not due:
            return Decision()
        letter = self._some(*due)
        message_id, since = letter.message_id, datetime.fromtimestamp(letter.expires or 0, UTC)
        command = ending.ExpireMessage(message_id=message_id, due=since)
        return ending.expire_message(self.states[message_id], command, self._context)

    def _bury(self) -> Decision:
        if not self.room.inboxes.spent:
            return Decision()
        position, spent = self._some(*self.room.inboxes.spent.items())
        message_id = self.room.letters[position].message_id
        items = tuple(
            Died(recipient=name, attempts=delivery.failures, reason=delivery.reason)
            for name, delivery in islice(spent.items(), self._random.randrange(1, 4))
        )
        command = ending.BuryMessage(message_id=message_id, position=position, items=items)
        return ending.bury_message(self.states[message_id], command, self._context)

    def _drop(self) -> Decision:
        if not self.given:
            return Decision()
        position, name, message_id = self._some(*self.given[-10:])
        if self._random.random() < 0.3:  # as in older logs
            before = MessageDropped(
                recipient=name, position=position, waiting=7, bound=6, at=self._now
            )
            return accept(message_stream(message_id), before)
        some = {(position, name), self._some(*self.given[-10:])[:2]}
        command = RecordDeliveries(
            writer="courier-1", dropped=tuple(Dropped(*each, 7, 6) for each in sorted(some))
        )
        return record_deliveries(None, command, self._context)

    def _redrive(self) -> Decision:
        dead = [(name, each) for name, state in self.states.items() for each in state.dead]
        if not dead:
            return Decision()
        message_id, recipient = self._some(*dead)
        command = ending.RedriveMessage(
            message_id=message_id,
            recipient=self._some(recipient, recipient, None),
            sent=self._sent[message_id],
        )
        return ending.redrive_message(self.states[message_id], command, self._context)

"""What tests about messages need all the time: messages, agents, and a mailroom that folds them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from aia_mas.domain.communication.delivery_events import (
    Acknowledged,
    DeliveriesAcknowledged,
    DeliveriesDropped,
    DeliveriesFailed,
    DeliveriesNoted,
    Dropped,
    Failed,
    Noted,
)
from aia_mas.domain.communication.destination import Destination
from aia_mas.domain.communication.mailbox import TopicsSubscribed, TopicsUnsubscribed
from aia_mas.domain.communication.mailroom.folding import fold
from aia_mas.domain.communication.mailroom.letter import EAGER
from aia_mas.domain.communication.mailroom.mailroom import Mailroom
from aia_mas.domain.communication.mailroom.snapshot import restore, snapshot
from aia_mas.domain.communication.message_events import (
    Died,
    MessageDied,
    MessageDropped,
    MessageExpired,
    MessageRedriven,
    MessageSent,
)
from aia_mas.domain.kernel import Event
from aia_mas.domain.kernel.steps import at_once
from aia_mas.domain.orchestration.agent_events import (
    AgentCameOnline,
    AgentDrained,
    AgentRegistered,
    AgentUnregistered,
    AgentWentOffline,
)
from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.domain.orchestration.task_specification import Priority

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
EVERYBODY = Destination(broadcast=True)
MANY = tuple(f"agent-{number}" for number in range(EAGER + 1))
"""So many that a letter to all of them is put into inboxes only when those are looked into."""


def at(seconds: float) -> datetime:
    """Return the time so many seconds after the beginning."""
    return NOW + timedelta(seconds=seconds)


def to(*agents: str) -> Destination:
    """Return a destination that names agents."""
    return Destination(agents=agents)


def sent(
    *recipients: str,
    goes: Destination | None = None,
    seconds: float = 0.0,
    priority: Priority = Priority.NORMAL,
    ttl: float | None = None,
    **more: Any,
) -> MessageSent:
    """Return a message to some agents by name, or to a group (``goes``)."""
    return MessageSent(
        from_agent=more.pop("from_agent", "ann"),
        to=goes or to(*recipients),
        recipients=recipients,
        message_type="note",
        priority=priority,
        ack_seconds=more.pop("ack_seconds", 30.0),
        max_attempts=more.pop("max_attempts", 3),
        digest="d",
        sent_at=at(seconds),
        expires_at=None if ttl is None else at(seconds + ttl),
        **more,
    )


class Room:
    """A mailroom, and the log that it folds.

    Attributes:
        room: The mailroom.
        log: What happened, with streams, from position 1.
    """

    def __init__(self) -> None:
        """Begin with nothing."""
        self.room = Mailroom()
        self.log: list[tuple[str, Event]] = []

    def happens(self, stream: str, *events: Event) -> int:
        """Fold events; return the position of the last one."""
        for event in events:
            self.log.append((stream, event))
            fold(self.room, len(self.log), stream, event)
        return len(self.log)

    def send(self, message_id: str, *recipients: str, **more: Any) -> int:
        """Send a message; see ``sent``."""
        return self.happens(f"message/{message_id}", sent(*recipients, **more))

    def redrive(self, message_id: str, sent_at: int, *recipients: str, seconds: float) -> int:
        """Queue a dead letter again for some."""
        event = self.log[sent_at - 1][1]
        assert isinstance(event, MessageSent)
        again = MessageRedriven(
            recipients=recipients,
            from_agent=event.from_agent,
            message_type=event.message_type,
            priority=event.priority,
            ack_seconds=event.ack_seconds,
            max_attempts=event.max_attempts,
            sent_at=event.sent_at,
            sent=sent_at,
            by="operator",
            at=at(seconds),
        )
        return self.happens(f"message/{message_id}", again)

    def expire(self, message_id: str, seconds: float) -> int:
        """Have a message expire."""
        return self.happens(f"message/{message_id}", MessageExpired(at=at(seconds)))

    def bury(self, position: int, *recipients: str, seconds: float = 0.0) -> int:
        """Have a letter be dead for some."""
        items = tuple(Died(recipient=name, attempts=3, reason="refused") for name in recipients)
        died = MessageDied(position=position, items=items, at=at(seconds))
        return self.happens(self.log[position - 1][0], died)

    def drop(self, position: int, *recipients: str, seconds: float = 0.0) -> int:
        """Have a letter make room."""
        items = tuple(Dropped(position, name, 2, 1) for name in recipients)
        return self.happens("deliveries/w", DeliveriesDropped(items=items, at=at(seconds)))

    def drop_as_before(self, position: int, recipient: str, seconds: float = 0.0) -> int:
        """Have it do so in the way of older logs."""
        dropped = MessageDropped(
            recipient=recipient, position=position, waiting=2, bound=1, at=at(seconds)
        )
        return self.happens(self.log[position - 1][0], dropped)

    def note(
        self, position: int, recipient: str, seconds: float, attempt: int = 1, ack: float = 30.0
    ) -> int:
        """Note that a letter is out."""
        item = Noted(position, recipient, attempt, "socket", at(seconds), at(seconds + ack))
        return self.happens("deliveries/w", DeliveriesNoted(items=(item,), at=at(seconds)))

    def acknowledge(self, position: int, recipient: str, seconds: float = 0.0) -> int:
        """Have a letter arrive."""
        item = Acknowledged(position, recipient, 1, "socket", at(seconds))
        return self.happens("deliveries/w", DeliveriesAcknowledged(items=(item,), at=at(seconds)))

    def fail(
        self, position: int, recipient: str, attempt: int = 1, retry: float | None = None
    ) -> int:
        """Have a delivery fail (``retry``: when it is tried again; None: never)."""
        retry_at = None if retry is None else at(retry)
        item = Failed(position, recipient, attempt, "socket", NOW, "refused", retry_at)
        return self.happens("deliveries/w", DeliveriesFailed(items=(item,), at=NOW))

    def register(self, *names: str, **able: Any) -> None:
        """Register agents."""
        for name in names:
            event = AgentRegistered(
                capabilities=Capabilities(**able), owner="owner", registered_at=NOW
            )
            self.happens(f"agent/{name}", event)

    def unregister(self, name: str) -> None:
        """Unregister an agent."""
        self.happens(f"agent/{name}", AgentUnregistered(at=NOW))

    def offline(self, name: str) -> None:
        """Have an agent's heartbeats stay out."""
        self.happens(f"agent/{name}", AgentWentOffline(at=NOW))

    def online(self, name: str) -> None:
        """Have them arrive again."""
        self.happens(f"agent/{name}", AgentCameOnline(at=NOW))

    def drain(self, name: str) -> None:
        """Have an agent take no more work."""
        self.happens(f"agent/{name}", AgentDrained(at=NOW))

    def subscribe(self, name: str, *patterns: str) -> None:
        """Have somebody subscribe."""
        self.happens(f"mailbox/{name}", TopicsSubscribed(patterns=patterns, at=NOW))

    def unsubscribe(self, name: str, *patterns: str) -> None:
        """Have somebody take that back."""
        self.happens(f"mailbox/{name}", TopicsUnsubscribed(patterns=patterns, at=NOW))

    @property
    def spent(self) -> set[tuple[int, str]]:
        """What has no further attempt, by position and recipient."""
        spent = self.room.inboxes.spent
        return {(position, name) for position, names in spent.items() for name in names}

    def waiting(self, name: str) -> list[int]:
        """Return the positions of what waits for somebody, oldest first."""
        number = self.room.directory.find(name)
        inbox = None if number is None else self.room.inbox(number)
        return [] if inbox is None else list(inbox.open)


def again(room: Room) -> Mailroom:
    """Return what a snapshot of a mailroom leads to."""
    return at_once(restore(list(at_once(snapshot(room.room)))))

"""What happens to messages, as events, and the read model that folds them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from aia.testing.messages import MemoryMessages
from aia.testing.tables import Tables
from aia_mas.application.event_log.records import RecordedEvent
from aia_mas.domain.communication.delivery_events import (
    Acknowledged,
    DeliveriesAcknowledged,
    DeliveriesDropped,
    DeliveriesFailed,
    DeliveriesNoted,
    DeliveriesReturned,
    Dropped,
    Failed,
    Noted,
    Returned,
)
from aia_mas.domain.communication.destination import Destination
from aia_mas.domain.communication.message_events import (
    Died,
    MessageDied,
    MessageRedriven,
    MessageSent,
)
from aia_mas.domain.kernel import Event
from aia_mas.projections.communication.messages_fold import MESSAGES
from aia_mas.projections.communication.story import MessageStory

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def at(seconds: int) -> datetime:
    return NOW + timedelta(seconds=seconds)


class Post:
    """A log of messages and the read model of it; events stand at the positions 1, 2, 3 ..."""

    def __init__(self) -> None:
        self._tables = Tables(MESSAGES)
        self._position = 0
        self.messages = MemoryMessages(self._tables, lambda: self._position)

    def write(self, event: Event) -> int:
        self._position += 1
        stream = "message/m1" if event.topic.startswith("message.") else "deliveries/n1"
        recorded = RecordedEvent(
            self._position, stream, 1, event.topic, event, NOW, "c", "a", None, None
        )
        self._tables.apply(recorded)
        return self._position

    async def story(self, **asked: Any) -> MessageStory:
        found = await self.messages.find("m1", **asked)
        assert found.item is not None
        return found.item


def sent(*names: str, **changes: Any) -> MessageSent:
    said: dict[str, Any] = {
        "from_agent": "sam",
        "to": Destination(agents=names) if names else Destination(topic="news"),
        "recipients": names,
        "message_type": "greeting",
        "payload": {"n": 1},
        "ack_seconds": 30.0,
        "max_attempts": 3,
        "digest": "",
        "sent_at": NOW,
    }
    return MessageSent(**{**said, **changes})


def noted(position: int, name: str, attempt: int, seconds: int) -> DeliveriesNoted:
    item = Noted(position, name, attempt, "socket", at(seconds), at(seconds + 30))
    return DeliveriesNoted(items=(item,), at=at(seconds + 1))


def acknowledged(position: int, name: str, attempt: int, seconds: int) -> DeliveriesAcknowledged:
    item = Acknowledged(position, name, attempt, "poll", at(seconds))
    return DeliveriesAcknowledged(items=(item,), at=at(seconds + 1))


def failed(
    position: int, name: str, attempt: int, seconds: int, *, retry: bool = True
) -> DeliveriesFailed:
    retry_at = at(seconds + 5) if retry else None
    item = Failed(position, name, attempt, "socket", at(seconds), "refused: no", retry_at)
    return DeliveriesFailed(items=(item,), at=at(seconds + 1))


def died(position: int, name: str, attempts: int, seconds: int) -> MessageDied:
    item = Died(recipient=name, attempts=attempts, reason="refused: no")
    return MessageDied(position=position, items=(item,), at=at(seconds))


def redriven(name: str, seconds: int, **changes: Any) -> MessageRedriven:
    return MessageRedriven(
        recipients=(name,),
        from_agent="sam",
        message_type="greeting",
        ack_seconds=30.0,
        max_attempts=3,
        sent_at=NOW,
        sent=1,
        by="ops",
        at=at(seconds),
        **changes,
    )


def told(story: MessageStory) -> list[tuple[Any, ...]]:
    return [
        (each.position, each.event.value, each.recipient, each.attempt, each.at)
        for each in story.history
    ]


def dropped(position: int, *names: str, seconds: int) -> DeliveriesDropped:
    items = tuple(Dropped(position, name, 11, 10) for name in names)
    return DeliveriesDropped(items=items, at=at(seconds))


def returned(position: int, name: str, attempt: int, seconds: int) -> DeliveriesReturned:
    return DeliveriesReturned(items=(Returned(position, name, attempt),), at=at(seconds))

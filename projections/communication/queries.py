"""What is asked of the read model of messages, wherever it is kept."""

from __future__ import annotations

from typing import Protocol

from aia_mas.domain.communication.message_events import Sealed
from aia_mas.projections.communication.message_filters import (
    DeadLetterFilter,
    MessageFilter,
    ReceivedFilter,
)
from aia_mas.projections.communication.message_view import DeadLetter, Message, ReceivedMessage
from aia_mas.projections.communication.messages import Standing
from aia_mas.projections.communication.story import MessageStory
from aia_mas.projections.listing import Found, Page


class MessageQueries(Protocol):
    """Queries about messages; see ``Messages``."""

    async def find(
        self,
        message_id: str,
        status: tuple[str, ...] = (),
        cursor: str | None = None,
        limit: int = 100,
    ) -> Found[MessageStory]:
        """Return the story of a message."""
        ...

    async def list(
        self,
        filters: MessageFilter = ...,
        sort: str = "-sent_at",
        cursor: str | None = None,
        limit: int = 100,
    ) -> Page[Message]:
        """Return one page of messages."""
        ...

    async def count(self, filters: MessageFilter = ...) -> int:
        """Return how many messages there are."""
        ...

    async def received(
        self,
        recipient: str,
        filters: ReceivedFilter = ...,
        sort: str = "-queued_at",
        cursor: str | None = None,
        limit: int = 100,
    ) -> Page[ReceivedMessage]:
        """Return one page of the messages that somebody was sent."""
        ...

    async def count_received(self, recipient: str, filters: ReceivedFilter = ...) -> int:
        """Return how many messages somebody was sent."""
        ...

    async def dead_letters(
        self,
        filters: DeadLetterFilter = ...,
        sort: str = "-died_at",
        cursor: str | None = None,
        limit: int = 100,
    ) -> Page[DeadLetter]:
        """Return one page of the letters that are dead, and were not queued again."""
        ...

    async def count_dead_letters(self, filters: DeadLetterFilter = ...) -> int:
        """Return how many letters are dead."""
        ...

    async def state_of(self, message_id: str, recipient: str) -> Standing:
        """Return where a message stands at a recipient."""
        ...

    async def sealed(self, message_id: str) -> Sealed | None:
        """Return the encrypted payload of a message."""
        ...

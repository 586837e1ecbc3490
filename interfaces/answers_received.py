"""Looks for answers among what somebody was sent before."""

from __future__ import annotations

from collections.abc import AsyncIterator

from aia_mas.projections.communication.message_filters import MessageFilter
from aia_mas.projections.communication.queries import MessageQueries


async def answers_received(
    messages: MessageQueries, asker: str, correlation_id: str
) -> AsyncIterator[int]:
    """Yield the positions of what somebody was sent with a correlation id, oldest first."""
    answers, cursor = MessageFilter(recipient=asker, correlation_id=correlation_id), None
    while True:
        page = await messages.list(answers, "sent_at", cursor)
        for message in page.items:
            yield message.position
        cursor = page.next_cursor
        if cursor is None:
            return

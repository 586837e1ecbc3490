"""Looks for answers among what somebody was sent before."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime

from aia_mas.projections.communication.message_filters import MessageFilter
from aia_mas.projections.communication.message_view import Message
from aia_mas.projections.communication.queries import MessageQueries
from aia_mas.projections.communication.standing import OPEN, MessageStatus

_NOT_LOST = (*OPEN, MessageStatus.ACKNOWLEDGED)


async def answers_received(
    messages: MessageQueries, asker: str, correlation_id: str, now: datetime
) -> AsyncIterator[int]:
    """Yield the positions of what somebody was sent with a correlation id, oldest first.

    As for who waits when it comes: what is to be delivered later only is no answer, nor is what is
    not delivered any more.

    Args:
        messages: Where they are looked for.
        asker: Who.
        correlation_id: What answers have in common with the question.
        now: What time it is, UTC.
    """
    answers = MessageFilter(recipient=asker, correlation_id=correlation_id, status=_NOT_LOST)
    cursor: str | None = None
    while True:
        page = await messages.list(answers, "sent_at", cursor)
        for message in page.items:
            if message.status is MessageStatus.ACKNOWLEDGED or _is_due(message, now):
                yield message.position
        cursor = page.next_cursor
        if cursor is None:
            return


def _is_due(message: Message, now: datetime) -> bool:
    after, until = message.deliver_after, message.expires_at
    return (after is None or after <= now) and (until is None or now < until)

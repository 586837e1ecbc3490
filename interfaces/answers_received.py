"""Looks for answers among what somebody was sent before."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime

from aia_mas.projections.communication.message_filters import MessageFilter
from aia_mas.projections.communication.queries import MessageQueries
from aia_mas.projections.communication.standing import LOST


async def answers_received(
    messages: MessageQueries, asker: str, correlation_id: str, now: datetime
) -> AsyncIterator[int]:
    """Yield the positions of what somebody was sent with a correlation id, oldest first.

    Not of what is to be delivered only later (``now``: than this), nor of what they did not get.
    """
    answers, cursor = MessageFilter(recipient=asker, correlation_id=correlation_id), None
    while True:
        page = await messages.list(answers, "sent_at", cursor)
        for message in page.items:
            if message.deliver_after is not None and message.deliver_after > now:
                continue
            if (await messages.state_of(message.message_id, asker)).status not in LOST:
                yield message.position
        cursor = page.next_cursor
        if cursor is None:
            return

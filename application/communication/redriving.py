"""Finds out what it takes to queue a dead letter again."""

from __future__ import annotations

from aia_mas.application.event_log.log import EventLog
from aia_mas.domain.communication.ending import RedriveMessage
from aia_mas.domain.communication.errors import MessageNotFound
from aia_mas.domain.communication.message import message_stream
from aia_mas.domain.kernel.ids import check_made_id


async def redriving(log: EventLog, message_id: str, recipient: str | None) -> RedriveMessage:
    """Return the command that queues a message again.

    Args:
        log: Where it stands.
        message_id: The message.
        recipient: For whom it is dead; None: for all of them.

    Raises:
        InvalidId: The id is none.
        MessageNotFound: There is no such message.
    """
    check_made_id(message_id, "message_id")
    sent = await log.read_stream(message_stream(message_id), limit=1)
    if not sent:
        raise MessageNotFound(message_id=message_id)
    return RedriveMessage(message_id=message_id, recipient=recipient, sent=sent[0].position)

"""Ends what is not delivered any more, and queues dead letters again."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import islice

import msgspec

from aia_mas.domain.communication.errors import MessageNotFound, NotDead
from aia_mas.domain.communication.message import MessageState, message_stream
from aia_mas.domain.communication.message_events import (
    Died,
    MessageDied,
    MessageExpired,
    MessageRedriven,
)
from aia_mas.domain.kernel.context import Context
from aia_mas.domain.kernel.decision import Decision, accept, refuse

MOST_REDRIVEN = 500
"""Recipients for whom a message is queued again at once."""


class ExpireMessage(msgspec.Struct, frozen=True, kw_only=True):
    """Have a message expire (``message_id``) whose time is over (``due``: since when, UTC)."""

    message_id: str
    due: datetime


class BuryMessage(msgspec.Struct, frozen=True, kw_only=True):
    """Have a message be dead for some recipients, unless it has expired or is dead for them.

    Attributes:
        message_id: The message.
        position: Of the event by which it was queued for them.
        items: Who they are, and how that came.
        expires: When what was queued by that event expires, UTC; None: never.
    """

    message_id: str
    position: int
    items: tuple[Died, ...]
    expires: datetime | None = None


class RedriveMessage(msgspec.Struct, frozen=True, kw_only=True):
    """Queue a dead letter again.

    Attributes:
        message_id: The message.
        recipient: For whom it is dead; None: for those for whom it has been for longest,
            ``MOST_REDRIVEN`` of them.
        sent: The position of the event by which it was sent.
    """

    message_id: str
    recipient: str | None = None
    sent: int


def expire_message(state: MessageState | None, command: ExpireMessage, ctx: Context) -> Decision:
    """Have it expire; once it has, nothing changes."""
    if state is None:
        return refuse(MessageNotFound())
    stream = message_stream(command.message_id)
    waiting = any(due <= command.due for due in state.again.values())
    if _has_expired(state, command.due) and not waiting:
        return accept(stream)
    # A clock that was set back does not make it last longer.
    return accept(stream, MessageExpired(at=max(ctx.now, command.due)))


def bury_message(state: MessageState | None, command: BuryMessage, ctx: Context) -> Decision:
    """Have it be dead for some; what has expired is not dead as well, nor dead twice."""
    if state is None:
        return refuse(MessageNotFound())
    stream = message_stream(command.message_id)
    expired = command.expires is not None and _has_expired(state, command.expires)
    items = tuple(
        item
        for item in command.items
        # It may be that which was sent first, or have expired since it was queued again.
        if not (expired and item.recipient not in state.again)
        and state.died(item.recipient) < command.position
    )
    if not items:
        return accept(stream)
    return accept(stream, MessageDied(position=command.position, items=items, at=ctx.now))


def redrive_message(state: MessageState | None, command: RedriveMessage, ctx: Context) -> Decision:
    """Queue it again for those for whom it is dead; it lives as long again as at first.

    Raises:
        MessageNotFound: There is none.
        NotDead: It is not dead, or not for this recipient.
    """
    if state is None:
        return refuse(MessageNotFound())
    dead = islice(state.dead, MOST_REDRIVEN)
    wanted = [command.recipient] if command.recipient is not None else list(dead)
    if not wanted or any(recipient not in state.dead for recipient in wanted):
        return refuse(NotDead())
    redriven = _redriven(state, tuple(wanted), command.sent, ctx)
    return accept(message_stream(command.message_id), redriven)


def _has_expired(state: MessageState, due: datetime) -> bool:
    """Tell whether what was sent to expire at a time has; what was queued again may not have."""
    return state.expired_at is not None and due <= state.expired_at


def _redriven(
    state: MessageState, recipients: tuple[str, ...], sent: int, ctx: Context
) -> MessageRedriven:
    first = state.sent
    return MessageRedriven(
        recipients=recipients,
        from_agent=first.from_agent,
        message_type=first.message_type,
        priority=first.priority,
        ack_seconds=first.ack_seconds,
        max_attempts=first.max_attempts,
        size=first.size,
        expires_at=_again(first.sent_at, first.deliver_after, first.expires_at, ctx.now),
        sent_at=first.sent_at,
        sent=sent,
        by=ctx.principal.subject,
        at=ctx.now,
    )


def _again(
    sent_at: datetime, deliver_after: datetime | None, expires_at: datetime | None, now: datetime
) -> datetime | None:
    if expires_at is None:
        return None
    begins = max(sent_at, deliver_after) if deliver_after else sent_at
    return now + max(expires_at - begins, timedelta(seconds=1))

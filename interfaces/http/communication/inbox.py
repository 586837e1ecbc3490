"""Inboxes over HTTP: taken from, looked into, acknowledged."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from aia_mas.application.communication.out import Delivered
from aia_mas.application.communication.peeking import Waiting, peek, still_waiting
from aia_mas.application.communication.polling import MOST_BYTES
from aia_mas.domain.kernel import DomainError
from aia_mas.interfaces.http.answers import Answer, answer
from aia_mas.interfaces.http.communication.acknowledged import acknowledged
from aia_mas.interfaces.http.communication.paths import COMMUNICATION
from aia_mas.interfaces.http.communication.readers import (
    check_again,
    reading_for,
    seeing_for,
)
from aia_mas.interfaces.http.queries import (
    Cursor,
    Cursors,
    Limit,
    MinPosition,
    as_of,
    number_in,
    reached,
)
from aia_mas.interfaces.http.requests import ApiRequest
from aia_mas.interfaces.http.schemas.message_delivery import (
    AcknowledgedItems,
    DeliveredMessages,
    InboxAcknowledgement,
    WaitingMessage,
    WaitingPage,
)
from aia_mas.interfaces.process_folds import MAILROOM
from aia_mas.projections.communication.standing import MessageStatus

INBOXES = f"{COMMUNICATION}/agents"
MAX_WAIT = 3_600.0
_NO_STORE = (b"cache-control", b"no-store")

Wait = Annotated[
    float,
    QueryParameter(
        ge=0,
        le=MAX_WAIT,
        description="How long to wait for a message when there is none, seconds; at most"
        " `MAS_CLAIM_WAIT` (30).",
    ),
]


class Inboxes(Controller):
    """What was sent to one recipient and has not been acknowledged."""

    path = INBOXES
    tags = ("communication",)

    @get("/{agent_id:str}/inbox", operation_id="receive_messages")
    async def receive(
        self,
        agent_id: FromPath[str],
        request: ApiRequest,
        wait: Wait = 0.0,
        limit: Limit = 100,
    ) -> Answer[DeliveredMessages]:
        """Take messages from an inbox, waiting for one if need be.

        What is answered counts as delivered: unless it is acknowledged within its `ack_seconds` it
        is delivered again. Critical messages come first; less urgent ones come before more urgent
        ones only when they have waited much longer. Large ones (8 MiB together) make it fewer than
        `limit`. A recipient need not be registered.
        """
        reading_for(request, agent_id)
        system = request.system
        office = system.communication.office
        if request.exchange.bodiless:
            # Nobody would get what was handed over with the head alone.
            return answer(DeliveredMessages(items=[], waiting=0), 200, [_NO_STORE])
        seconds = min(wait, system.settings.claim_wait_seconds)
        taking = system.communication.polls.take(agent_id, limit, seconds)
        handed = await request.unless_gone(taking)
        try:
            check_again(request)
        except DomainError:
            for each in handed:
                office.put_back(each.out)
            raise
        waiting = still_waiting(system.communication.mailroom, agent_id, len(handed))
        items = b",".join(map(_delivered, handed))
        return Answer(b'{"items":[%b],"waiting":%d}' % (items, waiting), 200, [_NO_STORE])

    @get("/{agent_id:str}/inbox/peek", operation_id="peek_messages")
    async def peek(
        self,
        agent_id: FromPath[str],
        request: ApiRequest,
        limit: Limit = 100,
        cursor: Cursor = None,
        min_position: MinPosition = 0,
    ) -> Answer[WaitingPage]:
        """Look into an inbox, oldest first; nothing is delivered by that."""
        seeing_for(request, agent_id)
        await reached(request, MAILROOM.name, min_position)
        cursors = Cursors(request, [agent_id])
        opened = cursors.open(cursor)
        after = 0 if opened is None else number_in(opened)
        communication = request.system.communication
        page, more, size = list[Waiting](), False, 0
        for each in peek(communication.mailroom, communication.office, agent_id, after):
            size += each.letter.size
            more = len(page) == limit or (bool(page) and size > MOST_BYTES)
            if more:
                break
            page.append(each)
        contents = await communication.contents.of(each.letter for each in page)
        items = [
            _waiting(each, contents[each.letter.sent].view)
            for each in page
            if each.letter.sent in contents
        ]
        following = str(page[-1].letter.position) if more else None
        total = communication.mailroom.waiting(agent_id)
        content = WaitingPage(items=items, next_cursor=cursors.seal(following), total=total)
        return answer(content)

    @post("/{agent_id:str}/inbox/ack", operation_id="acknowledge_messages", status_code=200)
    async def acknowledge(
        self,
        agent_id: FromPath[str],
        data: JSONBody[InboxAcknowledgement],
        request: ApiRequest,
    ) -> Answer[AcknowledgedItems]:
        """Say that messages have arrived: they are not delivered again.

        Each is taken or refused on its own, and all that are taken are in one commit.
        """
        reading_for(request, agent_id)
        ids = data.checked()
        results = await request.system.communication.settling.acknowledge(agent_id, ids)
        told = acknowledged(ids, results, request.scope["path"])
        return answer(told.content, 200, [] if told.position is None else [as_of(told.position)])


def _delivered(handed: Delivered) -> bytes:
    """Return a message that was handed over, as JSON; it was encoded once for all who get it."""
    attempt = b',"attempt":%d' % handed.attempt if handed.attempt > 1 else b""
    view, position = handed.content.json, handed.letter.position
    return b'%b,"position":%d%b}' % (view[:-1], position, attempt)


def _waiting(waiting: Waiting, view: msgspec.Struct) -> WaitingMessage:
    status = MessageStatus.FAILED if waiting.failures else MessageStatus.QUEUED
    return WaitingMessage(
        **msgspec.structs.asdict(view),
        position=waiting.letter.position,
        status=MessageStatus.DELIVERED if waiting.deadline else status,
        attempts=waiting.attempts,
        deadline=waiting.deadline,
        retry_at=waiting.retry_at,
        reason=waiting.reason,
    )

"""Messages as they were sent, and what became of them, over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from litestar import Controller, get
from litestar.params import FromPath, FromQuery, QueryParameter
from msgspec import UNSET
from msgspec.structs import replace

from aia_mas.application.communication.sealing import UNREADABLE
from aia_mas.domain.communication.authority import may_read
from aia_mas.domain.communication.errors import InboxNotAllowed, MessageNotFound
from aia_mas.domain.kernel.ids import check_made_id
from aia_mas.domain.orchestration.task_specification import Priority
from aia_mas.interfaces.http.answers import Answer, answer
from aia_mas.interfaces.http.communication.inbox import INBOXES
from aia_mas.interfaces.http.communication.paths import MESSAGES
from aia_mas.interfaces.http.communication.readers import seeing_for, sees_all
from aia_mas.interfaces.http.queries import (
    Cursor,
    Cursors,
    Limit,
    MinPosition,
    Total,
    as_of,
    given,
    reached,
)
from aia_mas.interfaces.http.requests import ApiRequest
from aia_mas.interfaces.http.schemas.message_lists import (
    DeliveryPage,
    MessagePage,
    MessageSort,
    ReceivedPage,
    ReceivedSort,
)
from aia_mas.interfaces.http.schemas.values import moment
from aia_mas.projections.communication.message_filters import MessageFilter, ReceivedFilter
from aia_mas.projections.communication.messages_fold import MESSAGES as READ_MODEL
from aia_mas.projections.communication.standing import MessageStatus
from aia_mas.projections.communication.story import MessageStory, with_waiting
from aia_mas.projections.listing import Found

Since = Annotated[datetime | None, QueryParameter(description="Sent at this time or later.")]
Until = Annotated[datetime | None, QueryParameter(description="Sent before this time.")]
Statuses = list[MessageStatus] | None
AtSomeRecipient = Annotated[
    Statuses,
    QueryParameter(
        description="Standing so at some recipient; `status` of the message may be another one."
    ),
]
AtTheRecipient = Annotated[Statuses, QueryParameter(description="Standing so at the recipient.")]


class MessageQueries(Controller):
    """Queries about messages."""

    path = MESSAGES
    tags = ("communication",)

    @get("/", operation_id="list_messages")
    async def list_messages(
        self,
        request: ApiRequest,
        from_agent: FromQuery[str | None] = None,
        recipient: FromQuery[str | None] = None,
        message_type: FromQuery[str | None] = None,
        priority: FromQuery[list[Priority] | None] = None,
        topic: FromQuery[str | None] = None,
        correlation_id: FromQuery[str | None] = None,
        status: AtSomeRecipient = None,
        since: Since = None,
        until: Until = None,
        sort: FromQuery[MessageSort] = "-sent_at",
        limit: Limit = 100,
        cursor: Cursor = None,
        total: Total = False,
        min_position: MinPosition = 0,
    ) -> Answer[MessagePage]:
        """List messages; a page of large ones may hold fewer than `limit` (see `next_cursor`).

        Operators and auditors see all of them; others those that they sent or received, and say so
        with `from_agent` or `recipient`.
        """
        principal = request.principal
        own = any(
            name is not None and may_read(principal, name) for name in (from_agent, recipient)
        )
        if not own and not sees_all(principal):
            raise InboxNotAllowed("from_agent or recipient is to be whoever asks")
        await reached(request, READ_MODEL.name, min_position)
        filters = MessageFilter(
            from_agent=from_agent,
            recipient=recipient,
            message_type=message_type,
            priority=tuple(priority or ()),
            topic=topic,
            correlation_id=correlation_id,
            status=tuple(status or ()),
            since=given(moment, since, "since"),
            until=given(moment, until, "until"),
        )
        messages = request.system.projections.messages
        cursors = Cursors(request, [filters, sort])
        page = await messages.list(filters, sort, cursors.open(cursor), limit)
        content = MessagePage(
            items=page.items,
            next_cursor=cursors.seal(page.next_cursor),
            total=await messages.count(filters) if total else UNSET,
        )
        return answer(content, 200, [as_of(page.position)])

    @get("/{message_id:str}", operation_id="get_message")
    async def get_message(
        self,
        message_id: FromPath[str],
        request: ApiRequest,
        limit: Limit = 100,
        min_position: MinPosition = 0,
    ) -> Answer[MessageStory]:
        """Return a message and its whole story, by recipient and as it happened.

        Of many recipients it shows the first ones by their ids; `next_cursor` is for those behind
        them, in `deliveries`. Who sent it or was sent it may see it, operators and auditors any; an
        encrypted payload is decrypted for them.
        """
        found = await _found(request, message_id, (), None, limit, min_position)
        story = await _readable(request, found.item)
        # Nothing is known of a group's members until it was delivered to them, but by the mailroom.
        letters = request.system.communication.mailroom.letters_of(message_id)
        if story.waiting is None:
            story = with_waiting(story, sum(letter.left for letter in letters))
        cursors = Cursors(request, [message_id, ()], "list_message_deliveries")
        shown = replace(story, next_cursor=cursors.seal(story.next_cursor))
        return answer(shown, 200, [as_of(found.position)])

    @get("/{message_id:str}/deliveries", operation_id="list_message_deliveries")
    async def list_deliveries(
        self,
        message_id: FromPath[str],
        request: ApiRequest,
        status: AtTheRecipient = None,
        limit: Limit = 100,
        cursor: Cursor = None,
        min_position: MinPosition = 0,
    ) -> Answer[DeliveryPage]:
        """List how a message stands at its recipients, by their ids."""
        wanted = tuple(status or ())
        cursors = Cursors(request, [message_id, wanted])
        opened = cursors.open(cursor)
        found = await _found(request, message_id, wanted, opened, limit, min_position)
        content = DeliveryPage(
            items=found.item.deliveries, next_cursor=cursors.seal(found.item.next_cursor)
        )
        return answer(content, 200, [as_of(found.position)])


class ReceivedMessages(Controller):
    """What one recipient was sent, whether or not it has it."""

    path = INBOXES
    tags = ("communication",)

    @get("/{agent_id:str}/messages", operation_id="list_received_messages")
    async def list_received(
        self,
        agent_id: FromPath[str],
        request: ApiRequest,
        from_agent: FromQuery[str | None] = None,
        message_type: FromQuery[str | None] = None,
        priority: FromQuery[list[Priority] | None] = None,
        status: AtTheRecipient = None,
        since: Since = None,
        until: Until = None,
        sort: FromQuery[ReceivedSort] = "-queued_at",
        limit: Limit = 100,
        cursor: Cursor = None,
        total: Total = False,
        min_position: MinPosition = 0,
    ) -> Answer[ReceivedPage]:
        """List the messages that a recipient was sent, each with how its delivery goes.

        What went to a group is there once anything is known of its delivery; until then it is in
        the inbox only.
        """
        seeing_for(request, agent_id)
        await reached(request, READ_MODEL.name, min_position)
        filters = ReceivedFilter(
            from_agent=from_agent,
            message_type=message_type,
            priority=tuple(priority or ()),
            status=tuple(status or ()),
            since=given(moment, since, "since"),
            until=given(moment, until, "until"),
        )
        messages = request.system.projections.messages
        cursors = Cursors(request, [agent_id, filters, sort])
        page = await messages.received(agent_id, filters, sort, cursors.open(cursor), limit)
        content = ReceivedPage(
            items=page.items,
            next_cursor=cursors.seal(page.next_cursor),
            total=await messages.count_received(agent_id, filters) if total else UNSET,
        )
        return answer(content, 200, [as_of(page.position)])


class _Story:
    """A story that the caller may see, and how far the read model had come."""

    __slots__ = ("item", "position")

    def __init__(self, item: MessageStory, position: int) -> None:
        self.item = item
        self.position = position


async def _readable(request: ApiRequest, story: MessageStory) -> MessageStory:
    """Return a story with its payload decrypted, if it is encrypted."""
    if not story.encrypted:
        return story
    system = request.system
    sealed = await system.projections.messages.sealed(story.message_id)
    if sealed is None:
        return story
    try:
        payload = system.communication.sealing.open(story.message_id, story.from_agent, sealed)
    except UNREADABLE as error:
        return replace(story, unreadable=error.code)
    return replace(story, payload=msgspec.Raw(msgspec.json.encode(payload)))


async def _found(
    request: ApiRequest,
    message_id: str,
    status: tuple[str, ...],
    cursor: str | None,
    limit: int,
    min_position: int,
) -> _Story:
    """Return the story of a message, when the caller may see it.

    Raises:
        MessageNotFound: There is none.
        InboxNotAllowed: The caller neither sent it nor was sent it.
    """
    check_made_id(message_id, "message_id")
    await reached(request, READ_MODEL.name, min_position)
    messages = request.system.projections.messages
    found: Found[MessageStory] = await messages.find(message_id, status, cursor, limit)
    if found.item is None:
        raise MessageNotFound(message_id=message_id)
    principal = request.principal
    if not sees_all(principal) and not may_read(principal, found.item.from_agent):
        name = principal.agent_id or principal.subject
        mailroom = request.system.communication.mailroom
        if (
            mailroom.find(message_id, name) is None
            and (await messages.state_of(message_id, name)).status is None
        ):
            raise InboxNotAllowed("only who sent it, or was sent it, may see it")
    return _Story(found.item, found.position)

"""Messages that could not be delivered, over HTTP: listed, and queued again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from litestar import Controller, get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import UNSET

from aia_mas.application.communication.handlers import RedrivenMessage
from aia_mas.application.communication.redriving import redriving
from aia_mas.domain.communication.authority import may_read
from aia_mas.domain.communication.ending import RedriveMessage
from aia_mas.domain.communication.errors import InboxNotAllowed
from aia_mas.domain.kernel.ids import check_id
from aia_mas.domain.orchestration.bounds import check_number
from aia_mas.domain.orchestration.task_specification import Priority
from aia_mas.interfaces.http.answers import Answer, answer
from aia_mas.interfaces.http.bulk import Outcome, Selection, carry_out_order, criteria_of
from aia_mas.interfaces.http.commands import answered, carry_out, position_headers
from aia_mas.interfaces.http.communication.paths import COMMUNICATION, MESSAGES
from aia_mas.interfaces.http.communication.readers import sees_all
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
    MAX_REDRIVE,
    DeadLetterPage,
    DeadLetterRedrive,
    DeadLetterSort,
    OneRedrive,
    RedriveItem,
    RedriveResult,
)
from aia_mas.interfaces.http.schemas.values import moment
from aia_mas.projections.communication.message_filters import DeadLetterFilter, check_filter
from aia_mas.projections.communication.message_view import DeadLetter
from aia_mas.projections.communication.messages_fold import MESSAGES as READ_MODEL
from aia_mas.projections.listing import MAX_LIMIT


class DeadLetters(Controller):
    """Letters that are not delivered any more: refused for good, or too often."""

    path = f"{COMMUNICATION}/dead-letters"
    tags = ("communication",)

    @get("/", operation_id="list_dead_letters")
    async def list_dead_letters(
        self,
        request: ApiRequest,
        recipient: FromQuery[str | None] = None,
        from_agent: FromQuery[str | None] = None,
        message_type: FromQuery[str | None] = None,
        priority: FromQuery[list[Priority] | None] = None,
        reason: Annotated[
            str | None,
            QueryParameter(
                description="Dead for this reason: all of it, or what stands before its colon:"
                " `refused`, `timed_out`, `disconnected`."
            ),
        ] = None,
        since: Annotated[
            datetime | None, QueryParameter(description="Dead since this time or later.")
        ] = None,
        until: Annotated[
            datetime | None, QueryParameter(description="Dead before this time.")
        ] = None,
        sort: FromQuery[DeadLetterSort] = "-died_at",
        limit: Limit = 100,
        cursor: Cursor = None,
        total: Total = False,
        min_position: MinPosition = 0,
    ) -> Answer[DeadLetterPage]:
        """List the letters that are dead, and were not queued again.

        Operators and auditors see all of them, others with `recipient` their own.
        """
        own = recipient is not None and may_read(request.principal, recipient)
        if not own and not sees_all(request.principal):
            raise InboxNotAllowed("recipient is to be whoever asks")
        await reached(request, READ_MODEL.name, min_position)
        filters = DeadLetterFilter(
            recipient=recipient,
            from_agent=from_agent,
            message_type=message_type,
            priority=tuple(priority or ()),
            reason=reason,
            since=given(moment, since, "since"),
            until=given(moment, until, "until"),
        )
        messages = request.system.projections.messages
        cursors = Cursors(request, [filters, sort])
        page = await messages.dead_letters(filters, sort, cursors.open(cursor), limit)
        content = DeadLetterPage(
            items=page.items,
            next_cursor=cursors.seal(page.next_cursor),
            total=await messages.count_dead_letters(filters) if total else UNSET,
        )
        return answer(content, 200, [as_of(page.position)])

    @post("/redrive", operation_id="redrive_dead_letters", status_code=200)
    async def redrive_dead_letters(
        self, data: JSONBody[DeadLetterRedrive], request: ApiRequest
    ) -> Answer[RedriveResult]:
        """Queue dead letters again, with all their attempts; up to 1,000 at once.

        With an `Idempotency-Key` a repetition is about the letters that matched first.
        """
        check_number(data.limit, "limit", lowest=1, highest=MAX_REDRIVE)
        filters = data.filter.filters()
        check_filter(filters)
        await reached(request, READ_MODEL.name, 0)
        letters = await _dead(request, filters, data.limit + 1)
        more = len(letters) > data.limit
        keys = [_key(letter) for letter in letters[: data.limit]]
        if data.dry_run:
            return answer(_result(None, [(key, None) for key in keys], more=more))
        selection = Selection(keys, more, criteria_of(data.filter))
        done = await carry_out_order(request, "redrive", selection, _command, data.reason)
        result = _result(done.order.bulk_id, done.outcomes, more=done.order.more)
        return answer(result, 200, position_headers(done.last))


class MessageRedrives(Controller):
    """One message that is dead."""

    path = MESSAGES
    tags = ("communication",)

    @post("/{message_id:str}/redrive", operation_id="redrive_message", status_code=200)
    async def redrive(
        self,
        message_id: FromPath[str],
        request: ApiRequest,
        data: JSONBody[OneRedrive | None] = None,
    ) -> Answer[RedrivenMessage]:
        """Queue a dead message again, at the end and with all its attempts.

        For one recipient, or for all for whom it is dead. A recipient may have its own letters
        queued again, an operator any.
        """
        agent_id = None if data is None else data.agent_id
        if agent_id is not None:
            check_id(agent_id, "agent_id")
        principal = request.principal
        if not principal.operates and (agent_id is None or not may_read(principal, agent_id)):
            raise InboxNotAllowed("agent_id is to be whoever asks")
        command = await redriving(request.system.log, message_id, agent_id)
        return answered(await carry_out(request, command))


async def _dead(request: ApiRequest, filters: DeadLetterFilter, most: int) -> list[DeadLetter]:
    """Return the dead letters that died first."""
    messages = request.system.projections.messages
    letters: list[DeadLetter] = []
    cursor: str | None = None
    while len(letters) < most:
        page = await messages.dead_letters(
            filters, "died_at", cursor, min(most - len(letters), MAX_LIMIT)
        )
        letters += page.items
        cursor = page.next_cursor
        if cursor is None:
            break
    return letters


def _key(letter: DeadLetter) -> str:
    return f"{letter.position}/{letter.recipient}/{letter.message_id}"


def _command(key: str) -> RedriveMessage:
    position, recipient, message_id = key.split("/", 2)
    return RedriveMessage(message_id=message_id, recipient=recipient, sent=int(position))


def _result(bulk_id: str | None, outcomes: Sequence[Outcome], *, more: bool) -> RedriveResult:
    items = [_item(key, code) for key, code in outcomes]
    refused = sum(item.code is not None for item in items)
    return RedriveResult(
        bulk_id=bulk_id,
        items=items,
        redriven=0 if bulk_id is None else len(items) - refused,
        refused=refused,
        more=more,
    )


def _item(key: str, code: str | None) -> RedriveItem:
    _, recipient, message_id = key.split("/", 2)
    return RedriveItem(
        message_id=message_id,
        agent_id=recipient,
        status="redriven" if code is None else "refused",
        code=code,
    )

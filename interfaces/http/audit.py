"""The log itself, for auditors."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from litestar import Controller, get
from litestar.params import FromPath, FromQuery, QueryParameter
from msgspec import UNSET, UnsetType

from aia_mas.application.event_log.log import EventFilter, EventLog
from aia_mas.application.event_log.pages import PAGE_BYTES, is_last
from aia_mas.application.event_log.records import RecordedEvent, Unreadable
from aia_mas.domain.kernel.errors import NotFound
from aia_mas.interfaces.http.answers import Answer, answer
from aia_mas.interfaces.http.log_pages import log_page
from aia_mas.interfaces.http.paths import API
from aia_mas.interfaces.http.queries import (
    LAST_POSITION,
    Cursor,
    Cursors,
    Limit,
    MinPosition,
    Total,
    given,
    logged,
    number_in,
)
from aia_mas.interfaces.http.requests import ApiRequest
from aia_mas.interfaces.http.schemas.lists import AuditEvent, AuditHead, AuditPage
from aia_mas.interfaces.http.schemas.values import moment

_LONGEST_STREAM = 256


class StreamNotFound(NotFound):
    """No event was ever recorded in this stream."""

    code = "stream_not_found"


class Audit(Controller):
    """What happened, in order, as it is stored."""

    path = f"{API}/audit"
    tags = ("audit",)

    @get("/events", operation_id="list_audit_events")
    async def list_audit_events(
        self,
        request: ApiRequest,
        stream: FromQuery[str | None] = None,
        category: Annotated[
            str | None, QueryParameter(description="All streams of a kind, for example `agent`.")
        ] = None,
        type: Annotated[
            list[str] | None, QueryParameter(description="Topics, for example `task.assigned.v1`.")
        ] = None,
        actor: FromQuery[str | None] = None,
        since: Annotated[
            datetime | None, QueryParameter(description="Recorded at this time or later.")
        ] = None,
        until: Annotated[
            datetime | None, QueryParameter(description="Recorded before this time.")
        ] = None,
        after: Annotated[
            int, QueryParameter(ge=0, le=LAST_POSITION, description="Behind this position.")
        ] = 0,
        upto: Annotated[
            int, QueryParameter(ge=0, le=LAST_POSITION, description="Up to this position.")
        ] = LAST_POSITION,
        sort: FromQuery[Literal["position", "-position"]] = "position",
        limit: Limit = 100,
        cursor: Cursor = None,
        total: Total = False,
        min_position: MinPosition = 0,
    ) -> Answer[AuditPage]:
        """List events, oldest first unless `sort` says otherwise.

        A page of large events may hold fewer than `limit`; `next_cursor` tells whether it goes on.
        """
        where = EventFilter(
            stream=stream,
            category=category,
            topics=tuple(type or ()),
            actor=actor,
            since=given(moment, since, "since"),
            until=given(moment, until, "until"),
            after=after or None,
            upto=None if upto == LAST_POSITION else upto,
        )
        await logged(request, min_position)
        page = await log_page(request, where, sort, limit, cursor, total)
        return _page(request, *page)

    @get("/streams/{stream:path}", operation_id="get_audit_stream")
    async def get_audit_stream(
        self,
        stream: FromPath[str],
        request: ApiRequest,
        sort: FromQuery[Literal["version", "-version"]] = "version",
        limit: Limit = 100,
        cursor: Cursor = None,
        total: Total = False,
        min_position: MinPosition = 0,
    ) -> Answer[AuditPage]:
        """Return the events of one stream, for example `agent/data_analyst_001`."""
        stream = stream.removeprefix("/")
        cursors = Cursors(request, [stream, sort])
        inner = cursors.open(cursor)
        log = request.system.log
        if "\0" in stream or len(stream) > _LONGEST_STREAM:
            raise StreamNotFound
        await logged(request, min_position)
        start = -1 if inner is None else number_in(inner)
        events = await log.read_stream(
            stream, start, limit + 1, newest=sort == "-version", max_bytes=PAGE_BYTES
        )
        if not events and inner is None:
            raise StreamNotFound(stream=stream)
        shown = events[:limit]
        following = None if is_last(events, limit + 1) else str(shown[-1].version)
        counted = await log.count(EventFilter(stream=stream)) if total else UNSET
        return _page(request, shown, cursors.seal(following), counted)

    @get("/head", operation_id="get_audit_head")
    async def get_audit_head(
        self, request: ApiRequest, min_position: MinPosition = 0
    ) -> Answer[AuditHead]:
        """Return the end of the log and the hash that seals all of it."""
        await logged(request, min_position)
        head = await request.system.log.head()
        content = AuditHead(
            position=head.position, hash=head.hash.hex(), recorded_at=head.recorded_at
        )
        return answer(content)


def _page(
    request: ApiRequest,
    events: list[RecordedEvent],
    next_cursor: str | None,
    total: int | UnsetType,
) -> Answer[AuditPage]:
    items = [_shown(request.system.log, event) for event in events]
    return answer(AuditPage(items=items, next_cursor=next_cursor, total=total))


def _shown(log: EventLog, event: RecordedEvent) -> AuditEvent:
    unreadable = event.event.reason if isinstance(event.event, Unreadable) else None
    # The envelope is a format byte and the payload; encoding again gives the current shape.
    data = b"null" if unreadable else log.mapper.encode(event.event)[1:]
    return AuditEvent(
        position=event.position,
        stream=event.stream,
        version=event.version,
        topic=event.topic,
        recorded_at=event.recorded_at,
        actor=event.actor,
        command_id=event.command_id,
        correlation_id=event.correlation_id,
        causation_id=event.causation_id,
        data=msgspec.Raw(data),
        unreadable=unreadable,
    )

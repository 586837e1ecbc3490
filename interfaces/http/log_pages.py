"""Pages of events, for lists that are read from the log itself."""

from __future__ import annotations

from typing import NamedTuple

from msgspec import UNSET, UnsetType

from aia_mas.application.event_log.log import EventFilter
from aia_mas.application.event_log.pages import PAGE_BYTES, is_last
from aia_mas.application.event_log.records import RecordedEvent
from aia_mas.interfaces.http.queries import Cursors, number_in
from aia_mas.interfaces.http.requests import ApiRequest


class LogPage(NamedTuple):
    """A page of events.

    Attributes:
        events: They.
        next_cursor: For the page after it, sealed; None: it is the last one.
        total: How many there are on all pages, when that was asked for.
    """

    events: list[RecordedEvent]
    next_cursor: str | None
    total: int | UnsetType


async def log_page(
    request: ApiRequest, where: EventFilter, sort: str, limit: int, cursor: str | None, total: bool
) -> LogPage:
    """Return a page of the events that a filter lets through, in the order of their positions.

    Args:
        request: Whose list it is.
        where: The filter.
        sort: ``position``, or ``-position`` for the latest first.
        limit: Events, at most; large ones may make it fewer.
        cursor: That of the page before, as the client has it.
        total: Whether to count all.

    Raises:
        InvalidCursor: It is not one of ours, or belongs to another list.
    """
    log = request.system.log
    cursors = Cursors(request, [where, sort])
    inner = cursors.open(cursor)
    start = 0 if inner is None else number_in(inner)
    read = await log.read(start, limit + 1, where, newest=sort == "-position", max_bytes=PAGE_BYTES)
    events = read[:limit]
    following = None if is_last(read, limit + 1) else str(events[-1].position)
    counted = await log.count(where) if total else UNSET
    return LogPage(events, cursors.seal(following), counted)

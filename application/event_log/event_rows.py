"""Events as rows of PostgreSQL: their columns, which of them are wanted, what they decode to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from psycopg.rows import TupleRow

from aia_mas.application.event_log.errors import EventLogError
from aia_mas.application.event_log.log import EventFilter
from aia_mas.application.event_log.records import RecordedEvent, Unreadable
from aia_mas.domain.kernel import Event

COLUMNS = """position, stream, version, topic, state, recorded_at, command_id, actor,
    correlation_id, causation_id"""

# The events of a page until their size has come to the budget, with the one that reaches it. Sizes
# are known without reading what is stored apart because of its length.
BOUNDED = f"""select {COLUMNS} from (
    select {COLUMNS}, sum(octet_length(state)) over (
        order by {{order}} rows unbounded preceding) - octet_length(state) as before
    from ({{page}}) page) bounded
where before < %s order by {{order}}"""  # noqa: S608


# A page of the events of several streams, each behind a version. What is sorted are places only,
# and no more than a page of each stream: its events may be many, and large.
OF_STREAMS = f"""select {COLUMNS} from (
    select place, number, sum(size) over (order by number, nth) - size as before
    from (
        select place, number, nth, size
        from unnest(%s::text[], %s::bigint[]) with ordinality as wanted (of, after, number)
        cross join lateral (
            select position as place, version as nth, octet_length(state) as size from events
            where stream = wanted.of and version > wanted.after order by version limit %s
        ) event
        order by number, nth limit %s
    ) page
) bounded join events on position = place
where before < %s order by number, version"""  # noqa: S608


def recorded(
    rows: list[TupleRow], decode: Callable[[str, bytes], Event]
) -> Iterator[RecordedEvent]:
    """Yield the events of rows of ``COLUMNS``; one that cannot be decoded is ``Unreadable``."""
    for position, stream, version, topic, state, at, command_id, actor, correlation, cause in rows:
        event: Any
        try:
            event = decode(topic, state)
        except EventLogError as error:
            event = Unreadable(topic, f"{error.code}: {error}")
        yield RecordedEvent(
            position, stream, version, topic, event, at, command_id, actor, correlation, cause,
            len(state),
        )  # fmt: skip


def conditions_of(where: EventFilter) -> tuple[list[str], list[Any]]:
    """Return the conditions of a filter in SQL, and their values."""
    conditions: list[str] = []
    values: list[Any] = []
    for condition, value in (
        ("stream = %s", where.stream),
        # A range instead of LIKE, so that the index on (stream, version) serves it.
        ("stream >= %s", f"{where.category}/" if where.category else None),
        ("stream < %s", f"{where.category}0" if where.category else None),
        ("topic = any(%s)", list(where.topics) or None),
        ("actor = %s", where.actor),
        ("recorded_at >= %s", where.since),
        ("recorded_at < %s", where.until),
        ("position > %s", where.after),
        ("position <= %s", where.upto),
    ):
        if value is not None:
            conditions.append(condition)
            values.append(value)
    return conditions, values

"""Whose fault a failure is: the event's, or the circumstances'.

Only what an event does by itself is poison. A lost connection, a conflict, a lack of resources, a
shutdown or a missing table would fail any event: they are waited out, and never park a stream.
"""

from __future__ import annotations

import psycopg

from aia_mas.application.event_log.errors import EventLogError, UnreadableEvent

_DATA_CLASSES = frozenset(
    {
        "21",  # cardinality violation
        "22",  # data exception, among them NUL in a text
        "23",  # integrity constraint violation
        "44",  # with check option violation
        "54",  # program limit exceeded: an index row too large, a value too long
        "P0",  # raised by a function
    }
)


def is_poison(error: Exception) -> bool:
    """Tell whether a failure comes from the event itself (its data, or our program's fold)."""
    if isinstance(error, psycopg.Error):
        if error.sqlstate is not None:
            return error.sqlstate[:2] in _DATA_CLASSES
        # Raised by the client library: a value that it cannot send.
        return isinstance(error, (psycopg.DataError, psycopg.ProgrammingError))
    if isinstance(error, EventLogError):
        return isinstance(error, UnreadableEvent)
    # OSError covers lost connections and time-outs.
    return not isinstance(error, (OSError, MemoryError))

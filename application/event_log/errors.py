"""Why an append or a read of the log did not succeed."""

from __future__ import annotations

from typing import ClassVar


class EventLogError(Exception):
    """The event log refused or failed."""

    code: ClassVar[str] = "event_log_error"


class StaleExpectation(EventLogError):
    """A stream that the decision read has changed in the meantime."""

    code = "conflict"


class CommandIdReused(EventLogError):
    """This key was used before, with another request."""

    code = "idempotency_key_reused"


class Fenced(EventLogError):
    """The lease under which the process acted has been taken over."""

    code = "fenced"


class Overloaded(EventLogError):
    """Too many commands are waiting to be committed; try again shortly."""

    code = "overloaded"


class LogUnavailable(EventLogError):
    """The event store cannot be reached; the outcome of waiting commands is not known."""

    code = "event_log_unavailable"


class LogClosed(EventLogError):
    """The node is stopping and takes no new commands."""

    code = "shutting_down"


class AppendFailed(EventLogError):
    """PostgreSQL refused this request alone (its data cannot be stored)."""

    code = "append_failed"


class UnknownTopic(EventLogError):
    """The log holds an event whose topic this program does not know."""

    code = "unknown_topic"


class UnreadableEvent(EventLogError):
    """The stored envelope of an event cannot be decoded."""

    code = "unreadable_event"

"""What goes into the event log and what comes out: requests, outcomes, recorded events."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from enum import IntEnum
from typing import Any, NamedTuple

import msgspec

from aia_mas.application.event_log.errors import EventLogError


class Expectation(NamedTuple):
    """What a decision read: a stream, its version, and the command that wrote that version.

    Version 0 with an empty ``command_id`` means that the stream did not exist.
    """

    stream: str
    version: int
    command_id: str


class NewEvent(NamedTuple):
    """An event about to be appended: its stream, its version there, its topic and its envelope."""

    stream: str
    version: int
    topic: str
    state: bytes
    event: Any


class Fence(NamedTuple):
    """The lease under which a process appends; refused once a newer epoch was given out."""

    lease: str
    epoch: int


class Kind(IntEnum):
    """How long the outcome of a command is kept: not, for some days, for ever.

    It is kept where the command's id can come again: a client's key, a work item of a process.
    """

    NOT_KEPT = 0
    EXPIRING = 1
    FOREVER = 2


class AppendRequest(msgspec.Struct, gc=False):
    """One command's events, to be appended whole or not at all.

    Attributes:
        command_id: Identifies the command; the same id is never applied twice.
        events: In order; versions continue those of the expectations.
        expectations: One for every stream that the decision read or writes.
        body_hash: Tells a repeated command from another one under the same id.
        outcome: What a repetition is answered with.
        kind: Whether the outcome is kept, and how long.
        actor: The subject of the principal that acts.
        correlation_id: Groups everything that one request from outside set in motion.
        causation_id: The command or event that caused this one.
        fence: The lease that must still be held, for appends of a process.
        maybe_known: The id was not made up just now (a client's key, a work item), so it is looked
            up before it is applied.
    """

    command_id: str
    events: Sequence[NewEvent]
    expectations: Sequence[Expectation]
    body_hash: bytes = b""
    outcome: bytes = b""
    kind: Kind = Kind.EXPIRING
    actor: str = "system"
    correlation_id: str | None = None
    causation_id: str | None = None
    fence: Fence | None = None
    maybe_known: bool = False


class Unreadable(msgspec.Struct, frozen=True):
    """Stands for a stored event that this program cannot decode; folds treat it as poison.

    Attributes:
        topic: What the log says it is.
        reason: Why it cannot be decoded.
    """

    topic: str
    reason: str


class RecordedEvent(msgspec.Struct, frozen=True, gc=False):
    """An event of the log.

    Attributes:
        position: Its place in the log: 1, 2, 3... without gaps.
        stream: The stream it belongs to.
        version: Its place in that stream.
        topic: Its stable type name.
        event: The decoded domain event, or ``Unreadable``.
        recorded_at: When it was committed, UTC; never going back along the log.
        command_id: The command that caused it.
        actor: Who gave that command.
        correlation_id: Groups everything that one request from outside set in motion.
        causation_id: The command or event that caused the command.
        size: Bytes of its stored envelope.
    """

    position: int
    stream: str
    version: int
    topic: str
    event: Any
    recorded_at: datetime
    command_id: str
    actor: str
    correlation_id: str | None
    causation_id: str | None
    size: int = 0


class Appended(NamedTuple):
    """The answer to an accepted request.

    Attributes:
        first: Position of its first event.
        last: Position of its last event; for a request without events the head it was checked at.
        recorded_at: When it was committed.
        replayed: The stored outcome, when the command was known already; else None.
    """

    first: int
    last: int
    recorded_at: datetime
    replayed: bytes | None = None


Settle = Callable[[Appended | EventLogError], None]
"""Takes the answer to a request, or why there is none, before anybody who waits for it."""


class Head(NamedTuple):
    """The end of the log: last position, the hash that seals it, and when it was written."""

    position: int
    hash: bytes
    recorded_at: datetime


class StoredOutcome(NamedTuple):
    """What the log remembers of an answered command."""

    body_hash: bytes
    outcome: bytes
    first_position: int
    event_count: int

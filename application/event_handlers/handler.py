"""What a handler wants, what it does with that, and how it has gone so far."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec

from aia_mas.application.event_log.records import RecordedEvent

ATTEMPTS = 1
"""How often a handler is called with an event, unless it says otherwise."""
DURABLE_ATTEMPTS = 5
"""The same of a durable one."""


class HandlerGone(Exception):
    """The program in which a handler runs does not run any more; the event is not handled."""


class EventHandler(msgspec.Struct, frozen=True, kw_only=True):
    """A handler.

    Attributes:
        name: What it is called; a durable one goes on under its name.
        topics: The events that it may want.
        wants: Tells whether it wants one of these.
        handle: Handles one, and tells whether it did or had no use for it; it fails by raising.
        durable: Where it is, outlives the program.
        from_beginning: It begins at the beginning of the log, not at its end.
        attempts: How often it is called with an event at which it fails; infinity: until it works.
        backoff_seconds: How long it is left alone after the first failure; doubled every time.
        backoff_cap_seconds: The longest of these waits.
    """

    name: str
    topics: frozenset[str]
    wants: Callable[[RecordedEvent], bool]
    handle: Callable[[RecordedEvent], Awaitable[bool]]
    durable: bool = False
    from_beginning: bool = False
    attempts: float = ATTEMPTS
    backoff_seconds: float = 1.0
    backoff_cap_seconds: float = 60.0

    def backoff(self, failures: int) -> float:
        """Return how long to wait after so many failures, seconds."""
        # Bounded, so that the power cannot overflow.
        wait: float = self.backoff_seconds * 2.0 ** min(failures - 1, 32)
        return min(wait, self.backoff_cap_seconds)


class HandlerFigures(msgspec.Struct, kw_only=True):
    """How it has gone with a handler, here since it was added.

    Attributes:
        name: What it is called.
        durable: Where it is, outlives the program.
        running: It is called here; a durable one may be called on another node instead.
        position: Up to which position of the log it is.
        handled: Events that it handled.
        failed: Calls that failed.
        skipped: Events given up, where it is not durable.
        parked: The same where it is: they wait for somebody who has them tried again.
    """

    name: str
    durable: bool
    running: bool = False
    position: int = 0
    handled: int = 0
    failed: int = 0
    skipped: int = 0
    parked: int = 0

"""Which tokens are revoked, by this node's window on the log."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from math import inf

import structlog

from aia_mas.application.clock import Clock
from aia_mas.application.engine.working_set import WorkingSet
from aia_mas.application.event_log.log import EventLog
from aia_mas.application.event_log.records import RecordedEvent
from aia_mas.domain.access.revocations import (
    REVOCATIONS,
    Revocation,
    RevocationState,
    TokensRevoked,
    evolve,
    key_of,
)

log = structlog.stdlib.get_logger("aia.access")


class Revocations:
    """Asked for every token; knows of a revocation before whoever ordered it gets the answer."""

    def __init__(self, event_log: EventLog, clock: Clock) -> None:
        """Listen to a log, running; ``load`` brings what stands in it already."""
        self._state: RevocationState | None = None
        self._clock = clock
        self._log = event_log
        self._loaded = False
        self._news: list[TokensRevoked] = []
        self._listeners: list[Callable[[], None]] = []
        event_log.feed.listen(self._follow)

    async def load(self, working_set: WorkingSet) -> None:
        """Learn what is revoked; no token may be taken before.

        Raises:
            EventLogError: The log cannot be read.
        """
        while (entry := working_set.known(REVOCATIONS)) is None:
            await working_set.load([REVOCATIONS])
        self._state = entry.state
        # What was heard meanwhile may be among what was read: folded twice it is the same.
        for event in self._news:
            self._state = evolve(self._state, event)
        self._news.clear()
        self._loaded = True

    def listen(self, listener: Callable[[], None]) -> None:
        """Call a function after each revocation; it must be quick."""
        self._listeners.append(listener)

    def refuse(self, subject: str, token_id: str | None, issued_at: float) -> bool:
        """Tell whether a token is revoked.

        Args:
            subject: Whose it is.
            token_id: Its id, if it has one.
            issued_at: When it was issued, Unix time; minus infinity: it does not say, and counts as
                issued before everything. Infinity: there is no token.
        """
        if self._state is None or not self._state.entries or issued_at == inf:
            return False
        entries = self._state.entries
        now = datetime.now(UTC)  # tokens live by the time of day, whatever drives our clock
        by_subject = entries.get(key_of(subject, None))
        if by_subject is not None and not by_subject.over(now):
            before = by_subject.issued_before
            if before is None or issued_at < before.timestamp():
                return True
        by_id = None if token_id is None else entries.get(key_of(None, token_id))
        return by_id is not None and not by_id.over(now)

    def in_force(self) -> list[Revocation]:
        """Return those that some token may still meet, in the order of their keys."""
        now = self._clock.now()
        entries = {} if self._state is None else self._state.entries
        return [entries[key] for key in sorted(entries) if not entries[key].over(now)]

    def _follow(self, events: Sequence[RecordedEvent]) -> None:
        for recorded in events:
            if recorded.stream == REVOCATIONS:
                self._fold(recorded)

    def _fold(self, recorded: RecordedEvent) -> None:
        event = recorded.event
        if not isinstance(event, TokensRevoked):
            # Of a newer release, on a node of the one before.
            log.error("revocation_not_understood", position=recorded.position)
            return
        if not self._loaded:
            self._news.append(event)
        self._state = evolve(self._state, event)
        for listener in self._listeners:
            listener()

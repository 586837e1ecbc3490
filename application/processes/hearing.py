"""Since when nothing that was to be heard can have been missed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from aia_mas.application.clock import Clock
from aia_mas.application.event_log.contact import Contact
from aia_mas.application.presence import Presence

log = structlog.stdlib.get_logger("aia.deadlines")

_STANDSTILL = 4
"""A pause so many times too long means that this node stood still."""
_STEP = 1.0
"""Seconds by which the time of day and the monotonic clock come apart only when one is set."""


class Hearing:
    """Watches what keeps signs of life from being given or heard, while a process leads.

    That is: the store of presence was away or slow to answer, the log could not be reached (so that
    nobody could start a task or report on it), this node stood still, or the clock was set. Time is
    measured by the monotonic clock, which is never set.
    """

    def __init__(
        self,
        presence: Presence,
        contact: Contact,
        clock: Clock,
        set_back: Callable[[], None],
        *,
        slow: float,
    ) -> None:
        """Begin to listen now.

        Args:
            presence: Signs of life.
            contact: Whether the log can be reached.
            clock: What time it is.
            set_back: Called when the time of day was set back.
            slow: Seconds that an exchange of signs of life may take. While one takes longer, it is
                not known here what others heard since the one before. When it ends well, the others
                had to wait as long to write, and are read with the next one.
        """
        self._presence = presence
        self._contact = contact
        self._clock = clock
        self._set_back = set_back
        self._slow = slow
        self._changes = contact.changes
        self._since = clock.monotonic()
        self._offset = self._offset_now()

    def since(self, now: datetime) -> datetime | None:
        """Return since when all was well, by a clock that shows ``now``; None: it is not well."""
        if self._contact.changes != self._changes:
            self._changes = self._contact.changes
            self._begin_anew()
        offset = self._offset_now()
        if abs(offset - self._offset) > _STEP:
            log.warning("clock_stepped", seconds=offset - self._offset)
            self._begin_anew()
            if offset < self._offset:
                self._set_back()
        self._offset = offset
        if not (self._contact.whole and self._presence.available):
            return None
        if self._presence.exchange_seconds > self._slow:
            return None
        since = max(self._since, self._presence.since)
        return now - timedelta(seconds=self._clock.monotonic() - since)

    async def pause(self, seconds: float) -> None:
        """Wait, and notice when it took far too long: nobody could be heard meanwhile."""
        began = self._clock.monotonic()
        await self._clock.sleep(seconds)
        slept = self._clock.monotonic() - began
        if slept > _STANDSTILL * seconds:
            log.warning("stood_still", seconds=slept)
            self._begin_anew()

    def _begin_anew(self) -> None:
        self._since = self._clock.monotonic()

    def _offset_now(self) -> float:
        return self._clock.now().timestamp() - self._clock.monotonic()

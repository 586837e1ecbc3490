"""The time of a store, told by this node's monotonic clock."""

from __future__ import annotations

from datetime import UTC, datetime

_DRIFT = 1.0
"""Seconds by which two clocks may come apart between two looks without one of them being set."""


class StoreTime:
    """Translates between both; an uncertain moment is taken for the later one.

    What the store said is from some moment between the question and the answer.
    """

    def __init__(self) -> None:
        """Know nothing before the first ``compare``."""
        self._earliest = self._latest = 0.0
        self._known = False
        self.now = datetime.fromtimestamp(0, UTC)

    def compare(self, now: datetime, asked: float, answered: float) -> bool:
        """Take over the time of the store, and tell whether it was set since the last time.

        Args:
            now: What the store said.
            asked: When it was asked, monotonic seconds.
            answered: When the answer came, monotonic seconds.
        """
        earliest, latest = now.timestamp() - answered, now.timestamp() - asked
        stepped = False
        if self._known:
            # An answer that took long tells little; what was known before still holds.
            before, behind = self._earliest - _DRIFT, self._latest + _DRIFT
            stepped = earliest > behind or latest < before
            if not stepped:
                earliest, latest = max(earliest, before), min(latest, behind)
        self._earliest, self._latest, self._known, self.now = earliest, latest, True, now
        return stepped

    def stored(self, at: float) -> datetime:
        """Return the time of the store at a moment of the monotonic clock, or a little later."""
        return datetime.fromtimestamp(at + self._latest, UTC)

    def monotonic(self, at: datetime) -> float:
        """Return the moment of the monotonic clock at a time of the store, or a little later."""
        return at.timestamp() - self._earliest

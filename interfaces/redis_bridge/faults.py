"""Frames that come to nothing: counted by why, and answered and logged only so often.

Whoever may publish on ``mas:send`` can publish anything, any number of times. What that costs must
not grow with it: a flood of such frames is a count, a few answers, and a line now and then.
"""

from __future__ import annotations

from collections.abc import Mapping

import structlog

from aia_mas.application.clock import Clock

log = structlog.stdlib.get_logger("aia.redis")

_ANSWERS = 20
"""Answers for one reason that may follow each other at once."""
_PER_SECOND = 10.0
"""Answers a second for one reason, in the long run."""
_TELL_EVERY = 10.0
"""Seconds between two lines of the log for one reason."""


class _Reason:
    """One reason, and what was said about it."""

    __slots__ = ("answers", "at", "count", "told", "told_at")

    def __init__(self, now: float) -> None:
        self.count = 0
        self.told = 0
        self.told_at = now - _TELL_EVERY
        self.answers = float(_ANSWERS)
        self.at = now

    def may_answer(self, now: float) -> bool:
        """Take an answer out of what there is of them (a token bucket)."""
        self.answers = min(_ANSWERS, self.answers + (now - self.at) * _PER_SECOND)
        self.at = now
        if self.answers < 1.0:
            return False
        self.answers -= 1.0
        return True


class Faults:
    """What came to nothing.

    Attributes:
        unanswered: How many were not answered, since too many were.
    """

    def __init__(self, clock: Clock) -> None:
        """Begin with none (``clock``: measures how often)."""
        self.unanswered = 0
        self._clock = clock
        self._reasons: dict[str, _Reason] = {}

    @property
    def counts(self) -> Mapping[str, int]:
        """How many there were, by code."""
        return {code: reason.count for code, reason in self._reasons.items()}

    def note(self, code: str, error: Exception | None = None) -> bool:
        """Count one; tell whether it is to be answered.

        Args:
            code: Why it came to nothing; one of a few.
            error: What failed here; the line that tells of it shows where.
        """
        now = self._clock.monotonic()
        reason = self._reasons.get(code)
        if reason is None:
            reason = self._reasons[code] = _Reason(now)
        reason.count += 1
        if now - reason.told_at >= _TELL_EVERY:
            _tell(code, reason, now, error)
        if reason.may_answer(now):
            return True
        self.unanswered += 1
        return False

    def tell(self, *, at_once: bool = False) -> None:
        """Log what was kept back, if it is time (or ``at_once``)."""
        now = self._clock.monotonic()
        for code, reason in self._reasons.items():
            if reason.count > reason.told and (at_once or now - reason.told_at >= _TELL_EVERY):
                _tell(code, reason, now, None)


def _tell(code: str, reason: _Reason, now: float, error: Exception | None) -> None:
    """Log how many there were since the last line."""
    frames, reason.told, reason.told_at = reason.count - reason.told, reason.count, now
    log.warning("redis_frames_refused", code=code, frames=frames, total=reason.count)
    if error is not None:
        log.error("redis_frame_failed", exc_info=error)

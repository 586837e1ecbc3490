"""What a committer has done since it was made, for those who watch it."""

from __future__ import annotations

from aia_mas.application.event_log.batch import Status
from aia_mas.application.histogram import Histogram

_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_REQUESTS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000)


class CommitCounts:
    """Batches and what was in them.

    Attributes:
        seconds: How long batches took, from being sent to being answered.
        requests: How many requests they held.
        events: Events that were stored.
        answers: How many requests were answered so, by number of ``Status``.
        failed: Requests without an answer: the store was away, or could not store them.
    """

    __slots__ = ("answers", "events", "failed", "requests", "seconds")

    def __init__(self) -> None:
        """Begin with nothing."""
        self.seconds = Histogram(_SECONDS)
        self.requests = Histogram(_REQUESTS)
        self.events = 0
        self.answers = [0] * len(Status)
        self.failed = 0

    def copy(self) -> CommitCounts:
        """Return a copy that stays as it is."""
        copy = CommitCounts()
        copy.seconds, copy.requests = self.seconds.copy(), self.requests.copy()
        copy.events, copy.failed = self.events, self.failed
        copy.answers = self.answers.copy()
        return copy

"""What a leader remembers of each endpoint: failures in a row, and until when it is left alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from aia_mas.application.webhooks.store import Figure
from aia_mas.domain.orchestration.webhooks import Endpoint


class Backoff:
    """Exponential waits with jitter."""

    def __init__(self, base: float, cap: float, random: Callable[[], float]) -> None:
        """Wait ``base`` seconds at first and ``cap`` at most (``random``: a fraction, 0..1)."""
        self._base = base
        self._cap = cap
        self._random = random

    def seconds(self, failures: int) -> float:
        """Return the wait after so many failures in a row: half of it fixed, half of it random.

        ("Equal jitter", M. Brooker, AWS 2015.)
        """
        # Bounded, so that the power cannot overflow.
        whole: float = min(self._base * 2.0 ** min(failures - 1, 32), self._cap)
        return whole * (1.0 + self._random()) / 2.0


class Line:
    """One endpoint, as long as it stays the same.

    Attributes:
        since: Which one, see ``Endpoint.since``.
        failures: Deliveries that failed in a row.
        not_before: Until when it is left alone, monotonic seconds.
    """

    __slots__ = ("_failed_at", "failures", "not_before", "since")

    def __init__(self, since: int, failures: int = 0) -> None:
        """Begin with an endpoint."""
        self.since = since
        self.failures = failures
        self.not_before = float("-inf")
        self._failed_at = float("-inf")

    def worked(self) -> None:
        """Note a delivery that was answered."""
        self.failures = 0
        self.not_before = float("-inf")

    def failed(self, began: float, now: float, backoff: Backoff) -> None:
        """Note a delivery that failed; of those that were under way together one counts.

        Args:
            began: When it began, monotonic seconds.
            now: When it failed, monotonic seconds.
            backoff: How long to wait.
        """
        if began <= self._failed_at:
            return
        self._failed_at = now
        self.failures += 1
        self.not_before = max(self.not_before, now + backoff.seconds(self.failures))

    def pause(self, until: float) -> None:
        """Leave it alone for as long as it asks for (``until``: monotonic seconds)."""
        self.not_before = max(self.not_before, until)


class Lines:
    """The lines of all endpoints."""

    def __init__(self, figures: Iterable[Figure] = ()) -> None:
        """Begin where the leader before has left off."""
        self._lines = {each.agent_id: Line(each.since, each.failures) for each in figures}

    def of(self, agent_id: str, endpoint: Endpoint) -> Line:
        """Return the line of an endpoint; a new one where it is another endpoint by now."""
        line = self._lines.get(agent_id)
        if line is None or line.since != endpoint.since:
            line = self._lines[agent_id] = Line(endpoint.since)
        return line

    def drop(self, agent_id: str) -> None:
        """Forget an agent that has no endpoint any more."""
        self._lines.pop(agent_id, None)

"""How long to wait before the next try at what may be refused or cut any number of times."""

from __future__ import annotations

from aia.client.retrying import Backoff, pause_before

_POLICY = Backoff(base_seconds=0.5, cap_seconds=30.0)


class Pauses:
    """Counts tries; the waits are exponential with full jitter (``aia.client.retrying``)."""

    def __init__(self) -> None:
        """Begin before the first try."""
        self._tries = 1

    def next(self, retry_after: float | None = None) -> float:
        """Return the next wait, seconds (``retry_after``: what the server asked for)."""
        self._tries += 1
        return pause_before(self._tries, _POLICY, retry_after)

    def reset(self) -> None:
        """Begin anew: the server was reached."""
        self._tries = 1

"""Inboxes that are asked for from time to time, and wait for a while when they are empty."""

from __future__ import annotations

from collections.abc import Sequence

from aia_mas.application.clock import Clock
from aia_mas.application.communication.collecting import Collection
from aia_mas.application.communication.out import Delivered
from aia_mas.application.communication.post_office import PostOffice
from aia_mas.application.event_log.errors import LogClosed

TRANSPORT = "poll"
MOST_BYTES = 8 * 2**20
"""About how much one answer may have in it; a single message that is larger is one by itself."""


class Polls:
    """Everybody who asks on this node."""

    def __init__(self, office: PostOffice, clock: Clock) -> None:
        """Wire it.

        Args:
            office: Hands messages over.
            clock: Measures the wait.
        """
        self._office = office
        self._clock = clock
        self._waiting: set[Collection] = set()
        self._closed = False

    @property
    def waiting(self) -> int:
        """How many wait now."""
        return len(self._waiting)

    async def take(self, recipient: str, most: int, seconds: float) -> Sequence[Delivered]:
        """Hand over what waits for a recipient, or else what comes soon.

        They stay out until they are acknowledged, whether or not somebody asks again.

        Args:
            recipient: Who.
            most: How many, at most; large ones make it fewer.
            seconds: How long to wait for the first one.

        Returns:
            The messages; none when none came in time, or the node began to stop meanwhile.

        Raises:
            LogClosed: The node is stopping; another one, or a later one, has them.
        """
        if self._closed:
            # An empty answer would be asked for again at once, for as long as the drain takes.
            raise LogClosed
        with Collection(self._office, self._clock, recipient, TRANSPORT, None) as collection:
            self._waiting.add(collection)
            try:
                return await collection.next(most, seconds, MOST_BYTES)
            finally:
                self._waiting.discard(collection)

    def close(self) -> None:
        """Answer everybody who waits, and refuse who still comes; the node is stopping."""
        self._closed = True
        for collection in tuple(self._waiting):
            collection.end()

"""What is to be sent to endpoints, as the fold host keeps it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence

from aia_mas.application.event_log.records import RecordedEvent
from aia_mas.domain.kernel.steps import Steps
from aia_mas.domain.orchestration.webhooks import Webhooks


class WebhookFold:
    """Endpoints, and the attempts that are to be sent to them.

    Attributes:
        state: The fold itself.
        changed: Set when there may be something to do.
    """

    name = "webhooks"
    version = 1

    def __init__(self) -> None:
        """Start without endpoints."""
        self.state = Webhooks()
        self.changed = asyncio.Event()

    def apply(self, event: RecordedEvent) -> None:
        """Fold one event."""
        self.state.apply(event.position, event.stream, event.event)
        if self.state.touched:
            self.changed.set()

    def snapshot(self) -> Steps[Iterator[bytes]]:
        """Return what encodes a copy of the fold; see ``Fold.snapshot``."""
        return self.state.snapshot()

    def restore(self, pieces: Sequence[bytes]) -> Steps[None]:
        """Go on where a snapshot was taken; see ``Fold.restore``."""
        self.state = yield from Webhooks.restore(pieces)
        self.changed.set()

"""What waits for whom, as the fold host keeps it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from aia_mas.application.event_log.records import RecordedEvent
from aia_mas.domain.communication.mailroom import snapshot as snapshots
from aia_mas.domain.communication.mailroom.folding import fold
from aia_mas.domain.communication.mailroom.letter import Letter
from aia_mas.domain.communication.mailroom.mailroom import Mailroom
from aia_mas.domain.kernel.steps import Steps


class MailroomFold:
    """The mailroom of this node.

    Attributes:
        state: The fold itself.
        changed: Set when there may be something for the courier to do.
        on_sent: Called with every letter that was sent, and its event.
        on_spread: Called when a letter to many has come.
        on_named: Called with the name of a recipient that the log has not named before.
        on_restored: Called when ``state`` is another one.
    """

    name = "mailroom"
    version = 1

    def __init__(self) -> None:
        """Begin empty."""
        self.state = Mailroom()
        self.changed = asyncio.Event()
        self.on_sent: list[Callable[[Letter, Any], None]] = []
        self.on_spread: list[Callable[[], None]] = []
        self.on_named: list[Callable[[str], None]] = []
        self.on_restored: list[Callable[[], None]] = []
        self._connect()

    def apply(self, event: RecordedEvent) -> None:
        """Fold one event."""
        if fold(self.state, event.position, event.stream, event.event):
            self.changed.set()

    def snapshot(self) -> Steps[Iterator[bytes]]:
        """Return what encodes a copy of the fold; see ``Fold.snapshot``."""
        return snapshots.snapshot(self.state)

    def restore(self, pieces: Sequence[bytes]) -> Steps[None]:
        """Go on where a snapshot was taken; see ``Fold.restore``."""
        self.state = yield from snapshots.restore(pieces)
        self._connect()
        for listener in self.on_restored:
            listener()
        self.changed.set()

    def _connect(self) -> None:
        self.state.on_sent = self._sent
        self.state.on_spread = self._spread
        self.state.directory.on_named = self._named

    def _sent(self, letter: Letter, event: Any) -> None:
        for listener in self.on_sent:
            listener(letter, event)

    def _spread(self) -> None:
        for listener in self.on_spread:
            listener()

    def _named(self, name: str) -> None:
        for listener in self.on_named:
            listener(name)

"""What waits for whom, as the fold host keeps it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from aia_mas.application.event_log.records import RecordedEvent
from aia_mas.domain.communication.mailroom import snapshot as snapshots
from aia_mas.domain.communication.mailroom.folding import begin
from aia_mas.domain.communication.mailroom.letter import Letter
from aia_mas.domain.communication.mailroom.mailroom import Mailroom
from aia_mas.domain.kernel.steps import Steps, at_once


class MailroomFold:
    """The mailroom of this node.

    Attributes:
        state: The fold itself.
        newest: The last position that was ever folded here.
        on_sent: Called with every letter that was sent, and its event.
        on_spread: Called with the crowd of those for whom a letter to many has come or expired.
        on_acknowledged: Called with the position of each letter that arrived, and for whom.
        on_connection: Called with the number of a recipient, the name under which a node writes,
            and whether a letter went over a connection of that node to it, or one is gone.
        on_given_up: Called with the position of each letter that somebody will not get, for whom,
            and whether it is ``dead`` or ``dropped``; not of those that expire.
        on_named: Called with the name of a recipient that was not known before.
        on_restored: Called when ``state`` is another one.
    """

    name = "mailroom"
    version = 2

    def __init__(self) -> None:
        """Begin empty."""
        self.state = Mailroom()
        self.newest = 0
        self.on_sent: list[Callable[[Letter, Any], None]] = []
        self.on_spread: list[Callable[[int], None]] = []
        self.on_acknowledged: list[Callable[[int, str], None]] = []
        self.on_connection: list[Callable[[int, str, bool], None]] = []
        self.on_given_up: list[Callable[[int, str, str], None]] = []
        self.on_named: list[Callable[[str], None]] = []
        self.on_restored: list[Callable[[], None]] = []
        self._connect()

    def apply(self, event: RecordedEvent) -> None:
        """Fold one event."""
        steps = self.begin(event)
        if steps is not None:
            at_once(steps)

    def begin(self, event: RecordedEvent) -> Steps[None] | None:
        """Fold one event, or return what folds it step by step; see ``SteppingFold``."""
        steps = begin(self.state, event.position, event.stream, event.event)
        if self.state.position > self.newest:
            self.newest = self.state.position
        return steps

    @property
    def is_behind(self) -> bool:
        """Whether it is being folded again from an earlier position, and knows less than before."""
        return self.state.position < self.newest

    def snapshot(self) -> Steps[Iterator[bytes]]:
        """Return what encodes a copy of the fold; see ``Fold.snapshot``."""
        return snapshots.snapshot(self.state)

    def restore(self, pieces: Sequence[bytes]) -> Steps[None]:
        """Go on where a snapshot was taken; see ``Fold.restore``."""
        self.state = yield from snapshots.restore(pieces)
        self._connect()
        for listener in self.on_restored:
            listener()

    def _connect(self) -> None:
        self.state.on_sent = self._sent
        self.state.on_acknowledged = self._acknowledged
        self.state.on_connection = self._connection
        self.state.on_given_up = self._given_up
        self.state.inboxes.on_spread = self._spread
        self.state.directory.on_named = self._named

    def _sent(self, letter: Letter, event: Any) -> None:
        for listener in self.on_sent:
            listener(letter, event)

    def _spread(self, crowd: int) -> None:
        for listener in self.on_spread:
            listener(crowd)

    def _acknowledged(self, position: int, number: int) -> None:
        name = self.state.directory.recipients[number].name
        for listener in self.on_acknowledged:
            listener(position, name)

    def _connection(self, number: int, writer: str, there: bool) -> None:
        for listener in self.on_connection:
            listener(number, writer, there)

    def _given_up(self, position: int, number: int, status: str) -> None:
        name = self.state.directory.recipients[number].name
        for listener in self.on_given_up:
            listener(position, name, status)

    def _named(self, name: str) -> None:
        for listener in self.on_named:
            listener(name)

"""Finds out, just before a message is sent, where it goes and whether there is room; seals it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from msgspec.structs import replace

from aia_mas.application.communication.sealing import Sealing
from aia_mas.application.event_log.records import NewEvent
from aia_mas.domain.communication.mailroom.letter import Letter
from aia_mas.domain.communication.mailroom.mailroom import Mailroom
from aia_mas.domain.communication.mailroom.routing import Load, route
from aia_mas.domain.communication.message_events import MessageSent
from aia_mas.domain.communication.sending import Route, SendMessage
from aia_mas.domain.communication.terms import MessageTerms


class Sorting:
    """Routes messages, and counts those on their way into the log.

    On one node no bound is exceeded. Another node does not know what is on its way here: together
    they may exceed a bound by that much.
    """

    def __init__(
        self, mailroom: Callable[[], Mailroom], terms: MessageTerms, load: Load, sealing: Sealing
    ) -> None:
        """Wire the sorting.

        Args:
            mailroom: What is known on this node.
            terms: The bounds.
            load: Tells how much agents have to do.
            sealing: Encrypts payloads.
        """
        self._mailroom = mailroom
        self._terms = terms
        self._load = load
        self._sealing = sealing
        self._coming: Counter[str] = Counter()
        self._letters: dict[str, tuple[str, ...]] = {}
        self._held = 0

    def route(self, command: SendMessage) -> Route:
        """Return where a message would go now."""
        return route(
            self._mailroom(),
            command,
            self._terms,
            load=self._load,
            coming=self._coming,
            held_coming=self._held,
        )

    def place(self, command: SendMessage) -> Entering:
        """Put the route into a command, seal it if need be, and count its message from now on."""
        found = self.route(command)
        # The same message given in twice at a time is counted once, and by the first.
        counted = found.refusal() is None and command.message_id not in self._letters
        if counted:
            self._letters[command.message_id] = found.recipients
            for name in found.recipients:
                self._coming[name] += 1
                self._held += not self._is_registered(name)
        sealed = self._sealing.seal(command, found.destinations)
        return Entering(self, replace(sealed, route=found), counted=counted)

    def leave(self, message_id: str) -> None:
        """Count a message no longer as on its way."""
        for name in self._letters.pop(message_id, ()):
            self._coming[name] -= 1
            if not self._coming[name]:
                del self._coming[name]
            self._held = max(self._held - (not self._is_registered(name)), 0)
        if not self._letters:
            # Who registered in between was counted as held, and is no more.
            self._held = 0

    def follow(self, letter: Letter, _event: MessageSent) -> None:
        """Take note that the fold has a message."""
        if self._letters:
            self.leave(letter.message_id)

    def restart(self) -> None:
        """Begin anew, when the mailroom is another one: it may know of what was on its way."""
        self._letters.clear()
        self._coming.clear()
        self._held = 0

    def _is_registered(self, name: str) -> bool:
        recipient = self._mailroom().directory.get(name)
        return recipient is not None and recipient.registered


class Entering:
    """A message under way into the log."""

    __slots__ = ("_counted", "_sorting", "command")

    fence = None

    def __init__(self, sorting: Sorting, command: SendMessage, *, counted: bool) -> None:
        """Take the command as it is to be carried out (``counted``: it is, as on its way)."""
        self._sorting = sorting
        self._counted = counted
        self.command = command

    def used(self, events: Sequence[NewEvent]) -> bool:
        """Tell whether it was sent."""
        return any(isinstance(event.event, MessageSent) for event in events)

    def dropped(self, *, fenced: bool = False) -> None:
        """It is not sent."""
        if self._counted:
            self._counted = False
            self._sorting.leave(self.command.message_id)

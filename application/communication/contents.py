"""What stands in messages: read from the log when they are delivered, the latest ones kept."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import msgspec
import structlog

from aia_mas.application.communication.sealing import UNREADABLE
from aia_mas.application.communication.views import MessageView, message_view
from aia_mas.application.event_log.log import EventLog
from aia_mas.domain.communication.mailroom.letter import Letter
from aia_mas.domain.communication.message_events import MessageSent
from aia_mas.domain.kernel.errors import DomainError
from aia_mas.domain.kernel.ids import entity_of

log = structlog.stdlib.get_logger("aia.messages")

KEPT_BYTES = 32 * 2**20
"""How much of what was sent lately is kept in memory."""
_OWN_BYTES = 600
"""What a message takes beside its payload."""

Open = Callable[[str, MessageSent], Any]
"""Returns the payload of a message, decrypted if it was encrypted."""


class Content:
    """A message as it is delivered.

    Attributes:
        view: What the recipient gets to see.
        json: The same, encoded.
        shared: What a transport made of that, where many get the same bytes; it is the
            transport's own.
    """

    __slots__ = ("json", "shared", "size", "view")

    def __init__(self, view: MessageView) -> None:
        """Encode it once, for all its recipients."""
        self.view = view
        self.json = _encode(view)
        self.shared: bytes | None = None
        self.size = len(self.json) + _OWN_BYTES


class _Sent(NamedTuple):
    """A message as it was sent, not encoded for anybody yet."""

    message_id: str
    event: MessageSent

    @property
    def size(self) -> int:
        return self.event.size + _OWN_BYTES


class Contents:
    """Messages by the position of the event by which they were sent."""

    def __init__(self, log: EventLog, opened: Open, kept_bytes: int = KEPT_BYTES) -> None:
        """Wire it.

        Args:
            log: Where messages stand.
            opened: Reads payloads.
            kept_bytes: How much is kept.
        """
        self._log = log
        self._opened = opened
        self._kept: OrderedDict[int, Content | _Sent] = OrderedDict()
        self._bytes = 0
        self._most = kept_bytes
        self._told: set[str] = set()

    def follow(self, letter: Letter, event: MessageSent) -> None:
        """Keep a message that was sent just now, if somebody is to get it."""
        if letter.left:
            self._keep(letter.sent, _Sent(letter.message_id, event))

    async def of(self, letters: Iterable[Letter]) -> dict[int, Content]:
        """Return what stands in letters, by ``Letter.sent``, but for what cannot be read here."""
        found: dict[int, Content] = {}
        missing: list[int] = []
        for letter in letters:
            kept = self._kept.get(letter.sent)
            if kept is None:
                missing.append(letter.sent)
            elif isinstance(kept, Content):
                found[letter.sent] = kept
            else:
                self._open(letter.sent, kept, found)
        if missing:
            await self._read(sorted(set(missing)), found)
        return found

    async def at(self, position: int) -> Content | None:
        """Return what was sent by the event at a position; None: nothing was.

        Raises:
            MessageKeyUnknown: It cannot be decrypted here.
            MessageSealBroken: Likewise.
        """
        kept = self._kept.get(position)
        if isinstance(kept, Content):
            return kept
        if kept is not None:
            return self._content(position, kept)
        for each in await self._log.read(position - 1, 1):
            if each.position == position and isinstance(each.event, MessageSent):
                return self._content(position, _Sent(entity_of(each.stream), each.event))
        return None

    async def _read(self, positions: list[int], found: dict[int, Content]) -> None:
        """Read messages from the log: those near to each other in one go."""
        number = 0
        while number < len(positions):
            first, last = positions[number], positions[number]
            while number < len(positions) and positions[number] - first < _SPAN:
                last = positions[number]
                number += 1
            wanted = set(positions)
            after = first - 1
            while after < last:
                events = await self._log.read(after, min(last - after, _SPAN))
                if not events:
                    return
                for each in events:
                    if each.position in wanted and isinstance(each.event, MessageSent):
                        sent = _Sent(entity_of(each.stream), each.event)
                        self._open(each.position, sent, found)
                after = events[-1].position

    def _open(self, position: int, sent: _Sent, found: dict[int, Content]) -> None:
        try:
            found[position] = self._content(position, sent)
        except UNREADABLE as error:
            self._tell_unreadable(error)

    def _content(self, position: int, sent: _Sent) -> Content:
        message_id, event = sent
        content = Content(message_view(message_id, event, self._opened(message_id, event)))
        self._keep(position, content)
        return content

    def _tell_unreadable(self, error: DomainError) -> None:
        """Tell of each key once: there may be thousands of messages, and each is tried again."""
        key_id = str(error.facts["key_id"])
        if key_id not in self._told and len(self._told) < _MOST_TOLD:
            self._told.add(key_id)
            log.error("messages_unreadable", code=error.code, **error.facts)

    def _keep(self, position: int, what: Content | _Sent) -> None:
        before = self._kept.pop(position, None)
        if before is not None:
            self._bytes -= before.size
        self._kept[position] = what
        self._bytes += what.size
        while self._bytes > self._most and len(self._kept) > 1:
            _, oldest = self._kept.popitem(last=False)
            self._bytes -= oldest.size


_SPAN = 200
"""Positions within which it is quicker to read what lies between, too."""
_MOST_TOLD = 100
"""Keys that cannot be used, of which the log tells."""
_encode = msgspec.json.Encoder().encode

"""The events of an inbox's stream: how it stands, and the messages that are handed over."""

from __future__ import annotations

import msgspec

from aia.client.events import Closed, ServerEvent
from aia.client.types import DeliveredMessage


class Opened(msgspec.Struct, frozen=True):
    """An inbox is open (``waiting``: how many messages have not arrived yet)."""

    agent_id: str
    waiting: int = 0


class _Frame(msgspec.Struct):
    data: msgspec.Raw
    position: int = 0


_frame = msgspec.json.Decoder(_Frame).decode
_opened = msgspec.json.Decoder(Opened).decode
_closed = msgspec.json.Decoder(Closed).decode
_message = msgspec.json.Decoder(DeliveredMessage).decode


def handed_in(event: ServerEvent) -> DeliveredMessage | Opened | Closed | None:
    """Return what an event says; None: a later server says what this client does not know.

    Raises:
        DecodeError: It is not what its name says.
    """
    if event.kind == "closed":
        return _closed(event.data)
    if event.kind not in {"mailbox", "message"}:
        return None
    frame = _frame(event.data)
    if event.kind == "mailbox":
        return _opened(frame.data)
    return message_of(frame.data, frame.position)


def message_of(data: bytes | msgspec.Raw, position: int) -> DeliveredMessage:
    """Return a message that was handed over (``data``: of its frame).

    Raises:
        DecodeError: It is none.
    """
    return _message(b'%b,"position":%d}' % (bytes(data)[:-1], position))

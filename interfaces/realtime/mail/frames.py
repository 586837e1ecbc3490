"""Messages as frames: their view, encoded once for all who get it, with what concerns the one."""

from __future__ import annotations

from aia_mas.application.communication.out import Delivered
from aia_mas.application.communication.views import MessageView
from aia_mas.interfaces.realtime.frames import text_frame


class HandedMessage(MessageView, frozen=True, kw_only=True, omit_defaults=True):
    """A message as it is handed over.

    Attributes:
        attempt: Which delivery it is, when it is not the first.
    """

    attempt: int = 1


def message_frame(delivered: Delivered) -> bytes:
    """Return the frame of a message that is handed over; that of one to many is made once."""
    letter, content = delivered.letter, delivered.content
    if letter.bits is None or delivered.attempt > 1 or letter.position != letter.sent:
        return text_frame(message_payload(delivered))
    if content.shared is None:
        content.shared = text_frame(message_payload(delivered))
    return content.shared


def message_payload(delivered: Delivered) -> bytes:
    """Return what that frame carries, which other transports send as it is."""
    view, attempt = delivered.content.json, delivered.attempt
    if attempt > 1:
        view = b'%b,"attempt":%d}' % (view[:-1], attempt)
    return b'{"type":"message","position":%d,"data":%b}' % (delivered.letter.position, view)

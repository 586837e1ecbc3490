"""The frames of messages as types."""

from __future__ import annotations

from collections.abc import Sequence

from aia_mas.application.communication.handlers import SentMessage, Subscriptions
from aia_mas.interfaces.http.schemas.message_delivery import AcknowledgedItems, Settled
from aia_mas.interfaces.realtime.asyncapi.shapes import Frame, Position, Shape, act_of, frame_of
from aia_mas.interfaces.realtime.mail.acts import MAIL_ACTS
from aia_mas.interfaces.realtime.mail.desk import MailDesk
from aia_mas.interfaces.realtime.mail.feed import OpenMailbox
from aia_mas.interfaces.realtime.mail.frames import HandedMessage

FROM_MAILBOXES: Sequence[Frame] = tuple(
    act_of(kind, data, "Mailbox", marked=kind not in MailDesk.unmarked)
    for kind, (_, data) in MAIL_ACTS.items()
)
"""What owners of mailboxes say."""

TO_MAILBOXES: Sequence[Frame] = (
    frame_of(
        "mailbox", "A mailbox is open, and how it stands; messages follow", ("data", OpenMailbox)
    ),
    frame_of(
        "message",
        "A message; it comes again unless it is acknowledged in time",
        ("position", Position),
        ("data", HandedMessage),
    ),
)
"""What they are told beside receipts."""

MAIL_ANSWERS: Sequence[Shape] = (SentMessage, AcknowledgedItems, Settled, Subscriptions)
"""What the ``data`` of a receipt about messages is."""

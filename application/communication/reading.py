"""Messages in numbers at one moment, so that they can be written down beside the event loop."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from copy import deepcopy
from typing import NamedTuple

from aia_mas.application.communication.collecting import PREFETCH
from aia_mas.application.communication.post_office import PostOffice
from aia_mas.domain.communication.mailroom.figures import CLASSES, ClassFigures
from aia_mas.domain.communication.mailroom.mailroom import Mailroom
from aia_mas.domain.orchestration.task_specification import Priority


class MessageReading(NamedTuple):
    """Messages in numbers.

    Attributes:
        classes: Of the whole system, by priority.
        in_flight: Deliveries of this node whose acknowledgements are out, by priority.
        deliveries: How many deliveries this node made, by transport.
        letters: Messages that somebody has not got yet.
        held: Deliveries that wait for ids that are not registered.
        rules: Routing rules that are followed.
        collecting: Recipients for whom messages are laid out on this node.
        slow: Those of them that have as many out as one connection may have.
        unreadable: How often this node could not decrypt one that it was to deliver.
    """

    classes: Mapping[Priority, ClassFigures]
    in_flight: Mapping[Priority, int]
    deliveries: Mapping[str, int]
    letters: int
    held: int
    rules: int
    collecting: int
    slow: int
    unreadable: int


class BridgeReading(NamedTuple):
    """What the bridge to Redis of a node has done since the node started.

    Attributes:
        heard: Frames that came.
        refused: Those of them that came to nothing, by code.
        unanswered: Those of them that were not answered, since too many came.
        published: Messages, receipts and copies that were published.
        dropped: Copies of messages to topics that were not, since too much waited.
        mailboxes: Recipients whose messages are published now.
    """

    heard: int = 0
    refused: Mapping[str, int] = {}
    unanswered: int = 0
    published: int = 0
    dropped: int = 0
    mailboxes: int = 0


def read_messages(mailroom: Mailroom, office: PostOffice) -> MessageReading:
    """Read a node."""
    out = Counter(out.letter.rank for tray in office.trays.values() for out in tray.out.values())
    return MessageReading(
        classes=dict(zip(CLASSES, deepcopy(mailroom.figures), strict=True)),
        in_flight={priority: out[priority.rank] for priority in CLASSES},
        deliveries=dict(office.delivered),
        letters=len(mailroom.letters),
        held=mailroom.held,
        rules=len(mailroom.in_order),
        collecting=len(office.trays),
        slow=sum(len(tray.out) >= PREFETCH for tray in office.trays.values()),
        unreadable=office.unreadable,
    )

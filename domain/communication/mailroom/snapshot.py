"""The mailroom, written down and read again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from aia_mas.domain.communication.mailroom.directory import Recipient
from aia_mas.domain.communication.mailroom.figures import ClassFigures
from aia_mas.domain.communication.mailroom.letter import Delivery, Letter
from aia_mas.domain.communication.mailroom.mailroom import Mailroom
from aia_mas.domain.communication.rules import Rule
from aia_mas.domain.kernel.steps import Steps, copied, drained

_ROWS = 200


class _Piece(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True):
    """Some of what the mailroom knows.

    Attributes:
        recipients: In the order of their numbers.
        letters: In the order of their positions.
        inboxes: Number, how far letters to many were put in, and what is open.
        rules: All rules.
        figures: All figures.
        last: No other piece follows.
    """

    recipients: list[Recipient] = []
    letters: list[Letter] = []
    inboxes: list[tuple[int, int, list[tuple[int, Delivery | None]]]] = []
    rules: dict[str, Rule] = {}
    figures: list[ClassFigures] = []
    last: bool = False


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Piece).decode


def snapshot(room: Mailroom) -> Steps[Iterator[bytes]]:
    """Return what encodes a copy of the mailroom, piece by piece.

    No event may be folded between the steps.
    """
    recipients: list[bytes] = []
    for number in range(0, len(room.directory.recipients), _ROWS):
        recipients.append(_encode(_Piece(recipients=room.directory.recipients[number:][:_ROWS])))
        yield
    letters: list[bytes] = []
    known = yield from copied(room.letters.values())
    for some in drained(known, _ROWS):
        letters.append(_encode(_Piece(letters=some)))
        yield
    inboxes: list[bytes] = []
    rows: list[tuple[int, int, list[tuple[int, Delivery | None]]]] = []
    size = 0
    for inbox in room.inboxes():
        rows.append((inbox.number, inbox.seen, list(inbox.open.items())))
        size += len(inbox.open)
        if size >= _ROWS or len(rows) >= _ROWS:
            inboxes.append(_encode(_Piece(inboxes=rows)))
            rows, size = [], 0
            yield
    inboxes.append(_encode(_Piece(inboxes=rows)))
    # It shows that none is missing.
    end = _encode(_Piece(rules=room.rules, figures=room.figures, last=True))
    return iter([*recipients, *letters, *inboxes, end])


def restore(pieces: Sequence[bytes]) -> Steps[Mailroom]:
    """Return a mailroom that goes on where a snapshot was taken.

    Raises:
        msgspec.MsgspecError: It is damaged.
    """
    room, complete = Mailroom(), False
    for data in pieces:
        piece = _decode(data)
        room.directory.restored(piece.recipients)
        for letter in piece.letters:
            room.take_back(letter)
        for number, seen, deliveries in piece.inboxes:
            room.fill(number, seen, deliveries)
        if piece.last:
            complete = True
            room.set_rules(piece.rules)
            room.figures = piece.figures
        yield
    if not complete:
        raise msgspec.ValidationError("the end of a snapshot is missing")
    return room

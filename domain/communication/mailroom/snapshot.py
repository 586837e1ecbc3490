"""The mailroom, written down and read again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

import msgspec

from aia_mas.domain.communication.mailroom.directory import Recipient
from aia_mas.domain.communication.mailroom.figures import ClassFigures
from aia_mas.domain.communication.mailroom.letter import Delivery, Letter
from aia_mas.domain.communication.mailroom.mailroom import Mailroom
from aia_mas.domain.communication.rules import Rule
from aia_mas.domain.kernel.steps import Steps, chunks, copied, drained

_ROWS = 200
_BITS = 64 * 1024
"""Bytes of letters to many in one piece."""
Row: TypeAlias = tuple[int, int, list[tuple[int, Delivery | None]]]


class _Piece(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True):
    """Some of what the mailroom knows.

    Attributes:
        recipients: In the order of their numbers.
        letters: In the order of their positions.
        inboxes: Number, how far letters to many were put in, and what is open.
        rules: All rules.
        figures: All figures.
        position: Of the last event that was folded.
        last: No other piece follows.
    """

    recipients: list[Recipient] = []
    letters: list[Letter] = []
    inboxes: list[Row] = []
    rules: dict[str, Rule] = {}
    figures: list[ClassFigures] = []
    position: int = 0
    last: bool = False


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Piece).decode


def snapshot(room: Mailroom) -> Steps[Iterator[bytes]]:
    """Return what encodes a copy of the mailroom, piece by piece.

    No event may be folded between the steps; inboxes may be looked into.
    """
    pieces: list[bytes] = []
    recipients = room.directory.recipients
    for number in range(0, len(recipients), _ROWS):
        pieces.append(_encode(_Piece(recipients=recipients[number : number + _ROWS])))
        yield
    letters = yield from copied(room.letters.values())
    for some in drained(letters, _ROWS):
        for few in _portions(some):
            pieces.append(_encode(_Piece(letters=few)))
            yield
    rows: list[Row] = []
    size = 0
    for inbox in room.inboxes.all():
        room.inboxes.settle(inbox)
        # Taken at once: how far it was looked into belongs to what is in it.
        for row in _rows(inbox.number, inbox.seen, list(inbox.open.items())):
            rows.append(row)
            size += 1 + len(row[2])
            if size >= _ROWS:
                pieces.append(_encode(_Piece(inboxes=rows)))
                rows, size = [], 0
                yield
    pieces.append(_encode(_Piece(inboxes=rows)))
    # It shows that none is missing.
    end = _Piece(rules=room.rules, figures=room.figures, position=room.position, last=True)
    return iter([*pieces, _encode(end)])


def _portions(letters: list[Letter]) -> Iterator[list[Letter]]:
    """Yield a few letters at a time; those to many have a bit for each of their recipients."""
    few, size = list[Letter](), 0
    for letter in letters:
        few.append(letter)
        size += len(letter.bits or b"")
        if size > _BITS:
            yield few
            few, size = [], 0
    if few:
        yield few


def _rows(number: int, seen: int, items: list[tuple[int, Delivery | None]]) -> Iterator[Row]:
    for some in chunks(items, _ROWS):
        yield number, seen, some


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
            room.restore_letter(letter)
        for number, seen, deliveries in piece.inboxes:
            room.restore_inbox(number, seen, deliveries)
        if piece.last:
            complete = True
            room.set_rules(piece.rules)
            room.figures = piece.figures
            room.position = piece.position
            room.directory.order_absent()
            room.inboxes.doubt(room.directory.passers_by())
        yield
    if not complete:
        raise msgspec.ValidationError("the end of a snapshot is missing")
    return room

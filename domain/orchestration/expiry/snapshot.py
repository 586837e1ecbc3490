"""The fold as its host stores it, piece by piece."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import msgspec

from aia_mas.domain.kernel.steps import drained
from aia_mas.domain.orchestration.expiry.open_task import OpenTask

_ROWS = 200


class Piece(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True):
    """Some of what the fold knows from the log.

    Attributes:
        tasks: Unfinished tasks.
        online: Agents that are there -> since when, UTC.
        gone: Agents that are not and hold tasks -> why these are released.
        suspended: Suspended agents that hold tasks; those not started are released.
        disabled: Agents whose endpoints are disabled and that hold tasks, likewise.
        last: No other piece follows.
    """

    tasks: dict[str, OpenTask] = {}
    online: dict[str, datetime] = {}
    gone: dict[str, str] = {}
    suspended: list[str] = []
    disabled: list[str] = []
    last: bool = False


_encode = msgspec.msgpack.Encoder().encode
decode_piece = msgspec.msgpack.Decoder(Piece).decode


def encoded_pieces(
    tasks: list[tuple[str, OpenTask]],
    online: list[tuple[str, datetime]],
    gone: list[tuple[str, str]],
    suspended: list[str],
    disabled: list[str],
) -> Iterator[bytes]:
    """Yield all that the fold knows, each piece made within about a millisecond; uses it up."""
    for some_tasks in drained(tasks, _ROWS):
        yield _encode(Piece(tasks=dict(some_tasks)))
    for some_online in drained(online, _ROWS):
        yield _encode(Piece(online=dict(some_online)))
    for some_gone in drained(gone, _ROWS):
        yield _encode(Piece(gone=dict(some_gone)))
    for some_suspended in drained(suspended, _ROWS):
        yield _encode(Piece(suspended=some_suspended))
    for some_disabled in drained(disabled, _ROWS):
        yield _encode(Piece(disabled=some_disabled))
    # It shows that none is missing.
    yield _encode(Piece(last=True))

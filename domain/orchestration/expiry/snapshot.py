"""The fold as its host stores it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import NamedTuple

import msgspec

from aia_mas.domain.orchestration.expiry.open_task import OpenTask

_PIECE = 500

_Tasks = dict[str, OpenTask]


class ExpirySnapshot(NamedTuple):
    """All that the fold knows from the log.

    Attributes:
        tasks: Unfinished tasks.
        online: Agents that are there -> since when, UTC.
        gone: Agents that are not and hold tasks -> why these are released.
    """

    tasks: dict[str, OpenTask]
    online: dict[str, datetime]
    gone: dict[str, str]


class _Stored(msgspec.Struct, array_like=True):
    # Encoded in pieces: a thread in one long call into C would hold up all others.
    tasks: list[bytes]
    online: dict[str, datetime]
    gone: dict[str, str]


_decoder = msgspec.msgpack.Decoder(_Stored)
_tasks_decoder = msgspec.msgpack.Decoder(_Tasks)


def encode_snapshot(snapshot: ExpirySnapshot) -> bytes:
    """Return a snapshot as bytes; may run in a thread, where it lets others run."""
    pieces = list(_pieces(snapshot.tasks))
    return msgspec.msgpack.encode(_Stored(pieces, snapshot.online, snapshot.gone))


def decode_snapshot(data: bytes) -> ExpirySnapshot:
    """Return the snapshot that ``encode_snapshot`` wrote.

    Raises:
        msgspec.MsgspecError: It is damaged.
    """
    stored = _decoder.decode(data)
    tasks: _Tasks = {}
    for piece in stored.tasks:
        tasks |= _tasks_decoder.decode(piece)
    return ExpirySnapshot(tasks, stored.online, stored.gone)


def _pieces(tasks: _Tasks) -> Iterator[bytes]:
    remaining = iter(tasks.items())
    while piece := dict(islice(remaining, _PIECE)):
        yield msgspec.msgpack.encode(piece)

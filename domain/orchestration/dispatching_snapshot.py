"""The dispatcher's fold as its host stores it: immutable rows, and their compact text."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import msgspec

from aia_mas.domain.orchestration.fleet import FleetSnapshot
from aia_mas.domain.orchestration.known_task import KnownTask
from aia_mas.domain.orchestration.requirement import RequirementSignature

_ROWS_PER_LINE = 500


class DispatchingSnapshot(msgspec.Struct, frozen=True):
    """All that the dispatcher's fold knows from the log; what is only reserved is not in it."""

    fleet: FleetSnapshot
    tasks: list[KnownTask]
    sequence: int
    seats_taken: int | None = None


class _Header(msgspec.Struct, frozen=True, array_like=True):
    version: int
    sequence: int
    fleet: FleetSnapshot
    signatures: list[RequirementSignature]
    seats_taken: int | None = None


# A row names its signature by its index in the header.
_Row = tuple[str, int, float, int, int, float | None, float | None, float]
_header_decoder = msgspec.json.Decoder(_Header)
_rows_decoder = msgspec.json.Decoder(list[_Row])


def encode_snapshot(snapshot: DispatchingSnapshot) -> bytes:
    """Return a snapshot as lines of JSON; may run in a thread, where it lets others run."""
    indexes: dict[RequirementSignature, int] = {}
    rows: list[_Row] = [
        (
            task.task_id,
            indexes.setdefault(task.signature, len(indexes)),
            task.place,
            task.sequence,
            task.attempt,
            task.due,
            task.deadline,
            task.lease_seconds,
        )
        for task in snapshot.tasks
    ]
    header = _Header(1, snapshot.sequence, snapshot.fleet, list(indexes), snapshot.seats_taken)
    return b"\n".join(msgspec.json.encode(part) for part in (header, *_chunks(rows)))


def decode_snapshot(data: bytes) -> DispatchingSnapshot:
    """Return the snapshot that ``encode_snapshot`` wrote.

    Raises:
        msgspec.MsgspecError: It is damaged, or of another version.
    """
    first, *others = data.split(b"\n")
    header = _header_decoder.decode(first)
    if header.version != 1:
        raise msgspec.ValidationError(f"unknown version of a snapshot: {header.version}")
    tasks = [
        KnownTask(row[0], header.signatures[row[1]], *row[2:])
        for line in others
        for row in _rows_decoder.decode(line)
    ]
    return DispatchingSnapshot(header.fleet, tasks, header.sequence, header.seats_taken)


def _chunks(rows: list[_Row]) -> Iterator[list[_Row]]:
    remaining = iter(rows)
    while chunk := list(islice(remaining, _ROWS_PER_LINE)):
        yield chunk

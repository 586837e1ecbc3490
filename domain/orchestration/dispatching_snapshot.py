"""The dispatcher's fold as its host stores it: immutable rows, and their compact text in pieces."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from aia_mas.domain.economy.rewards.allowance import AllowanceSnapshot, Share
from aia_mas.domain.kernel.steps import Steps, chunks, drained
from aia_mas.domain.orchestration.fleet import FleetSnapshot
from aia_mas.domain.orchestration.fleet.seat import Seat
from aia_mas.domain.orchestration.known_task import KnownTask
from aia_mas.domain.orchestration.queueing import KeyLimit
from aia_mas.domain.orchestration.queueing.snapshot import QueueSnapshot
from aia_mas.domain.orchestration.requirement import RequirementSignature
from aia_mas.domain.orchestration.scoring.failures import FailedPolicy
from aia_mas.domain.orchestration.scoring.records_snapshot import (
    RecordsSnapshot,
    joined,
    parts_of,
)
from aia_mas.domain.orchestration.scoring.rules import AssignmentRules
from aia_mas.domain.orchestration.tiers import Tier

_ROWS = 500
_SEATS = 50
"""Per piece; what agents declare may be long."""
_KEYS = 25
"""Likewise; two hundred numbers may be known of each."""


class DispatchingSnapshot(msgspec.Struct, frozen=True):
    """All that the dispatcher's fold knows from the log; what is only reserved is not in it."""

    fleet: FleetSnapshot
    tasks: list[KnownTask]
    sequence: int
    seats_taken: int | None = None
    queue: QueueSnapshot = QueueSnapshot()
    rewards: AllowanceSnapshot = AllowanceSnapshot()


# A task names its signature by its index among all signatures.
_Task = tuple[
    str,
    int,
    float,
    int,
    int,
    float | None,
    float | None,
    float,
    int,
    float,
    str,
    KeyLimit | None,
    bool,
    str | None,
]


# What there is one of; in a tuple of its own, because all of it is read or none.
_End = tuple[
    int, int, int | None, AssignmentRules, dict[str, FailedPolicy], tuple[Tier, ...] | None
]


class _Piece(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True):
    signatures: list[RequirementSignature] = []
    tasks: list[_Task] = []
    seats: list[tuple[Seat, int]] = []
    holders: list[tuple[str, int]] = []
    queue: list[QueueSnapshot] = []
    held: list[tuple[str, Share]] = []
    rewards: AllowanceSnapshot | None = None
    records: RecordsSnapshot | None = None
    stakes: list[tuple[str, int]] = []
    end: _End | None = None


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Piece).decode


def encode_snapshot(snapshot: DispatchingSnapshot) -> Iterator[bytes]:
    """Yield a snapshot in pieces, each of them made within about a millisecond; uses it up."""
    indexes: dict[RequirementSignature, int] = {}
    fleet = snapshot.fleet
    for tasks in drained(snapshot.tasks, _ROWS):
        rows: list[_Task] = [
            (
                task.task_id,
                indexes.setdefault(task.signature, len(indexes)),
                task.place,
                task.sequence,
                task.attempt,
                task.due,
                task.deadline,
                task.lease_seconds,
                task.rank,
                task.since,
                task.owner,
                task.limit,
                task.held,
                task.sticky_key,
            )
            for task in tasks
        ]
        yield _encode(_Piece(tasks=rows))
    for signatures in chunks(indexes, _SEATS):
        yield _encode(_Piece(signatures=signatures))
    for seats in chunks(zip(fleet.seats, fleet.last, strict=True), _SEATS):
        yield _encode(_Piece(seats=seats))
    for holders in drained(fleet.holders, _ROWS):
        yield _encode(_Piece(holders=holders))
    for stakes in drained(fleet.stakes, _ROWS):
        yield _encode(_Piece(stakes=stakes))
    for records in parts_of(fleet.records):
        yield _encode(_Piece(records=records))
    for queue in _in_pieces(snapshot.queue):
        yield _encode(_Piece(queue=[queue]))
    for held in drained(snapshot.rewards.held, _ROWS):
        yield _encode(_Piece(held=held))
    yield _encode(_Piece(rewards=snapshot.rewards))
    # The last piece shows that none is missing.
    sequences = snapshot.sequence, fleet.sequence
    end = (*sequences, snapshot.seats_taken, fleet.rules, fleet.failures, fleet.tiers)
    yield _encode(_Piece(end=end))


def decode_snapshot(pieces: Sequence[bytes]) -> Steps[DispatchingSnapshot]:
    """Return the snapshot that ``encode_snapshot`` wrote.

    Raises:
        msgspec.MsgspecError: It is damaged, or of another version.
    """
    names = ("signatures", "tasks", "seats", "holders", "queue", "stakes", "held")
    whole: dict[str, list[Any]] = {name: [] for name in names}
    records = RecordsSnapshot([], [], [], [], [])
    rewards = AllowanceSnapshot()
    end: _End | None = None
    for data in pieces:
        piece = _decode(data)
        for name, rows in whole.items():
            rows += getattr(piece, name)
        if piece.records is not None:
            records = joined(records, piece.records)
        rewards = piece.rewards or rewards
        end = piece.end
        yield
    if end is None:
        raise msgspec.ValidationError("the end of a snapshot is missing")
    tasks: list[KnownTask] = []
    signatures = whole["signatures"]
    for some in drained(whole["tasks"], _ROWS):
        tasks += [KnownTask(row[0], signatures[row[1]], *row[2:]) for row in some]
        yield
    seats = [seat for seat, _ in whole["seats"]]
    last = [sequence for _, sequence in whole["seats"]]
    rules, failures, tiers = end[3:]
    fleet = FleetSnapshot(
        seats, last, whole["holders"], end[1], records, rules, failures, whole["stakes"], tiers
    )
    queue = yield from _joined(whole["queue"])
    rewards = msgspec.structs.replace(rewards, held=whole["held"])
    return DispatchingSnapshot(fleet, tasks, end[0], end[2], queue, rewards)


def _in_pieces(queue: QueueSnapshot) -> Iterator[QueueSnapshot]:
    for turns in drained(queue.turns, _ROWS):
        yield QueueSnapshot(turns=turns)
    for keys in drained(queue.keys, _KEYS):
        yield QueueSnapshot(keys=keys)
    yield QueueSnapshot(pauses=queue.pauses, ended=queue.ended)


def _joined(pieces: list[QueueSnapshot]) -> Steps[QueueSnapshot]:
    whole = QueueSnapshot([], [], [], [])
    for piece in pieces:
        for name in QueueSnapshot.__struct_fields__:
            getattr(whole, name).extend(getattr(piece, name))
        yield
    return whole

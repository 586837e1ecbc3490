"""Folds a run of events as a whole, and finds the one that cannot be folded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import structlog

from aia_mas.application.event_log.errors import EventLogError
from aia_mas.application.event_log.records import RecordedEvent
from aia_mas.projections.checkpoint_writer import CheckpointWriter, FoldFailed
from aia_mas.projections.poison import is_poison

log = structlog.stdlib.get_logger("aia.projections")

_MAX_BYTES = 2**20
"""Stored bytes folded in one transaction; a single larger event goes alone."""


class PoisonousEvent(EventLogError):
    """An event failed alone, and the projection must not go on without it."""

    code = "poisonous_event"


async def fold_batch(
    writer: CheckpointWriter,
    events: Sequence[RecordedEvent],
    *,
    moved: Callable[[int], None],
    strict: bool,
) -> None:
    """Fold events that continue the writer's checkpoint, in as few transactions as possible.

    Poison is only what fails alone, in a transaction of its own, with an error of the event's
    making: its stream is then parked and the rest goes on.

    Args:
        writer: Where to.
        events: In order, without gaps.
        moved: Told every new position of the checkpoint.
        strict: Stop at poison instead of parking its stream.

    Raises:
        PoisonousEvent: With ``strict``, at an event that cannot be folded.
        Exception: Anything that would fail other events too; what was folded so far is written.
    """
    parts = list(_bounded(events))[::-1]
    while parts:
        part = parts.pop()
        try:
            await writer.write(part)
        except Exception as error:
            cause = error.reason if isinstance(error, FoldFailed) else error
            if not is_poison(cause):
                raise
            if len(part) == 1:
                await _poison(writer, part[0], cause, strict=strict)
            else:
                parts += reversed(_split(part, error))
        moved(writer.position)


async def _poison(
    writer: CheckpointWriter, event: RecordedEvent, cause: Exception, *, strict: bool
) -> None:
    reason = f"{type(cause).__name__}: {cause}"
    where = f"position {event.position} ({event.topic} of {event.stream}): {reason}"
    if strict:
        await writer.stop(where)
        raise PoisonousEvent(where) from cause
    await writer.park(event, reason)
    log.error("stream_parked", projection=writer.checkpoint, stream=event.stream, why=where)


def _split(events: Sequence[RecordedEvent], error: Exception) -> list[Sequence[RecordedEvent]]:
    """Cut out the event that failed if that is known, else halve."""
    if isinstance(error, FoldFailed):
        at = error.index
        parts = [events[:at], events[at : at + 1], events[at + 1 :]]
        return [part for part in parts if part]
    middle = len(events) // 2
    return [events[:middle], events[middle:]]


def _bounded(events: Sequence[RecordedEvent]) -> Iterator[Sequence[RecordedEvent]]:
    start = size = 0
    for index, event in enumerate(events):
        size += event.size
        if size > _MAX_BYTES and index > start:
            yield events[start:index]
            start, size = index, event.size
    yield events[start:]

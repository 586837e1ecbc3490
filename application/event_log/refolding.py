"""Folds the whole log anew, and stops at whatever cannot be folded."""

from __future__ import annotations

from collections.abc import Callable

from aia_mas.application.event_log.errors import EventLogError
from aia_mas.application.event_log.fold import Fold, concerns
from aia_mas.application.event_log.log import EventLog
from aia_mas.application.event_log.read_ahead import ReadAhead
from aia_mas.application.event_log.records import RecordedEvent, Unreadable
from aia_mas.application.event_log.slices import Slices


class FoldStopped(EventLogError):
    """A rebuild met an event that cannot be folded."""

    code = "fold_stopped"


async def refold(
    log: EventLog,
    fold: Fold,
    categories: frozenset[str] | None = None,
    *,
    upto: int | None = None,
    moved: Callable[[int], None] = lambda _: None,
) -> int:
    """Fold the log from position 0 to its head (or ``upto``) and return that position.

    Args:
        log: The log.
        fold: What folds it, in its first state.
        categories: The kinds of streams that concern it; None: all.
        upto: Where to end; None: at the head.
        moved: Told how far it has come, every now and then.

    Raises:
        FoldStopped: An event of the fold's categories cannot be read or folded.
    """
    head = (await log.head()).position
    until = head if upto is None else min(upto, head)
    slices = Slices()
    async with ReadAhead(log, 0, until) as past:
        while events := await past.next():
            for event in events:
                _fold_or_stop(fold, event, categories)
                if slices.over():
                    await slices.give_way()
            moved(events[-1].position)
    return until


def _fold_or_stop(fold: Fold, event: RecordedEvent, categories: frozenset[str] | None) -> None:
    if type(event.event) is Unreadable:
        if concerns(event, categories):
            raise FoldStopped(_where(event, event.event.reason))
        return
    try:
        fold.apply(event)
    except Exception as error:
        raise FoldStopped(_where(event, f"{type(error).__name__}: {error}")) from error


def _where(event: RecordedEvent, reason: str) -> str:
    return f"position {event.position} ({event.topic} of {event.stream}): {reason}"

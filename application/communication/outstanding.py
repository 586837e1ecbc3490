"""What is out on this node, by when something is to be done about it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice

from aia_mas.application.communication.out import Out
from aia_mas.domain.communication.delivery_events import Noted
from aia_mas.domain.communication.mailroom.timetable import Timetable

_NOTE_AFTER = 0.5
"""Seconds after which the log is told of what is still out."""
_CALLS = frozenset({"webhook"})
"""Transports by which a message is not there before it is acknowledged, in one call."""
_AT_ONCE = 1_000
"""Deliveries that have timed out and are looked at in one go, at most."""


class Outstanding:
    """Deliveries whose acknowledgements are out."""

    def __init__(self) -> None:
        """Begin with none."""
        self._fresh: deque[Out] = deque()
        self._deadlines: Timetable[Out] = Timetable()

    def begin(self, out: Out) -> None:
        """Keep the time of a delivery."""
        if out.transport not in _CALLS:
            self._fresh.append(out)
        self._deadlines.add(out, out.deadline)

    def end(self, out: Out) -> None:
        """Keep it no more: what became of the delivery is known, or about to be recorded."""
        self._deadlines.remove(out, out.deadline)

    def to_note(self, now: float) -> Iterator[Noted]:
        """Yield what the log is to be told of, once each."""
        fresh = self._fresh
        while fresh and fresh[0].at + _NOTE_AFTER <= now:
            out = fresh.popleft()
            if not out.over and not out.settling:
                out.noted = True
                yield Noted(
                    out.letter.position,
                    out.name,
                    out.attempt,
                    out.transport,
                    out.delivered_at,
                    datetime.fromtimestamp(out.deadline, UTC),
                )

    def timed_out(self, now: float) -> tuple[Out, ...]:
        """Return some of those that were not acknowledged in time."""
        return tuple(islice(self._deadlines.due(now), _AT_ONCE))

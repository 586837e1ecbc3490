"""How far something is behind the log, in events and in time."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from aia_mas.application.event_log.feed import Feed
from aia_mas.projections.metrics_figures import Lag


def lag_of(
    name: str,
    kind: Literal["table", "view", "process"],
    position: int,
    feed: Feed,
    now: datetime,
) -> Lag:
    """Return the lag of what has come to a position.

    Args:
        name: What people call it.
        kind: What it is.
        position: The last position in it.
        feed: The end of the log. Of what has left its window only the events are known exactly;
            the time is then that of the oldest event in it, at least.
        now: The time.
    """
    events = max(feed.position - position, 0)
    if not events:
        return Lag(name, kind, position, 0, 0.0)
    oldest = feed.first_after(position)
    seconds = 0.0 if oldest is None else (now - oldest.recorded_at).total_seconds()
    return Lag(name, kind, position, events, round(max(seconds, 0.0), 3))

"""What is asked about silence, and what is answered: windows in, ends out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from aia_mas.domain.orchestration.task_status import ReleaseReason

Sighted = tuple[str, str]
"""What signs of life are of: (``agent``, its id), or (``task``, the lease of an attempt at it)."""

LastSeen = Callable[[str, str], datetime | None]
"""(``agent`` or ``task``, id or lease) -> when it was last heard of."""


class Windows(NamedTuple):
    """How long things may go unheard of.

    Attributes:
        since: Nothing expires within one full window after this time (a start, a takeover, an
            outage), because signs of life may have been missed before it.
        pickup: Seconds that an assignment may wait to be started.
        offline: Seconds after which an agent without heartbeats is offline.
    """

    since: datetime
    pickup: float
    offline: float


class Release(NamedTuple):
    """Take an attempt from its agent."""

    task_id: str
    attempt: int
    reason: ReleaseReason


class Expire(NamedTuple):
    """Record that a task's deadline has passed."""

    task_id: str
    deadline: datetime


class Offline(NamedTuple):
    """Record that an agent's heartbeats stay out."""

    agent_id: str
    last_seen: datetime | None


Due = Release | Expire | Offline

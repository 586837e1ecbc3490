"""How many tasks of each concurrency key are held, and how many more may be."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from math import inf

from aia_mas.domain.orchestration.limits import KeyLimits
from aia_mas.domain.orchestration.queueing.lines import KeyLimit
from aia_mas.domain.orchestration.queueing.rate_window import RateWindow

RECENT = 32
"""Completions that are remembered to forecast when a queue is empty."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def microseconds(at: datetime) -> int:
    """Return a time as whole microseconds since the epoch."""
    return (at - _EPOCH) // _MICROSECOND


class KeyState:
    """One key.

    Attributes:
        limits: What was set for it explicitly; None: nothing.
        held: Tasks in the hands of agents, by the log.
        reserved: Tasks about to be.
        queued: Tasks that wait, by the log.
        window: What was dispatched of late; empty unless a rate is set.
        ended: When the last tasks finished, microseconds since the epoch.
    """

    __slots__ = ("ended", "held", "limits", "queued", "reserved", "window")

    def __init__(
        self,
        limits: KeyLimits | None = None,
        window: RateWindow | None = None,
        ended: Iterable[int] = (),
    ) -> None:
        """Start with nothing held."""
        self.limits = limits
        self.held = 0
        self.reserved = 0
        self.queued = 0
        self.window = RateWindow() if window is None else window
        self.ended = deque(ended, RECENT)

    @property
    def idle(self) -> bool:
        """Whether nothing in the log depends on it any more."""
        return not (self.limits or self.held or self.queued)

    def limit(self, own: int | None) -> int | None:
        """Return how many tasks may be held (``own``: as a task has it); None: any number."""
        explicit = None if self.limits is None else self.limits.max_concurrent
        return own if explicit is None else explicit

    def room(self, own: int | None) -> int:
        """Return how many tasks more may be held, whatever the rate."""
        limit = self.limit(own)
        return _PLENTY if limit is None else limit - self.held - self.reserved

    def finished(self, at: datetime) -> None:
        """Count a task of which nothing more will come."""
        self.ended.append(microseconds(at))

    def ready(self, own: int | None) -> int:
        """Return how many tasks may be worth a try at once; one by one where there is a rate."""
        paced = self.limits is not None and self.limits.rate is not None
        return min(1, self.room(own)) if paced else self.room(own)

    def paced_until(self, now: float) -> float | None:
        """Return when the rate allows the next dispatch, seconds since the epoch; None: now."""
        limits = self.limits
        if limits is None or limits.rate is None or (period := limits.period_us) is None:
            return None
        now_us = round(now * 1_000_000)
        at = self.window.next_at(self.reserved, limits.rate, period, now_us)
        return None if at <= now_us else at / 1_000_000

    def dispatched(self, at: datetime) -> None:
        """Count a task that was given to an agent."""
        self.held += 1
        limits = self.limits
        if limits is not None and limits.rate is not None and (period := limits.period_us):
            self.window.dispatched(microseconds(at), limits.rate, period)


_PLENTY = 1 << 30


class ConcurrencyKeys:
    """All keys that anything is known of; those of which nothing depends are forgotten."""

    def __init__(self) -> None:
        """Start empty."""
        self.states: dict[str, KeyState] = {}

    def state(self, key: str) -> KeyState:
        """Return what is known of a key; nothing, if it is new."""
        state = self.states.get(key)
        if state is None:
            state = self.states[key] = KeyState()
        return state

    def shut_until(self, limit: KeyLimit, now: float) -> float | None:
        """Return until when no task may be dispatched under a key.

        Returns:
            Seconds since the epoch; infinity: until a place is free or the limit is raised. None:
            one may be dispatched now.
        """
        state = self.states.get(limit.key)
        if state is None:
            return None if limit.own is None or limit.own > 0 else inf
        if state.room(limit.own) <= 0:
            return inf
        return state.paced_until(now)

    def is_open(self, limit: KeyLimit) -> bool:
        """Tell whether a task may be dispatched under a key at any time."""
        state = self.states.get(limit.key)
        if state is None or state.limits is None or state.limits.rate is None:
            return self.shut_until(limit, 0.0) is None
        return False

    def ready(self, limit: KeyLimit) -> int:
        """Return how many tasks of a key may be worth a try at once."""
        state = self.states.get(limit.key)
        return _PLENTY if state is None else state.ready(limit.own)

    def set_limits(self, key: str, limits: KeyLimits | None) -> None:
        """Set, or remove, what holds for a key explicitly."""
        state = self.state(key)
        state.limits = limits
        if limits is None or limits.rate is None:
            state.window = RateWindow()
        self.forget_idle(key)

    def dispatched(self, key: str, at: datetime) -> None:
        """Count a task that was given to an agent."""
        self.state(key).dispatched(at)

    def forget_idle(self, key: str) -> None:
        """Forget a key of which nothing depends."""
        state = self.states.get(key)
        if state is None or not state.idle:
            return
        # What the log tells is forgotten at the same event on every node, whatever is on its way.
        state.ended.clear()
        if not state.reserved:
            del self.states[key]

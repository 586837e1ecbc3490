"""Limits of concurrency keys, set while the system runs; the streams ``limit/<key>``."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

import msgspec

from aia_mas.domain.kernel.context import Context
from aia_mas.domain.kernel.decision import Decision, accept, refuse
from aia_mas.domain.kernel.errors import InvalidValue
from aia_mas.domain.kernel.event import Event, State
from aia_mas.domain.kernel.ids import stream_of
from aia_mas.domain.kernel.mistakes import Mistakes
from aia_mas.domain.orchestration.bounds import check_key, check_number

MAX_CONCURRENT = 1_000_000
"""Highest limit of a key."""
MAX_RATE = 1_000_000
"""Most dispatches of a period."""
LONGEST_PERIOD = 86_400.0
"""Seconds."""


class LimitSet(Event, frozen=True, kw_only=True):
    """A key got limits; they take the place of those before.

    Attributes:
        key: Which concurrency key.
        max_concurrent: How many of its tasks may be held at once; None: as each task has it.
        rate: How many may be dispatched in a period, whichever one of this length is looked at;
            None: any number. Those dispatched before the key had a rate do not count.
        per_seconds: The length of the period, seconds.
        by: By whom.
        at: When, UTC.
    """

    topic: ClassVar[str] = "limit.set.v1"
    key: str
    max_concurrent: int | None = None
    rate: int | None = None
    per_seconds: float | None = None
    by: str
    at: datetime


class LimitRemoved(Event, frozen=True, kw_only=True):
    """A key has no limits of its own any more; see ``LimitSet``."""

    topic: ClassVar[str] = "limit.removed.v1"
    key: str
    by: str
    at: datetime


EVENTS: tuple[type[Event], ...] = (LimitSet, LimitRemoved)
"""Every event of the streams, for the topic registry."""


class KeyLimits(State, frozen=True, kw_only=True):
    """What holds for a key (the fields: see ``LimitSet``)."""

    key: str
    max_concurrent: int | None = None
    rate: int | None = None
    per_seconds: float | None = None

    @property
    def period_us(self) -> int | None:
        """The period of its rate, microseconds; None: there is no rate."""
        if self.rate is None or self.per_seconds is None:
            return None
        return max(1, round(self.per_seconds * 1_000_000))


class LimitState(State, frozen=True, kw_only=True):
    """The stream of a key (``limits``: None when they were removed)."""

    limits: KeyLimits | None = None


class SetLimit(msgspec.Struct, frozen=True, kw_only=True):
    """Limit a key; the fields: see ``LimitSet``."""

    key: str
    max_concurrent: int | None = None
    rate: int | None = None
    per_seconds: float | None = None


class RemoveLimit(msgspec.Struct, frozen=True, kw_only=True):
    """Lift what was set for a key."""

    key: str


def limit_stream(key: str) -> str:
    """Return the stream id of a key."""
    return stream_of("limit", key)


def evolve(_state: LimitState | None, event: Event) -> LimitState:
    """Fold one event of the stream into the state."""
    return LimitState(limits=limits_of(event) if isinstance(event, LimitSet) else None)


def limits_of(event: LimitSet) -> KeyLimits:
    """Return the limits that an event sets."""
    return KeyLimits(
        key=event.key,
        max_concurrent=event.max_concurrent,
        rate=event.rate,
        per_seconds=event.per_seconds,
    )


def set_limit(state: LimitState | None, command: SetLimit, ctx: Context) -> Decision:
    """Limit a key; the same limits again change nothing."""
    try:
        check_limits(command)
    except InvalidValue as error:
        return refuse(error)
    stream = limit_stream(command.key)
    event = LimitSet(
        key=command.key,
        max_concurrent=command.max_concurrent,
        rate=command.rate,
        per_seconds=command.per_seconds,
        by=ctx.principal.subject,
        at=ctx.now,
    )
    if state is not None and state.limits == limits_of(event):
        return accept(stream)
    return accept(stream, event)


def remove_limit(state: LimitState | None, command: RemoveLimit, ctx: Context) -> Decision:
    """Lift what was set for a key; nothing happens when nothing was."""
    try:
        check_key(command.key, "key")
    except InvalidValue as error:
        return refuse(error)
    stream = limit_stream(command.key)
    if state is None or state.limits is None:
        return accept(stream)
    return accept(stream, LimitRemoved(key=command.key, by=ctx.principal.subject, at=ctx.now))


def check_limits(command: SetLimit) -> None:
    """Refuse limits out of bounds, of nothing, or of a key that is none.

    Raises:
        InvalidValue: They are (or a subclass); ``others`` has all others.
    """
    mistakes = Mistakes()
    check, rate, period = mistakes.check, command.rate, command.per_seconds
    check(check_key, command.key, "key")
    if command.max_concurrent is not None:
        highest = MAX_CONCURRENT
        check(check_number, command.max_concurrent, "max_concurrent", lowest=0, highest=highest)
    if rate is not None:
        check(check_number, rate, "rate", lowest=1, highest=MAX_RATE)
    if period is not None:
        check(check_number, period, "per_seconds", lowest=0.001, highest=LONGEST_PERIOD)
    if rate is None and period is not None:
        wrong = "per_seconds means nothing without a rate"
        mistakes.add(InvalidValue(wrong, field="per_seconds"))
    elif rate is not None and period is None:
        wrong = "a rate needs the length of its period"
        mistakes.add(InvalidValue(wrong, field="per_seconds"))
    elif rate is None and command.max_concurrent is None:
        wrong = "a limit is of concurrency, of rate, or both"
        mistakes.add(InvalidValue(wrong, field="max_concurrent"))
    mistakes.refuse()

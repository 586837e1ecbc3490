"""What the dispatcher's fold tells about the queue: who waits, which keys are full, what is paused.

Every node keeps this fold, so that each of them can tell.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from heapq import nlargest, nsmallest
from typing import Literal

import msgspec
from anyio import to_thread

from aia_mas.application.clock import Clock
from aia_mas.domain.orchestration.dispatching import Dispatching
from aia_mas.domain.orchestration.pauses import Pause
from aia_mas.domain.orchestration.queueing.concurrency_keys import KeyState
from aia_mas.domain.orchestration.queueing.figures import drain_seconds
from aia_mas.domain.orchestration.task_specification import Priority

Unknown = Literal["paused", "too_few_completions"]
"""Why no forecast is made."""
TOP = 50
"""Owners and task types that are listed, those with the most tasks first."""


class KeyView(msgspec.Struct, frozen=True, kw_only=True):
    """A concurrency key.

    Attributes:
        key: Which one.
        max_concurrent: How many of its tasks may be held at once, if that was set for the key;
            else each task has a limit of its own in mind, or none.
        rate: How many may be dispatched in a period, if that was set.
        per_seconds: The length of the period, seconds.
        running: Tasks held by agents, those on their way to one included.
        queued: Tasks that wait.
        drain_seconds: When none would wait any more at the rate at which tasks of the key finish
            of late; null: unknown. While a type is paused its tasks count, as if they went on.
        drain_unknown: Why that is unknown: the whole fleet is paused, or too few tasks of the key
            have finished to tell.
    """

    key: str
    max_concurrent: int | None
    rate: int | None
    per_seconds: float | None
    running: int
    queued: int
    drain_seconds: float | None
    drain_unknown: Unknown | None


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """How many tasks wait (``name``: of which owner, or type)."""

    name: str
    queued: int


class QueueFigures(msgspec.Struct, frozen=True, kw_only=True):
    """The queue in numbers.

    Attributes:
        queued: Tasks that wait.
        held: Those of them whose time has not come yet.
        paused: Those of them that are paused.
        by_priority: Class to how many wait.
        by_owner: The owners of most of them.
        by_type: The types of most of them.
        oldest_seconds: How long the oldest one has waited, seconds.
        drain_seconds: When none would wait any more but the paused ones, at the rate at which tasks
            finish of late; null: unknown.
        drain_unknown: Why that is unknown: all that waits is paused, or too few tasks have finished
            to tell.
        pauses: What is paused.
    """

    queued: int
    held: int
    paused: int
    by_priority: dict[str, int]
    by_owner: list[Waiting]
    by_type: list[Waiting]
    oldest_seconds: float | None
    drain_seconds: float | None
    drain_unknown: Unknown | None
    pauses: Sequence[Pause]


class QueueView:
    """Answers from the fold as it stands on this node."""

    def __init__(self, state: Callable[[], Dispatching], clock: Clock) -> None:
        """Look at a fold (which may be replaced by another one)."""
        self._state = state
        self._clock = clock

    def pauses(self) -> list[Pause]:
        """Return what is paused, in the order in which it began."""
        return list(self._state().controls.pauses.values())

    def key(self, key: str) -> KeyView | None:
        """Return a key; None: nothing is known of it."""
        whole = self._state()
        state = whole.queue.keys.states.get(key)
        if state is None:
            return None
        return _key_view(key, state, self._clock.now(), paused=None in whole.controls.pauses)

    def count(self) -> int:
        """Return of how many keys anything is known."""
        return len(self._state().queue.keys.states)

    async def keys(self, after: str | None, limit: int) -> tuple[list[KeyView], str | None]:
        """Return keys in alphabetical order, and the last one where there are more.

        Args:
            after: The last one that is known already.
            limit: How many at most. Those that are forgotten meanwhile are left out.
        """
        whole, now = self._state(), self._clock.now()
        states, paused = whole.queue.keys.states, None in whole.controls.pauses
        # There may be a key for every task; the copy is quick, the order is not.
        names = list(states)
        first = await to_thread.run_sync(_first_after, names, after, limit + 1)
        shown = first[:limit]
        views = [_key_view(key, states[key], now, paused) for key in shown if key in states]
        return views, shown[-1] if len(first) > limit else None

    def figures(self) -> QueueFigures:
        """Return the queue in numbers."""
        state, now = self._state(), self._clock.now()
        # On a node that does not lead nobody else brings in those whose time has come.
        state.queue.due(_seconds(now))
        figures, oldest = state.figures, state.figures.oldest()
        pauses = state.controls.pauses
        if None in pauses:
            paused = figures.total
        else:
            paused = sum(figures.by_type[kind] for kind in pauses if kind is not None)
        going, all_paused = figures.total - paused, 0 < figures.total == paused
        drain = None if all_paused else drain_seconds(going, figures.ended, now)
        return QueueFigures(
            queued=figures.total,
            held=state.queue.held,
            paused=paused,
            by_priority={each.value: figures.by_class[each.rank] for each in Priority},
            by_owner=_most(figures.by_owner),
            by_type=_most(figures.by_type),
            oldest_seconds=None if oldest is None else max(0.0, _seconds(now) - oldest),
            drain_seconds=drain,
            drain_unknown=_unknown(drain, paused=all_paused),
            pauses=list(pauses.values()),
        )


def _key_view(key: str, state: KeyState, now: datetime, paused: bool) -> KeyView:
    limits, all_paused = state.limits, paused and state.queued > 0
    drain = None if all_paused else drain_seconds(state.queued, state.ended, now)
    return KeyView(
        key=key,
        max_concurrent=None if limits is None else limits.max_concurrent,
        rate=None if limits is None else limits.rate,
        per_seconds=None if limits is None else limits.per_seconds,
        running=state.held + state.reserved,
        queued=state.queued,
        drain_seconds=drain,
        drain_unknown=_unknown(drain, paused=all_paused),
    )


def _unknown(drain: float | None, *, paused: bool) -> Unknown | None:
    if drain is not None:
        return None
    return "paused" if paused else "too_few_completions"


def _first_after(names: list[str], after: str | None, limit: int) -> list[str]:
    return nsmallest(limit, (name for name in names if after is None or name > after))


def _most(counts: dict[str, int]) -> list[Waiting]:
    most = nlargest(TOP, counts.items(), key=lambda item: (item[1], item[0]))
    return [Waiting(name=name, queued=queued) for name, queued in most]


def _seconds(at: datetime) -> float:
    return at.astimezone(UTC).timestamp()

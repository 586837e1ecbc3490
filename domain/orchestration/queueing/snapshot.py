"""What a queue knows beyond the unfinished tasks: turns, keys, pauses, the latest completions."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from aia_mas.domain.kernel.steps import Steps, chunks, drained
from aia_mas.domain.orchestration.limits import KeyLimits
from aia_mas.domain.orchestration.pauses import Pause
from aia_mas.domain.orchestration.queueing.concurrency_keys import KeyState
from aia_mas.domain.orchestration.queueing.figures import Figures
from aia_mas.domain.orchestration.queueing.rate_window import RateWindow, StoredWindow
from aia_mas.domain.orchestration.queueing.task_queue import TaskQueue


class StoredKey(msgspec.Struct, frozen=True, array_like=True):
    """A concurrency key; see ``KeyState``."""

    key: str
    limits: KeyLimits | None
    window: StoredWindow | None
    ended: list[int]


class QueueSnapshot(msgspec.Struct, frozen=True):
    """Classes and owners in the order of their turns, keys, pauses and completions."""

    turns: list[tuple[int, str]] = []
    keys: list[StoredKey] = []
    pauses: list[Pause] = []
    ended: list[int] = []


def queue_snapshot(
    queue: TaskQueue, figures: Figures, pauses: Iterable[Pause]
) -> Steps[QueueSnapshot]:
    """Return a copy of all that the unfinished tasks do not tell."""
    turns: list[tuple[int, str]] = []
    for rank, order in enumerate(queue.classes):
        for owners in chunks(order.turns.order, 5_000):
            turns += [(rank, owner) for owner in owners]
            yield
    keys: list[StoredKey] = []
    # In one step: planning may add keys meanwhile. What it adds, or takes away, is not of the log.
    states, names = queue.keys.states, list(queue.keys.states)
    yield
    for some in drained(names, 250):
        for key in some:
            state = states.get(key)
            if state is None:
                continue
            if state.limits is not None or state.ended:
                window = state.window.stored()
                keys.append(StoredKey(key, state.limits, window, list(state.ended)))
        yield
    return QueueSnapshot(turns, keys, list(pauses), list(figures.ended))


def restore_queue(snapshot: QueueSnapshot, queue: TaskQueue, figures: Figures) -> Steps[None]:
    """Take over what a snapshot holds; the queue is empty as yet."""
    figures.ended.extend(snapshot.ended)
    for some in chunks(snapshot.turns, 1_000):
        for rank, owner in some:
            queue.classes[rank].turns.restored(owner)
        yield
    for some_keys in chunks(snapshot.keys, 500):
        for stored in some_keys:
            state = KeyState(stored.limits, RateWindow(stored.window), stored.ended)
            queue.keys.states[stored.key] = state
        yield

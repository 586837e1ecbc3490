"""Garbage collection of a process that loads a lot, and of one that does nothing but run a node."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_YOUNG, _MIDDLE, _OLD = 100_000, 50, 100


@contextmanager
def paused() -> Iterator[None]:
    """Collect nothing while modules are loaded, of which nothing is garbage.

    The collector would walk over them again and again, for a fifth of the time that it takes.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def tune() -> None:
    """Collect less often, and never again what the start has left behind.

    A node allocates a few hundred objects for each request and keeps large folds in memory. With
    the default thresholds (700, 10, 10) the collector walks over them so often that a durable
    submission costs more than half as much again; almost all garbage goes by reference counts.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, _MIDDLE, _OLD)

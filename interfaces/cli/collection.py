"""Garbage collection of a process that does nothing but run a node."""

from __future__ import annotations

import gc

_YOUNG, _MIDDLE, _OLD = 100_000, 50, 100


def tune() -> None:
    """Collect less often, and never again what the start has left behind.

    A node allocates a few hundred objects for each request and keeps large folds in memory. With
    the default thresholds (700, 10, 10) the collector walks over them so often that a durable
    submission costs more than half as much again; almost all garbage goes by reference counts.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, _MIDDLE, _OLD)

"""Shows what a worker logs, in a program that has set up no logging of its own."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

LOGGER = "aia.client.worker"
_FORMAT = "%(asctime)s %(levelname)-7s %(message)s"


@contextmanager
def shown() -> Iterator[None]:
    """Write what the worker logs to standard error, from ``INFO`` on, in this block.

    A program that handles its log has its own way, and keeps it.
    """
    log = logging.getLogger(LOGGER)
    if log.hasHandlers():
        yield
        return
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter(_FORMAT, "%H:%M:%S"))
    level = log.level
    log.addHandler(handler)
    if level == logging.NOTSET:
        log.setLevel(logging.INFO)
    try:
        yield
    finally:
        log.setLevel(level)
        log.removeHandler(handler)

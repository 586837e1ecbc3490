"""Asks a worker to stop: once to finish what it has in hand, twice to give it back at once."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stopping:
    """Whether a worker has been asked to stop.

    Attributes:
        requested: Set by the first request.
        at_once: Set by the second one.
    """

    def __init__(self) -> None:
        """Begin before any request."""
        self.requested = asyncio.Event()
        self.at_once = asyncio.Event()

    def request(self) -> None:
        """Ask to stop, once more if that was done before."""
        if self.requested.is_set():
            self.at_once.set()
        self.requested.set()

    @contextmanager
    def on_signals(self) -> Iterator[None]:
        """Take SIGINT and SIGTERM in this block as requests."""
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            loop.add_signal_handler(number, self.request)
        try:
            yield
        finally:
            for number in _SIGNALS:
                loop.remove_signal_handler(number)

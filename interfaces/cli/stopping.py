"""Signals: the first one asks for a drain, the second one ends the process at once."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from anyio import CancelScope

from aia_mas.interfaces.cli.exit_codes import Exit

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_SPARE = 2.0  # seconds to close connections and stop the database after the drain


class Stopping:
    """Whether this process has been asked to stop.

    Attributes:
        requested: Set by the first signal.
    """

    def __init__(self, drain_seconds: float) -> None:
        """Allow a drain of so many seconds before the process ends come what may."""
        self.requested = asyncio.Event()
        self._limit = drain_seconds + _SPARE
        self._late = (Exit.FAILED, "the drain took too long; stopped")
        self._starting: CancelScope | None = None

    @contextmanager
    def on_signals(self) -> Iterator[None]:
        """Handle SIGINT and SIGTERM in this block."""
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            loop.add_signal_handler(number, self._arrived)
        try:
            yield
        finally:
            for number in _SIGNALS:
                loop.remove_signal_handler(number)

    @contextmanager
    def while_starting(self) -> Iterator[None]:
        """Give up the block when a signal arrives: nothing is under way that needs a drain."""
        with CancelScope() as self._starting:
            try:
                yield
            finally:
                self._starting = None

    def drained(self) -> None:
        """Note that the drain is over: what may take too long now is the end of the database."""
        self._late = (Exit.DATABASE, "the database does not end; stopped without waiting for it")

    def _arrived(self) -> None:
        if self.requested.is_set():
            _end(Exit.INTERRUPTED, "stopped at once; what was not yet answered may not be stored")
        self.requested.set()
        if self._starting is not None:
            self._starting.cancel()
        # A thread, because the event loop may be what does not come to an end.
        watchdog = threading.Timer(self._limit, lambda: _end(*self._late))
        watchdog.daemon = True
        watchdog.start()


def _end(code: int, words: str) -> None:
    """End now. The guardian of the embedded database sees to what is left running."""
    print(f"mas: {words}", file=sys.stderr, flush=True)
    os._exit(code)

"""What an attempt tells while it works: how far it is, and the lines of its log, in few messages.

At most one report is under way: what is told meanwhile goes with the next one, and of the progress
only the latest counts. So a handler may tell as often as it likes, connected or not.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

import msgspec

from aia.client.errors import ApiError
from aia.client.worker.frames import Receipt
from aia.client.worker.outcomes import clipped

MAX_PARTIAL = 64 * 1024
"""Largest partial result, bytes of JSON."""
_MAX_TEXT = 10_000
_MAX_LINE = 1_000
_LINES_AT_ONCE = 100
_LINES_KEPT = 1_000
_GATHERING = 0.5  # seconds for which lines of the log are gathered before they are sent

Say = Callable[[dict[str, Any]], "asyncio.Future[Receipt]"]


class Notes:
    """Reports of one attempt; to be used in the event loop only."""

    def __init__(self, say: Say, refused: Callable[[ApiError], None]) -> None:
        """Send reports.

        Args:
            say: Sends one, and tells when it has been received.
            refused: Is told when one was refused.
        """
        self._say = say
        self._refused = refused
        self._progress: dict[str, Any] = {}
        self._lines: deque[str] = deque()
        self._dropped = 0
        self._under_way: asyncio.Future[Receipt] | None = None
        self._timer: asyncio.TimerHandle | None = None

    def progress(self, progress: dict[str, Any]) -> None:
        """Tell how far it is (as ``checked`` returns it)."""
        self._progress |= progress
        self._send_soon(0.0)

    def log(self, text: str) -> None:
        """Add to the log; of lines that nobody could be told the oldest are dropped."""
        for line in text.splitlines() or [""]:
            self._lines.append(clipped(line, _MAX_LINE))
        while len(self._lines) > _LINES_KEPT:
            self._lines.popleft()
            self._dropped += 1
        self._send_soon(_GATHERING)

    def flush(self) -> None:
        """Send what is left, in front of the next message about the task."""
        while self._progress or self._lines:
            self._send()
        self.close()

    def close(self) -> None:
        """Send nothing more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._progress.clear()
        self._lines.clear()

    def _send_soon(self, seconds: float) -> None:
        if self._under_way is not None:
            return
        if self._timer is not None:
            if seconds:
                return
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(seconds, self._send)

    def _send(self) -> None:
        self._timer = None
        data, self._progress = self._progress, {}
        if self._dropped:
            self._lines.appendleft(f"({self._dropped} lines were left out)")
            self._dropped = 0
        if self._lines:
            count = min(_LINES_AT_ONCE, len(self._lines))
            data["log"] = [self._lines.popleft() for _ in range(count)]
        self._under_way = self._say(data)
        self._under_way.add_done_callback(self._received)

    def _received(self, report: asyncio.Future[Receipt]) -> None:
        if report is self._under_way:
            self._under_way = None
        if report.cancelled():
            return
        error = report.exception()
        if isinstance(error, ApiError):
            self._refused(error)
        elif error is None and (self._progress or self._lines):
            self._send_soon(0.0 if self._progress else _GATHERING)


def checked(percent: float | None, message: str, partial: Any) -> dict[str, Any]:
    """Return progress as it is sent.

    Raises:
        ValueError: The server would refuse it: ``percent`` is not within 0..100, or ``partial`` is
            no JSON of at most 64 KiB.
    """
    data: dict[str, Any] = {}
    if percent is not None:
        if not 0 <= percent <= 100:
            raise ValueError(f"percent is between 0 and 100, not {percent}")
        data["percent"] = float(percent)
    if message:
        data["message"] = clipped(str(message), _MAX_TEXT)
    if partial is not None:
        try:
            encoded = msgspec.json.encode(partial)
        except (TypeError, UnicodeEncodeError, OverflowError) as error:
            raise ValueError(f"partial is no JSON: {error}") from None
        if len(encoded) > MAX_PARTIAL:
            raise ValueError(f"partial has {len(encoded)} bytes, more than {MAX_PARTIAL}")
        data["partial"] = msgspec.Raw(encoded)
    return data

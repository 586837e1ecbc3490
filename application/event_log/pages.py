"""How much of the log is read at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from aia_mas.application.event_log.records import RecordedEvent

PAGE: Final = 1_000
"""Events of one page, at most."""

PAGE_BYTES: Final = 4 * 2**20
"""Stored bytes of one page; decoded they take a few times more."""


def is_last(page: Sequence[RecordedEvent], limit: int, max_bytes: int = PAGE_BYTES) -> bool:
    """Tell whether a page that was read within these bounds ended because there was no more."""
    return len(page) < limit and sum(event.size for event in page) < max_bytes

"""What the fold host keeps in memory: a fold of the log."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from aia_mas.application.event_log.records import RecordedEvent


class Fold(Protocol):
    """Something folded from the log: a live view, the to-do list of a process.

    Attributes:
        name: Its stable name.
        version: Raised whenever older snapshots no longer fit.
    """

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def version(self) -> int: ...  # noqa: D102

    def apply(self, event: RecordedEvent) -> None:
        """Fold one event; one that does not concern the fold changes nothing.

        An event that cannot be folded raises before anything is changed.
        """
        ...

    def snapshot(self) -> bytes | Callable[[], bytes]:
        """Return the state, or a function that encodes a copy of it in a worker thread.

        The function gets a state of its own (a shallow copy of immutable rows), because folding
        goes on meanwhile, and encodes it in pieces, because a thread in one long call into C
        holds up the event loop.
        """
        ...

    def restore(self, state: bytes, /) -> None:
        """Go back to a snapshot; one that does not fit raises before anything is changed."""
        ...


def concerns(event: RecordedEvent, categories: frozenset[str] | None) -> bool:
    """Tell whether an unreadable event concerns a fold of these kinds of streams (None: all)."""
    return categories is None or event.stream.partition("/")[0] in categories

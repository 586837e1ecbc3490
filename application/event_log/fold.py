"""What the fold host keeps in memory: a fold of the log."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol, runtime_checkable

from aia_mas.application.event_log.records import RecordedEvent
from aia_mas.domain.kernel.steps import Steps


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

    def snapshot(self) -> Steps[Iterator[bytes]]:
        """Copy the state, and return what encodes the copy, piece by piece.

        Nothing is folded between the steps; it is while the pieces are made. No step and no piece
        holds the event loop for much longer than a millisecond, however large the state is.
        """
        ...

    def restore(self, pieces: Sequence[bytes], /) -> Steps[None]:
        """Go back to a snapshot.

        The state changes with the last step; one that does not fit raises before that.
        """
        ...


@runtime_checkable
class SteppingFold(Fold, Protocol):
    """A fold for which a single event may be long work: a batch with thousands of items."""

    def begin(self, event: RecordedEvent) -> Steps[None] | None:
        """Fold one event as ``apply`` does, or return what folds it, step by step.

        None: it is folded. Whoever gets steps takes all of them, before anything else is folded or
        a snapshot is made; who looks at the fold meanwhile sees a part of the event.
        """
        ...


def concerns(event: RecordedEvent, categories: frozenset[str] | None) -> bool:
    """Tell whether an unreadable event concerns a fold of these kinds of streams (None: all)."""
    return categories is None or event.stream.partition("/")[0] in categories

"""Begins subscriptions with how things stand: a list at one position, page by page, then its facts.

Pages are read when the client has taken the ones before, so neither the node nor the queue of a
connection ever holds more than one. The transaction that they come from is bounded in time, because
PostgreSQL cannot clean up behind an open one: what a client has not taken by then it is not told,
and it is told so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager

import anyio
import msgspec
import structlog

from aia_mas.interfaces.realtime.connection import BATCH_BYTES
from aia_mas.interfaces.realtime.frames import json_frame
from aia_mas.interfaces.realtime.messages import Page
from aia_mas.interfaces.realtime.options import RealtimeOptions
from aia_mas.interfaces.realtime.selection import Selection
from aia_mas.interfaces.realtime.subscription import FactSubscription
from aia_mas.projections.snapshot_reading import Reading

log = structlog.stdlib.get_logger("aia.realtime")

_PAGE_BYTES = BATCH_BYTES // 2
_RETRY = 0.5
"""Seconds before a read that failed is tried again."""


OpenList = Callable[[Selection, int], AbstractAsyncContextManager[Reading]]
"""Opens a list: what is selected of it, and so many items at most."""


class Snapshots:
    """Sends the snapshots of all connections, a few at a time."""

    def __init__(self, lists: Mapping[str, OpenList], options: RealtimeOptions) -> None:
        """Wire it.

        Args:
            lists: What opens the list of a topic, by its name.
            options: The bounds of each snapshot, and how many are read at once.
        """
        self._lists = lists
        self._options = options
        self._readers = asyncio.Semaphore(options.snapshot_readers)

    async def send(self, subscription: FactSubscription, scope: anyio.CancelScope) -> None:
        """Send how things stand, and have what follows sent behind it.

        Args:
            subscription: One that is ``pending``.
            scope: Cancelled when the subscription ends before.
        """
        connection = subscription.connection
        with scope:
            while connection.closing is None:
                snapshot = _Snapshot(subscription)
                try:
                    await self._read(snapshot)
                    # The end may wait for the client; the transaction is over.
                    await connection.has_room()
                except Exception as error:  # noqa: BLE001 - whatever it is, clients wait, not fail
                    log.warning(
                        "snapshot_not_read", topic=subscription.topic.name, error=str(error)
                    )
                    await asyncio.sleep(_RETRY)
                    continue
                snapshot.finish()
                return

    async def _read(self, snapshot: _Snapshot) -> None:
        """Send all pages but the last.

        Raises:
            Exception: The list cannot be read (any of those of its driver).
        """
        most, subscription = self._options.snapshot_items, snapshot.subscription
        async with self._readers:
            with anyio.move_on_after(self._options.snapshot_seconds) as patience:
                open_list = self._lists[subscription.topic.name]
                async with open_list(subscription.selection, most + 1) as reading:
                    snapshot.position = reading.position
                    while items := await reading.next():
                        taken = items[: most - snapshot.count]
                        for page in _pages(taken):
                            await subscription.connection.has_room()
                            if subscription.connection.closing is not None:
                                return
                            snapshot.add(page)
                        if len(taken) < len(items):
                            snapshot.truncated = True
                            return
            if patience.cancelled_caught:
                if snapshot.position is None:
                    raise TimeoutError("the list was not opened in time")
                snapshot.truncated = True


class _Snapshot:
    """One snapshot on its way to one subscription."""

    def __init__(self, subscription: FactSubscription) -> None:
        self.subscription = subscription
        self.position: int | None = None
        self.count = 0
        self.truncated = False
        self._held: list[msgspec.Raw] = []
        self._first = True

    def add(self, items: list[msgspec.Raw]) -> None:
        """Send what was held back so far, and hold these back: they may be the last."""
        if self.count:
            self._push(done=False)
        self._held = items
        self.count += len(items)

    def finish(self) -> None:
        """Send the last page, and let the facts behind it follow."""
        subscription = self.subscription
        if subscription.connection.closing is not None:
            return
        assert self.position is not None
        self._push(done=True)
        subscription.begin(self.position)

    def _push(self, *, done: bool) -> None:
        assert self.position is not None
        data = Page(self._first, done, self.truncated, self._held)
        frame = _Frame("snapshot", self.position, data, self.subscription.id)
        self.subscription.connection.push(json_frame(frame))
        self._first = False


def _pages(items: Sequence[bytes]) -> Iterator[list[msgspec.Raw]]:
    """Yield items in frames of a bounded size; a single one may be larger."""
    page: list[msgspec.Raw] = []
    size = 0
    for item in items:
        if page and size + len(item) > _PAGE_BYTES:
            yield page
            page, size = [], 0
        page.append(msgspec.Raw(item))
        size += len(item)
    if page:
        yield page


class _Frame(msgspec.Struct):
    type: str
    position: int
    data: Page
    id: str

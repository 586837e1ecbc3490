"""Topics of which only the latest value counts: no positions, no queue, a bounded rate."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec
import structlog

from aia_mas.application.event_log.feed import Feed
from aia_mas.interfaces.realtime.frames import suffix_of, text_frame
from aia_mas.interfaces.realtime.options import RealtimeOptions
from aia_mas.interfaces.realtime.subscription import CoalescedSubscription

log = structlog.stdlib.get_logger("aia.realtime")

_SLICE = 100
"""Subscribers marked before other work gets its turn."""
_SETTLE = 0.005
"""Seconds in which the folds behind a value usually take in what has just been committed."""


class Sample(NamedTuple):
    """A value and the position of the log up to which it was folded.

    ``data`` is anything that msgspec encodes as a JSON object.
    """

    data: Any
    as_of: int


Supplier = Callable[[], Sample]
"""Returns the current value; called often, so it must be quick."""


class CoalescedTopic:
    """Sends the latest value when it has changed, and to everybody who joins."""

    def __init__(
        self, name: str, frame_type: str, supplier: Supplier, options: RealtimeOptions
    ) -> None:
        """Define a topic.

        Args:
            name: What clients subscribe to.
            frame_type: The ``type`` of its frames.
            supplier: Where the value comes from.
            options: The bounds of its rate.
        """
        self.name = name
        self.suffix = suffix_of(name)
        self.frame: bytes | None = None
        self._type = frame_type
        self._supplier = supplier
        self._options = options
        self._as_of = -1
        self._data = b""
        self._subscribers: dict[CoalescedSubscription, None] = {}
        self._wanted = asyncio.Event()
        self._touched = asyncio.Event()

    def add(self, subscription: CoalescedSubscription) -> None:
        """Send the value now and whenever it changes."""
        if not self._subscribers:
            # Else it is being watched, and a crowd that joins at once costs no more than one.
            self._refresh()
        self._subscribers[subscription] = None
        self._wanted.set()
        subscription.connection.mark(subscription)

    def discard(self, subscription: CoalescedSubscription) -> None:
        """Send it no more."""
        self._subscribers.pop(subscription, None)
        if not self._subscribers:
            self._wanted.clear()

    def touch(self) -> None:
        """Tell that the value may have changed by something that is not in the log."""
        self._touched.set()

    async def run(self, feed: Feed) -> None:
        """Watch the value for as long as somebody wants it, until cancelled."""
        while True:
            await self._wanted.wait()
            await self._change(feed)
            await asyncio.sleep(_SETTLE)
            if self._refresh():
                await self._mark_all()
            await asyncio.sleep(self._interval())

    async def _change(self, feed: Feed) -> None:
        # A fold may trail the log by a moment: then this returns at once, and the value is looked
        # at again after the interval, until it has caught up.
        if feed.position > self._as_of or self._touched.is_set():
            self._touched.clear()
            return
        moved = asyncio.ensure_future(feed.wait(self._as_of))
        touched = asyncio.ensure_future(self._touched.wait())
        try:
            await asyncio.wait({moved, touched}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            moved.cancel()
            touched.cancel()
        self._touched.clear()

    def _refresh(self) -> bool:
        """Take the current value; tell whether it differs from the one before."""
        try:
            sample = self._supplier()
            data = _encode(sample.data)
        except Exception:
            # A supplier is somebody else's code: its failure must not end everybody's connection.
            log.exception("coalesced_topic_failed", topic=self.name)
            return False
        if data == self._data and sample.as_of == self._as_of:
            return False
        changed = data != self._data
        self._as_of, self._data = sample.as_of, data
        head = b'{"type":%b,"as_of":%d,"data":' % (_encode(self._type), sample.as_of)
        self.frame = text_frame(head + data + self.suffix)
        return changed

    async def _mark_all(self) -> None:
        for number, subscription in enumerate(tuple(self._subscribers), 1):
            if subscription.active:
                subscription.connection.mark(subscription)
            if number % _SLICE == 0:
                await asyncio.sleep(0)

    def _interval(self) -> float:
        return max(
            self._options.coalesce_interval,
            len(self._subscribers) / self._options.coalesced_frames_per_second,
        )


_encode = msgspec.json.Encoder().encode

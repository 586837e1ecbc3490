"""One client of the hub: what waits for it, bounded in bytes, and what it subscribed to."""

from __future__ import annotations

import asyncio
from typing import NamedTuple, Protocol

from aia_mas.domain.kernel import Principal
from aia_mas.interfaces.realtime.close_codes import CloseCode, Closing
from aia_mas.interfaces.realtime.subscription import CoalescedSubscription, FactSubscription

BATCH_BYTES = 64 * 2**10
"""How much is written in one go; about what a transport buffers before it says stop."""

SLOW = Closing(CloseCode.SLOW_CONSUMER, "facts piled up unread; resume with after")


class Batch(NamedTuple):
    """Frames to write at once, and how many bytes of them are facts and answers."""

    frames: list[bytes]
    size: int


class Transport(Protocol):
    """The wire to a client."""

    @property
    def heard_at(self) -> float:
        """When the client answered a ping last, by the loop's time; 0: it never did."""
        ...

    def offer(self, frames: bytes) -> bool:
        """Write whole frames if that can be done without waiting; tell whether it was done."""
        ...

    async def send(self, frames: list[bytes]) -> None:
        """Write frames, waiting while the client takes nothing.

        Raises:
            TimeoutError: It took nothing for too long.
            OSError: It is gone.
        """
        ...

    async def close(self, closing: Closing) -> None:
        """Begin the closing handshake behind everything that was sent."""
        ...

    def cut(self, closing: Closing) -> None:
        """Close without waiting for the client to take what was written, if the server can."""
        ...


class Connection:
    """A client of the hub, and the queue of frames that wait for it.

    What the wire takes at once is written at once. Else facts are queued as shared bytes for the
    sender (``deliver``), and coalesced topics are only marked: their frame is taken when it is
    sent, so it is the latest one and never waits twice.
    """

    __slots__ = (
        "_fresh",
        "_limit",
        "_queue",
        "_room_made",
        "_waiter",
        "_woken",
        "behind",
        "client_id",
        "closing",
        "heard_at",
        "may_idle",
        "principal",
        "queued_bytes",
        "subscriptions",
        "transport",
    )

    def __init__(
        self, client_id: str, principal: Principal, transport: Transport, *, queue_bytes: int
    ) -> None:
        """Make a connection with an empty queue.

        Args:
            client_id: What the client calls itself.
            principal: Who it is.
            transport: The wire.
            queue_bytes: What may wait before the client counts as too slow. A single frame may
                always wait, whatever its size.
        """
        self.client_id = client_id
        self.principal = principal
        self.transport = transport
        self.subscriptions: dict[str, FactSubscription | CoalescedSubscription] = {}
        self.behind: list[FactSubscription] = []
        self.closing: Closing | None = None
        self.heard_at = asyncio.get_running_loop().time()
        # An agent waits for work, which may take its time; it subscribes to nothing for that.
        self.may_idle = False
        self.queued_bytes = 0
        self._limit = queue_bytes
        self._queue: list[bytes] = []
        self._fresh: list[CoalescedSubscription] = []
        self._waiter: asyncio.Future[None] | None = None
        self._woken = False
        self._room_made: asyncio.Event | None = None

    @property
    def room(self) -> int:
        """How many bytes may be queued for one who catches up; it keeps the queue short."""
        return max(0, min(BATCH_BYTES, self._limit) - self.queued_bytes)

    def push(self, frames: bytes) -> None:
        """Send whole frames in their turn; with too much waiting, the connection is closed."""
        if self.closing is not None or (not self.queued_bytes and self.transport.offer(frames)):
            return
        if self.queued_bytes and self.queued_bytes + len(frames) > self._limit:
            self.closing = SLOW
            self.transport.cut(SLOW)
            self._forget()
        else:
            self._queue.append(frames)
            self.queued_bytes += len(frames)
        self.wake()

    def mark(self, subscription: CoalescedSubscription) -> None:
        """Have the latest value of a coalesced topic sent; marking it twice sends it once."""
        if self.closing is not None or subscription.marked:
            return
        if not self.queued_bytes:
            frame = subscription.frame()
            if frame is None or self.transport.offer(frame):
                return
        subscription.marked = True
        self._fresh.append(subscription)
        self.wake()

    def take(self) -> Batch:
        """Return what to write next; it counts as queued until it is given to ``sent``."""
        queue = self._queue
        if self.queued_bytes <= BATCH_BYTES:
            frames, size, self._queue = queue, self.queued_bytes, []
        else:
            size, count = 0, 0
            while count < len(queue) and size < BATCH_BYTES:
                size += len(queue[count])
                count += 1
            frames = queue[:count]
            del queue[:count]
        # A topic may have been subscribed to many times; what is left is taken next time.
        written = size
        while self._fresh and written < BATCH_BYTES:
            subscription = self._fresh.pop(0)
            subscription.marked = False
            if subscription.active and (frame := subscription.frame()) is not None:
                frames.append(frame)
                written += len(frame)
        return Batch(frames, size)

    def sent(self, batch: Batch) -> None:
        """Take a written batch off the account of what waits."""
        self.queued_bytes -= batch.size
        if self._room_made is not None and not self._is_full:
            self._room_made.set()

    async def has_room(self) -> None:
        """Wait until there is room for a page, or nothing more is sent."""
        while self._is_full and self.closing is None:
            if self._room_made is None or self._room_made.is_set():
                self._room_made = asyncio.Event()
            await self._room_made.wait()
        self._room_made = None

    @property
    def _is_full(self) -> bool:
        return self.queued_bytes > min(BATCH_BYTES, self._limit) // 2

    def leave(self, closing: Closing) -> None:
        """Send what is queued, nothing more, and close."""
        if self.closing is None:
            self.closing = closing
            self.behind.clear()
            self.wake()
            if self._room_made is not None:
                self._room_made.set()

    def facts(self) -> list[FactSubscription]:
        """Return its subscriptions of facts."""
        subscriptions = self.subscriptions.values()
        return [one for one in subscriptions if isinstance(one, FactSubscription)]

    def wake(self) -> None:
        """Let the sender look again."""
        self._woken = True
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def wait(self) -> None:
        """Wait until woken; a call of ``wake`` since the last wait counts."""
        if not self._woken:
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        self._woken = False

    def _forget(self) -> None:
        self._queue.clear()
        self._fresh.clear()
        self.behind.clear()
        if self._room_made is not None:
            self._room_made.set()

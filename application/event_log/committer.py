"""Group commit: concurrent requests share one transaction, and each gets its own answer."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import NamedTuple

import anyio
import structlog

from aia_mas.application.event_log.batch import Batch, BatchResult, BatchWriter, Sent, Status
from aia_mas.application.event_log.commit_counts import CommitCounts
from aia_mas.application.event_log.errors import (
    AppendFailed,
    CommandIdReused,
    EventLogError,
    Fenced,
    LogClosed,
    LogUnavailable,
    Overloaded,
    StaleExpectation,
)
from aia_mas.application.event_log.records import Appended, AppendRequest, RecordedEvent, Settle

log = structlog.stdlib.get_logger("aia.event_log.committer")

Publish = Callable[[Sequence[RecordedEvent]], None]

_SMALL = 64
_AHEAD = 2
"""Batches that are under way at once: one that the server works on, and the next."""


class Committer:
    """Drains a queue of requests into the writer, and answers batch by batch, in order.

    While a batch is under way the next ones fill; an idle committer sends at once. A batch is
    closed when it holds half of the outstanding requests, and sent ahead then, so that the server
    works on one half while this process answers and prepares the other.

    Attributes:
        counts: What it has done.
    """

    def __init__(
        self,
        writer: BatchWriter,
        publish: Publish,
        *,
        max_waiting: int = 20_000,
        max_waiting_bytes: int = 256 * 2**20,
    ) -> None:
        """Wire the committer; ``run`` must be running for requests to be answered.

        Args:
            writer: Stores batches.
            publish: Called with the events of each committed batch, in order, before the waiters
                of that batch are answered.
            max_waiting: Requests that may wait; more are refused as ``Overloaded``.
            max_waiting_bytes: The same in bytes of payload.
        """
        self.counts = CommitCounts()
        self._writer = writer
        self._publish = publish
        self._max_waiting = max_waiting
        self._max_waiting_bytes = max_waiting_bytes
        self._queue: deque[_Pending] = deque()
        self._under_way: deque[_Pending] = deque()
        self._outstanding = 0
        self._bytes = 0
        self._filled = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._closed = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._running: anyio.CancelScope | None = None

    @property
    def waiting(self) -> int:
        """Requests not yet answered."""
        return self._outstanding

    def enqueue(
        self, request: AppendRequest, settle: Settle | None = None
    ) -> asyncio.Future[Appended]:
        """Queue a request; it is never cancelled, only its waiter may go away.

        Args:
            request: What to append.
            settle: Called with the answer, or with why there is none, whether or not anybody still
                waits for the future.

        Returns:
            A future with the answer, or with StaleExpectation, CommandIdReused, Fenced,
            AppendFailed or LogUnavailable.

        Raises:
            Overloaded: The queue is full.
            LogClosed: The committer takes no more requests.
        """
        if self._closed:
            raise LogClosed("the node is stopping")
        if self._outstanding >= self._max_waiting or self._bytes >= self._max_waiting_bytes:
            raise Overloaded("the commit queue is full")
        # Asking for the running loop is a system call.
        loop = self._loop = self._loop or asyncio.get_running_loop()
        waiter = _Waiter(loop.create_future(), settle)
        queue = self._queue
        new = (
            not queue
            or len(queue[-1].waiters) >= max(_SMALL, self._outstanding // 2)
            or not queue[-1].batch.takes(request)
        )
        pending = _Pending() if new else queue[-1]
        before = pending.batch.bytes
        try:
            pending.batch.add(request)
        except Exception as error:  # noqa: BLE001 - whatever it is, it concerns this request alone
            loop.call_soon(_fail, waiter, _append_failed(request, error))
            return waiter.future
        if new:
            queue.append(pending)
            self._filled.set()
            self._idle.clear()
        pending.waiters.append(waiter)
        self._outstanding += 1
        self._bytes += pending.batch.bytes - before
        self._send_ahead()
        return waiter.future

    async def append(self, request: AppendRequest) -> Appended:
        """Queue a request and wait for its answer (see ``enqueue``)."""
        return await self.enqueue(request)

    async def run(self) -> None:
        """Commit until ``stop``; what is then unanswered fails as ``LogUnavailable``.

        A cancelled task group does not end it, so that no call is cut off half-way.
        """
        try:
            with anyio.CancelScope(shield=True) as self._running:
                while await self._something():
                    self._send(self._queue.popleft())
                    while self._under_way:
                        self._send_ahead()
                        pending = self._under_way[0]
                        await self._commit(pending.batch, pending.waiters, pending.sent)
                        self.counts.seconds.add(time.perf_counter() - pending.sent_at)
                        self.counts.requests.add(len(pending.waiters))
                        self._under_way.popleft()
                        self._outstanding -= len(pending.waiters)
                        self._bytes -= pending.batch.bytes
        finally:
            self._closed = True
            error = LogUnavailable("the node stopped before the commit was answered")
            for unanswered in (*self._under_way, *self._queue):
                for waiter in unanswered.waiters:
                    _fail(waiter, error)
            self._under_way.clear()
            self._queue.clear()
            self._idle.set()

    async def drain(self) -> None:
        """Take no new requests and wait until all queued ones are answered."""
        self._closed = True
        self._filled.set()
        await self._idle.wait()

    async def stop(self, grace: float = 2.0) -> None:
        """Drain for at most ``grace`` seconds, then end ``run`` whatever is under way."""
        with anyio.move_on_after(grace, shield=True):
            await self.drain()
        if self._running is not None:
            self._running.cancel()

    async def _something(self) -> bool:
        """Wait until something is queued; False when nothing will be."""
        while not self._queue:
            self._idle.set()
            if self._closed:
                return False
            self._filled.clear()
            await self._filled.wait()
        return True

    def _send_ahead(self) -> None:
        """Send the next batch while the server has only one to work on, if it is closed."""
        queue, under_way = self._queue, self._under_way
        if not queue or not 0 < len(under_way) < _AHEAD or under_way[-1].sent is None:
            return  # behind one that is not sent yet, it would overtake
        if len(queue) > 1 or len(queue[0].waiters) >= max(_SMALL, self._outstanding // 2):
            self._send(queue.popleft())

    def _send(self, pending: _Pending) -> None:
        pending.sent_at = time.perf_counter()
        pending.sent = self._writer.send(pending.batch)
        self._under_way.append(pending)

    async def _commit(
        self, batch: Batch, waiters: Sequence[_Waiter], sent: Sent | None = None
    ) -> None:
        try:
            result = await self._writer.write(batch, sent)
        except LogUnavailable as error:
            self.counts.failed += len(waiters)
            for waiter in waiters:
                _fail(waiter, error)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is one request's fault
            if len(waiters) == 1:
                self.counts.failed += 1
                _fail(waiters[0], _append_failed(batch.requests[0], error))
                return
            middle = len(waiters) // 2
            await self._commit(Batch(batch.requests[:middle]), waiters[:middle])
            await self._commit(Batch(batch.requests[middle:]), waiters[middle:])
        else:
            self._answer(batch.requests, waiters, result)

    def _answer(
        self,
        requests: Sequence[AppendRequest],
        waiters: Sequence[_Waiter],
        result: BatchResult,
    ) -> None:
        events: list[RecordedEvent] = []
        answers: list[Appended | EventLogError] = []
        counted = self.counts.answers
        for number, request in enumerate(requests):
            status = result.statuses[number]
            counted[status] += 1
            first = result.first_positions[number]
            last = first + len(request.events) - 1 if request.events else result.head
            if status == Status.ACCEPTED:
                events += recorded(request, first, result.stamp)
                answers.append(Appended(first, last, result.stamp))
            elif status == Status.KNOWN:
                answers.append(_known(result, number))
            else:
                answers.append(_REJECTIONS[Status(status)](request.command_id))
        if events:
            self.counts.events += len(events)
            self._publish(events)
        for waiter, answer in zip(waiters, answers, strict=True):
            if isinstance(answer, EventLogError):
                _fail(waiter, answer)
            else:
                waiter.settle(answer)
                if not waiter.future.done():
                    waiter.future.set_result(answer)


class _Waiter(NamedTuple):
    """Who waits for the answer to a request, and what is to be done with it in any case."""

    future: asyncio.Future[Appended]
    settled: Settle | None

    def settle(self, answer: Appended | EventLogError) -> None:
        if self.settled is not None:
            try:
                self.settled(answer)
            except Exception:
                log.exception("answer_not_settled")


class _Pending:
    """A batch that fills while others are under way, and who waits for it."""

    __slots__ = ("batch", "sent", "sent_at", "waiters")

    def __init__(self) -> None:
        self.batch = Batch()
        self.waiters: list[_Waiter] = []
        self.sent: Sent | None = None
        self.sent_at = 0.0


_REJECTIONS: dict[Status, type[EventLogError]] = {
    Status.REUSED: CommandIdReused,
    Status.STALE: StaleExpectation,
    Status.FENCED: Fenced,
}


def recorded(request: AppendRequest, first: int, stamp: object) -> list[RecordedEvent]:
    """Return the events of an accepted request as they now stand in the log."""
    return [
        RecordedEvent(
            position=position,
            stream=event.stream,
            version=event.version,
            topic=event.topic,
            event=event.event,
            recorded_at=stamp,  # type: ignore[arg-type]
            command_id=request.command_id,
            actor=request.actor,
            correlation_id=request.correlation_id,
            causation_id=request.causation_id,
            size=len(event.state),
        )
        for position, event in enumerate(request.events, first)
    ]


def _known(result: BatchResult, number: int) -> Appended:
    """Return the first answer to a request that was committed before."""
    assert result.outcomes is not None and result.known_at is not None
    assert result.known_counts is not None
    first, outcome = result.first_positions[number], result.outcomes[number]
    count, at = result.known_counts[number], result.known_at[number]
    assert outcome is not None and count is not None and at is not None
    return Appended(first, first + count - 1, at, outcome)


def _append_failed(request: AppendRequest, error: Exception) -> AppendFailed:
    log.warning("append_failed", command_id=request.command_id, error=str(error))
    failure = AppendFailed(str(error))
    failure.__cause__ = error
    return failure


def _fail(waiter: _Waiter, error: EventLogError) -> None:
    waiter.settle(error)
    if not waiter.future.done():
        waiter.future.set_exception(error)
        # Whoever waited may have gone away; that is not an error worth a warning from asyncio.
        waiter.future.exception()

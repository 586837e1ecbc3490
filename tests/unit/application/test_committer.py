"""The queue of the committer: how batches fill, who is told what, and how it ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import anyio
import pytest

from aia_mas.application.event_log.batch import MAX_BYTES, MAX_REQUESTS, Batch, BatchResult, Sent
from aia_mas.application.event_log.committer import Committer
from aia_mas.application.event_log.errors import (
    AppendFailed,
    LogClosed,
    LogUnavailable,
    Overloaded,
)
from aia_mas.application.event_log.log import new_events
from aia_mas.application.event_log.records import AppendRequest, Expectation, RecordedEvent

from .conftest import MAPPER, PATIENCE, Opened, settle

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Writer:
    """Accepts everything that is not told to fail, when it is let to."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.gate.set()
        self.batches: list[list[str]] = []
        self.bad: dict[str, Exception] = {}
        self.head = 0

    def send(self, _batch: Batch) -> None:
        """Send nothing ahead."""

    async def write(self, batch: Batch, _sent: Sent | None = None) -> BatchResult:
        self.batches.append([request.command_id for request in batch.requests])
        await self.gate.wait()
        for request in batch.requests:
            if request.command_id in self.bad:
                raise self.bad[request.command_id]
        first = [self.head + number + 1 for number in range(len(batch))]
        self.head += len(batch)
        return BatchResult([0] * len(batch), first, None, None, None, self.head, NOW)


def _request(command_id: str, *, outcome: bytes = b"", actor: str = "system") -> AppendRequest:
    return AppendRequest(
        command_id,
        new_events(MAPPER, command_id, 0, [Opened(limit=1)]),
        [Expectation(command_id, 0, "")],
        outcome=outcome,
        actor=actor,
    )


def _many(count: int, prefix: str = "c") -> list[AppendRequest]:
    return [_request(f"{prefix}{number}") for number in range(count)]


@asynccontextmanager
async def _running(
    writer: Writer, published: list[RecordedEvent] | None = None, **options: int
) -> AsyncIterator[Committer]:
    seen = [] if published is None else published

    def publish(events: Sequence[RecordedEvent]) -> None:
        seen.extend(events)

    committer = Committer(writer, publish, **options)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(committer.run)
        try:
            yield committer
        finally:
            writer.gate.set()
            await committer.stop()


async def test_a_lone_request_is_sent_at_once() -> None:
    writer = Writer()
    async with _running(writer) as committer:
        for number in range(3):
            await committer.append(_request(f"c{number}"))

    assert writer.batches == [["c0"], ["c1"], ["c2"]]


async def test_requests_gather_while_a_batch_is_under_way() -> None:
    writer = Writer()
    async with _running(writer) as committer:
        writer.gate.clear()
        first = committer.enqueue(_request("first"))
        await settle()
        rest = [committer.enqueue(request) for request in _many(50)]
        assert writer.batches == [["first"]]
        writer.gate.set()
        await asyncio.gather(first, *rest)

    assert [len(batch) for batch in writer.batches] == [1, 50]


async def test_a_batch_is_closed_at_half_of_what_is_outstanding() -> None:
    """So that PostgreSQL works on one half while this process prepares the other."""
    writer = Writer()
    async with _running(writer) as committer:
        await asyncio.gather(*(committer.enqueue(request) for request in _many(1000)))

    sizes = [len(batch) for batch in writer.batches]
    assert sum(sizes) == 1000
    assert sizes[0] == 64
    assert max(sizes) <= 512
    assert [each for batch in writer.batches for each in batch] == [f"c{n}" for n in range(1000)]


class SendingWriter(Writer):
    """Takes batches ahead; each is answered when its future is."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[tuple[list[str], asyncio.Future[None]]] = []
        self.written: list[int] = []

    def send(self, batch: Batch) -> asyncio.Future[None]:  # type: ignore[override]
        ids = [request.command_id for request in batch.requests]
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.sent.append((ids, future))
        return future

    async def write(self, batch: Batch, sent: Sent | None = None) -> BatchResult:
        self.written.append(len(batch))
        if sent is not None:
            await sent
        return await super().write(batch)


async def test_a_closed_batch_is_sent_ahead_and_an_open_one_is_not() -> None:
    writer = SendingWriter()
    async with _running(writer) as committer:
        first = committer.enqueue(_request("first"))
        await settle()
        second = [committer.enqueue(request) for request in _many(63)]
        assert [len(ids) for ids, _ in writer.sent] == [1]
        second += [committer.enqueue(_request("the 64th closes it"))]
        third = [committer.enqueue(request) for request in _many(300, "d")]
        assert [len(ids) for ids, _ in writer.sent] == [1, 64], "and one is enough ahead"
        assert writer.written == [1], "its turn has not come"

        writer.sent[1][1].set_result(None)
        await settle()
        assert not any(future.done() for future in second), "answers keep their order"
        writer.sent[0][1].set_result(None)
        await asyncio.gather(first, *second)
        await settle()
        while not all(future.done() for future in third):
            for _, future in writer.sent:
                if not future.done():
                    future.set_result(None)
            await settle()

    assert [each for batch in writer.batches for each in batch] == [
        each for ids, _ in writer.sent for each in ids
    ]


async def test_a_batch_that_fails_does_not_take_the_one_sent_ahead_with_it() -> None:
    writer, published = SendingWriter(), list[RecordedEvent]()
    async with _running(writer, published) as committer:
        first = committer.enqueue(_request("first"))
        await settle()
        second = [committer.enqueue(request) for request in _many(64)]
        writer.sent[0][1].set_exception(ValueError("bad"))
        writer.sent[1][1].set_result(None)
        with pytest.raises(AppendFailed):
            await first
        await asyncio.gather(*second)

    assert [event.command_id for event in published] == [f"c{number}" for number in range(64)]


async def test_a_batch_is_bounded() -> None:
    writer = Writer()
    async with _running(writer, max_waiting=100_000) as committer:
        writer.gate.clear()
        waiting = [committer.enqueue(request) for request in _many(9 * MAX_REQUESTS)]
        writer.gate.set()
        await asyncio.gather(*waiting)
        assert max(len(batch) for batch in writer.batches) == MAX_REQUESTS

        writer.batches.clear()
        large = b"x" * (MAX_BYTES // 3)
        await asyncio.gather(
            *(committer.enqueue(_request(f"l{n}", outcome=large)) for n in range(10))
        )
        assert max(len(batch) for batch in writer.batches) <= 4


async def test_a_command_stands_once_in_a_batch() -> None:
    """The second one must see the outcome of the first."""
    writer = Writer()
    async with _running(writer) as committer:
        await asyncio.gather(*(committer.enqueue(_request("same")) for _ in range(3)))

    assert writer.batches == [["same"]] * 3


async def test_memory_is_bounded_in_requests_and_in_bytes() -> None:
    writer = Writer()
    async with _running(writer, max_waiting=5, max_waiting_bytes=1000) as committer:
        writer.gate.clear()
        waiting = [committer.enqueue(request) for request in _many(5)]
        with pytest.raises(Overloaded):
            _ = committer.enqueue(_request("more"))
        assert committer.waiting == 5
        writer.gate.set()
        await asyncio.gather(*waiting)
        await settle()
        assert committer.waiting == 0

        writer.gate.clear()
        waiting = [committer.enqueue(_request("large", outcome=b"x" * 1000))]
        with pytest.raises(Overloaded):
            _ = committer.enqueue(_request("more"))
        writer.gate.set()
        await asyncio.gather(*waiting)
        await settle()
        await committer.append(_request("more"))


async def test_events_are_published_in_order_before_anybody_is_answered() -> None:
    writer, published = Writer(), list[RecordedEvent]()
    counts: list[tuple[int, int]] = []
    async with _running(writer, published) as committer:
        futures = [committer.enqueue(request) for request in _many(200)]
        for future in futures:
            future.add_done_callback(
                lambda future: counts.append((future.result().last, len(published)))
            )
        await asyncio.gather(*futures)

    assert [event.position for event in published] == list(range(1, 201))
    assert len(counts) == 200
    assert all(seen >= position for position, seen in counts)


async def test_only_the_offender_fails() -> None:
    writer = Writer()
    writer.bad = {f"c{number}": ValueError(f"bad {number}") for number in (0, 17, 18, 63)}
    async with _running(writer) as committer:
        results = await asyncio.gather(
            *(committer.enqueue(request) for request in _many(64)), return_exceptions=True
        )

    for number, result in enumerate(results):
        if f"c{number}" in writer.bad:
            assert isinstance(result, AppendFailed)
            assert isinstance(result.__cause__, ValueError)
            assert str(result) == f"bad {number}"
        else:
            assert not isinstance(result, BaseException)
    order = [result.first for result in results if not isinstance(result, BaseException)]
    assert order == list(range(1, 61)), "and the others keep their order"
    assert len(writer.batches) < 50, "by halves, not one by one"


async def test_a_store_without_resources_refuses_the_batch_and_not_the_next_one() -> None:
    writer = Writer()
    writer.bad["c3"] = LogUnavailable("disk full")
    async with _running(writer) as committer:
        results = await asyncio.gather(
            *(committer.enqueue(request) for request in _many(5)), return_exceptions=True
        )
        assert all(isinstance(result, LogUnavailable) for result in results)
        assert (await committer.append(_request("next"))).first == 1


async def test_a_request_that_cannot_be_encoded_leaves_the_batch_as_it_was() -> None:
    writer = Writer()
    async with _running(writer) as committer:
        results = await asyncio.gather(
            committer.enqueue(_request("before")),
            committer.enqueue(_request("broken", actor="\udcff")),
            committer.enqueue(_request("behind")),
            return_exceptions=True,
        )
        assert isinstance(results[1], AppendFailed)
        alone = committer.enqueue(_request("alone", actor="\udcff"))
        await settle()

    assert isinstance(alone.exception(), AppendFailed)
    assert writer.batches == [["before", "behind"]]


async def test_a_waiter_that_goes_away_takes_nothing_with_it() -> None:
    writer = Writer()
    async with _running(writer) as committer:
        writer.gate.clear()
        waiting = [asyncio.create_task(committer.append(request)) for request in _many(3)]
        await settle()
        waiting[1].cancel()
        await settle()
        writer.gate.set()
        results = await asyncio.gather(*waiting, return_exceptions=True)

    assert [getattr(result, "first", None) for result in results] == [1, None, 3]


async def test_draining_answers_everything_and_ends_the_run() -> None:
    writer = Writer()
    committer = Committer(writer, lambda _: None)
    running = asyncio.create_task(committer.run())
    waiting = [committer.enqueue(request) for request in _many(200)]
    with anyio.fail_after(PATIENCE):
        await committer.drain()
        await running

    assert all(future.done() for future in waiting)
    with pytest.raises(LogClosed):
        _ = committer.enqueue(_request("late"))


async def test_stopping_before_it_has_begun() -> None:
    committer = Committer(Writer(), lambda _: None)
    with anyio.fail_after(PATIENCE):
        await committer.stop()
        await committer.run()


async def test_stopping_gives_up_after_the_grace() -> None:
    writer = Writer()
    writer.gate.clear()
    committer = Committer(writer, lambda _: None)
    with anyio.fail_after(PATIENCE):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(committer.run)
            waiting = [committer.enqueue(request) for request in _many(100)]
            await settle()
            await committer.stop(grace=0.01)

    for future in waiting:
        assert isinstance(future.exception(), LogUnavailable)
    await committer.drain()


async def test_a_cancelled_task_group_does_not_end_it_before_it_is_stopped() -> None:
    writer = Writer()
    writer.gate.clear()
    committer = Committer(writer, lambda _: None)
    with anyio.fail_after(PATIENCE):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(committer.run)
            future = committer.enqueue(_request("c"))
            await settle()
            tasks.cancel_scope.cancel()
            with anyio.CancelScope(shield=True):
                await settle()
                assert not future.done()
                writer.gate.set()
                await committer.stop()

    assert future.result().first == 1


async def test_a_killed_run_leaves_nobody_waiting() -> None:
    writer = Writer()
    writer.gate.clear()
    committer = Committer(writer, lambda _: None)
    running = asyncio.create_task(committer.run())
    waiting = [committer.enqueue(request) for request in _many(100)]
    await settle()
    running.cancel()
    with anyio.fail_after(PATIENCE):
        results = await asyncio.gather(*waiting, return_exceptions=True)
        await committer.drain()

    assert all(isinstance(result, LogUnavailable) for result in results)
    with pytest.raises(LogClosed):
        _ = committer.enqueue(_request("late"))


async def test_what_was_done_is_counted_batch_by_batch() -> None:
    writer = Writer()
    writer.bad["c1"] = ValueError("cannot be stored")
    writer.bad["down"] = LogUnavailable("away")
    async with _running(writer) as committer:
        await committer.append(_request("first"))
        results = await asyncio.gather(
            *(committer.append(request) for request in _many(3)), return_exceptions=True
        )
        assert [isinstance(result, AppendFailed) for result in results] == [False, True, False]
        with pytest.raises(LogUnavailable):
            await committer.append(_request("down"))
        await settle()

    counts = committer.counts.copy()
    assert (counts.events, counts.answers, counts.failed) == (3, [3, 0, 0, 0, 0], 2)
    assert sum(counts.requests.counts) == sum(counts.seconds.counts) >= 3
    assert counts.requests.total == 5

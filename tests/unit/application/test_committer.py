"""The queue of the committer: how batches fill, and who is told what."""

from __future__ import annotations

import asyncio

import pytest

from aia_mas.application.event_log.batch import MAX_BYTES, MAX_REQUESTS, Batch, BatchResult, Sent
from aia_mas.application.event_log.errors import (
    AppendFailed,
    LogUnavailable,
    Overloaded,
)
from aia_mas.application.event_log.records import RecordedEvent

from .committer_writer import Writer, many, request, running
from .conftest import settle


async def test_a_lone_request_is_sent_at_once() -> None:
    writer = Writer()
    async with running(writer) as committer:
        for number in range(3):
            await committer.append(request(f"c{number}"))

    assert writer.batches == [["c0"], ["c1"], ["c2"]]


async def test_requests_gather_while_a_batch_is_under_way() -> None:
    writer = Writer()
    async with running(writer) as committer:
        writer.gate.clear()
        first = committer.enqueue(request("first"))
        await settle()
        rest = [committer.enqueue(request) for request in many(50)]
        assert writer.batches == [["first"]]
        writer.gate.set()
        await asyncio.gather(first, *rest)

    assert [len(batch) for batch in writer.batches] == [1, 50]


async def test_a_batch_is_closed_at_half_of_what_is_outstanding() -> None:
    """So that PostgreSQL works on one half while this process prepares the other."""
    writer = Writer()
    async with running(writer) as committer:
        await asyncio.gather(*(committer.enqueue(request) for request in many(1000)))

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
    async with running(writer) as committer:
        first = committer.enqueue(request("first"))
        await settle()
        second = [committer.enqueue(request) for request in many(63)]
        assert [len(ids) for ids, _ in writer.sent] == [1]
        second += [committer.enqueue(request("the 64th closes it"))]
        third = [committer.enqueue(request) for request in many(300, "d")]
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
    async with running(writer, published) as committer:
        first = committer.enqueue(request("first"))
        await settle()
        second = [committer.enqueue(request) for request in many(64)]
        writer.sent[0][1].set_exception(ValueError("bad"))
        writer.sent[1][1].set_result(None)
        with pytest.raises(AppendFailed):
            await first
        await asyncio.gather(*second)

    assert [event.command_id for event in published] == [f"c{number}" for number in range(64)]


async def test_a_batch_is_bounded() -> None:
    writer = Writer()
    async with running(writer, max_waiting=100_000) as committer:
        writer.gate.clear()
        waiting = [committer.enqueue(request) for request in many(9 * MAX_REQUESTS)]
        writer.gate.set()
        await asyncio.gather(*waiting)
        assert max(len(batch) for batch in writer.batches) == MAX_REQUESTS

        writer.batches.clear()
        large = b"x" * (MAX_BYTES // 3)
        await asyncio.gather(
            *(committer.enqueue(request(f"l{n}", outcome=large)) for n in range(10))
        )
        assert max(len(batch) for batch in writer.batches) <= 4


async def test_a_command_stands_once_in_a_batch() -> None:
    """The second one must see the outcome of the first."""
    writer = Writer()
    async with running(writer) as committer:
        await asyncio.gather(*(committer.enqueue(request("same")) for _ in range(3)))

    assert writer.batches == [["same"]] * 3


async def test_memory_is_bounded_in_requests_and_in_bytes() -> None:
    writer = Writer()
    async with running(writer, max_waiting=5, max_waiting_bytes=1000) as committer:
        writer.gate.clear()
        waiting = [committer.enqueue(request) for request in many(5)]
        with pytest.raises(Overloaded):
            _ = committer.enqueue(request("more"))
        assert committer.waiting == 5
        writer.gate.set()
        await asyncio.gather(*waiting)
        await settle()
        assert committer.waiting == 0

        writer.gate.clear()
        waiting = [committer.enqueue(request("large", outcome=b"x" * 1000))]
        with pytest.raises(Overloaded):
            _ = committer.enqueue(request("more"))
        writer.gate.set()
        await asyncio.gather(*waiting)
        await settle()
        await committer.append(request("more"))


async def test_events_are_published_in_order_before_anybody_is_answered() -> None:
    writer, published = Writer(), list[RecordedEvent]()
    counts: list[tuple[int, int]] = []
    async with running(writer, published) as committer:
        futures = [committer.enqueue(request) for request in many(200)]
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
    async with running(writer) as committer:
        results = await asyncio.gather(
            *(committer.enqueue(request) for request in many(64)), return_exceptions=True
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
    async with running(writer) as committer:
        results = await asyncio.gather(
            *(committer.enqueue(request) for request in many(5)), return_exceptions=True
        )
        assert all(isinstance(result, LogUnavailable) for result in results)
        assert (await committer.append(request("next"))).first == 1


async def test_a_request_that_cannot_be_encoded_leaves_the_batch_as_it_was() -> None:
    writer = Writer()
    async with running(writer) as committer:
        results = await asyncio.gather(
            committer.enqueue(request("before")),
            committer.enqueue(request("broken", actor="\udcff")),
            committer.enqueue(request("behind")),
            return_exceptions=True,
        )
        assert isinstance(results[1], AppendFailed)
        alone = committer.enqueue(request("alone", actor="\udcff"))
        await settle()

    assert isinstance(alone.exception(), AppendFailed)
    assert writer.batches == [["before", "behind"]]


async def test_a_waiter_that_goes_away_takes_nothing_with_it() -> None:
    writer = Writer()
    async with running(writer) as committer:
        writer.gate.clear()
        waiting = [asyncio.create_task(committer.append(request)) for request in many(3)]
        await settle()
        waiting[1].cancel()
        await settle()
        writer.gate.set()
        results = await asyncio.gather(*waiting, return_exceptions=True)

    assert [getattr(result, "first", None) for result in results] == [1, None, 3]


async def test_what_was_done_is_counted_batch_by_batch() -> None:
    writer = Writer()
    writer.bad["c1"] = ValueError("cannot be stored")
    writer.bad["down"] = LogUnavailable("away")
    async with running(writer) as committer:
        await committer.append(request("first"))
        results = await asyncio.gather(
            *(committer.append(request) for request in many(3)), return_exceptions=True
        )
        assert [isinstance(result, AppendFailed) for result in results] == [False, True, False]
        with pytest.raises(LogUnavailable):
            await committer.append(request("down"))
        await settle()

    counts = committer.counts.copy()
    assert (counts.events, counts.answers, counts.failed) == (3, [3, 0, 0, 0, 0], 2)
    assert sum(counts.requests.counts) == sum(counts.seconds.counts) >= 3
    assert counts.requests.total == 5

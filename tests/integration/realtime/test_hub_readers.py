"""Whatever readers do meanwhile, each sees every fact of its own once and in order."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anyio
from hypothesis import given, settings
from hypothesis import strategies as st

from aia_mas.application.event_log.memory_log import MemoryEventLog
from aia_mas.interfaces.realtime import Hub, RealtimeOptions

from .readers import TASKS, Reader, until

ACTION = st.one_of(
    st.tuples(st.just("write"), st.integers(0, 2), st.integers(1, 30)),
    st.tuples(st.just("submit"), st.integers(0, 2), st.just(0)),
    st.tuples(st.just("turns"), st.integers(0, 0), st.integers(1, 12)),
    st.tuples(st.just("connect"), st.integers(0, 4), st.just(0)),
    st.tuples(st.just("leave"), st.integers(0, 4), st.just(0)),
    st.tuples(st.just("stall"), st.integers(0, 4), st.just(0)),
    st.tuples(st.just("flow"), st.integers(0, 4), st.just(0)),
)


@settings(max_examples=60)
@given(
    actions=st.lists(ACTION, min_size=5, max_size=30),
    ring_bytes=st.sampled_from([0, 3_000, 1_000_000]),
    queue_bytes=st.sampled_from([10_000, 1_000_000]),
)
def test_every_reader_sees_every_fact_of_its_own_once_and_in_order(
    actions, ring_bytes, queue_bytes, make_writer
):
    options = RealtimeOptions(
        ring_bytes=ring_bytes, queue_bytes=queue_bytes, prefill=0, cached_pages=2
    )
    with ThreadPoolExecutor(1) as thread:  # this one may have a loop of anyio's fixtures at work
        thread.submit(anyio.run, _play, actions, options, make_writer).result()


async def _play(
    actions: list[tuple[str, int, int]],
    options: RealtimeOptions,
    make_writer: Callable[..., Any],
) -> None:
    writer = make_writer()
    async with writer.log.running() as log, anyio.create_task_group() as tasks:
        hub = Hub(log, options)
        await tasks.start(hub.run)
        readers = [Reader(hub, number) for number in range(5)]
        for action, which, amount in actions:
            await _act(action, readers[which], which, amount, writer)
        for reader in readers:
            await _finish(reader, hub, log)
            expected = reader.expected(log)
            assert reader.seen == expected
        assert not hub.connections
        assert not any(
            channel.audience._groups or channel.audience._by_task or channel.audience._by_agent
            for channel in hub._channels.values()
        )
        tasks.cancel_scope.cancel()


async def _act(action: str, reader: Reader, which: int, amount: int, writer: Any) -> None:
    match action:
        case "write":
            await writer.progress(TASKS[which], amount)
        case "submit":
            await writer.submit(TASKS[which])
        case "turns":
            for _ in range(amount):
                await asyncio.sleep(0)
        case "connect" if reader.wire is None:
            await reader.connect()
        case "leave":
            await reader.leave()
        case "stall" if reader.wire is not None:
            reader.wire.open.clear()
        case "flow" if reader.wire is not None:
            reader.wire.open.set()


async def _finish(reader: Reader, hub: Hub, log: MemoryEventLog) -> None:
    """Let a reader read to the end, resuming as often as it is closed for being slow."""
    while True:
        if reader.wire is None:
            await reader.connect()
        assert reader.wire is not None
        reader.wire.open.set()
        async with asyncio.timeout(20):
            await until(lambda: reader.connection.closing or _read_all(reader, hub, log))
        done = reader.connection.closing is None
        await reader.leave()
        if done:
            return


def _read_all(reader: Reader, hub: Hub, log: MemoryEventLog) -> bool:
    [position] = hub.positions(reader.connection).values()
    return position >= len(log.events) and not reader.connection.queued_bytes

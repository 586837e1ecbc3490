"""The log alone against what the same server can do at best, both measured in turn in one run."""

import asyncio
import hashlib
import statistics
import time
from collections.abc import Callable, Coroutine
from typing import Any

import psycopg
import uuid_utils
from pytest_benchmark.fixture import BenchmarkFixture

from aia_mas.application.event_log.mapper import EventMapper
from aia_mas.application.event_log.postgres_log import PostgresEventLog
from aia_mas.application.event_log.records import AppendRequest, Expectation, NewEvent

Run = Callable[[Coroutine[Any, Any, Any]], Any]
Report = Callable[..., None]

ROUNDS = 7
APPENDERS = 256
PAYLOAD = b"\x01" + b'{"task_type":"data_analysis","description":"' + b"x" * 160 + b'"}'

TABLE = """create table raw (
    position bigint primary key, stream text collate "C" not null, version bigint not null,
    topic text not null, state bytea not null, recorded_at timestamptz not null,
    command_id text not null, actor text not null, correlation_id text, causation_id text,
    row_hash bytea not null, unique (stream, version))"""

INSERT = """insert into raw
    select %b::bigint + row_number() over (), s, v, t, b, now(), c, a, o, u, h
    from unnest(%b::text[], %b::bigint[], %b::text[], %b::bytea[], %b::text[], %b::text[],
                %b::text[], %b::text[], %b::bytea[]) x(s, v, t, b, c, a, o, u, h)"""


def request() -> AppendRequest:
    stream, command = f"task/{uuid_utils.uuid7()}", f"cmd:{uuid_utils.uuid7()}"
    event = NewEvent(stream, 1, "task.submitted.v1", PAYLOAD, None)
    return AppendRequest(command, [event], [Expectation(stream, 0, "")], outcome=b"A{}")


class Raw:
    """The comparison: the same columns in one plain table, no chain, no guard, no idempotency."""

    def __init__(self, connection: psycopg.AsyncConnection) -> None:
        self._connection = connection
        self._position = 0

    async def batch(self, size: int) -> float:
        """Insert rows in one commit; return the seconds it took."""
        requests = [request() for _ in range(size)]
        events = [one.events[0] for one in requests]
        values = (
            self._position,
            [event.stream for event in events],
            [event.version for event in events],
            [event.topic for event in events],
            [event.state for event in events],
            [one.command_id for one in requests],
            [one.actor for one in requests],
            [None] * size,
            [None] * size,
            [hashlib.sha256(event.state).digest() for event in events],
        )
        self._position += size
        began = time.perf_counter()
        await self._connection.execute(INSERT, values, prepare=True)
        return time.perf_counter() - began


async def append(log: PostgresEventLog, clients: int, each: int) -> float:
    """Append one event at a time from many clients; return the seconds it took."""

    async def client() -> None:
        for _ in range(each):
            await log.append(request())

    began = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(clients)))
    return time.perf_counter() - began


async def compared(database: str) -> dict[str, list[float]]:
    figures: dict[str, list[float]] = {"raw": [], "log": [], "single": [], "lone": []}
    log = PostgresEventLog(database, EventMapper(()))
    async with (
        await psycopg.AsyncConnection.connect(database, autocommit=True) as connection,
        log.running(),
    ):
        await connection.execute(TABLE)
        raw = Raw(connection)
        await append(log, APPENDERS, 10)
        for _ in range(5):
            await raw.batch(1000)
        for _ in range(ROUNDS):
            figures["raw"].append(15_000 / sum([await raw.batch(1000) for _ in range(15)]))
            figures["log"].append(APPENDERS * 60 / await append(log, APPENDERS, 60))
            figures["single"].append(statistics.median([await raw.batch(1) for _ in range(200)]))
            figures["lone"].append(statistics.median([await append(log, 1, 1) for _ in range(200)]))
    return figures


def test_log_against_raw(
    benchmark: BenchmarkFixture, run: Run, database: str, figure: Report
) -> None:
    figures = benchmark.pedantic(lambda: run(compared(database)), rounds=1)
    ratios = [log / raw for log, raw in zip(figures["log"], figures["raw"], strict=True)]
    figure(
        "durable events/s, 256 appenders of one event each / raw batches of 1,000 rows",
        f"{statistics.median(ratios):.2f}",
        "0.40",
        f"{statistics.median(figures['log']):,.0f} / {statistics.median(figures['raw']):,.0f}",
    )
    ratios = [lone / raw for lone, raw in zip(figures["lone"], figures["single"], strict=True)]
    figure(
        "latency of one lone append / raw single-row commit",
        f"{statistics.median(ratios):.2f}",
        "at most 1.6",
        f"{statistics.median(figures['lone']) * 1e3:.2f} ms /"
        f" {statistics.median(figures['single']) * 1e3:.2f} ms",
    )

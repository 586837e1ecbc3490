"""Connections and a pool that are cancelled cleanly.

A cancelled scope of anyio cancels again at every await, also at those by which psycopg and its pool
clean up after a cancellation: queries would stay under way, connections would be lost half-made. So
connecting, ending a query, rolling back and giving back are shielded; all are short or bounded.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, Self, TypeVar

import anyio
import psycopg
from psycopg.abc import PQGen
from psycopg.pq import TransactionStatus
from psycopg.rows import Row, TupleRow
from psycopg.waiting import wait_async
from psycopg_pool import AsyncConnectionPool

RV = TypeVar("RV")

_SECONDS = 5


class Connection(psycopg.AsyncConnection[Row]):
    """A connection whose interrupted query is ended before the task that waited for it."""

    @classmethod
    async def connect(cls, *args: Any, **kwargs: Any) -> Self:
        """Connect; see ``psycopg.AsyncConnection.connect``."""
        kwargs.setdefault("connect_timeout", _SECONDS)
        return await _shielded(super().connect(*args, **kwargs))

    async def rollback(self) -> None:
        """Roll back to the start of any pending transaction."""
        await _shielded(super().rollback())

    async def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        """Run a step of the protocol; see ``psycopg.AsyncConnection.wait``."""
        try:
            return await wait_async(gen, self.pgconn.socket, interval=interval, timeout=timeout)
        except (asyncio.CancelledError, KeyboardInterrupt):
            await _shielded(self._end(gen))
            raise

    async def _end(self, gen: PQGen[Any]) -> None:
        if self.pgconn.transaction_status != TransactionStatus.ACTIVE:
            return
        try:
            await self.cancel_safe(timeout=_SECONDS)
            await wait_async(gen, self.pgconn.socket, timeout=_SECONDS)
        except psycopg.errors.QueryCanceled:
            pass  # as asked for
        except (psycopg.Error, TimeoutError, OSError):
            # The state of the connection is not known any more.
            self.pgconn.finish()


class Pool(AsyncConnectionPool[psycopg.AsyncConnection[TupleRow]]):
    """A pool that loses no connection to a cancelled task."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Make a pool; see ``AsyncConnectionPool``."""
        super().__init__(*args, **kwargs)
        self._giving: set[asyncio.Future[None]] = set()

    async def getconn(self, timeout: float | None = None) -> psycopg.AsyncConnection[TupleRow]:
        """Take a connection; see ``AsyncConnectionPool.getconn``."""
        getting = asyncio.ensure_future(super().getconn(timeout))
        try:
            return await asyncio.shield(getting)
        except asyncio.CancelledError:
            # Nobody waits for it any more (the store may be away): it goes back when it comes.
            getting.add_done_callback(self._unwanted)
            raise

    async def putconn(self, conn: psycopg.AsyncConnection[TupleRow]) -> None:
        """Give a connection back; see ``AsyncConnectionPool.putconn``."""
        await _shielded(super().putconn(conn))

    def _unwanted(self, getting: asyncio.Future[psycopg.AsyncConnection[TupleRow]]) -> None:
        if getting.cancelled() or getting.exception() is not None:
            return
        giving = asyncio.ensure_future(self.putconn(getting.result()))
        self._giving.add(giving)
        giving.add_done_callback(self._giving.discard)


async def _shielded(work: Coroutine[Any, Any, RV]) -> RV:
    result: list[RV] = []
    with anyio.CancelScope(shield=True):
        result.append(await work)
    return result[0]

"""Connections and a pool that are cancelled cleanly.

A cancelled scope of anyio cancels again at every await, also at those by which psycopg and its pool
clean up after a cancellation: queries would stay under way, connections would be lost half-made. So
connecting, ending a query, rolling back and giving back are shielded; all are short or bounded.

A server that is there and does not answer would have all of them wait for as long as they may. So a
pool can be cut: whatever is under way over its connections fails at once.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, Self, TypeVar
from weakref import WeakSet

import anyio
import psycopg
from psycopg.abc import PQGen
from psycopg.pq import TransactionStatus
from psycopg.rows import Row, TupleRow
from psycopg.waiting import wait_async
from psycopg_pool import AsyncConnectionPool, PoolClosed

RV = TypeVar("RV")

_SECONDS = 5
_UNWANTED_SECONDS = 0.3
"""How long a connection that nobody wants any more is waited for, at most."""


class Connection(psycopg.AsyncConnection[Row]):
    """A connection whose interrupted query is ended before the task that waited for it."""

    _ending: asyncio.Task[None] | None = None
    _is_cut = False

    @classmethod
    async def connect(cls, *args: Any, **kwargs: Any) -> Self:
        """Connect; see ``psycopg.AsyncConnection.connect``."""
        kwargs.setdefault("connect_timeout", _SECONDS)
        connecting = asyncio.ensure_future(super().connect(*args, **kwargs))
        try:
            return await asyncio.shield(connecting)
        except asyncio.CancelledError:
            # Nobody wants it any more: it is closed when it comes, which is at once unless the
            # server does not answer.
            connecting.add_done_callback(_close_unwanted)
            await _shielded(asyncio.wait({connecting}, timeout=_UNWANTED_SECONDS))
            raise

    async def rollback(self) -> None:
        """Roll back to the start of any pending transaction."""
        await _shielded(super().rollback())

    async def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        """Run a step of the protocol; see ``psycopg.AsyncConnection.wait``."""
        try:
            return await wait_async(gen, self.pgconn.socket, interval=interval, timeout=timeout)
        except (asyncio.CancelledError, KeyboardInterrupt):
            await _shielded(self._ended(gen))
            raise

    def cut(self) -> None:
        """Have whatever is under way fail at once, as if the server had gone away."""
        self._is_cut = True
        if self._ending is not None:
            self._ending.cancel()
        if self.closed:
            return
        # Not closed: who waits on it would not be woken, and the number belong to the next socket.
        with suppress(psycopg.Error, OSError), socket.socket(fileno=os.dup(self.fileno())) as line:
            line.shutdown(socket.SHUT_RDWR)

    async def _ended(self, gen: PQGen[Any]) -> None:
        self._ending = asyncio.ensure_future(self._end(gen))
        try:
            await asyncio.wait({self._ending})
        finally:
            self._ending = None

    async def _end(self, gen: PQGen[Any]) -> None:
        if self.pgconn.transaction_status != TransactionStatus.ACTIVE:
            return
        if self._is_cut:
            self.pgconn.finish()
            return
        try:
            await self.cancel_safe(timeout=_SECONDS)
            await wait_async(gen, self.pgconn.socket, timeout=_SECONDS)
        except psycopg.errors.QueryCanceled:
            pass  # as asked for
        except (psycopg.Error, TimeoutError, OSError, asyncio.CancelledError):
            # The state of the connection is not known any more.
            self.pgconn.finish()


class Pool(AsyncConnectionPool[psycopg.AsyncConnection[TupleRow]]):
    """A pool that loses no connection to a cancelled task."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Make a pool; see ``AsyncConnectionPool``."""
        super().__init__(*args, configure=self._note, **kwargs)
        self._giving: set[asyncio.Future[None]] = set()
        self._getting: set[asyncio.Future[psycopg.AsyncConnection[TupleRow]]] = set()
        self._made: WeakSet[psycopg.AsyncConnection[Any]] = WeakSet()
        self._is_cut = False

    def cut(self) -> None:
        """Have whatever is under way over its connections fail at once, when it is closed.

        So does whoever waits for one: a connection that is found to be broken is waited for anew,
        also in a pool that has been closed.
        """
        self._is_cut = True
        for getting in tuple(self._getting):
            getting.cancel()
        for connection in tuple(self._made):
            if isinstance(connection, Connection):
                connection.cut()

    async def getconn(self, timeout: float | None = None) -> psycopg.AsyncConnection[TupleRow]:
        """Take a connection; see ``AsyncConnectionPool.getconn``."""
        getting = asyncio.ensure_future(super().getconn(timeout))
        self._getting.add(getting)
        getting.add_done_callback(self._getting.discard)
        try:
            return await asyncio.shield(getting)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if self._is_cut and getting.cancelled() and task and not task.cancelling():
                raise PoolClosed("the store was given up") from None
            # Nobody waits for it any more (the store may be away): it goes back when it comes.
            getting.add_done_callback(self._unwanted)
            raise

    async def putconn(self, conn: psycopg.AsyncConnection[TupleRow]) -> None:
        """Give a connection back; see ``AsyncConnectionPool.putconn``."""
        await _shielded(super().putconn(conn))

    def watch(self, connection: psycopg.AsyncConnection[Any]) -> None:
        """Cut a connection as well that is none of its own."""
        self._made.add(connection)

    async def _note(self, connection: psycopg.AsyncConnection[TupleRow]) -> None:
        self._made.add(connection)

    def _unwanted(self, getting: asyncio.Future[psycopg.AsyncConnection[TupleRow]]) -> None:
        if getting.cancelled() or getting.exception() is not None:
            return
        giving = asyncio.ensure_future(self.putconn(getting.result()))
        self._giving.add(giving)
        giving.add_done_callback(self._giving.discard)


def _close_unwanted(connecting: asyncio.Future[Any]) -> None:
    if not connecting.cancelled() and connecting.exception() is None:
        connecting.result().pgconn.finish()


async def _shielded(work: Coroutine[Any, Any, RV]) -> RV:
    result: list[RV] = []
    with anyio.CancelScope(shield=True):
        result.append(await work)
    return result[0]

"""Calls of one prepared statement, sent ahead over one connection (libpq's pipeline mode).

Each call is a transaction of its own and is answered in its turn; the next one reaches the server
before the last one is answered, so that neither side waits for the other. psycopg's own pipelines
hold the connection for as long as a result is waited for; hence libpq's functions, through
``psycopg.pq``.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence

import psycopg
from psycopg import pq
from psycopg.errors import error_from_result

_SHUTDOWN = "57P"
"""Class of the errors by which a server says good-bye."""


class ConnectionLost(psycopg.OperationalError):
    """The connection ended before a call was answered; nobody knows what became of it."""


class Pipeline:
    """A connection in pipeline mode; it serves for as long as ``broken`` is false."""

    def __init__(
        self, connection: psycopg.AsyncConnection, statement: str, parameters: int
    ) -> None:
        """Take a connection over.

        Args:
            connection: In autocommit mode; nobody else uses it from here on.
            statement: The name of the prepared statement to call.
            parameters: How many parameters it has, all of them binary.
        """
        self.broken = False
        self._connection = connection
        self._pgconn = connection.pgconn
        self._statement = statement.encode()
        self._formats = [pq.Format.BINARY] * parameters
        self._calls: deque[asyncio.Future[pq.abc.PGresult]] = deque()
        self._result: pq.abc.PGresult | None = None
        self._loop = asyncio.get_running_loop()
        self._socket = self._pgconn.socket
        self._pgconn.nonblocking = 1
        self._pgconn.enter_pipeline_mode()
        self._loop.add_reader(self._socket, self._read)

    def call(self, parameters: Sequence[bytes]) -> asyncio.Future[pq.abc.PGresult]:
        """Send a call behind the others.

        Returns:
            A future with the result, or with ``ConnectionLost`` or another ``psycopg.Error``.
        """
        future: asyncio.Future[pq.abc.PGresult] = self._loop.create_future()
        self._calls.append(future)
        if self.broken:
            self._lose("the connection is closed")
            return future
        try:
            self._pgconn.send_query_prepared(
                self._statement, parameters, self._formats, result_format=pq.Format.BINARY
            )
            self._pgconn.pipeline_sync()
            if self._pgconn.flush():
                self._loop.add_writer(self._socket, self._flush)
        except psycopg.OperationalError as error:
            self._lose(str(error))
        return future

    async def close(self) -> None:
        """Close the connection; calls that were not answered are lost."""
        self._lose("the connection was closed")
        await self._connection.close()

    def _flush(self) -> None:
        """Send what the socket did not take at once."""
        try:
            if not self._pgconn.flush():
                self._loop.remove_writer(self._socket)
        except psycopg.OperationalError as error:
            self._lose(str(error))

    def _read(self) -> None:
        try:
            self._pgconn.consume_input()
            while self._calls and not self._pgconn.is_busy():
                result = self._pgconn.get_result()
                if result is None:
                    if self._result is None:
                        return
                elif result.status == pq.ExecStatus.PIPELINE_SYNC:
                    self._answer()
                else:
                    self._result = result
        except psycopg.OperationalError as error:
            self._lose(str(error))

    def _answer(self) -> None:
        """Give the oldest call what stands between the last two marks of the pipeline."""
        result, self._result = self._result, None
        assert result is not None
        if result.status == pq.ExecStatus.TUPLES_OK:
            future = self._calls.popleft()
            if not future.done():
                future.set_result(result)
            return
        error = error_from_result(result)
        if (error.sqlstate or "").startswith(_SHUTDOWN):
            self._lose(str(error))
        else:
            _fail(self._calls.popleft(), error)

    def _lose(self, why: str) -> None:
        if not self.broken:
            self.broken = True
            self._loop.remove_reader(self._socket)
            self._loop.remove_writer(self._socket)
        calls, self._calls = self._calls, deque()
        for future in calls:
            _fail(future, ConnectionLost(why))


def _fail(future: asyncio.Future[pq.abc.PGresult], error: psycopg.Error) -> None:
    if not future.done():
        future.set_exception(error)
        # Its turn may never come, when the node stops first.
        future.exception()

"""A wire between a client and PostgreSQL that can be cut, and made slow."""

import asyncio
from contextlib import suppress
from typing import Self

from psycopg.conninfo import conninfo_to_dict, make_conninfo


class Line:
    """One connection of a client to PostgreSQL, through a ``Wire``.

    Attributes:
        sent: What the client has sent.
        received: What the client has received.
        deaf: Whatever the server says from now on is lost.
        lost: What was.
        answered: The server has answered a whole call, and the answer was lost.
        kept: The client has sent something since ``keep``.
    """

    def __init__(self, client: asyncio.StreamWriter, server: asyncio.StreamWriter) -> None:
        self._client = client
        self._server = server
        self._kept: list[bytes] | None = None
        self.sent = bytearray()
        self.received = bytearray()
        self.deaf = False
        self.lost = bytearray()
        self.answered = asyncio.Event()
        self.kept = asyncio.Event()

    @property
    def appends(self) -> bool:
        """Whether it is the line of a committer."""
        return b"append_batch" in self.sent

    @property
    def listens(self) -> bool:
        """Whether it waits for notifications."""
        return b"listen " in self.sent

    def keep(self) -> None:
        """Let nothing more through to the server until ``deliver``."""
        self._kept = []

    def deliver(self, *, deaf: bool = True) -> None:
        """Let the server have what was kept; its answer is lost, unless told otherwise."""
        assert self._kept is not None
        self.deaf = deaf
        for data in self._kept:
            self._server.write(data)
        self._kept = None

    def cut(self) -> None:
        """Drop the client. The server does not notice: to it the client is silent."""
        self.deaf = True
        self._client.transport.abort()

    def close(self) -> None:
        """Drop both sides."""
        self._client.transport.abort()
        self._server.transport.abort()

    async def run(self, client: asyncio.StreamReader, server: asyncio.StreamReader) -> None:
        """Carry bytes in both directions until the server hangs up."""
        up = asyncio.create_task(self._up(client))
        try:
            await self._down(server)
        finally:
            up.cancel()
            self.close()

    async def _up(self, client: asyncio.StreamReader) -> None:
        with suppress(ConnectionError):
            while data := await client.read(65536):
                self.sent += data
                if self._kept is None:
                    self._server.write(data)
                else:
                    self._kept.append(data)
                    self.kept.set()
            if not self.deaf:  # the client left by itself
                self._server.close()

    async def _down(self, server: asyncio.StreamReader) -> None:
        with suppress(ConnectionError):
            while data := await server.read(65536):
                if not self.deaf:
                    self.received += data
                    self._client.write(data)
                    continue
                self.lost += data
                if self.lost.endswith(b"Z\0\0\0\5I"):  # ReadyForQuery, no transaction open
                    self.answered.set()


class Wire:
    """Carries connections to PostgreSQL, each as a ``Line`` that can be cut."""

    def __init__(self, conninfo: str) -> None:
        self._target = conninfo_to_dict(conninfo)
        self._conninfo = conninfo
        self._tasks: set[asyncio.Task[None]] = set()
        self._refuses = False
        self.refused = asyncio.Event()
        self.lines: list[Line] = []
        self.conninfo = ""

    @property
    def committer(self) -> Line:
        """The line over which the newest batch was sent."""
        return [line for line in self.lines if line.appends][-1]

    def refuse(self) -> None:
        """Take no more connections."""
        self._refuses = True

    def admit(self) -> None:
        """Take connections again."""
        self._refuses = False

    def break_down(self) -> None:
        """Take no more connections, and drop those that are there."""
        self._refuses = True
        for line in self.lines:
            line.close()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        self.conninfo = make_conninfo(
            self._conninfo,
            host="127.0.0.1",
            port=port,
            sslmode="disable",
            gssencmode="disable",
        )
        return self

    async def __aexit__(self, *_error: object) -> None:
        self._server.close()
        for line in self.lines:
            line.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connected(
        self, client: asyncio.StreamReader, client_out: asyncio.StreamWriter
    ) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        host, port = str(self._target["host"]), str(self._target.get("port", 5432))
        try:
            if self._refuses:
                self.refused.set()
                raise ConnectionRefusedError
            if host.startswith("/"):
                server, out = await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{port}")
            else:
                server, out = await asyncio.open_connection(host, int(port))
        except OSError:
            client_out.transport.abort()
            return
        line = Line(client_out, out)
        self.lines.append(line)
        with suppress(asyncio.CancelledError):
            await line.run(client, server)

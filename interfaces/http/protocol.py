"""Uvicorn's HTTP protocol, with bounds on what stands before the body."""

from __future__ import annotations

import asyncio
from typing import cast

import msgspec
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from aia_mas.interfaces.http.joined_writes import JoinedWrites
from aia_mas.interfaces.http.problems import MEDIA_TYPE, TYPE_PREFIX, Problem

MAX_HEAD = 64 * 1024
"""Bytes of request line and headers together, beyond the first piece that is read of them."""
HEAD_SECONDS = 30.0
"""Seconds that a client may take from its first byte to the end of the headers."""

_encode = msgspec.json.Encoder().encode


class HttpProtocol(HttpToolsProtocol):
    """Refuses endless headers, and answers what is no HTTP in our format of problems."""

    _in_head = True
    _begun = False
    _silent = True
    _head = 0
    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin a connection."""
        super().connection_made(transport)
        self._joined = JoinedWrites(transport, self.loop)
        self.transport = self._joined  # type: ignore[assignment]
        self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """End a connection."""
        self._wait_no_more()
        super().connection_lost(exc)

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection over, with its transport as it is."""
        self.transport = self._joined.transport
        super().handle_websocket_upgrade()

    def data_received(self, data: bytes) -> None:
        """Take what has come; the parser keeps unfinished headers, however long they get."""
        if self.transport.is_closing():
            return
        self._begun = self._silent = False
        super().data_received(data)
        if not self._in_head:
            self._wait_no_more()
            return
        if self._late is None:
            self._wait_for_head()
        if self._begun:
            return
        self._head += len(data)
        if self._head > MAX_HEAD and not self.transport.is_closing():
            self.send_400_response("Headers too large")

    def on_message_begin(self) -> None:
        """Begin a request."""
        self._in_head = self._begun = True
        self._head = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Begin the body."""
        self._in_head = False
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP request, and end the connection."""
        if self._head > MAX_HEAD:
            self._refuse(431, "headers_too_large", "The request's headers are too large")
        else:
            self._refuse(400, "bad_request", "This is no HTTP request")

    def _wait_for_head(self) -> None:
        self._late = self.loop.call_later(HEAD_SECONDS, self._give_up)

    def _wait_no_more(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _give_up(self) -> None:
        self._late = None
        before = cast("RequestResponseCycle | None", self.cycle)  # none before the first request
        if before is not None and not before.response_complete:
            self._wait_for_head()  # the answer to the request before it is still on its way
        elif not self._silent:
            self._refuse(408, "request_timeout", "The request's headers took too long")
        else:
            self.transport.close()  # a client that has said nothing expects no answer

    def _refuse(self, status: int, code: str, title: str) -> None:
        problem = Problem(
            type=TYPE_PREFIX + code, title=title, status=status, code=code, detail=title
        )
        body = _encode(problem)
        self.transport.write(
            b"%scontent-type: %s\r\ncontent-length: %d\r\nconnection: close\r\n\r\n%s"
            % (STATUS_LINE[status], MEDIA_TYPE.encode(), len(body), body)
        )
        self.transport.close()

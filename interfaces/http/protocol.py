"""Uvicorn's HTTP protocol, with bounds on what stands before the body, and on its time."""

from __future__ import annotations

import asyncio
from typing import Any, cast

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
BODY_SECONDS = 30.0
"""Seconds that a client may take for a body, beside those for its bytes."""
_BODY_PACE = 4096
"""Bytes of a body for which it gets another second; who sends one now and then gets none."""

_encode = msgspec.json.Encoder().encode


ABORT = "aia_mas.abort"
"""Where a handler finds what ends its connection at once, among the extensions of its scope."""


class HttpProtocol(HttpToolsProtocol):
    """Refuses endless headers, and answers what is no HTTP in our format of problems."""

    _in_head = True
    _begun = False
    _silent = True
    _head = 0
    _late: asyncio.TimerHandle | None = None
    _in_body = False
    _body_ends = 0.0
    _body_late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin a connection."""
        super().connection_made(transport)
        self._joined = JoinedWrites(transport, self.loop)
        self.transport = self._joined  # type: ignore[assignment]
        self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """End a connection."""
        self._wait_no_more()
        self._end_body()
        self._joined.lost()
        super().connection_lost(exc)

    def abort(self) -> None:
        """End the connection without waiting for the client to take what was written."""
        self.cycle.disconnected = True
        self.transport.abort()

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection over, with its transport as it is."""
        self._end_body()
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
            if self._in_body and self._body_late is None:
                self._body_ends = self.loop.time() + BODY_SECONDS
                self._body_late = self.loop.call_later(BODY_SECONDS, self._look_at_body)
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
        scope: Any = self.scope
        scope["extensions"] = {ABORT: self.abort}

    def on_headers_complete(self) -> None:
        """Begin the body."""
        self._in_head = False
        self._in_body = True
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take some of the body."""
        self._body_ends += len(body) / _BODY_PACE
        super().on_body(body)

    def on_message_complete(self) -> None:
        """End the body."""
        self._end_body()
        super().on_message_complete()

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

    def _end_body(self) -> None:
        self._in_body = False
        if self._body_late is not None:
            self._body_late.cancel()
            self._body_late = None

    def _look_at_body(self) -> None:
        self._body_late = None
        if self.transport.is_closing():
            return
        if self.flow.read_paused:  # it is we who do not read
            self._body_ends = self.loop.time() + BODY_SECONDS
        left = self._body_ends - self.loop.time()
        if left > 0:
            self._body_late = self.loop.call_later(left, self._look_at_body)
        elif self.cycle.response_started:
            self.transport.close()
        else:
            self._refuse(408, "request_timeout", "The request's body took too long")

    def _refuse(self, status: int, code: str, title: str) -> None:
        self.transport.write(refusal(status, code, title))
        self.transport.close()


def refusal(status: int, code: str, title: str) -> bytes:
    """Return the answer to what gets no further than to the server, after which it closes."""
    problem = Problem(type=TYPE_PREFIX + code, title=title, status=status, code=code, detail=title)
    body = _encode(problem)
    return b"%scontent-type: %s\r\ncontent-length: %d\r\nconnection: close\r\n\r\n%s" % (
        STATUS_LINE[status], MEDIA_TYPE.encode(), len(body), body,
    )  # fmt: skip

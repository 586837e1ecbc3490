"""Uvicorn's HTTP protocol, with bounds on what stands before the body."""

from __future__ import annotations

import msgspec
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from aia_mas.interfaces.http.problems import MEDIA_TYPE, TYPE_PREFIX, Problem

MAX_HEAD = 64 * 1024
"""Bytes of request line and headers together."""

_encode = msgspec.json.Encoder().encode


class HttpProtocol(HttpToolsProtocol):
    """Refuses endless headers, and answers what is no HTTP in our format of problems."""

    _head = 0

    def on_message_begin(self) -> None:
        """Begin a request."""
        self._head = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Take a piece of the request line."""
        self._grow(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header."""
        self._grow(len(name) + len(value))
        super().on_header(name, value)

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP request, and end the connection."""
        status, code, title = 400, "bad_request", "This is no HTTP request"
        if self._head > MAX_HEAD:
            status, code, title = 431, "headers_too_large", "The request's headers are too large"
        problem = Problem(
            type=TYPE_PREFIX + code, title=title, status=status, code=code, detail=title
        )
        body = _encode(problem)
        self.transport.write(
            b"%scontent-type: %s\r\ncontent-length: %d\r\nconnection: close\r\n\r\n%s"
            % (STATUS_LINE[status], MEDIA_TYPE.encode(), len(body), body)
        )
        self.transport.close()

    def _grow(self, size: int) -> None:
        self._head += size
        if self._head > MAX_HEAD:
            # The parser stops at an error in a callback, and then answers by `send_400_response`.
            raise ValueError("too long")

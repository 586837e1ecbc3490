"""Answers whose bytes are ready, so that little is left to do per request."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

import msgspec
from litestar.response import Response
from litestar.types import Receive, Scope, Send

T = TypeVar("T")
Header = tuple[bytes, bytes]

JSON: Header = (b"content-type", b"application/json")
_NOSNIFF: Header = (b"x-content-type-options", b"nosniff")
_encode = msgspec.json.Encoder().encode


class Answer(Response[T]):
    """A response of encoded JSON; ``T`` is what stands in it, for the reader and for OpenAPI.

    It takes the place of the response that Litestar would build from the handler's data, so status,
    headers and body are all that is looked at.
    """

    __slots__ = ("body", "raw_headers")

    # The parent's __init__ is left out on purpose: it prepares what is not used here.
    def __init__(self, body: bytes, status_code: int = 200, headers: Iterable[Header] = ()) -> None:
        """Answer with encoded JSON.

        Args:
            body: The JSON.
            status_code: The HTTP status.
            headers: Headers beside the type and length of the content.
        """
        self.body = body
        self.status_code = status_code
        self.raw_headers = [
            JSON,
            (b"content-length", b"%d" % len(body)),
            _NOSNIFF,
            *headers,
        ]

    def to_asgi_response(self, *_args: Any, **_options: Any) -> Any:
        """Return itself: it is an ASGI application already."""
        return self

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the response."""
        status = self.status_code or 200
        await send({"type": "http.response.start", "status": status, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": False})


def no_content(headers: Iterable[Header] = ()) -> Answer[None]:
    """Answer 204, without a body."""
    result: Answer[None] = Answer(b"", 204)
    result.raw_headers = list(headers)
    return result


def answer(content: T, status_code: int = 200, headers: Iterable[Header] = ()) -> Answer[T]:
    """Encode an answer."""
    return Answer(_encode(content), status_code, headers)

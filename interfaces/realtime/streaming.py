"""Answers that go on: server-sent events to one client, until either side ends them."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any, Protocol

import structlog
from litestar.response import Response
from litestar.types import Receive, Scope, Send

from aia_mas.interfaces.http.protocol import ABORT
from aia_mas.interfaces.http.requests import ApiRequest
from aia_mas.interfaces.realtime.connection import Connection
from aia_mas.interfaces.realtime.delivery import deliver
from aia_mas.interfaces.realtime.expiry import Expiry
from aia_mas.interfaces.realtime.hub import Hub
from aia_mas.interfaces.realtime.roster import STREAM
from aia_mas.interfaces.realtime.sse import EventTransport

log = structlog.stdlib.get_logger("aia.realtime")

_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),  # nginx would collect events otherwise
    (b"x-content-type-options", b"nosniff"),
]
_RETRY = b"retry: 2000\n\n"
"""Milliseconds after which a browser comes back."""


class Source(Protocol):
    """What is streamed."""

    def transport(self, send: Send) -> EventTransport:
        """Return what writes the events; called first, and once."""
        ...

    async def begin(self, connection: Connection) -> None:
        """Do what may be refused: the answer has not begun yet.

        Raises:
            DomainError: It cannot be streamed.
        """
        ...

    def beside(self, connection: Connection) -> Sequence[Coroutine[Any, Any, None]]:
        """Return what runs while the stream is open; the stream ends with an error of theirs."""
        ...


class StreamedAnswer(Response[str]):
    """An answer that ends when either side ends it, or when the token expires."""

    def __init__(self, request: ApiRequest, source: Source, agent_id: str | None = None) -> None:
        """Stream to whoever asked (``agent_id``: the agent that is served, if one is)."""
        super().__init__("", media_type="text/event-stream")
        self._request = request
        self._source = source
        self._agent_id = agent_id

    def to_asgi_response(self, *_args: Any, **_options: Any) -> Any:
        """Return itself: it is an ASGI application already."""
        return self

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Stream until either side ends it."""
        request = self._request
        hub: Hub = request.system.hub
        transport = self._source.transport(send)
        connection = hub.connect(request.request_id, request.principal, transport)
        try:
            if connection.closing is None:
                await self._source.begin(connection)
            await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
            if request.exchange.bodiless:
                await send({"type": "http.response.body", "body": b"", "more_body": False})
                return
            hub.roster.enter(connection, STREAM, request.credential, self._agent_id)
            await send({"type": "http.response.body", "body": _RETRY, "more_body": True})
            ended = await self._run(hub, connection, receive)
            abort: Any = (scope.get("extensions") or {}).get(ABORT)
            if not ended and abort is not None:
                abort()  # else the server waits for ever until the client has read the rest
        finally:
            hub.disconnect(connection)

    async def _run(self, hub: Hub, connection: Connection, receive: Receive) -> bool:
        """Stream; tell whether it came to an end that the client can be told of."""
        either = (deliver(hub, connection), _until_gone(receive))
        ending = {asyncio.create_task(each) for each in either}
        open_now = ending | set(map(asyncio.create_task, self._source.beside(connection)))
        expiry = Expiry(connection, self._request.credential.expires_at)
        try:
            while True:
                done, open_now = await asyncio.wait(open_now, return_when=asyncio.FIRST_COMPLETED)
                errors = [error for task in done if (error := task.exception()) is not None]
                for error in errors:
                    log.debug("stream_lost", client_id=connection.client_id, error=repr(error))
                if errors or done & ending:
                    return not errors
        finally:
            expiry.stop()
            for task in open_now:
                task.cancel()
            await asyncio.gather(*open_now, return_exceptions=True)


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass

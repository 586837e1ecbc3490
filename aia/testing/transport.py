"""Carries the requests of an HTTP client to an application in the same event loop.

Unlike ``httpx.ASGITransport`` it hands an answer over while it is still being sent, so that streams
without an end can be read.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import anyio
import httpx
import structlog

from aia.testing.chance import Chance

log = structlog.stdlib.get_logger("aia.testing")

App = Callable[..., Awaitable[None]]
"""An ASGI application."""

_PATIENCE = 1.0
"""Seconds of real time that an application has to notice that its client went away."""
_DRAWN_KEY = re.compile(rb"[0-9a-f]{32}")


class AppTransport(httpx.AsyncBaseTransport):
    """Requests in, answers out, without a network."""

    def __init__(self, app: App, chance: Chance) -> None:
        """Serve by an application.

        Args:
            app: It.
            chance: Draws the ids of requests, and the idempotency keys in place of those that the
                client drew: both stand in events.
        """
        self._app = app
        self._chance = chance
        self._keys: dict[bytes, bytes] = {}
        self._exchanges: set[_Exchange] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Carry one request; returns once the answer begins."""
        exchange = _Exchange(self._app, self._scope(request), await request.aread())
        self._exchanges.add(exchange)
        exchange.task.add_done_callback(lambda _: self._exchanges.discard(exchange))
        try:
            start = await exchange.began()
        except BaseException:
            await exchange.aclose()
            raise
        return httpx.Response(start["status"], headers=start["headers"], stream=exchange)

    async def aclose(self) -> None:
        """End what is still being answered."""
        for exchange in tuple(self._exchanges):
            await exchange.aclose()

    def _scope(self, request: httpx.Request) -> dict[str, Any]:
        headers = [(name.lower(), value) for name, value in request.headers.raw]
        named = dict(headers)
        if b"x-request-id" not in named:
            headers.append((b"x-request-id", self._chance.new_id().encode()))
        key = named.get(b"idempotency-key", b"")
        if _DRAWN_KEY.fullmatch(key):
            if key not in self._keys:
                self._keys[key] = self._chance.key().encode()
            headers = [
                (name, self._keys[key] if name == b"idempotency-key" else value)
                for name, value in headers
            ]
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "method": request.method,
            "scheme": request.url.scheme,
            "path": request.url.path,
            "raw_path": request.url.raw_path.partition(b"?")[0],
            "query_string": request.url.query,
            "root_path": "",
            "headers": headers,
            "client": ("127.0.0.1", 1),
            "server": (request.url.host, request.url.port or 80),
            "extensions": {},
        }


class _Exchange(httpx.AsyncByteStream):
    """One request under way, and the body of its answer."""

    def __init__(self, app: App, scope: Any, body: bytes) -> None:
        self._body: bytes | None = body
        self._gone = asyncio.Event()
        self._messages: asyncio.Queue[Any] = asyncio.Queue()
        self.task = asyncio.create_task(self._serve(app, scope))
        self.task.add_done_callback(self._ended)

    async def _serve(self, app: App, scope: Any) -> None:
        await app(scope, self._receive, self._send)

    async def began(self) -> Any:
        """Return the start of the answer."""
        message = await self._messages.get()
        if message is None:
            await self.task
            raise httpx.RemoteProtocolError("the application ended without an answer")
        return message

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Return the body piece by piece."""
        while (message := await self._messages.get()) is not None:
            if piece := message.get("body", b""):
                yield piece
            if not message.get("more_body", False):
                break

    async def aclose(self) -> None:
        """Tell the application that nobody listens any more, and wait until it has ended."""
        self._gone.set()
        with anyio.CancelScope(shield=True):
            await asyncio.wait({self.task}, timeout=_PATIENCE)
            self.task.cancel()
            await asyncio.wait({self.task})

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            log.info("exchange_failed", error=repr(error))
        self._messages.put_nowait(None)

    async def _receive(self) -> Any:
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body, "more_body": False}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        self._messages.put_nowait(message)

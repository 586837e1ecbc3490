"""Where a request enters and its answer leaves: ids, hosts and origins, errors, the access log.

It stands in the place of Litestar's own outermost layer (``app.asgi_handler``), because Litestar
runs middleware only after routing: there an unknown path would get no request id and another error
format.
"""

from __future__ import annotations

import asyncio
import re
import time
from typing import TYPE_CHECKING, Any

import structlog
from litestar.types import ASGIApp, Message, Receive, Send
from litestar.types.asgi_types import WebSocketResponseBodyEvent, WebSocketResponseStartEvent
from uuid_utils import uuid7

from aia_mas.application.event_log.errors import LogUnavailable
from aia_mas.interfaces.http.access_log import NAME, AccessLog
from aia_mas.interfaces.http.errors import ClientGone
from aia_mas.interfaces.http.headers import check_repeats
from aia_mas.interfaces.http.paths import path_as_sent
from aia_mas.interfaces.http.problems import problem_answer
from aia_mas.interfaces.http.requests import EXCHANGE, Exchange
from aia_mas.interfaces.http.security import Origins
from aia_mas.interfaces.monitoring import HttpCounts

if TYPE_CHECKING:
    from aia_mas.interfaces.bootstrap import System

log = structlog.stdlib.get_logger(NAME)

Scope = Any
"""An ASGI scope: a dictionary to which every layer adds its own keys, here ``EXCHANGE``."""

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._:/=+@-]{1,128}")


class Edge:
    """The outermost ASGI layer."""

    def __init__(self, app: ASGIApp, sockets: ASGIApp, system: System, counts: HttpCounts) -> None:
        """Stand before what serves a system.

        Args:
            app: Serves requests.
            sockets: Serves WebSockets.
            system: The system.
            counts: Where requests are counted.
        """
        self._app = app
        self._sockets = sockets
        self._system = system
        self._origins = Origins(system.settings)
        self._access = AccessLog()
        self._count = counts.count

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one request or one WebSocket to its end."""
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        else:
            await self._websocket(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        headers = dict(scope["headers"])
        method = scope["method"]
        request_id = _request_id(headers)
        exchange = Exchange(self._system, headers, request_id)
        origin = headers.get(b"origin")

        async def respond(message: Message) -> None:
            if message["type"] == "http.response.start":
                exchange.status = message["status"]
                added = message["headers"] = [
                    *message["headers"],
                    (b"x-request-id", request_id.encode()),
                ]
                added += self._origins.headers(origin)
            await send(message)

        # Only here: the server keeps the dictionary that it gave us, method and all.
        scope = {**scope, EXCHANGE: exchange}
        try:
            check_repeats(scope["headers"], headers)
            self._origins.admit(method, headers)
            if method == "OPTIONS" and origin and b"access-control-request-method" in headers:
                await _answer(send, 204, [*self._origins.preflight(origin), _id(request_id)])
                exchange.status = 204
                return
            if method == "HEAD":
                # The server sends no body to the method it knows.
                scope["method"] = "GET"
                exchange.bodiless = True
            await self._app(scope, receive, respond)
        except ClientGone:
            exchange.problem = "client_gone"
        except asyncio.CancelledError:
            # The server ends what still waits for the store when the time for the drain is over.
            await self._problem(LogUnavailable(), scope, exchange, respond)
        except Exception as error:  # noqa: BLE001 - whatever it is, the client gets a problem
            await self._problem(error, scope, exchange, respond)
        finally:
            seconds = time.perf_counter() - started
            self._count(method, scope.get("path_template"), exchange.status, seconds)
            self._log(scope, method, exchange, seconds)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        exchange = Exchange(self._system, headers, _request_id(headers))
        scope[EXCHANGE] = exchange
        accepted = False

        async def respond(message: Message) -> None:
            nonlocal accepted
            accepted = accepted or message["type"] == "websocket.accept"
            await send(message)

        try:
            check_repeats(scope["headers"], headers)
            self._origins.admit("WEBSOCKET", headers)
            await self._sockets(scope, receive, respond)
        except Exception as error:
            if accepted:
                raise
            await refuse_handshake(error, scope, send)

    async def _problem(
        self, error: Exception, scope: Scope, exchange: Exchange, respond: Send
    ) -> None:
        words = {name: known.words for name, known in exchange.parameters.items()}
        answer = problem_answer(
            error, instance=path_as_sent(scope), request_id=exchange.request_id, words=words
        )
        exchange.problem = answer.code
        if answer.status == 500:
            log.error("request_failed", request_id=exchange.request_id, exc_info=error)
        if exchange.status:
            # The answer has begun and cannot be taken back; the server closes the connection.
            raise error
        await _answer(respond, answer.status, answer.headers, answer.body)

    def _log(self, scope: Scope, method: str, exchange: Exchange, seconds: float) -> None:
        if not self._access.enabled:
            return
        principal = exchange.principal
        fields: dict[str, Any] = {
            "event": "request",
            "method": method,
            "path": path_as_sent(scope),
            "status": exchange.status,
            "duration_ms": round(seconds * 1000, 2),
            "request_id": exchange.request_id,
            "actor": None if principal is None else principal.subject,
        }
        if exchange.problem:
            fields["problem"] = exchange.problem
        self._access.write(fields)


async def refuse_handshake(error: BaseException, scope: Scope, send: Send) -> None:
    """Answer a WebSocket handshake with a problem instead of an upgrade.

    Args:
        error: Why (see ``problems``).
        scope: The scope of the WebSocket.
        send: Its ``send``; nothing was sent yet.
    """
    exchange: Exchange | None = scope.get(EXCHANGE)
    request_id = exchange.request_id if exchange else ""
    answer = problem_answer(error, instance=path_as_sent(scope), request_id=request_id)
    log.info(
        "handshake_refused", path=path_as_sent(scope), status=answer.status, problem=answer.code
    )
    if answer.status == 500:
        log.error("handshake_failed", request_id=request_id, exc_info=error)
    if "websocket.http.response" not in (scope.get("extensions") or {}):
        await send({"type": "websocket.close", "code": 4000 + answer.status, "reason": answer.code})
        return
    headers = [*answer.headers, _id(request_id)]
    start: WebSocketResponseStartEvent = {
        "type": "websocket.http.response.start", "status": answer.status, "headers": headers,
    }  # fmt: skip
    await send(start)
    body: WebSocketResponseBodyEvent = {
        "type": "websocket.http.response.body", "body": answer.body, "more_body": False,
    }  # fmt: skip
    await send(body)


async def _answer(
    send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes = b""
) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


def _request_id(headers: dict[bytes, bytes]) -> str:
    """Return the client's request id when it may stand in our log, else a new one."""
    given = headers.get(b"x-request-id")
    if given is not None and _REQUEST_ID.fullmatch(given):
        return given.decode()
    return str(uuid7())


def _id(request_id: str) -> tuple[bytes, bytes]:
    return (b"x-request-id", request_id.encode())

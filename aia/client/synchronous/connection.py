# Written by `make client` from its asynchronous twin; changes are lost.
"""Requests of the synchronous client: sent, sent again where that helps, and understood."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, TypeVar
from uuid import uuid4

import httpx
import msgspec

from aia.client.configuration import Configuration, SeenPosition, on_this_machine
from aia.client.errors import ApiError, ConnectionFailed, UnexpectedAnswer, error_of
from aia.client.retrying import (
    FINAL_FAILURES,
    NEVER,
    Backoff,
    may_be_repeated,
    pause_before,
    retry_after_of,
)
from aia.client.synchronous.pools import Pools
from aia.client.types.base import Received, keep_received
from aia.client.types.economy_shared import Order
from aia.client.writing import encode, query_of

T = TypeVar("T")

_JSON = {"content-type": "application/json"}


class Connection:
    """Connections to one server.

    Attributes:
        pools: What sends the requests.
        configuration: How.
        seen: The last position of the log that came with an answer.
    """

    def __init__(
        self, configuration: Configuration, transport: httpx.BaseTransport | None = None
    ) -> None:
        """Prepare a pool; nothing is connected yet.

        Args:
            configuration: How to connect.
            transport: What carries the requests, instead of connections of our own.
        """
        self.configuration = configuration
        self.seen = SeenPosition()
        secure = configuration.url.startswith("https:")
        self.pools = Pools(
            lambda: httpx.Client(
                headers=configuration.headers,
                timeout=configuration.timeout_seconds,
                limits=httpx.Limits(
                    max_connections=configuration.max_connections,
                    max_keepalive_connections=configuration.max_connections,
                ),
                transport=transport,
                # Certificates take longer to load than most requests; without TLS none is needed.
                verify=secure,
                # Certificates come from the environment, too.
                trust_env=secure or not on_this_machine(configuration.url),
            ),
            renewable=transport is None,
        )

    def close(self) -> None:
        """Close all connections."""
        self.pools.close()

    def read(
        self,
        path: str,
        kind: type[T],
        query: Mapping[str, Any],
        *,
        until: float | None = None,
        wait: float = 0.0,
    ) -> T:
        """Ask for something.

        Args:
            path: Below the server's address.
            kind: What it is answered with.
            query: Of which ``min_position`` says how old the answer may be.
            until: When to give up at the latest, by the monotonic clock.
            wait: Seconds it may be held.
        """
        aged = self._aged(query)
        answer = self._exchange("GET", path, query=aged, until=until, wait=wait)
        return self._understood(answer, kind)

    def text(self, path: str, query: Mapping[str, Any] | None = None) -> str:
        """Ask for plain text (``query``: as for ``read``)."""
        return (self._exchange("GET", path, query=self._aged(query or {}))).text

    def _aged(self, query: Mapping[str, Any]) -> dict[str, Any]:
        """Return a query that is answered no older than what this client has seen."""
        fields = dict(query)
        if self.configuration.consistent and fields.get("min_position", 0) is None:
            fields["min_position"] = self.seen.value or None
        return fields

    def look(self, path: str, kind: type[T]) -> T:
        """Ask how the server is now; an error is an answer, too, and final."""
        return self._understood(self._exchange("GET", path, retries=NEVER), kind)

    def command(
        self,
        method: str,
        path: str,
        kind: type[T],
        body: object = None,
        *,
        query: Mapping[str, Any] | None = None,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
        wait: float = 0.0,
    ) -> T:
        """Give a command; however often it is sent, it is carried out once.

        Args:
            method: That of HTTP.
            path: Below the server's address.
            kind: What it is answered with.
            body: What to send; None: nothing.
            query: What to say in the address.
            key: Its idempotency key; None: a new one.
            headers: Further headers.
            wait: Seconds it may be held.
        """
        named = {"idempotency-key": key or uuid4().hex, **(headers or {})}
        answer = self._exchange(method, path, query=query, body=body, headers=named, wait=wait)
        return self._understood(answer, kind)

    def ordered(
        self, method: str, path: str, kind: type[T], body: object = None, *, key: str | None = None
    ) -> T | Order:
        """Give a command that may be ordered only; returns the order while it is not carried out.

        The arguments are those of ``command``.
        """
        headers = {"idempotency-key": key or uuid4().hex}
        response = self._exchange(method, path, body=body, headers=headers)
        if response.status_code == httpx.codes.ACCEPTED:
            return self._understood(response, Order)
        return self._understood(response, kind)

    def signal(self, path: str, kind: type[T], body: object = None, *, wait: float = 0.0) -> T:
        """Send what is safe to repeat without a key (``wait``: seconds it may be held)."""
        return self._understood(self._exchange("POST", path, body=body, wait=wait), kind)

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | httpx.Timeout,
    ) -> httpx.Request:
        """Return a request in the name of who asks now (``timeout``: seconds)."""
        return self.pools.current.http.build_request(
            method,
            self.configuration.url + path,
            params=query_of(query or {}),
            content=content,
            headers={
                **self.configuration.authorization(),
                **(_JSON if content is not None else {}),
                **(headers or {}),
            },
            timeout=timeout,
        )

    def _exchange(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        retries: Backoff | None = None,
        wait: float = 0.0,
        until: float | None = None,
    ) -> httpx.Response:
        """Return the answer to a request that was served; sent again where that helps.

        Raises:
            ApiError: It was refused.
            ConnectionFailed: There was no answer in time.
            UnexpectedAnswer: What came is not of this API.
        """
        policy = self.configuration.retries if retries is None else retries
        latest = time.monotonic() + policy.total_seconds + wait
        until = latest if until is None else min(latest, until)
        key = None if headers is None else headers.get("idempotency-key")
        content = None if body is None else encode(body)
        for attempt in range(1, policy.attempts + 1):
            retry_after: float | None = None
            failure: ConnectionFailed | ApiError
            patience = min(self.configuration.timeout_seconds + wait, until - time.monotonic())
            request = self.request(
                method,
                path,
                query=query,
                content=content,
                headers=headers,
                timeout=max(patience, 0.001),
            )
            try:
                response = self._sent(request, until)
            except FINAL_FAILURES as error:
                raise ValueError(f"this cannot be sent: {error}") from error
            except httpx.TransportError as error:
                failure = ConnectionFailed(_told(error, request), key)
                failure.__cause__ = error
            else:
                if response.status_code < 300:
                    return response
                if response.is_redirect:
                    raise UnexpectedAnswer(elsewhere(response))
                retry_after = retry_after_of(response.headers)
                failure = error_of(response.status_code, response.content, retry_after, key)
                if not may_be_repeated(failure.status, failure.code):
                    raise failure
            pause = pause_before(attempt + 1, policy, retry_after)
            if attempt == policy.attempts or time.monotonic() + pause >= until:
                raise failure
            time.sleep(pause)
        raise AssertionError("a policy has one attempt at least")

    def _sent(self, request: httpx.Request, until: float) -> httpx.Response:
        """Send a request once and read the answer, which may not trickle in for ever."""
        pool = self.pools.current
        pool.enter(request)
        try:
            return _received(pool.http, request, until)
        except Exception:
            raise
        except BaseException:
            self.pools.renew(pool)
            raise
        finally:
            pool.leave(request)

    def _understood(self, response: httpx.Response, kind: type[T]) -> T:
        received = received_of(response)
        self.seen.saw(received.position)
        try:
            answer = msgspec.json.decode(response.content or b"{}", type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise UnexpectedAnswer(
                f"what {address_of(response.request)} answers is no {kind.__name__}: {error}"
            ) from error
        keep_received(answer, received)
        return answer


_OF_THE_TRANSFER = frozenset({b"content-encoding", b"content-length", b"transfer-encoding"})


def _received(http: httpx.Client, request: httpx.Request, until: float) -> httpx.Response:
    response = http.send(request, stream=True)
    try:
        content = bytearray()
        for chunk in response.iter_bytes():
            content += chunk
            if time.monotonic() > until:
                raise httpx.ReadTimeout("the answer took too long", request=request)
    except httpx.DecodingError as error:
        raise UnexpectedAnswer(f"what {address_of(request)} answers is garbled") from error
    finally:
        response.close()
    return httpx.Response(
        response.status_code,
        headers=[
            (name, value)
            for name, value in response.headers.raw
            if name.lower() not in _OF_THE_TRANSFER
        ],
        content=bytes(content),
        request=request,
    )


def received_of(response: httpx.Response) -> Received:
    """Return what came with an answer."""
    headers = response.headers
    position = headers.get("x-event-position", "")
    return Received(
        status=response.status_code,
        position=int(position) if position.isdecimal() else None,
        etag=headers.get("etag"),
        location=headers.get("location"),
        replayed=headers.get("idempotent-replayed") == "true",
        request_id=headers.get("x-request-id", ""),
    )


def _told(error: httpx.TransportError, request: httpx.Request) -> str:
    what = f"{request.method} {address_of(request)}"
    return f"{what}: {type(error).__name__}{f': {error}' if str(error) else ''}"


def address_of(request: httpx.Request) -> str:
    """Return where a request went, for people: without a password, and without the query."""
    url = request.url
    return f"{url.scheme}://{url.netloc.decode('ascii').rpartition('@')[2]}{url.path}"


def elsewhere(response: httpx.Response) -> str:
    """Return what a redirection means, for people: this API never answers with one."""
    where = response.headers["location"]
    return f"{address_of(response.request)} leads elsewhere, to {where}: is this the right address?"

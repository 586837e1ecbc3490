"""A stream of server-sent events: connected anew after every loss, until that is of no use."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, NamedTuple

import anyio
import httpx

from aia.client.asynchronous.connection import AsyncConnection, address_of, elsewhere
from aia.client.asynchronous.pools import AsyncPool
from aia.client.errors import (
    ClientError,
    ConnectionFailed,
    StreamClosed,
    UnexpectedAnswer,
    error_of,
)
from aia.client.events import Closed, EventDecoder, ServerEvent
from aia.client.retrying import RETRIED_STATUSES, pause_before, retry_after_of

SILENCE = 60.0
"""Seconds without a sign after which a stream is taken for dead; servers give one every 20 s."""
_SLACK = 0.5
"""Seconds by which a stream may go on longer than it was to."""
_EXPIRED, _TOO_SLOW = 4001, 4008
_BY_MISTAKE = frozenset({1007, 1008, 1009})


class Ask(NamedTuple):
    """What a connection asks for.

    Attributes:
        path: Where.
        query: What.
        headers: Beside those of every request.
    """

    path: str
    query: Mapping[str, Any]
    headers: Mapping[str, str]


class AsyncEventSource:
    """The events of one stream.

    Attributes:
        closed: Nothing more comes.
    """

    def __init__(
        self,
        connection: AsyncConnection,
        asks: Callable[[], Ask],
        connected: Callable[[], None],
        *,
        patience: float | None = None,
        until: float | None = None,
    ) -> None:
        """Prepare a stream; it connects when it is asked for its first events.

        Args:
            connection: To whom.
            asks: Returns what the next connection asks for.
            connected: Called when one was made.
            patience: For how long it may not be there before it is given up, seconds; None: as
                long as a request may take.
            until: When to end it, by the monotonic clock.
        """
        self.closed = False
        self._connection = connection
        self._asks = asks
        self._connected = connected
        retries = connection.configuration.retries
        self._patience = retries.total_seconds if patience is None else patience
        self._until = until
        self._response: httpx.Response | None = None
        self._pieces: AsyncIterator[bytes] | None = None
        self._pool: AsyncPool | None = None  # the one in which it is
        self._decoder = EventDecoder()
        self._silence = SILENCE
        self._failures = 0
        self._lost_at: float | None = None

    @property
    def is_connected(self) -> bool:
        """Whether there is a connection."""
        return self._response is not None

    def works(self) -> None:
        """Take note that what was asked for is to be had: losses before do not count any more."""
        self._failures, self._lost_at = 0, None

    async def next(self) -> list[ServerEvent]:
        """Return what comes next; connect before, where need be, which may bring nothing.

        Raises:
            ApiError: The server refuses it.
            ConnectionFailed: It could not be had for too long.
            TimeoutError: It was to end by now.
        """
        if self._response is None:
            await self._connect()
        if self._pieces is None:
            return []
        try:
            piece = await anext(self._pieces)
        except StopAsyncIteration:
            await self._lost(ConnectionFailed("the stream ended"))
            return []
        except (httpx.TransportError, httpx.StreamError) as error:
            await self._lost(ConnectionFailed(f"the stream broke off: {error!r}"))
            return []
        except httpx.DecodingError as error:
            raise UnexpectedAnswer("the stream is garbled") from error
        except BaseException:
            # Whoever waited no longer does. The connection is gone, and nobody is to blame for it.
            self._response = self._pieces = None
            if self._pool is not None:
                self._connection.pools.renew(self._pool)
            raise
        return list(self._decoder.feed(piece))

    async def ended(self, told: Closed) -> None:
        """Go on after the server has ended the stream, if that is any use.

        Raises:
            StreamClosed: It is not.
        """
        closed = StreamClosed(told.code, told.reason)
        renewable = told.code == _EXPIRED and callable(self._connection.configuration.token)
        final = told.code >= 4000 or told.code in _BY_MISTAKE
        if final and told.code != _TOO_SLOW and not renewable:
            await self.aclose()
            raise closed
        await self._lost(closed)

    async def rest(self) -> None:
        """Hang up when it was to be listened to for longer than is left; called between events."""
        left = self._left()
        if left is not None and self._silence - left > _SLACK:
            await self._hang_up()

    async def aclose(self) -> None:
        """End the stream."""
        self.closed = True
        await self._hang_up()

    async def _connect(self) -> None:
        """Open the stream, or wait before it is tried again."""
        configuration = self._connection.configuration
        left = self._left()
        self._silence = SILENCE if left is None else min(SILENCE, left)
        ask = self._asks()
        request = self._connection.request(
            "GET",
            ask.path,
            query=ask.query,
            headers={"accept": "text/event-stream", **ask.headers},
            timeout=httpx.Timeout(configuration.timeout_seconds, read=self._silence),
        )
        await self._leave()
        self._pool = self._connection.pools.current
        self._pool.enter(self)
        try:
            response = await self._pool.http.send(request, stream=True)
        except httpx.TransportError as error:
            await self._lost(ConnectionFailed(f"the stream cannot be had: {error!r}"))
            return
        except BaseException:
            self._connection.pools.renew(self._pool)
            raise
        if response.status_code == 200:
            if not response.headers.get("content-type", "").startswith("text/event-stream"):
                await response.aclose()
                raise UnexpectedAnswer(f"what {address_of(request)} answers is no stream of events")
            self._response = response
            self._pieces = response.aiter_bytes()
            self._decoder = EventDecoder()
            self._connected()
            return
        try:
            content = await response.aread()
        except (httpx.TransportError, httpx.DecodingError):
            content = b""
        await response.aclose()
        if response.is_redirect:
            raise UnexpectedAnswer(elsewhere(response))
        retry_after = retry_after_of(response.headers)
        refusal = error_of(response.status_code, content, retry_after)
        if response.status_code not in RETRIED_STATUSES:
            raise refusal
        await self._lost(refusal, retry_after)

    async def _lost(self, failure: ClientError, retry_after: float | None = None) -> None:
        """Wait before the next try.

        Raises:
            ClientError: It was not there for too long.
        """
        await self._hang_up()
        if self.closed:
            return
        now = time.monotonic()
        self._failures += 1
        if self._lost_at is None:
            self._lost_at = now
        pause = pause_before(
            self._failures + 1, self._connection.configuration.retries, retry_after
        )
        if now + pause - self._lost_at > self._patience:
            self.closed = True
            raise failure
        left = self._left()
        await anyio.sleep(pause if left is None else min(pause, left))

    def _left(self) -> float | None:
        """Return how long the stream may go on, seconds.

        Raises:
            TimeoutError: No longer.
        """
        if self._until is None:
            return None
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError("it did not happen in time")
        return left

    async def _hang_up(self) -> None:
        response, self._response, self._pieces = self._response, None, None
        if response is not None:
            await response.aclose()
        await self._leave()

    async def _leave(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            await pool.leave(self)

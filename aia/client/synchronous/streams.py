# Written by `make client` from its asynchronous twin; changes are lost.
"""Live streams of the synchronous client: resumed after every loss, without gap or repetition."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, Generic, TypeVar, cast

import httpx
import msgspec

from aia.client.configuration import API
from aia.client.errors import (
    ClientError,
    ConnectionFailed,
    HistoryLost,
    StreamClosed,
    UnexpectedAnswer,
    error_of,
)
from aia.client.events import Closed, EventDecoder, Subscribed, understood
from aia.client.places import Places
from aia.client.retrying import RETRIED_STATUSES, pause_before, retry_after_of
from aia.client.synchronous.connection import Connection, address_of, elsewhere
from aia.client.synchronous.pools import Pool
from aia.client.types.live import (
    AgentSnapshot,
    AgentUpdate,
    TaskSnapshot,
    TaskUpdate,
    Update,
)

U = TypeVar("U", bound=Update)

SILENCE = 60.0
"""Seconds without a sign after which a stream is taken for dead; servers give one every 20 s."""
_SLACK = 0.5
"""Seconds by which a stream may go on longer than it was to."""
_EXPIRED, _TOO_SLOW = 4001, 4008
_BY_MISTAKE = frozenset({1007, 1008, 1009})


class Stream(Generic[U]):
    """What happens, as it happens; iterate over it, and close it when that is enough.

    Whenever the connection is lost it is made anew, and goes on behind the last update.

    Attributes:
        place: Where it stands; another stream with this ``place`` goes on from there.
    """

    def __init__(
        self,
        connection: Connection,
        query: Mapping[str, Any],
        *,
        place: str | None = None,
        patience: float | None = None,
        until: float | None = None,
    ) -> None:
        """Prepare a stream; it connects when it is asked for its first update.

        Args:
            connection: To whom.
            query: What is wanted.
            place: Where to go on.
            patience: For how long it may not be there before it is given up, seconds; None: as
                long as a request may take.
            until: When to end it, by the monotonic clock.
        """
        self._connection = connection
        self._query = dict(query)
        self._places = Places(place or "")
        retries = connection.configuration.retries
        self._patience = retries.total_seconds if patience is None else patience
        self._until = until
        self._updates: deque[U] = deque()
        self._response: httpx.Response | None = None
        self._pieces: Iterator[bytes] | None = None
        self._pool: Pool | None = None  # the one in which it is
        self._decoder = EventDecoder()
        self._awaited = 0  # subscriptions that were not answered yet
        self._silence = SILENCE
        self._failures = 0
        self._lost_at: float | None = None
        self._closed = False

    @property
    def place(self) -> str:
        """Where it stands."""
        return self._places.text

    @property
    def position(self) -> int:
        """The last position of the log that it has dealt with."""
        return self._places.position

    def __iter__(self) -> Stream[U]:
        """Iterate over what happens."""
        return self

    def __next__(self) -> U:
        """Return the next update, as soon as there is one.

        Raises:
            StopIteration: The stream was closed.
            ApiError: The server refuses it.
            StreamClosed: The server ended it for good.
            ConnectionFailed: It could not be had for too long.
            HistoryLost: The log is another one than before; what happened since is not known.
            TimeoutError: It was to end by now.
        """
        while not self._updates:
            if self._closed:
                raise StopIteration
            self._go_on()
        return self._updates.popleft()

    def __enter__(self) -> Stream[U]:
        """Return the stream; it is closed at the end of the block."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """End the stream."""
        self._closed = True
        self._updates.clear()
        self._hang_up()

    def begin(self) -> None:
        """Connect, and return once everything that happens from now on will be told."""
        while self._response is None or self._awaited:
            self._go_on()

    def _go_on(self) -> None:
        """Take the next piece of what comes; connect before, where need be."""
        if self._response is None:
            self._connect()
        if self._pieces is None:
            return
        try:
            piece = next(self._pieces)
        except StopIteration:
            self._lost(ConnectionFailed("the stream ended"))
            return
        except (httpx.TransportError, httpx.StreamError) as error:
            self._lost(ConnectionFailed(f"the stream broke off: {error!r}"))
            return
        except httpx.DecodingError as error:
            raise UnexpectedAnswer("the stream is garbled") from error
        except BaseException:
            # Whoever waited no longer does. The connection is gone, and nobody is to blame for it.
            self._response = self._pieces = None
            if self._pool is not None:
                self._connection.pools.renew(self._pool)
            raise
        for event in self._decoder.feed(piece):
            try:
                told = understood(event)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise UnexpectedAnswer(f"the stream tells no {event.kind}: {error}") from error
            if isinstance(told, Closed):
                self._ended(told)
                return
            self._take(told)
            if event.id is not None:
                self._places.text = event.id
        left = self._left()
        if left is not None and self._silence - left > _SLACK and not self._updates:
            self._hang_up()  # to listen for no longer than is left

    def _take(self, told: Update | Subscribed | None) -> None:
        if isinstance(told, Subscribed):
            self._awaited -= 1
            self._failures, self._lost_at = 0, None
            if not self._places.begun(told, demanded=self._query.get("after") is not None):
                self._closed = True
                raise HistoryLost(
                    "the log is not the one that this stream was about; read anew how things stand"
                )
        elif isinstance(told, TaskUpdate | AgentUpdate):
            if self._places.new(told):
                self._connection.seen.saw(told.position)
                self._updates.append(cast(U, told))
        elif isinstance(told, TaskSnapshot | AgentSnapshot):
            self._places.stood(told)
            self._updates.append(cast(U, told))
        elif told is not None:
            self._updates.append(cast(U, told))

    def _connect(self) -> None:
        """Open the stream, or wait before it is tried again."""
        configuration = self._connection.configuration
        left = self._left()
        self._silence = SILENCE if left is None else min(SILENCE, left)
        place = self._places.text
        query = {**self._query, **({"after": None, "epoch": None} if place else {})}
        request = self._connection.request(
            "GET",
            f"{API}/stream",
            query=query,
            headers={"accept": "text/event-stream", **({"last-event-id": place} if place else {})},
            timeout=httpx.Timeout(configuration.timeout_seconds, read=self._silence),
        )
        self._leave()
        self._pool = self._connection.pools.current
        self._pool.enter(self)
        try:
            response = self._pool.http.send(request, stream=True)
        except httpx.TransportError as error:
            self._lost(ConnectionFailed(f"the stream cannot be had: {error!r}"))
            return
        except BaseException:
            self._connection.pools.renew(self._pool)
            raise
        if response.status_code == 200:
            if not response.headers.get("content-type", "").startswith("text/event-stream"):
                response.close()
                raise UnexpectedAnswer(f"what {address_of(request)} answers is no stream of events")
            self._response = response
            self._pieces = response.iter_bytes()
            self._decoder = EventDecoder()
            self._awaited = len(self._query["topic"])
            return
        try:
            content = response.read()
        except (httpx.TransportError, httpx.DecodingError):
            content = b""
        response.close()
        if response.is_redirect:
            raise UnexpectedAnswer(elsewhere(response))
        retry_after = retry_after_of(response.headers)
        refusal = error_of(response.status_code, content, retry_after)
        if response.status_code not in RETRIED_STATUSES:
            raise refusal
        self._lost(refusal, retry_after)

    def _ended(self, told: Closed) -> None:
        """Go on after the server has ended the stream, if that is any use."""
        closed = StreamClosed(told.code, told.reason)
        renewable = told.code == _EXPIRED and callable(self._connection.configuration.token)
        final = told.code >= 4000 or told.code in _BY_MISTAKE
        if final and told.code != _TOO_SLOW and not renewable:
            self.close()
            raise closed
        self._lost(closed)

    def _lost(self, failure: ClientError, retry_after: float | None = None) -> None:
        """Wait before the next try.

        Raises:
            ClientError: It was not there for too long.
        """
        self._hang_up()
        if self._closed:
            return
        now = time.monotonic()
        self._failures += 1
        if self._lost_at is None:
            self._lost_at = now
        pause = pause_before(
            self._failures + 1, self._connection.configuration.retries, retry_after
        )
        if now + pause - self._lost_at > self._patience:
            self._closed = True
            raise failure
        left = self._left()
        time.sleep(pause if left is None else min(pause, left))

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

    def _hang_up(self) -> None:
        response, self._response, self._pieces = self._response, None, None
        if response is not None:
            response.close()
        self._leave()

    def _leave(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.leave(self)

"""Live streams of the asynchronous client: resumed after every loss, without gap or repetition."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Generic, TypeVar, cast

import msgspec

from aia.client.asynchronous.connection import AsyncConnection
from aia.client.asynchronous.event_source import Ask, AsyncEventSource
from aia.client.configuration import API
from aia.client.errors import HistoryLost, UnexpectedAnswer
from aia.client.events import Closed, Subscribed, understood
from aia.client.places import Places
from aia.client.types.live import Fact, Page, Update

U = TypeVar("U", bound=Update)


class AsyncStream(Generic[U]):
    """What happens, as it happens; iterate over it, and close it when that is enough.

    Whenever the connection is lost it is made anew, and goes on behind the last update.

    Attributes:
        place: Where it stands; another stream with this ``place`` goes on from there.
    """

    def __init__(
        self,
        connection: AsyncConnection,
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
        self._source = AsyncEventSource(
            connection, self._asks, self._connected, patience=patience, until=until
        )
        self._updates: deque[U] = deque()
        self._awaited = 0  # subscriptions that were not answered yet

    @property
    def place(self) -> str:
        """Where it stands."""
        return self._places.text

    @property
    def position(self) -> int:
        """The last position of the log that it has dealt with."""
        return self._places.position

    def __aiter__(self) -> AsyncStream[U]:
        """Iterate over what happens."""
        return self

    async def __anext__(self) -> U:
        """Return the next update, as soon as there is one.

        Raises:
            StopAsyncIteration: The stream was closed.
            ApiError: The server refuses it.
            StreamClosed: The server ended it for good.
            ConnectionFailed: It could not be had for too long.
            HistoryLost: The log is another one than before; what happened since is not known.
            TimeoutError: It was to end by now.
        """
        while not self._updates:
            if self._source.closed:
                raise StopAsyncIteration
            await self._go_on()
        return self._updates.popleft()

    async def __aenter__(self) -> AsyncStream[U]:
        """Return the stream; it is closed at the end of the block."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close it."""
        await self.aclose()

    async def aclose(self) -> None:
        """End the stream."""
        self._updates.clear()
        await self._source.aclose()

    async def begin(self) -> None:
        """Connect, and return once everything that happens from now on will be told."""
        while not self._source.is_connected or self._awaited:
            await self._go_on()

    def _asks(self) -> Ask:
        place = self._places.text
        if not place:
            return Ask(f"{API}/stream", self._query, {})
        query = {**self._query, "after": None, "epoch": None}
        return Ask(f"{API}/stream", query, {"last-event-id": place})

    def _connected(self) -> None:
        self._awaited = len(self._query["topic"])

    async def _go_on(self) -> None:
        """Take the next piece of what comes; connect before, where need be."""
        for event in await self._source.next():
            try:
                told = understood(event)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise UnexpectedAnswer(f"the stream tells no {event.kind}: {error}") from error
            if isinstance(told, Closed):
                await self._source.ended(told)
                return
            self._take(told)
            if event.id is not None:
                self._places.text = event.id
        if self._source.is_connected and not self._updates:
            await self._source.rest()

    def _take(self, told: Update | Subscribed | None) -> None:
        if isinstance(told, Subscribed):
            self._awaited -= 1
            self._source.works()
            if not self._places.begun(told, demanded=self._query.get("after") is not None):
                self._source.closed = True
                raise HistoryLost(
                    "the log is not the one that this stream was about; read anew how things stand"
                )
        elif isinstance(told, Fact):
            if self._places.new(told):
                self._connection.seen.saw(told.position)
                self._updates.append(cast(U, told))
        elif isinstance(told, Page):
            self._places.stood(told)
            self._updates.append(cast(U, told))
        elif told is not None:
            self._updates.append(cast(U, told))

"""Messages as they come: the inbox of a recipient as a stream, each message to be acknowledged."""

from __future__ import annotations

from collections import deque
from types import TracebackType

import msgspec

from aia.client.asynchronous.connection import AsyncConnection
from aia.client.asynchronous.event_source import Ask, AsyncEventSource
from aia.client.asynchronous.operations.message_receiving import AsyncMessageReceiving
from aia.client.configuration import API
from aia.client.errors import UnexpectedAnswer
from aia.client.events import Closed, ServerEvent
from aia.client.handed import handed_in
from aia.client.types import DeliveredMessage, Settled
from aia.client.writing import segment


class AsyncDelivery:
    """A message that was handed over, to be acknowledged or given back.

    Attributes:
        message: What was sent; ``attempt`` is above 1 when it was handed over before.
    """

    def __init__(
        self, receiving: AsyncMessageReceiving, agent_id: str, message: DeliveredMessage
    ) -> None:
        """Hand it over (``receiving``: settles it, in the name of the recipient)."""
        self.message = message
        self._receiving = receiving
        self._agent_id = agent_id

    async def ack(self) -> Settled:
        """Say that it has arrived: it does not come again.

        Raises:
            Conflict: That was said before (`message_already_acknowledged`), or its time is over.
        """
        return await self._receiving.ack(self.message.message_id, self._agent_id)

    async def nack(
        self,
        reason: str | None = None,
        *,
        retry_after_seconds: float | None = None,
        requeue: bool | None = None,
    ) -> Settled:
        """Give it back: it comes again later, until its attempts are used up.

        Args:
            reason: Why, for the record.
            retry_after_seconds: When it comes again; left out: as the server's settings say.
            requeue: Whether it comes again at all; else it is a dead letter at once.
        """
        return await self._receiving.nack(
            self.message.message_id,
            self._agent_id,
            reason=reason,
            attempt=self.message.attempt,
            retry_after_seconds=retry_after_seconds,
            requeue=requeue,
        )


class AsyncInboxStream:
    """The messages of one recipient as they come; iterate over it, and close it when it is enough.

    Whenever the connection is lost it is made anew. What was not acknowledged comes again then.
    """

    def __init__(
        self,
        connection: AsyncConnection,
        agent_id: str,
        prefetch: int | None = None,
        *,
        patience: float | None = None,
    ) -> None:
        """Prepare a stream; it connects when it is asked for its first message.

        Args:
            connection: To whom.
            agent_id: Whose messages.
            prefetch: How many may be out without an acknowledgement; None: 64.
            patience: For how long it may not be there before it is given up, seconds; None: as
                long as a request may take.
        """
        self._agent_id = agent_id
        self._prefetch = prefetch
        self._receiving = AsyncMessageReceiving(connection)
        self._source = AsyncEventSource(
            connection, self._asks, self._deliveries_are_gone, patience=patience
        )
        self._deliveries: deque[AsyncDelivery] = deque()

    def __aiter__(self) -> AsyncInboxStream:
        """Iterate over what comes."""
        return self

    async def __anext__(self) -> AsyncDelivery:
        """Return the next message, as soon as there is one.

        Raises:
            StopAsyncIteration: The stream was closed.
            ApiError: The server refuses it.
            StreamClosed: The server ended it for good.
            ConnectionFailed: It could not be had for too long.
        """
        while not self._deliveries:
            if self._source.closed:
                raise StopAsyncIteration
            for event in await self._source.next():
                await self._take(event)
        return self._deliveries.popleft()

    async def __aenter__(self) -> AsyncInboxStream:
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
        """End the stream; what is not acknowledged goes to whoever comes next."""
        self._deliveries.clear()
        await self._source.aclose()

    def _asks(self) -> Ask:
        path = f"{API}/communication/agents/{segment(self._agent_id)}/inbox/stream"
        return Ask(path, {"prefetch": self._prefetch}, {})

    def _deliveries_are_gone(self) -> None:
        # Those that nobody has looked at yet come again over the new connection.
        self._deliveries.clear()

    async def _take(self, event: ServerEvent) -> None:
        try:
            told = handed_in(event)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise UnexpectedAnswer(f"the stream tells no {event.kind}: {error}") from error
        if isinstance(told, Closed):
            await self._source.ended(told)
        elif isinstance(told, DeliveredMessage):
            delivery = AsyncDelivery(self._receiving, self._agent_id, told)
            self._deliveries.append(delivery)
        elif told is not None:
            self._source.works()

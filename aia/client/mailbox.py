"""The mailbox of one recipient, open over a socket: messages come, and others are sent."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from functools import partial
from types import TracebackType
from typing import Any, TypeVar
from uuid import uuid4

import msgspec

from aia.client.configuration import API, Token, configuration
from aia.client.errors import error_of
from aia.client.handed import message_of
from aia.client.retrying import Backoff
from aia.client.types import (
    AcknowledgedItems,
    DeliveredMessage,
    MessageToSend,
    SentMessage,
    Settled,
    Subscriptions,
)
from aia.client.worker.errors import Rejected
from aia.client.worker.frames import Frame, Receipt
from aia.client.worker.link import Link
from aia.client.writing import segment

T = TypeVar("T")

_KNOWN = "message_already_acknowledged"
_RETRIES = Backoff(total_seconds=20.0)


class MailboxDelivery:
    """A message that was handed over, to be acknowledged or given back.

    Attributes:
        message: What was sent; ``attempt`` is above 1 when it was handed over before.
    """

    def __init__(self, mailbox: Mailbox, message: DeliveredMessage) -> None:
        """Hand it over."""
        self.message = message
        self._mailbox = mailbox

    async def ack(self) -> None:
        """Say that it has arrived: it does not come again. Those of one moment go together.

        Raises:
            ApiError: Its time is over (`message_closed`).
        """
        await self._mailbox.acknowledge(self.message.message_id)

    async def nack(
        self,
        reason: str = "",
        *,
        retry_after_seconds: float | None = None,
        requeue: bool = True,
    ) -> Settled:
        """Give it back: it comes again later, until its attempts are used up.

        Args:
            reason: Why, for the record.
            retry_after_seconds: When it comes again; left out: as the server's settings say.
            requeue: Whether it comes again at all; else it is a dead letter at once.
        """
        said: dict[str, Any] = {
            "message_id": self.message.message_id,
            "attempt": self.message.attempt,
            "requeue": requeue,
        }
        if reason:
            said["reason"] = reason
        if retry_after_seconds is not None:
            said["retry_after_seconds"] = retry_after_seconds
        return await self._mailbox.ask("nack", said, Settled)


class Mailbox:
    """Messages of one recipient, as they come; iterate over it within its block.

    A lost connection is made anew; what was not acknowledged comes again then, and what was said
    and not answered is said again, and carried out once.

    Example::

        async with Mailbox("data_analyst_001") as mailbox:
            await mailbox.subscribe("reports.>")
            async for delivery in mailbox:
                print(delivery.message.from_agent, delivery.message.payload)
                await delivery.ack()
    """

    def __init__(
        self,
        agent_id: str,
        url: str | None = None,
        token: Token = None,
        *,
        prefetch: int = 64,
    ) -> None:
        """Prepare a mailbox; it is opened by its block.

        Args:
            agent_id: Whose: an agent's, or that of a client whose subject this is.
            url: Of the server; ``MAS_URL`` or ``http://127.0.0.1:8000`` when left out.
            token: Who asks; ``MAS_TOKEN`` when left out. A function is asked for each connection.
            prefetch: How many messages may be out without an acknowledgement.
        """
        self._agent_id = agent_id
        self._prefetch = prefetch
        self._configuration = configuration(
            url,
            token,
            timeout=30.0,
            retries=_RETRIES,
            consistent=False,
            headers={},
            max_connections=1,
        )
        self._link = Link(self._opening, self._hear, self._not_registered, self._renew)
        self._deliveries: deque[MailboxDelivery] = deque()
        self._news = asyncio.Event()
        self._running: asyncio.Task[None] | None = None
        self._acks: list[tuple[str, asyncio.Future[None]]] = []

    async def __aenter__(self) -> Mailbox:
        """Open it; it is closed at the end of the block."""
        self._running = asyncio.create_task(self._link.run())
        self._running.add_done_callback(lambda _: self._news.set())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close it; what is not acknowledged goes to whoever opens it next."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait({self._running})

    def __aiter__(self) -> Mailbox:
        """Iterate over what comes."""
        return self

    async def __anext__(self) -> MailboxDelivery:
        """Return the next message, as soon as there is one.

        Raises:
            Rejected: The server does not let this client read the mailbox.
            RuntimeError: It is not open.
        """
        while not self._deliveries:
            self._check_open()
            self._news.clear()
            await self._news.wait()
        return self._deliveries.popleft()

    async def send(self, message: MessageToSend) -> SentMessage:
        """Send a message; it is durable when this returns.

        Raises:
            ApiError: It was refused.
        """
        return await self.ask("send", msgspec.to_builtins(message), SentMessage)

    async def subscribe(self, *patterns: str) -> Subscriptions:
        """Have messages to topics come, too, also after this mailbox is closed.

        Args:
            patterns: Topics, or patterns of them: ``tasks.*``, ``tasks.>``.
        """
        return await self.ask("subscribe_topics", {"patterns": patterns}, Subscriptions)

    async def unsubscribe(self, *patterns: str) -> Subscriptions:
        """Have them come no more."""
        return await self.ask("unsubscribe_topics", {"patterns": patterns}, Subscriptions)

    async def acknowledge(self, message_id: str) -> None:
        """Say that a message has arrived; see ``MailboxDelivery.ack``."""
        self._check_open()
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        self._acks.append((message_id, future))
        if len(self._acks) == 1:
            loop.call_soon(self._say_acks)
        await self._unless_closed(future)

    async def ask(self, act: str, data: dict[str, Any], wanted: type[T]) -> T:
        """Have something done, and return what it was answered (``wanted``: its type).

        Raises:
            ApiError: It was refused.
            Rejected: The server does not let this client in.
        """
        self._check_open()
        receipt = await self._unless_closed(self._link.say(act, data, str(uuid4())))
        return msgspec.json.decode(receipt.data, type=wanted)

    def _say_acks(self) -> None:
        while self._acks:
            acks, self._acks = self._acks[:1_000], self._acks[1_000:]
            said = {"message_ids": [message_id for message_id, _ in acks]}
            receipt = self._link.say("ack", said)
            receipt.add_done_callback(partial(_settle, acks))

    async def _unless_closed(self, future: asyncio.Future[T]) -> T:
        assert self._running is not None
        either: set[asyncio.Future[Any]] = {future, self._running}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if not future.done():
            future.cancel()
            self._check_open()
        return future.result()

    def _check_open(self) -> None:
        if self._running is None:
            raise RuntimeError("a mailbox is open within its block: async with Mailbox(...)")
        if self._running.done():
            self._running.result()

    async def _opening(self) -> tuple[str, dict[str, str]]:
        url = self._configuration.url.replace("http", "ws", 1)
        path = f"{API}/communication/ws/{segment(self._agent_id)}?prefetch={self._prefetch}"
        return f"{url}{path}", self._configuration.authorization()

    def _hear(self, frame: Frame) -> None:
        if frame.type == "message":
            message = message_of(frame.data, frame.position)
            self._deliveries.append(MailboxDelivery(self, message))
            self._news.set()
        elif frame.type == "mailbox":
            # Another connection: what nobody has looked at yet comes again.
            self._deliveries.clear()

    async def _not_registered(self) -> None:
        raise Rejected("agent_not_found", "The server knows no such mailbox")

    def _renew(self, reason: str) -> None:
        if not callable(self._configuration.token):
            raise Rejected(reason or "unauthenticated", "The token is not, or no longer, valid")


def _settle(
    acks: Sequence[tuple[str, asyncio.Future[None]]], receipt: asyncio.Future[Receipt]
) -> None:
    """Tell those who wait for acknowledgements what became of them."""
    if receipt.cancelled():
        return
    error = receipt.exception()
    if error is not None:
        for _, future in acks:
            if not future.done():
                future.set_exception(error)
        return
    told = msgspec.json.decode(receipt.result().data, type=AcknowledgedItems)
    for (_, future), item in zip(acks, told.items, strict=True):
        if future.done():
            continue
        if item.problem is None or item.problem.code == _KNOWN:
            # It may have been said again over another connection.
            future.set_result(None)
        else:
            future.set_exception(error_of(item.status, msgspec.json.encode(item.problem), None))

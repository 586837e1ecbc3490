"""The socket of one agent, kept open; what is said over it is repeated until it has a receipt."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI

from aia.client.configuration import on_this_machine
from aia.client.errors import ApiError, error_of
from aia.client.worker.closing import Next, what_next
from aia.client.worker.errors import Rejected
from aia.client.worker.frames import Frame, Problem, Receipt, read_frame
from aia.client.worker.messages import Message, Passed, encoded
from aia.client.worker.pauses import Pauses

log = logging.getLogger("aia.client.worker")

_OPENING = 20.0  # seconds for a handshake, and for the first frame behind it
_ALIVE = 20.0  # seconds between pings, and for the answer to one
_CLOSING = 2.0

Opening = Callable[[], Awaitable[tuple[str, dict[str, str]]]]
"""Tells the URL to connect to and the headers, the token among them; asked anew each time."""


class Link:
    """A connection that comes back by itself.

    Attributes:
        connected: Set while the server can be talked to.
    """

    def __init__(
        self,
        opening: Opening,
        hear: Callable[[Frame], None],
        register: Callable[[], Awaitable[None]],
        renew: Callable[[str], None],
    ) -> None:
        """Make a link; ``run`` opens it.

        Args:
            opening: Tells where to connect, and as whom.
            hear: Gets every frame but receipts; the first of each connection is its welcome.
            register: Registers the agent, when the server knows of none.
            renew: Is told why a token was not taken, before the next connection.
        """
        self.connected = asyncio.Event()
        self._opening = opening
        self._hear = hear
        self._register = register
        self._renew = renew
        self._numbers = itertools.count(1)
        self._waiting: dict[str, Message] = {}
        self._outbox: deque[Message] = deque()
        self._more = asyncio.Event()
        self._pauses = Pauses()

    def say(
        self, kind: str, data: dict[str, Any], key: str | None = None, *, passing: bool = False
    ) -> asyncio.Future[Receipt]:
        """Send a message, now or as soon as there is a connection.

        Args:
            kind: Its type.
            data: What it says.
            key: Under which it is carried out once, however often it has to be sent.
            passing: It is of no use on another connection.

        Returns:
            The receipt. It fails by ``ApiError``, by ``Passed`` when the connection of a passing
            message is lost, and is not waited for any more when it is cancelled.
        """
        future: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()
        number = f"m{next(self._numbers)}"
        text = encoded(number, kind, data, key)
        message = Message(number, kind, data, key, passing, text, future)
        self._waiting[number] = message
        future.add_done_callback(lambda _: self._waiting.pop(number, None))
        if passing and not self.connected.is_set():
            future.set_exception(Passed())
        else:
            self._put(message)
        return future

    def unanswered(self) -> list[Message]:
        """Return what has no receipt yet, in the order in which it was said."""
        return list(self._waiting.values())

    async def run(self) -> None:
        """Stay connected.

        Raises:
            Rejected: The server does not take this agent.
            Replaced: A newer socket serves it.
        """
        while True:
            pause = await self._once()
            if pause:
                await asyncio.sleep(pause)

    async def _once(self) -> float:
        """Live through one connection; return how long to wait before the next one, seconds."""
        url, headers = await self._opening()
        try:
            async with connect(
                url,
                additional_headers=headers,
                compression=None,
                proxy=None if on_this_machine(url) else True,
                open_timeout=_OPENING,
                ping_interval=_ALIVE,
                ping_timeout=_ALIVE,
                close_timeout=_CLOSING,
                max_size=None,  # a payload may be as large as the server takes requests
            ) as socket:
                await self._talk(socket)
                return self._pauses.next()
        except ConnectionClosed as closed:
            return await self._after(closed)
        except InvalidURI as error:
            raise Rejected("invalid_url", str(error)) from None
        except InvalidStatus as error:
            return self._after_status(error)
        except (OSError, InvalidHandshake, EOFError, msgspec.MsgspecError) as error:
            # TimeoutError is an OSError, too.
            log.warning("there is no connection: %r", error)
            return self._pauses.next()

    async def _talk(self, socket: ClientConnection) -> None:
        async with asyncio.timeout(_OPENING):
            first = await socket.recv()
        self._pauses.reset()
        self._outbox = deque(self._waiting.values())
        self.connected.set()
        self._hear(read_frame(first))
        sending = asyncio.create_task(self._send(socket))
        try:
            while True:
                self._take(read_frame(await socket.recv()))
        finally:
            self.connected.clear()
            sending.cancel()
            await asyncio.wait({sending})
            self._pass_over()

    async def _send(self, socket: ClientConnection) -> None:
        try:
            while True:
                while self._outbox:
                    message = self._outbox.popleft()
                    if not message.future.done():
                        message.sent = True
                        await socket.send(message.text, text=True)
                self._more.clear()
                await self._more.wait()
        except ConnectionClosed:
            return  # who listens on it tells

    def _take(self, frame: Frame) -> None:
        if frame.type == "receipt":
            message = self._waiting.get(frame.id or "")
            if message is not None and not message.future.done():
                self._settle(message, frame)
        elif frame.type == "error":
            log.error("a message was not understood: %s", bytes(frame.data).decode())
        else:
            self._hear(frame)

    def _settle(self, message: Message, frame: Frame) -> None:
        if frame.status < 400:
            message.future.set_result(Receipt(data=frame.data, replayed=frame.replayed))
            return
        problem = msgspec.json.decode(frame.data, type=Problem)
        wait = message.wait_after(frame.status, problem)
        if wait is None:
            error = error_of(frame.status, bytes(frame.data), problem.retry_after)
            message.future.set_exception(error)
        else:
            asyncio.get_running_loop().call_later(wait, self._again, message)

    def _again(self, message: Message) -> None:
        if not message.future.done() and self.connected.is_set():
            self._put(message)

    def _put(self, message: Message) -> None:
        if self.connected.is_set():
            self._outbox.append(message)
            self._more.set()

    def _pass_over(self) -> None:
        """Give up what is of no use on another connection."""
        for message in self.unanswered():
            if message.passing and not message.future.done():
                message.future.set_exception(Passed())

    async def _after(self, closed: ConnectionClosed) -> float:
        code = 1006 if closed.rcvd is None else closed.rcvd.code
        reason = "" if closed.rcvd is None else closed.rcvd.reason
        log.info("the connection was closed: %s %s", code, reason)
        following = what_next(code, reason)
        if following is Next.REGISTER:
            await self._register()
        elif following is Next.AUTHENTICATE:
            self._renew(reason)
        elif following is Next.SHORTEN:
            self._give_up_longest(reason)
        return self._pauses.next()

    def _after_status(self, error: InvalidStatus) -> float:
        status = error.response.status_code
        log.warning("the connection was refused with %s", status)
        if status in {400, 403, 426}:
            raise Rejected("socket_refused", f"The socket was refused with {status}") from None
        told = error.response.headers.get("Retry-After", "")
        return self._pauses.next(float(told) if told.isdecimal() else None)

    def _give_up_longest(self, reason: str) -> None:
        """Fail the message that the server found too long: it would be again."""
        sent = [message for message in self.unanswered() if message.sent]
        if sent:
            longest = max(sent, key=lambda message: len(message.text))
            longest.future.set_exception(ApiError(413, "body_too_large", detail=reason))

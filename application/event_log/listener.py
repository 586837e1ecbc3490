"""Hears of commits: notifications are hints to look at the log, never more.

A node hears of its own commits as well, one notification for each batch; so what is done for one
costs little. That is why libpq is asked directly when the socket has something, instead of by
psycopg's generator of notifications, which costs a tenth of a millisecond each.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import psycopg

from aia_mas.application.event_log.feed import Feed

_OWN_SECONDS = 0.005
"""How long the answer to an own commit may be on its way before it is taken for another's."""


class Listener:
    """One connection that listens, for as long as it lasts."""

    def __init__(self, feed: Feed, hinted: Callable[[str], None] = lambda _: None) -> None:
        """Wire a listener.

        Args:
            feed: Told to look when another node has committed.
            hinted: Gets what comes over the channel of other hints.
        """
        self._feed = feed
        self._hinted = hinted
        self._loop = asyncio.get_running_loop()
        self._ended: asyncio.Future[None] = self._loop.create_future()
        self._socket: int | None = None

    async def listen(
        self, connection: psycopg.AsyncConnection, channel: str, hints: str = ""
    ) -> None:
        """Start to listen.

        Args:
            connection: Where.
            channel: The channel of commits.
            hints: The channel of other hints, if any.

        Raises:
            psycopg.Error: The connection does not serve.
        """
        await connection.execute(f'listen "{channel}"')
        if hints:
            await connection.execute(f'listen "{hints}"')
        self._hints = hints.encode()
        self._pgconn = connection.pgconn

    async def hear(self) -> None:
        """Listen until cancelled.

        Raises:
            psycopg.OperationalError: The connection was lost.
        """
        self._socket = self._pgconn.socket
        self._loop.add_reader(self._socket, self._read)
        try:
            self._read()  # something may have come before
            await self._ended
        finally:
            self._stop_reading()

    def _read(self) -> None:
        try:
            self._pgconn.consume_input()
            while (notification := self._pgconn.notifies()) is not None:
                if notification.relname == self._hints:
                    self._hinted(notification.extra.decode())
                else:
                    self._heard(int(notification.extra))
        except (psycopg.OperationalError, ValueError) as error:
            # At once: libpq has closed the socket, and what is opened next gets its number.
            self._stop_reading()
            if not self._ended.done():
                self._ended.set_exception(error)

    def _stop_reading(self) -> None:
        if self._socket is not None:
            self._loop.remove_reader(self._socket)
            self._socket = None

    def _heard(self, position: int) -> None:
        if position > self._feed.position:
            # Mostly an own commit.
            self._loop.call_later(_OWN_SECONDS, self._look_for, position)

    def _look_for(self, position: int) -> None:
        if position > self._feed.position:
            self._feed.look()

"""Nodes wake each other through Redis or Valkey: what one commits, the others look for at once.

A message is a hint to look at the log, never more. LISTEN goes on beside it: it is also how a node
notices that PostgreSQL is away, and so nothing has to be switched when Redis comes and goes. What
Redis adds is speed: the sender stands in the message, so that nobody has to wait whether a
notification was his own.
"""

from __future__ import annotations

import asyncio
from typing import Any, Protocol
from uuid import uuid4

import anyio
import structlog
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

from aia_mas.application.event_log.feed import Feed

log = structlog.stdlib.get_logger("aia.event_log")

_AWAY = (RedisError, OSError, TimeoutError)
_BETWEEN = 0.005
"""Seconds between two messages: while much is committed, few tell as much as many."""
_QUIET = 1.0
"""Seconds without a message after which the server is asked whether it is there, and again as many
for its answer: one that hangs keeps its connections.
"""
_RETRY, _LONGEST_RETRY = 0.25, 1.0
"""Seconds before a connection is tried again, at first and after failures."""


class Waking(Protocol):
    """What of a log is woken, and wakes others."""

    feed: Feed
    committed: asyncio.Event
    committed_position: int


class RedisWakeups:
    """Tells the other nodes of commits, and hears of theirs.

    Attributes:
        available: It is in use; else notifications of PostgreSQL alone wake this node.
    """

    def __init__(self, redis: Redis, channel: str, event_log: Waking) -> None:
        """Wire it; nothing is sent or heard until ``run``.

        Args:
            redis: The server; it should not try again by itself, so that outages are noticed.
            channel: Shared by the nodes of one store.
            event_log: The log of this node.
        """
        self._redis = redis
        self._channel = channel
        self._log = event_log
        self._name = uuid4().hex.encode()
        self._hears = self._tells = True
        self.available = True

    async def run(self) -> None:
        """Wake and be woken until cancelled."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._tell)
            tasks.start_soon(self._listen)

    async def _tell(self) -> None:
        """Send how far the log has come; what cannot be sent, the next message tells as well."""
        committed = self._log.committed
        while True:
            await committed.wait()
            committed.clear()
            try:
                await self._redis.publish(
                    self._channel, b"%b %d" % (self._name, self._log.committed_position)
                )
                self._tells = True
                self._note()
                await asyncio.sleep(_BETWEEN)
            except _AWAY as error:
                self._tells = False
                self._note(error)
                committed.set()
                await asyncio.sleep(_LONGEST_RETRY)

    async def _listen(self) -> None:
        pause = _RETRY
        while True:
            try:
                async with self._redis.pubsub() as messages:
                    await messages.subscribe(self._channel)
                    async with asyncio.timeout(_QUIET):
                        await messages.get_message(timeout=None)  # that it has subscribed
                    self._hears, pause = True, _RETRY
                    self._note()
                    self._log.feed.look()  # nobody told of what came before
                    await self._hear(messages)
            except _AWAY as error:
                self._hears = False
                self._note(error)
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_RETRY)

    async def _hear(self, messages: PubSub) -> None:
        """Look when told to, until the connection is lost.

        Raises:
            TimeoutError: The server is silent.
            RedisError: It is gone (or an ``OSError``).
        """
        asked = False
        while True:
            message = await messages.get_message(timeout=_QUIET)
            if message is not None:
                asked = False
                self._heard(message["data"])
            elif asked:
                raise TimeoutError("it answers no ping")
            else:
                await messages.ping()
                asked = True

    def _heard(self, data: Any) -> None:
        """Look for what another node committed (``data``: anybody might have sent it)."""
        if not isinstance(data, bytes):
            return
        name, _, position = data.partition(b" ")
        if name == self._name or not position.isdigit() or len(position) > 19:
            return
        if int(position) > self._log.feed.position:
            self._log.feed.look()

    def _note(self, error: Exception | None = None) -> None:
        available = self._hears and self._tells
        if available == self.available:
            return
        self.available = available
        if available:
            log.info("redis_wakes_again")
        else:
            log.warning("redis_wakes_no_more", error=str(error))

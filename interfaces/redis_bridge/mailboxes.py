"""Whose messages are published: begun when they say so, ended when nobody listens, or may."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anyio.abc import TaskGroup
from redis.asyncio import Redis

from aia_mas.interfaces.http.errors import Unauthenticated
from aia_mas.interfaces.http.security import Authenticator
from aia_mas.interfaces.redis_bridge.channels import agent_channel
from aia_mas.interfaces.redis_bridge.mailbox import BridgedMailbox
from aia_mas.interfaces.redis_bridge.same_redis import SameRedis
from aia_mas.interfaces.redis_bridge.wire import Wire

if TYPE_CHECKING:
    from aia_mas.interfaces.bootstrap import System

LOOK = 1.0
"""Seconds between looks whether somebody still listens, and may."""


class Mailboxes:
    """The mailboxes behind the bridge, one for each recipient."""

    def __init__(self, system: System, wire: Wire, authenticator: Authenticator) -> None:
        """Open none.

        Args:
            system: The system.
            wire: The way out.
            authenticator: Knows who may still listen.
        """
        self._system = system
        self._wire = wire
        self._authenticator = authenticator
        self._open: dict[str, BridgedMailbox] = {}

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._open)

    def open(self, tasks: TaskGroup, name: str, authorization: bytes | None, prefetch: int) -> None:
        """Publish messages of a recipient from now on, in the place of whoever did so before.

        Args:
            tasks: Where that runs.
            name: The recipient.
            authorization: What it proved who it is with.
            prefetch: How many messages may be out.
        """
        # Whoever says so again may have been lost and come back.
        self.leave(name)
        mailbox = BridgedMailbox(self._system, self._wire, name, authorization, prefetch)
        # Known at once, before it runs: whoever says so again leaves this one.
        self._open[name] = mailbox
        tasks.start_soon(self._run, mailbox)

    def leave(self, name: str, *, in_order: bool = False) -> None:
        """Publish messages of a recipient no more; see ``BridgedMailbox.end``."""
        mailbox = self._open.pop(name, None)
        if mailbox is not None:
            mailbox.end(in_order=in_order)

    def clear(self) -> None:
        """Forget all; what runs for them has been ended."""
        # One that was ended before it began has not taken itself out.
        self._open.clear()

    async def look_after(self, redis: Redis, same: SameRedis) -> None:
        """End what nobody listens to any more, or may not; who listens is there.

        Raises:
            redis.RedisError: Redis is away, or was.
        """
        while True:
            await self._system.clock.sleep(LOOK)
            mailboxes = list(self._open.values())
            if not mailboxes:
                continue
            told = await redis.pubsub_numsub(*(agent_channel(each.name) for each in mailboxes))
            counts = [count for _, count in told]
            if not all(counts):
                await same.check()
            for mailbox, listeners in zip(mailboxes, counts, strict=True):
                name = mailbox.name
                if self._open.get(name) is not mailbox:
                    continue  # somebody has come meanwhile, of whom nothing was asked
                if not self._may_still(mailbox):
                    self.leave(name, in_order=True)
                elif not listeners:
                    self.leave(name)
                else:
                    self._system.presence.beat("agent", name)

    async def _run(self, mailbox: BridgedMailbox) -> None:
        try:
            await mailbox.run()
        finally:
            if self._open.get(mailbox.name) is mailbox:
                del self._open[mailbox.name]

    def _may_still(self, mailbox: BridgedMailbox) -> bool:
        try:
            self._authenticator.credential(mailbox.authorization)
        except Unauthenticated:
            return False
        return True

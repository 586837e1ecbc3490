"""Messages to one agent, one after the other, as long as a program wants them."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Self

from aia.agents.message_queue import MessageQueue, ReceivedMessage
from aia.agents.running import Node
from aia_mas.application.communication.collecting import Collection
from aia_mas.application.communication.out import Delivered
from aia_mas.domain.kernel.ids import check_id
from aia_mas.interfaces.bootstrap import System

TRANSPORT = "handler"


class Inbox:
    """Iterates over what is sent to an agent.

    Several of one agent, here or elsewhere, share what there is. What was handed over and not
    acknowledged when it is closed goes to whoever comes next.
    """

    def __init__(
        self,
        node: Node,
        queue: MessageQueue,
        agent_id: str,
        prefetch: int,
        gone: Callable[[Inbox], None],
    ) -> None:
        """Describe it; see ``EventDrivenCommunicationFramework.receive``.

        Args:
            node: Where it is.
            queue: Where messages are acknowledged.
            agent_id: Whose it is.
            prefetch: How many may be out.
            gone: Called when it is closed.
        """
        self._node = node
        self._queue = queue
        self._agent_id = check_id(agent_id, "agent_id")
        self._prefetch = prefetch
        self._collection: Collection | None = None
        self._handed: deque[Delivered] = deque()
        self._fetching: asyncio.Task[None] | None = None
        self._closed = False
        self._gone = gone
        self._opening = asyncio.Lock()

    async def __aenter__(self) -> Self:
        """Begin to collect."""
        await self._open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End; see ``close``."""
        await self.close()

    def __aiter__(self) -> Self:
        """Iterate over the messages."""
        return self

    async def __anext__(self) -> ReceivedMessage:
        """Return the next message, as soon as there is one; it ends when the inbox is closed."""
        while not self._handed:
            if self._closed:
                raise StopAsyncIteration
            if self._fetching is None:
                self._fetching = asyncio.create_task(self._fetch(), name="aia-mas-inbox")
            # Who waits for it no more, for now, does not lose what comes.
            await asyncio.shield(self._fetching)
        return self._queue.received(self._agent_id, self._handed.popleft())

    async def close(self) -> None:
        """Give back what was not acknowledged; what was not returned counts as not delivered."""
        self._closed = True
        self._gone(self)
        async with self._opening:
            collection, self._collection = self._collection, None
        if collection is None or not self._node.alive:
            return

        async def end(_: System) -> None:
            collection.end()

        await self._node.call(end)
        if self._fetching is not None:
            await asyncio.wait({self._fetching})
        unseen, self._handed = self._handed, deque()

        async def leave(system: System) -> None:
            for delivered in unseen:
                system.communication.office.put_back(delivered.out)
            collection.__exit__()

        await self._node.call(leave)

    async def _open(self) -> Collection | None:
        """Begin to collect; None: it is closed."""
        async with self._opening:
            if self._collection is None and not self._closed:

                async def enter(system: System) -> Collection:
                    communication = system.communication
                    collection = communication.collect(self._agent_id, TRANSPORT, self._prefetch)
                    return collection.__enter__()

                self._collection = await self._node.call(enter)
            return self._collection

    async def _fetch(self) -> None:
        """Have more handed over; without any the inbox is closed, or the system has ended."""
        try:
            collection = await self._open()
            if collection is None:
                return
            handed = await self._node.call(lambda _: collection.next(self._prefetch))
            self._handed.extend(handed)
            self._closed = self._closed or not handed
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            self._closed = True
        finally:
            self._fetching = None

"""Says over HTTP what a socket would, for a worker that has lost its socket to a newer one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from aia.client.errors import ClientError
from aia.client.worker.door import Door
from aia.client.worker.frames import Receipt
from aia.client.worker.messages import Message


class OverHttp:
    """Takes messages as a ``Link`` does; those about one task are said in their order."""

    def __init__(self, door: Door, group: asyncio.TaskGroup) -> None:
        """Say messages (``door``: how; ``group``: where that goes on)."""
        self._door = door
        self._group = group
        self._last: dict[str, asyncio.Task[None]] = {}

    def take_over(self, messages: Sequence[Message]) -> None:
        """Say what a link has no receipts for."""
        for message in messages:
            if not message.future.done():
                self._take(message)

    def say(
        self, kind: str, data: dict[str, Any], key: str | None = None, *, passing: bool = False
    ) -> asyncio.Future[Receipt]:
        """Say a message; the arguments and the receipt are those of ``Link.say``."""
        future: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()
        self._take(Message("", kind, data, key, passing, b"", future))
        return future

    def _take(self, message: Message) -> None:
        task_id = str(message.data.get("task_id", ""))
        before = self._last.get(task_id)
        saying = self._group.create_task(self._said(message, before))
        self._last[task_id] = saying
        message.future.add_done_callback(lambda future: future.cancelled() and saying.cancel())

    async def _said(self, message: Message, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            await asyncio.wait({before})
        try:
            receipt = await self._door.carry(message)
        except ClientError as error:
            if not message.future.done():
                message.future.set_exception(error)
        else:
            if not message.future.done():
                message.future.set_result(receipt)

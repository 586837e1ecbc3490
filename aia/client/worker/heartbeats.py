"""Signs of life: they name the tasks in hand, so that their leases go on while handlers work."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import Any, Protocol

import msgspec

from aia.client.errors import ApiError, NotFound
from aia.client.types import ClaimedTask
from aia.client.worker.desk import Desk
from aia.client.worker.errors import Unregistered
from aia.client.worker.frames import Alive, Frame, Receipt, Welcome
from aia.client.worker.messages import Passed

log = logging.getLogger("aia.client.worker")

_SHARE = 3
"""A lease is extended this often before it would run out."""
_SHORTEST = 0.1  # seconds between two of them
_NAMED_AT_ONCE = 256


class SaysPassing(Protocol):
    """Sends messages that are of no use later."""

    def __call__(
        self, kind: str, data: dict[str, Any], key: str | None = None, *, passing: bool = False
    ) -> asyncio.Future[Receipt]:
        """Send one."""
        ...


class Heartbeats:
    """Tells the server which tasks are in hand, as often as their leases take."""

    def __init__(self, desk: Desk, say: SaysPassing, concurrency: int) -> None:
        """Tell of the tasks of a desk, which may have so many at once."""
        self._desk = desk
        self._say = say
        self._concurrency = concurrency
        self._expected = 30.0
        self._next = 0.0
        self._soon = asyncio.Event()

    def welcomed(self, frame: Frame) -> None:
        """Begin anew with a connection: leases are extended at once, and losses told."""
        self._expected = msgspec.json.decode(frame.data, type=Welcome).heartbeat_seconds
        self.soon()

    def soon(self) -> None:
        """Send one now."""
        self._soon.set()

    def taken(self, task: ClaimedTask) -> None:
        """Take note of a task whose lease may be shorter than the next wait."""
        due = asyncio.get_running_loop().time() + task.lease_seconds / _SHARE
        if due < self._next:
            self.soon()

    async def run(self) -> None:
        """Go on for as long as the worker lives.

        Raises:
            Unregistered: There is no such agent any more.
        """
        loop = asyncio.get_running_loop()
        while True:
            self._soon.clear()
            await self._beat()
            leases = [attempt.task.lease_seconds for attempt in self._desk]
            pause = max(min([self._expected, *leases]) / _SHARE, _SHORTEST)
            self._next = loop.time() + pause
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._soon.wait()

    async def _beat(self) -> None:
        held = [(one.task.task_id, one.task.lease) for one in self._desk if not one.lost]
        load = min(1.0, len(self._desk) / self._concurrency)
        for start in range(0, max(len(held), 1), _NAMED_AT_ONCE):
            named = dict(held[start : start + _NAMED_AT_ONCE])
            try:
                said = {"leases": named, "load": load}
                receipt = await self._say("heartbeat", said, passing=True)
            except Passed:
                return
            except NotFound:
                raise Unregistered("somebody has unregistered this agent") from None
            except ApiError as error:
                log.warning("a heartbeat was refused: %s", error)
            else:
                self._desk.alive(named, msgspec.json.decode(receipt.data, type=Alive))

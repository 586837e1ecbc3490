"""The life of a worker: it registers, works until it is asked to stop, and leaves in good order."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable
from contextlib import suppress
from typing import Any

from aia.client.worker.answers import Answers
from aia.client.worker.desk import Desk
from aia.client.worker.door import Door
from aia.client.worker.errors import Replaced, Unregistered, WorkerError
from aia.client.worker.frames import Frame, Receipt
from aia.client.worker.handlers import Handlers
from aia.client.worker.heartbeats import Heartbeats
from aia.client.worker.link import Link
from aia.client.worker.over_http import OverHttp
from aia.client.worker.stopping import Stopping
from aia.client.worker.tally import Tally

log = logging.getLogger("aia.client.worker")

_TO_DRAIN = 5.0  # seconds for the server to take note of a drain
_TO_CANCEL = 5.0  # seconds for a cancelled handler to end
_TO_TELL = 10.0  # seconds for what was given back to be told


class Shift:
    """One run of a worker."""

    def __init__(
        self, door: Door, handlers: Handlers, group: asyncio.TaskGroup, concurrency: int
    ) -> None:
        """Prepare it.

        Args:
            door: What is said over HTTP.
            handlers: Who can do what.
            group: Where everything runs.
            concurrency: How many handlers may work at once.
        """
        self._door = door
        self._group = group
        answers = Answers(door.inputs)
        self._tally = Tally()
        self._desk = Desk(
            handlers, self._say, answers, group, concurrency, self._taken, self._tally.count
        )
        self._heartbeats = Heartbeats(self._desk, self._say, concurrency)
        self._link = Link(door.opening, self._hear, door.register, door.renew)
        self._over_http: OverHttp | None = None
        self._known = False

    async def live(self, stop: Stopping, drain_seconds: float) -> WorkerError | None:
        """Work until the end, and return what it ended by, if not by ``stop``.

        Args:
            stop: Tells when to stop.
            drain_seconds: How long what is in hand may take to be finished then.
        """
        at_work = self._group.create_task(self._at_work())
        await self._first_of(at_work, stop.requested.wait())
        if not at_work.done():
            log.info("stopping; %d in hand", len(self._desk))
            await self._first_of(self._drain(), stop.at_once.wait())
        await self._finish(stop, drain_seconds)
        at_work.cancel()
        await asyncio.wait({at_work})
        log.info("%s", self._tally.summary())
        return None if at_work.cancelled() else at_work.result()

    async def _first_of(
        self, one: Awaitable[object], event: Awaitable[object], timeout: float | None = None
    ) -> None:
        """Wait for the first of two; what was begun for that is not gone on with."""
        pair = [asyncio.ensure_future(each) for each in (one, event)]
        try:
            await asyncio.wait(pair, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for given, waiting in zip((one, event), pair, strict=True):
                if given is not waiting:
                    waiting.cancel()

    async def _at_work(self) -> WorkerError | None:
        """Register, stay connected and show life; return what ended it."""
        try:
            await self._door.register()
            async with asyncio.TaskGroup() as group:
                group.create_task(self._link.run())
                group.create_task(self._heartbeats.run())
        except* WorkerError as errors:
            error = _first(errors)
        else:
            return None
        if isinstance(error, Replaced):
            log.warning("another program serves this agent now; what is in hand is finished")
            await self._go_on_over_http()
        else:
            log.error("the worker cannot go on: %s", error)
            self._desk.lose_all(str(error))
        return error

    async def _go_on_over_http(self) -> None:
        self._desk.taking = False
        self._over_http = OverHttp(self._door, self._group)
        self._over_http.take_over(self._link.unanswered())
        await self._first_of(self._desk.empty(), self._show_life())

    async def _show_life(self) -> None:
        try:
            await self._heartbeats.run()
        except Unregistered as error:
            self._desk.lose_all(str(error))
            await self._desk.empty()

    async def _drain(self) -> None:
        """Ask for no further work, and hear what was given until then."""
        if self._over_http is not None or not self._known:
            return  # the agent is somebody else's now, or nobody's yet
        with suppress(TimeoutError):
            async with asyncio.timeout(_TO_DRAIN):
                self._desk.told.clear()
                await self._door.drain()
                while self._desk.status == "active" and self._link.connected.is_set():
                    await self._desk.told.wait()
                    self._desk.told.clear()
                return
        self._desk.taking = False

    async def _finish(self, stop: Stopping, drain_seconds: float) -> None:
        """Let what is in hand come to its end, within a time."""
        await self._first_of(self._desk.empty(), stop.at_once.wait(), drain_seconds)
        self._desk.taking = False
        if len(self._desk):
            log.warning("%d given back unfinished", len(self._desk))
            self._desk.give_back_all("worker_stopped", "The worker was stopped", _TO_CANCEL)
            with suppress(TimeoutError):
                async with asyncio.timeout(_TO_CANCEL + _TO_TELL):
                    await self._desk.empty()

    def _say(
        self, kind: str, data: dict[str, Any], key: str | None = None, *, passing: bool = False
    ) -> asyncio.Future[Receipt]:
        says = self._link.say if self._over_http is None else self._over_http.say
        return says(kind, data, key, passing=passing)

    def _hear(self, frame: Frame) -> None:
        if frame.type == "welcome":
            self._known = True
            log.info("connected, waiting for tasks")
            self._heartbeats.welcomed(frame)
        elif frame.type == "agent_status":
            self._heartbeats.soon()  # their answer tells whether there still is such an agent
        self._desk.hear(frame)

    def _taken(self, task: Any) -> None:
        self._heartbeats.taken(task)


def _first(errors: BaseExceptionGroup[WorkerError]) -> WorkerError:
    error = errors.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error

"""Reads streams from the log, those that are asked for at about the same time together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any

import psycopg

from aia_mas.application.engine.handlers import Evolvers, category
from aia_mas.application.engine.snapshots import Snapshots
from aia_mas.application.event_log.errors import LogUnavailable, UnreadableEvent
from aia_mas.application.event_log.log import EventLog
from aia_mas.application.event_log.pages import PAGE, is_last
from aia_mas.application.event_log.records import RecordedEvent, Unreadable
from aia_mas.application.event_log.slices import Slices

_AT_ONCE = 2
"""Reads under way at the same time; others want connections as well."""
_TOGETHER = 200
"""Streams of one read."""

_UNREACHABLE = (psycopg.OperationalError, psycopg.InterfaceError, OSError)


class StoredStream:
    """One stream as the log has it.

    Attributes:
        state: None when it does not exist.
        version: Version of its last event; 0 when there is none.
        command_id: The command of that event.
        events_read: How many events it took to find that out.
    """

    __slots__ = ("command_id", "events_read", "state", "version")

    def __init__(self, state: Any, version: int, command_id: str) -> None:
        self.state = state
        self.version = version
        self.command_id = command_id
        self.events_read = 0


class StreamReader:
    """Where streams are read that are not in memory.

    Thousands of callers who ask for one stream each (perhaps for one that there is not) cost some
    queries instead of thousands, and never more than a few connections. The more wait, the more is
    read together; who comes alone waits for nobody.
    """

    def __init__(self, log: EventLog, evolvers: Evolvers, snapshots: Snapshots) -> None:
        """Make a reader with nothing to read.

        Args:
            log: Where the events are.
            evolvers: How the events of each category are folded.
            snapshots: States of long streams.
        """
        self._log = log
        self._evolvers = evolvers
        self._snapshots = snapshots
        self._asked: dict[str, asyncio.Future[StoredStream]] = {}
        self._readers = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def read(self, stream: str) -> StoredStream:
        """Return a stream as it stands in the log at this moment or later.

        Raises:
            UnreadableEvent: An event of it cannot be decoded by this program.
            LogUnavailable: The store cannot be reached.
        """
        # What is being read already may be older than this moment, and is not shared.
        asked = self._asked.get(stream)
        if asked is None:
            asked = self._asked[stream] = asyncio.get_running_loop().create_future()
            # They may all have gone away who would hear of it.
            asked.add_done_callback(lambda done: done.cancelled() or done.exception())
            if self._readers < _AT_ONCE:
                self._readers += 1
                task = asyncio.create_task(self._work())
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        return await asyncio.shield(asked)

    async def _work(self) -> None:
        """Read until nothing is asked for."""
        try:
            while self._asked:
                streams = list(islice(self._asked, _TOGETHER))
                wanted = {stream: self._asked.pop(stream) for stream in streams}
                try:
                    await self._answer(wanted)
                finally:
                    for answer in wanted.values():
                        answer.cancel()  # does nothing to those that have been given
        finally:
            # At once, not when the task is put away: who asks in between would wait for ever.
            self._readers -= 1

    async def _answer(self, wanted: dict[str, asyncio.Future[StoredStream]]) -> None:
        try:
            await self._read(list(wanted), lambda stream, read: _give(wanted[stream], read))
        except _UNREACHABLE as error:
            for answer in wanted.values():
                _give(answer, LogUnavailable(str(error)))
        except Exception as error:  # noqa: BLE001 - whatever the driver says of one id
            left = {stream: answer for stream, answer in wanted.items() if not answer.done()}
            if len(wanted) == 1:
                for answer in left.values():
                    _give(answer, error)
                return
            # One of them cannot be asked for at all; it must not take the others along.
            for stream, answer in left.items():
                await self._answer({stream: answer})

    async def _read(
        self, streams: Sequence[str], tell: Callable[[str, StoredStream | Exception], None]
    ) -> None:
        """Read streams and tell of each as soon as it is complete."""
        found = await self._snapshots.load(streams)
        left = {stream: StoredStream(*found.get(stream, (None, 0, ""))) for stream in streams}
        after = {stream: left[stream].version if stream in found else -1 for stream in streams}
        while left:
            page = await self._log.read_streams(after, limit=PAGE)
            unfit = await self._fold(page, left)
            complete = list(left)
            if not is_last(page, PAGE):
                # Behind the bound of a page nothing is known of the stream that it ends with. A
                # long one goes on behind those that wait with it.
                last = page[-1].stream
                complete = complete[: complete.index(last)]
                left[last], after[last] = left.pop(last), page[-1].version
            for stream in dict.fromkeys((*complete, *unfit)):
                tell(stream, unfit.get(stream) or left[stream])
                del left[stream]
            after = {stream: after[stream] for stream in left}

    async def _fold(
        self, page: Sequence[RecordedEvent], left: dict[str, StoredStream]
    ) -> dict[str, Exception]:
        """Fold a page into the streams it is of; return those that it does not fit, and why."""
        unfit: dict[str, Exception] = {}
        slices = Slices()
        for event in page:
            stream = event.stream
            if stream in unfit:
                continue
            if isinstance(event.event, Unreadable):
                unfit[stream] = UnreadableEvent(f"{stream}: {event.event.reason}")
                continue
            read = left[stream]
            try:
                read.state = self._evolvers[category(stream)](read.state, event.event)
            except Exception as error:  # noqa: BLE001 - whatever the driver says of one id
                unfit[stream] = error
                continue
            read.version, read.command_id = event.version, event.command_id
            read.events_read += 1
            if slices.over():
                await slices.give_way()
        return unfit


def _give(answer: asyncio.Future[StoredStream], read: StoredStream | Exception) -> None:
    if answer.done():
        return
    if isinstance(read, Exception):
        answer.set_exception(read)
    else:
        answer.set_result(read)

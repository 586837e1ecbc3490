"""States of streams in memory: a bounded cache before the log, uncommitted states pinned."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from functools import partial
from itertools import islice
from typing import Any

from aia_mas.application.engine.handlers import Evolvers
from aia_mas.application.engine.snapshots import Snapshots
from aia_mas.application.engine.stream_reader import StreamReader
from aia_mas.application.event_log.log import EventLog
from aia_mas.application.event_log.records import Expectation, RecordedEvent
from aia_mas.domain.kernel.steps import chunks

_AT_ONCE = 200
"""Streams that one caller asks for at the same time; others want theirs as well."""
_OFTEN = 1_000
"""Versions between snapshots of a stream that is written again and again."""


class Entry:
    """One stream: its state after its last known event, committed or on its way.

    Attributes:
        stream: Its id.
        state: None when the stream does not exist.
        version: Version of the last event folded in; 0 when there is none.
        command_id: The command of that event.
        pins: Appends under way that wrote or read it; it stays in memory until they are answered.
        noted: The version at which it was read, or last considered for a snapshot.
    """

    __slots__ = ("command_id", "noted", "pins", "state", "stream", "version")

    def __init__(self, stream: str, state: Any, version: int, command_id: str) -> None:
        self.stream = stream
        self.state = state
        self.version = version
        self.command_id = command_id
        self.pins = 0
        self.noted = version

    @property
    def expectation(self) -> Expectation:
        """What a decision on this state expects of the log."""
        return Expectation(self.stream, self.version, self.command_id)


class WorkingSet:
    """The streams that commands were about lately."""

    def __init__(
        self,
        log: EventLog,
        evolvers: Evolvers,
        snapshots: Snapshots,
        *,
        capacity: int = 50_000,
    ) -> None:
        """Make an empty working set.

        Args:
            log: Where states come from.
            evolvers: How the events of each category are folded.
            snapshots: States of long streams.
            capacity: Streams kept at most, those with appends under way aside.
        """
        self._reader = StreamReader(log, evolvers, snapshots)
        self._snapshots = snapshots
        self._capacity = capacity
        self._entries: OrderedDict[str, Entry] = OrderedDict()
        self._loading: dict[str, asyncio.Task[Entry]] = {}
        # The latest news of streams under load: what was read may be older.
        self._news: dict[str, RecordedEvent] = {}
        log.feed.listen(self._follow)

    def __len__(self) -> int:
        return len(self._entries)

    def known(self, stream: str) -> Entry | None:
        """Return a stream's entry if it is in memory."""
        entry = self._entries.get(stream)
        if entry is not None:
            self._entries.move_to_end(stream)
        return entry

    def exists(self, stream: str) -> bool:
        """Tell whether a stream is known to exist, perhaps by an event on its way into the log."""
        entry = self._entries.get(stream)
        return entry is not None and entry.state is not None

    async def load(self, streams: Sequence[str]) -> None:
        """Read streams into memory; concurrent loads of one stream share the work.

        Raises:
            UnreadableEvent: An event of one of them cannot be decoded by this program.
            LogUnavailable: The store cannot be reached.
        """
        for some in chunks(streams, _AT_ONCE):
            loads = [self._begin_load(stream) for stream in some if stream not in self._entries]
            for load in loads:
                await asyncio.shield(load)

    def begin(self, stream: str) -> Entry:
        """Enter a stream that is known not to exist (its id was made up just now)."""
        return self._enter(Entry(stream, None, 0, ""))

    def forget(self, stream: str) -> None:
        """Drop a stream, so that it is read anew; appends that build on it fail by themselves."""
        self._entries.pop(stream, None)

    async def anew(self, stream: str) -> Entry:
        """Read a stream from the log, whatever was believed or is being read already.

        Appends that build on what was believed fail by themselves.

        Raises:
            UnreadableEvent: An event of it cannot be decoded by this program.
            LogUnavailable: The store cannot be reached.
        """
        self._entries.pop(stream, None)
        self._news.pop(stream, None)
        self._loading.pop(stream, None)
        # What this very load has read: by the time it is over another one may have begun.
        return await asyncio.shield(self._begin_load(stream))

    def settled(self, entry: Entry) -> None:
        """Note that an append to a stream stands in the log.

        A state that took many events since it was read is stored now and then: its stream may never
        be read again before this node stops, and then be as long as the node was up.
        """
        if not entry.pins and entry.version - entry.noted >= _OFTEN:
            entry.noted = entry.version
            self._snapshots.consider(
                entry.stream, entry.state, entry.version, entry.command_id, _OFTEN
            )

    async def committed(self, stream: str) -> Entry:
        """Return a stream as it stands in the log, as far as this node knows.

        What is in memory may be on its way there only, as long as something is under way for it;
        then it stays as it is, and the log is read.

        Raises:
            UnreadableEvent: An event of it cannot be decoded by this program.
            LogUnavailable: The store cannot be reached.
        """
        while (entry := self.known(stream)) is None:
            await self.load((stream,))
        return (await self._read(stream))[0] if entry.pins else entry

    def trim(self) -> None:
        """Drop what was not used for longest, as far as nothing is under way for it."""
        excess = len(self._entries) - self._capacity
        if excess <= 0:
            return
        for stream, entry in list(islice(self._entries.items(), 2 * excess)):
            if excess and not entry.pins:
                del self._entries[stream]
                excess -= 1

    def _begin_load(self, stream: str) -> asyncio.Task[Entry]:
        task = self._loading.get(stream)
        # One that is over is none, even if ``_loaded`` has not been called yet: who waits for it
        # does not let anything else run, and so would wait for ever and stop the whole loop.
        if task is None or task.done():
            task = self._loading[stream] = asyncio.create_task(self._load(stream))
            task.add_done_callback(partial(self._loaded, stream))
        return task

    def _loaded(self, stream: str, task: asyncio.Task[Entry]) -> None:
        if self._loading.get(stream) is task:
            del self._loading[stream]
            self._news.pop(stream, None)
        if not task.cancelled():
            task.exception()  # known to those who waited; they may all have gone away

    async def _load(self, stream: str) -> Entry:
        entry, events_read = await self._read(stream)
        while self._is_newest(stream) and (news := self._news.pop(stream, None)) is not None:
            if not _is_behind(entry, news):
                break
            entry, events_read = await self._read(stream)
        if stream not in self._entries and self._is_newest(stream):
            self._enter(entry)
            self._snapshots.consider(
                stream, entry.state, entry.version, entry.command_id, events_read
            )

        return self._entries.get(stream, entry)

    def _is_newest(self, stream: str) -> bool:
        """Tell whether the load that asks is the newest one of its stream."""
        return self._loading.get(stream) is asyncio.current_task()

    async def _read(self, stream: str) -> tuple[Entry, int]:
        """Return a stream as the log has it, and how many events it took."""
        read = await self._reader.read(stream)
        return Entry(stream, read.state, read.version, read.command_id), read.events_read

    def _enter(self, entry: Entry) -> Entry:
        self._entries[entry.stream] = entry
        if len(self._entries) > self._capacity + 1000:
            self.trim()
        return entry

    def _follow(self, events: Sequence[RecordedEvent]) -> None:
        """Drop states that another node has moved beyond."""
        entries, loading = self._entries, self._loading
        for event in events:
            entry = entries.get(event.stream)
            if entry is None:
                if event.stream in loading:
                    self._news[event.stream] = event
            elif _is_behind(entry, event):
                del entries[event.stream]


def _is_behind(entry: Entry, event: RecordedEvent) -> bool:
    return event.version > entry.version or (
        event.version == entry.version and event.command_id != entry.command_id
    )

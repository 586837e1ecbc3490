"""One try at carrying out commands: decide on the states at hand, without waiting for anything."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from aia_mas.application.engine.handlers import Evolvers, Handler, Handlers, Placement, category
from aia_mas.application.engine.working_set import Entry, WorkingSet
from aia_mas.application.event_log.mapper import EventMapper
from aia_mas.application.event_log.records import Expectation, Fence, NewEvent
from aia_mas.domain.kernel import Context, DomainError

_encode = msgspec.json.Encoder().encode


class _Stream:
    """A stream as this try sees it: the entry it started from, and the state it leads to."""

    __slots__ = ("entry", "expectation", "state", "version", "written")

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        self.expectation: Expectation = entry.expectation
        self.state = entry.state
        self.version = entry.version
        self.written = False


class Turn:
    """States, choices and events of one try.

    ``prepare`` until nothing is missing, ``decide`` every command, hand ``events`` and
    ``expectations`` to the log, then ``keep``; when the log has answered, ``settle``. ``drop``
    undoes the choices of a try that does not reach the log.
    """

    __slots__ = (
        "_evolvers",
        "_handlers",
        "_items",
        "_mapper",
        "_streams",
        "_working_set",
        "events",
        "fence",
        "result",
    )

    def __init__(
        self, handlers: Handlers, evolvers: Evolvers, working_set: WorkingSet, mapper: EventMapper
    ) -> None:
        self._handlers = handlers
        self._evolvers = evolvers
        self._working_set = working_set
        self._mapper = mapper
        self._streams: dict[str, _Stream] = {}
        self._items: list[
            tuple[Handler, msgspec.Struct, tuple[str | None, ...], Placement | None]
        ] = []
        self.events: list[NewEvent] = []
        self.fence: Fence | None = None
        self.result: Any = None

    def prepare(self, commands: Sequence[msgspec.Struct], *, again: bool = False) -> list[str]:
        """Make the choices and collect the states; return the streams that must be read first.

        Args:
            commands: What to do.
            again: The last try lost a race, so that even a stream with a new id may exist.
        """
        missing: list[str] = []
        known = self._working_set.known
        for command in commands:
            handler = self._handlers[type(command)]
            placement = handler.place(command) if handler.place is not None else None
            if placement is not None:
                command = placement.command
                self.fence = placement.fence or self.fence
            reads = handler.reads(command)
            self._items.append((handler, command, reads, placement))
            creates = handler.creates and not again
            beside = () if handler.beside is None else handler.beside(command)
            for number, stream in enumerate(reads):
                if stream is None or stream in self._streams:
                    continue
                entry = known(stream)
                if entry is None and creates and (number == 0 or stream in beside):
                    entry = self._working_set.begin(stream)
                if entry is None:
                    missing.append(stream)
                else:
                    self._streams[stream] = _Stream(entry)
        return missing

    def decide(self, context: Context, *, atomic: bool) -> list[bytes | DomainError]:
        """Decide all commands in order, each on the states that those before it left.

        Returns:
            For each command its encoded answer or its refusal; with ``atomic`` and a refusal among
            them, only that one, and no events. ``result`` is that of the last one accepted.
        """
        items: list[bytes | DomainError] = []
        for number, (handler, command, reads, placement) in enumerate(self._items):
            streams = [None if stream is None else self._streams[stream] for stream in reads]
            states = [None if stream is None else stream.state for stream in streams]
            decision = handler.decide(*states, command, context)
            if decision.refusal is not None and atomic:
                decision.refusal.facts.setdefault("index", number)
                self._void()
                return [decision.refusal]
            before = len(self.events)
            for stream_id, event in decision.events:
                stream = self._streams[stream_id]
                stream.state = self._evolvers[category(stream_id)](stream.state, event)
                stream.version += 1
                stream.written = True
                state = self._mapper.encode(event)
                self.events.append(NewEvent(stream_id, stream.version, event.topic, state, event))
            if placement is not None and not placement.used(self.events[before:]):
                placement.dropped()
            if decision.refusal is not None:
                items.append(decision.refusal)
            else:
                first = streams[0]
                if decision.instead is not None:
                    about, command = decision.instead
                    first = self._streams[about]
                assert first is not None
                self.result = decision.result
                items.append(_encode(handler.answer(first.state, command)))
        return items

    @property
    def expectations(self) -> list[Expectation]:
        """What the log must still look like when the events are appended."""
        return [stream.expectation for stream in self._streams.values()]

    def keep(self, command_id: str) -> None:
        """The events are on their way: later decisions build on them."""
        for stream in self._streams.values():
            entry = stream.entry
            entry.pins += 1
            if stream.written:
                entry.state = stream.state
                entry.version = stream.version
                entry.command_id = command_id

    def settle(self, *, accepted: bool, placed: bool = False, fenced: bool = False) -> None:
        """The log has answered: unpin, and forget what did not come true.

        Args:
            accepted: The events stand in the log as they were decided here.
            placed: So do the choices, although the answer is one that was stored before.
            fenced: The lease under which the choices were made is lost.
        """
        for stream_id, stream in self._streams.items():
            stream.entry.pins -= 1
            if accepted:
                if stream.written:
                    self._working_set.settled(stream.entry)
            elif self._working_set.known(stream_id) is stream.entry:
                self._working_set.forget(stream_id)
        if not accepted and not placed:
            self.drop(fenced=fenced)

    def drop(self, *, fenced: bool = False) -> None:
        """Undo the choices."""
        for _, _, _, placement in self._items:
            if placement is not None:
                placement.dropped(fenced=fenced)
        self._items.clear()

    def _void(self) -> None:
        for stream in self._streams.values():
            stream.state, stream.version = stream.entry.state, stream.entry.version
            stream.written = False
        self.events.clear()
        self.drop()
        self.fence = None

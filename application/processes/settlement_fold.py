"""All to-do lists of the settlement, as the fold host keeps them."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Sequence

import msgspec

from aia_mas.application.economy.todo_lists import TODO_LISTS
from aia_mas.application.event_log.records import RecordedEvent
from aia_mas.domain.economy.todo import Happened, TodoList
from aia_mas.domain.kernel.event import Event
from aia_mas.domain.kernel.steps import Steps


class SettlementFold:
    """The to-do lists, fed from the log.

    Attributes:
        lists: By name, in the order in which they are worked off.
        changed: Set when there may be something to do.
    """

    name = "settlement"
    version = 2

    def __init__(self, kinds: Sequence[type[TodoList]] = TODO_LISTS) -> None:
        """Start with empty lists."""
        self._kinds = {kind.name: kind for kind in kinds}
        self.changed = asyncio.Event()
        self._take({name: kind() for name, kind in self._kinds.items()})

    def apply(self, event: RecordedEvent) -> None:
        """Fold one event."""
        lists = self._by_event.get(type(event.event))
        if lists is None:
            return
        happened = Happened(event.position, event.stream, event.event, event.recorded_at)
        for each in lists:
            each.apply(happened)
        self.changed.set()

    def snapshot(self) -> Steps[Iterator[bytes]]:
        """Return what encodes a copy of the lists; see ``Fold.snapshot``."""
        copies = []
        for name, each in self.lists.items():
            copies.append((name, (yield from each.snapshot())))
        return _encoded(copies)

    def restore(self, pieces: Sequence[bytes]) -> Steps[None]:
        """Go on where a snapshot was taken; see ``Fold.restore``."""
        by_list: defaultdict[str, list[bytes]] = defaultdict(list)
        complete = False
        for piece in pieces:
            name, data = _decode(piece)
            if name:
                by_list[name].append(data)
            else:
                complete = True
        if not complete or not by_list.keys() <= self._kinds.keys():
            raise msgspec.ValidationError("a snapshot of the settlement is damaged")
        lists: dict[str, TodoList] = {}
        for name, kind in self._kinds.items():
            lists[name] = yield from kind.restore(by_list[name])
        self._take(lists)
        self.changed.set()

    def _take(self, lists: dict[str, TodoList]) -> None:
        self.lists = lists
        by_event: defaultdict[type[Event], list[TodoList]] = defaultdict(list)
        for each in lists.values():
            for event in each.events:
                by_event[event].append(each)
        self._by_event = dict(by_event)


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(tuple[str, bytes]).decode


def _encoded(copies: Sequence[tuple[str, Iterator[bytes]]]) -> Iterator[bytes]:
    for name, pieces in copies:
        for piece in pieces:
            yield _encode((name, piece))
    # It shows that none is missing.
    yield _encode(("", b""))

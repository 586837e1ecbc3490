"""The wire of server-sent events (WHATWG HTML, 9.2): frames as events with ids.

Of facts, the id is where the client stands after the event: the epoch and, for each topic, the
last position it was sent, or behind which it began. So a browser that comes back with
``Last-Event-ID`` misses nothing and gets nothing twice, also when topics caught up one after the
other. A topic whose snapshot is on its way stands nowhere: who comes back then begins it anew.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

import msgspec
from litestar.types import Send

from aia_mas.interfaces.realtime.close_codes import Closing
from aia_mas.interfaces.realtime.frames import payloads

_HEAD = re.compile(rb'\{"type":"([a-z_]+)"(?:,"position":(\d+))?')
_UNFINISHED = re.compile(rb'\{"type":"snapshot","position":\d+,"data":\{[^\[]*"done":false')
_SUBSCRIPTION = re.compile(rb'"id":"([A-Za-z0-9._:-]{1,64})"\}\Z')
_ID = re.compile(r"([0-9a-f-]{36})/([a-z]{1,32}:\d{1,19}(?:,[a-z]{1,32}:\d{1,19}){0,7})")


class Place(NamedTuple):
    """Where a client stands: the epoch, and the last position of each topic of facts."""

    epoch: str
    positions: Mapping[str, int]

    def __str__(self) -> str:
        """Return it as the id of an event."""
        listed = ",".join(f"{topic}:{position}" for topic, position in self.positions.items())
        return f"{self.epoch}/{listed}"


def place_in(text: str) -> Place | None:
    """Return the place that an id of ours names; None: it is none of ours."""
    found = _ID.fullmatch(text)
    if found is None:
        return None
    pairs = (pair.split(":") for pair in found[2].split(","))
    positions = {topic: int(position) for topic, position in pairs}
    return Place(found[1], positions) if max(positions.values()) < 2**63 else None


class EventTransport:
    """Writes frames as events, whose ids are the positions of those that have one."""

    __slots__ = ("_patience", "_send", "_writing")

    heard_at = 0.0
    """The client of an event stream says nothing."""

    def __init__(self, send: Send, patience: float) -> None:
        """Write to an answer that has begun.

        Args:
            send: Sends more of it.
            patience: Seconds for which the client may take nothing.
        """
        self._send = send
        self._patience = patience
        self._writing = asyncio.Lock()

    def offer(self, frames: bytes) -> bool:
        """Leave frames to the sender."""
        return False

    async def send(self, frames: list[bytes]) -> None:
        """Write frames; see ``Transport.send``."""
        await self._write(b"".join(map(self._event, payloads(b"".join(frames)))))

    async def show_life(self) -> None:
        """Write a comment, so that nobody in between takes a silent stream for a dead one."""
        await self._write(b": keep-alive\n\n")

    async def close(self, closing: Closing) -> None:
        """Tell why the stream ends, and end it."""
        data = msgspec.json.encode({"code": int(closing.code), "reason": closing.reason})
        await self._write(b"event: closed\ndata: " + data + b"\n\n", more=False)

    def cut(self, closing: Closing) -> None:
        """Do nothing: the sender's patience ends, and with it the answer."""

    def _event(self, payload: bytes) -> bytes:
        kind, position = _head_of(payload)
        mark = b"" if position is None else b"id: " + position + b"\n"
        return mark + b"event: " + kind + b"\ndata: " + payload + b"\n\n"

    async def _write(self, data: bytes, *, more: bool = True) -> None:
        async with asyncio.timeout(self._patience), self._writing:
            await self._send_on(data, more=more)

    async def _send_on(self, data: bytes, *, more: bool = True) -> None:
        await self._send({"type": "http.response.body", "body": data, "more_body": more})


class SseTransport(EventTransport):
    """Writes frames as events whose ids tell where the client stands.

    Attributes:
        positions: The last position sent of each topic of facts.
    """

    __slots__ = ("_epoch", "positions")

    def __init__(self, send: Send, epoch: str, patience: float) -> None:
        """Write to an answer that has begun (``epoch``: that of the log)."""
        super().__init__(send, patience)
        self.positions: dict[str, int] = {}
        self._epoch = epoch

    async def keep_alive(self, reached: Callable[[], dict[str, int] | None]) -> None:
        """Write a comment, and an id with it.

        So a client whose filter selects little does not have all that it was not told looked
        through again when it comes back.

        Args:
            reached: Returns up to where each topic has been sent; None: something is on its way.
        """
        async with asyncio.timeout(self._patience), self._writing:
            positions = reached()
            if positions is not None:
                self.positions = positions
            await self._send_on(b": keep-alive\nid: " + self._place() + b"\n\n")

    def _event(self, payload: bytes) -> bytes:
        kind, position = _head_of(payload)
        named = _SUBSCRIPTION.search(payload)
        if kind == b"subscribed":
            # Nothing that follows it has been sent: this is where the client stands.
            return b"id: " + self._place() + b"\nevent: subscribed\ndata: " + payload + b"\n\n"
        if position is None or named is None:
            return b"event: " + kind + b"\ndata: " + payload + b"\n\n"
        topic = named[1].decode()
        if kind == b"snapshot" and _UNFINISHED.match(payload):
            self.positions.pop(topic, None)
        else:
            self.positions[topic] = int(position)
        return b"id: " + self._place() + b"\nevent: " + kind + b"\ndata: " + payload + b"\n\n"

    def _place(self) -> bytes:
        # An empty id makes browsers forget the one before.
        return str(Place(self._epoch, self.positions)).encode() if self.positions else b""


def _head_of(payload: bytes) -> tuple[bytes, bytes | None]:
    """Return the type of a frame, and its position if it has one."""
    head = _HEAD.match(payload)
    assert head is not None
    kind, position = head.groups()
    return kind, position

"""Readers of a hub, each with a connection of its own, for tests."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

from aia_mas.application.event_log.memory_log import MemoryEventLog
from aia_mas.domain.kernel import Principal
from aia_mas.interfaces.realtime import Hub
from aia_mas.interfaces.realtime.close_codes import Closing
from aia_mas.interfaces.realtime.delivery import deliver
from aia_mas.interfaces.realtime.frames import payloads
from aia_mas.interfaces.realtime.messages import Subscribe
from aia_mas.interfaces.realtime.selection import Filter, selection_of

NOBODY = Principal("nobody")
TASKS = ("t0", "t1", "t2")
FILTERS = (
    None,
    Filter(task_ids=frozenset({"t0"})),
    Filter(task_ids=frozenset({"t1", "t2"}), events=frozenset({"task.progressed"})),
    Filter(agent_ids=frozenset({"a1"})),
    Filter(statuses=frozenset({"queued"})),
)


class Wire:
    """A transport of the test: keeps what is sent, and stalls on request."""

    def __init__(self, *, quick: bool) -> None:
        self.quick = quick
        self.frames: list[dict[str, Any]] = []
        self.open = asyncio.Event()
        self.open.set()
        self.closed: Closing | None = None

    def offer(self, frames: bytes) -> bool:
        if self.open.is_set() and self.quick:
            self._keep(frames)
            return True
        return False

    async def send(self, frames: list[bytes]) -> None:
        await self.open.wait()
        self._keep(b"".join(frames))

    def _keep(self, frames: bytes) -> None:
        self.frames += [json.loads(payload) for payload in payloads(frames)]

    async def close(self, closing: Closing) -> None:
        self.closed = closing

    def cut(self, closing: Closing) -> None:
        self.closed = closing


class Reader:
    """A subscriber that resumes where it left."""

    def __init__(self, hub: Hub, number: int) -> None:
        self.hub = hub
        self.filter = FILTERS[number % len(FILTERS)]
        self.quick = number != 2
        self.id = None if number % 2 else f"r{number}"
        self.seen: list[int] = []
        self.after = 0
        self.wire: Wire | None = None

    async def connect(self) -> None:
        self.wire = Wire(quick=self.quick)
        self.connection = self.hub.connect("reader", NOBODY, self.wire)
        wanted = Subscribe("tasks", id=self.id, after=self.after, filter=self.filter)
        await self.hub.subscriptions.start(self.connection, wanted)
        self.sender = asyncio.ensure_future(deliver(self.hub, self.connection))

    async def leave(self) -> None:
        if self.wire is not None:
            self.sender.cancel()
            await asyncio.wait([self.sender])
            self.hub.disconnect(self.connection)
            heard = [frame["position"] for frame in self.wire.frames if "position" in frame]
            if heard:
                assert heard[0] == self.after  # the answer to ``subscribe``
                self.seen += heard[1:]
                self.after = heard[-1]
            self.wire = None

    def expected(self, log: MemoryEventLog) -> list[int]:
        [channel] = [one for one in self.hub._channels.values() if one.topic.name == "tasks"]
        facts = [channel.topic.fact(event) for event in log.events]
        selection = selection_of(self.filter, channel.topic)
        return [fact.position for fact in facts if fact is not None and selection.takes(fact)]


async def until(condition: Callable[[], Any]) -> None:
    while not condition():
        await asyncio.sleep(0)

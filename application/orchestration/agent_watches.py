"""Who is to be told when something changes for an agent: the sockets that serve it."""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager

from aia_mas.application.event_log.records import RecordedEvent
from aia_mas.application.orchestration.workload import Workload
from aia_mas.domain.kernel.ids import entity_of
from aia_mas.domain.orchestration.task_input_events import TaskInputGiven

_INPUTS = 1_000
"""Answers kept for one who does not take them; an older one is read from the task."""


class Watch:
    """What happened for one agent since its watcher looked last.

    Attributes:
        changed: Set when a task was given to the agent or taken from it, or its state changed.
        inputs: Answers to its questions: the task and the event.
    """

    __slots__ = ("changed", "inputs")

    def __init__(self) -> None:
        """Begin with a first look."""
        self.changed = asyncio.Event()
        self.changed.set()
        self.inputs: deque[tuple[str, TaskInputGiven]] = deque(maxlen=_INPUTS)

    async def next(self) -> None:
        """Wait until there is something new."""
        await self.changed.wait()
        self.changed.clear()


class AgentWatches:
    """Wakes watchers by the fold of open work: what they then ask for stands there."""

    def __init__(self, workload: Workload) -> None:
        """Listen to a workload."""
        self._watches: defaultdict[str, set[Watch]] = defaultdict(set)
        workload.listen(self._tell)

    @contextmanager
    def of(self, agent_id: str) -> Iterator[Watch]:
        """Watch an agent for as long as the context lasts."""
        watch = Watch()
        watches = self._watches[agent_id]
        watches.add(watch)
        try:
            yield watch
        finally:
            watches.discard(watch)
            if not watches:
                self._watches.pop(agent_id, None)

    def _tell(self, recorded: RecordedEvent) -> None:
        if not self._watches:
            return
        category, _, _ = recorded.stream.partition("/")
        event = recorded.event
        if category == "agent":
            agent_id: str | None = entity_of(recorded.stream)
        else:
            agent_id = getattr(event, "agent_id", None)
        if agent_id is None or agent_id not in self._watches:
            return
        for watch in self._watches[agent_id]:
            if type(event) is TaskInputGiven:
                watch.inputs.append((entity_of(recorded.stream), event))
            watch.changed.set()

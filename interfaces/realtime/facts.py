"""What subscribers of a topic are told of an event: a fact, with its frame and what filters see."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from aia_mas.application.event_log.records import RecordedEvent, Unreadable
from aia_mas.domain.kernel import Event
from aia_mas.domain.kernel.ids import entity_of
from aia_mas.interfaces.realtime.frames import json_frame, suffix_of


class Fact(msgspec.Struct, frozen=True, gc=False):
    """One event as subscribers see it.

    Attributes:
        position: Its position in the log, which is its offset here.
        topic: The topic it belongs to.
        event: What happened, for example ``task.assigned``.
        task_id: The task it is about, if it is about one.
        agent_id: The agent that stands in it, if one does.
        task_type: The task's type, where the event carries it.
        status: Where the event leaves the task or agent, if it says so.
        frame: What is sent, addressed to the subscription id that is the topic's name.
    """

    position: int
    topic: str
    event: str
    task_id: str | None
    agent_id: str | None
    task_type: str | None
    status: str | None
    frame: bytes


class Update(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The ``data`` of a fact; topics add what their events tell.

    Attributes:
        event: What happened, for example ``task.assigned``.
        version: Its place in the stream of the task or agent.
        at: When it was recorded, UTC.
        actor: Who caused it.
    """

    event: str
    version: int
    at: Any  # datetime; Any keeps msgspec from checking what it only encodes
    actor: str


Keys = tuple[str | None, str | None, str | None, str | None]
"""Task id, agent id, task type and status, as filters see them."""

Describe = Callable[[str, str, RecordedEvent], tuple[Update, Keys]]
"""Makes the data and keys of an event from its short name, the entity's id, and the event."""


class FactTopic:
    """A topic whose facts are the events of one category of streams."""

    def __init__(
        self,
        name: str,
        *,
        category: str,
        frame_type: str,
        events: Mapping[type[Event], Any],
        statuses: frozenset[str],
        describe: Describe,
    ) -> None:
        """Define a topic.

        Args:
            name: What clients subscribe to.
            category: The part of stream ids before the slash.
            frame_type: The ``type`` of its frames.
            events: The event classes that it tells of.
            statuses: What filters may name as a status.
            describe: Makes the data of an event.
        """
        self.name = name
        self.category = category
        self.frame_type = frame_type
        self.suffix = suffix_of(name)
        self.statuses = statuses
        self._names = {cls: short_name(cls.topic) for cls in events}
        self._describe = describe

    @property
    def events(self) -> frozenset[str]:
        """The short names of its events, as filters name them."""
        return frozenset(self._names.values())

    def fact(self, event: RecordedEvent) -> Fact | None:
        """Return what subscribers are told of an event; None when it is not for them."""
        if type(event.event) is Unreadable:
            return None
        name = self._names.get(type(event.event))
        if name is None:
            return None
        update, keys = self._describe(name, entity_of(event.stream), event)
        frame = json_frame(_Frame(self.frame_type, event.position, update, self.name))
        return Fact(event.position, self.name, name, *keys, frame)


def short_name(topic: str) -> str:
    """Return the name of an event without its version: ``task.assigned``."""
    return topic.rpartition(".")[0]


class _Frame(msgspec.Struct):
    type: str
    position: int
    data: Update
    id: str  # last, so that another one can be put in its place

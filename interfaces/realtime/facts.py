"""What subscribers of a topic are told of an event: a fact, with its frame and what filters see."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import msgspec

from aia_mas.application.event_log.records import RecordedEvent, Unreadable
from aia_mas.domain.kernel import Event
from aia_mas.domain.kernel.ids import entity_of
from aia_mas.interfaces.realtime.frames import json_frame, suffix_of

_FRAME_BYTES = 256
"""About what a frame takes beside what it tells of the event."""
_LARGE = 1024
"""An event larger than this is told at once, so that what is not told of it need not be kept."""


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


class Keys(NamedTuple):
    """What filters see of an event; each is None where it does not say.

    Attributes:
        task_id: The task that it is about.
        agent_id: The agent in it.
        task_type: The task's type.
        status: Where it leaves the task, agent or proposal.
        proposal_id: The proposal that it is about.
    """

    task_id: str | None = None
    agent_id: str | None = None
    task_type: str | None = None
    status: str | None = None
    proposal_id: str | None = None


Describe = Callable[[str, str, RecordedEvent], tuple[Update, Keys]]
"""Makes the data and keys of an event from its short name, the entity's id, and the event."""


class Fact:
    """One event as subscribers see it; put into words when the first of them wants it.

    Most facts are never asked for, and telling costs more than anything else that is done for one.

    Attributes:
        position: The event's position in the log, which is its offset here.
        topic: The name of the topic it belongs to.
        event: What happened, for example ``task.assigned``.
        size: About what it takes in memory, bytes.
    """

    __slots__ = ("_frame", "_keys", "_recorded", "_topic", "event", "position", "size")

    def __init__(self, topic: FactTopic, name: str, recorded: RecordedEvent) -> None:
        """Make the fact of an event that the topic tells of (``name``: its short name)."""
        self.position = recorded.position
        self.event = name
        self._topic = topic
        self._frame: bytes | None = None
        self._keys: Keys | None = None
        self._recorded: RecordedEvent | None = recorded
        self.size = recorded.size + _FRAME_BYTES
        if recorded.size > _LARGE:
            self.size = len(self.frame) + _FRAME_BYTES

    @property
    def topic(self) -> str:
        """The name of the topic it belongs to."""
        return self._topic.name

    @property
    def keys(self) -> Keys:
        """What filters see of it."""
        if self._keys is None:
            self._keys = self._describe()[1]
        return self._keys

    @property
    def frame(self) -> bytes:
        """What is sent, addressed to the subscription id that is the topic's name."""
        if self._frame is None:
            update, self._keys = self._describe()
            topic = self._topic
            self._frame = json_frame(_Frame(topic.frame_type, self.position, update, topic.name))
            self._recorded = None  # told; nobody asks for more
        return self._frame

    def _describe(self) -> tuple[Update, Keys]:
        recorded = self._recorded
        assert recorded is not None
        return self._topic.describe(self.event, entity_of(recorded.stream), recorded)


class FactTopic:
    """A topic whose facts are the events of a category of streams, or of a few."""

    def __init__(
        self,
        name: str,
        *,
        category: str,
        beside: frozenset[str] = frozenset(),
        frame_type: str,
        events: Mapping[type[Event], Any],
        statuses: frozenset[str],
        describe: Describe,
    ) -> None:
        """Define a topic.

        Args:
            name: What clients subscribe to.
            category: The part of stream ids before the slash.
            beside: Further categories whose events belong to the same things.
            frame_type: The ``type`` of its frames.
            events: The event classes that it tells of.
            statuses: What filters may name as a status.
            describe: Makes the data of an event.
        """
        self.name = name
        self.category = category
        self.categories = frozenset({category}) | beside
        self.frame_type = frame_type
        self.suffix = suffix_of(name)
        self.statuses = statuses
        self.describe = describe
        self._names = {cls: short_name(cls.topic) for cls in events}

    @property
    def events(self) -> frozenset[str]:
        """The short names of its events, as filters name them."""
        return frozenset(self._names.values())

    def fact(self, event: RecordedEvent) -> Fact | None:
        """Return what subscribers are told of an event; None when it is not for them."""
        if type(event.event) is Unreadable:
            return None
        name = self._names.get(type(event.event))
        return None if name is None else Fact(self, name, event)


def short_name(topic: str) -> str:
    """Return the name of an event without its version: ``task.assigned``."""
    return topic.rpartition(".")[0]


class _Frame(msgspec.Struct):
    type: str
    position: int
    data: Update
    id: str  # last, so that another one can be put in its place

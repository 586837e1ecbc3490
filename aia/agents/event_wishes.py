"""Which events or messages a handler wants, checked when it is written down."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aia.agents.communication_message import CommunicationMessage
from aia.agents.system_event import SystemEvent
from aia_mas.application import registry
from aia_mas.application.communication.views import (
    DestinationView,
    destination_view,
    message_view,
)
from aia_mas.application.event_handlers.naming import EventNames, event_name
from aia_mas.application.event_log.records import RecordedEvent
from aia_mas.domain.communication.message_events import MessageSent
from aia_mas.domain.kernel.errors import InvalidValue
from aia_mas.domain.kernel.ids import entity_of

EVENT_NAMES = EventNames(registry.TOPICS)
"""What events are called."""
ANY = "*"

_MESSAGE = "message:"
_ENVELOPE = ("entity_id", "stream", "actor", "correlation_id")
_DESTINATION = frozenset(DestinationView.__struct_fields__)
_AS_SENT = frozenset({"from_agent", "priority", "headers", "correlation_id", "reply_to"})
_MESSAGE_FIELDS = {*_DESTINATION, *_AS_SENT, "message_id"}

Opened = Callable[[str, MessageSent], Any]
"""Reads the payload of a message; see ``Sealing.opened``."""


class Wishes:
    """What a handler wants.

    Attributes:
        topics: The events among which it is.
    """

    def __init__(self, names: Sequence[str], equal: Mapping[str, Any]) -> None:
        """Take what is wanted.

        Args:
            names: Events like ``task_completed``, or types of messages like ``message:alarm``
                (``message:*``: all).
            equal: What fields of theirs must be.

        Raises:
            UnknownEvent: There is no event of a name.
            InvalidValue: A field is none of theirs, or events and messages are mixed.
        """
        types = {name.removeprefix(_MESSAGE) for name in names if name.startswith(_MESSAGE)}
        if not names or 0 < len(types) < len(set(names)):
            raise InvalidValue("a handler is for events or for messages", field="event")
        self._equal = dict(equal)
        self._types = types
        if types:
            self.topics = frozenset({MessageSent.topic})
            _check_fields(self._equal, _MESSAGE_FIELDS, "messages")
            return
        self.topics = frozenset().union(*(EVENT_NAMES.topics_of(name) for name in names))
        for event in registry.EVENTS:
            if event.topic in self.topics:
                known = {*event.__struct_fields__, *_ENVELOPE}
                _check_fields(self._equal, known, event_name(event.topic))

    def takes(self, recorded: RecordedEvent) -> bool:
        """Tell whether it wants an event of its topics."""
        event = recorded.event
        if not self._types:
            return all(_field(recorded, name) == value for name, value in self._equal.items())
        if ANY not in self._types and event.message_type not in self._types:
            return False
        return all(_message_field(recorded, name) == value for name, value in self._equal.items())

    def told(self, recorded: RecordedEvent, opened: Opened) -> SystemEvent | CommunicationMessage:
        """Return an event as the handler gets it.

        Raises:
            MessageKeyUnknown: The payload of a message cannot be read here.
            MessageSealBroken: Likewise.
        """
        if not self._types:
            return SystemEvent.of(recorded)
        message_id, event = entity_of(recorded.stream), recorded.event
        payload = opened(message_id, event)
        return CommunicationMessage.of(message_view(message_id, event, payload))


def _field(recorded: RecordedEvent, name: str) -> Any:
    if hasattr(recorded.event, name):
        return getattr(recorded.event, name)
    return entity_of(recorded.stream) if name == "entity_id" else getattr(recorded, name)


def _message_field(recorded: RecordedEvent, name: str) -> Any:
    event: MessageSent = recorded.event
    if name in _DESTINATION:
        return getattr(destination_view(event.to), name)
    return getattr(event, name) if name in _AS_SENT else entity_of(recorded.stream)


def _check_fields(equal: Mapping[str, Any], known: set[str], what: str) -> None:
    for name in equal:
        if name not in known:
            raise InvalidValue(f"{what} has no field {name}", field=name)

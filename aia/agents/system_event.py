"""What happened, as handlers in programs are told."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self

import msgspec

from aia_mas.application.event_handlers.naming import event_name
from aia_mas.application.event_log.records import RecordedEvent
from aia_mas.domain.kernel.ids import entity_of

_encode, _decode = msgspec.json.Encoder().encode, msgspec.json.Decoder(dict[str, Any]).decode


class SystemEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event of the log.

    Attributes:
        name: What happened: ``task_completed``.
        topic: The same as the log has it: ``task.completed.v1``.
        position: Its place in the log; whoever is told of it twice knows it by this.
        stream: What it happened to: ``task/<id>``.
        entity_id: The id in there: of the task, the agent...
        version: Its place among what happened to that.
        recorded_at: When, UTC.
        actor: Who wanted it.
        correlation_id: What it belongs to, if anything.
        data: What the event says, as JSON would; amounts are whole numbers of base units.
    """

    name: str
    topic: str
    position: int
    stream: str
    entity_id: str
    version: int
    recorded_at: datetime
    actor: str
    correlation_id: str | None = None
    data: dict[str, Any]

    @classmethod
    def of(cls, recorded: RecordedEvent) -> Self:
        """Return an event as it was recorded."""
        event = recorded.event
        return cls(
            name=event_name(recorded.topic),
            topic=recorded.topic,
            position=recorded.position,
            stream=recorded.stream,
            entity_id=entity_of(recorded.stream),
            version=recorded.version,
            recorded_at=recorded.recorded_at,
            actor=recorded.actor,
            correlation_id=recorded.correlation_id,
            # Field by field: an event as a whole leaves out what is as by default.
            data=_decode(_encode({name: getattr(event, name) for name in event.__struct_fields__})),
        )

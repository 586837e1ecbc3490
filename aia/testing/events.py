"""The events of a log in memory, as tests look at them."""

from __future__ import annotations

from collections.abc import Sequence

from aia_mas.application.event_log.log import new_events
from aia_mas.application.event_log.memory_log import MemoryEventLog
from aia_mas.application.event_log.records import AppendRequest, Expectation, RecordedEvent
from aia_mas.domain.kernel import Event


def records_of(log: MemoryEventLog, stream: str | None = None) -> list[RecordedEvent]:
    """Return all events with their envelopes in the order of the log.

    Args:
        log: The log.
        stream: Those of one stream (``task/<id>``), or of one kind of streams (``task``).
    """
    return [
        record
        for record in log.events
        if stream is None or record.stream == stream or record.stream.startswith(f"{stream}/")
    ]


async def append(log: MemoryEventLog, stream: str, events: Sequence[Event], given_id: str) -> int:
    """Add events to a stream as if they had happened (``given_id``: of the command).

    Returns:
        The position of the last one.
    """
    heads = await log.stream_heads([stream])
    head = heads.get(stream)
    version, command_id = (0, "") if head is None else (head.version, head.command_id)
    request = AppendRequest(
        command_id=f"given:{given_id}",
        events=new_events(log.mapper, stream, version, events),
        expectations=[Expectation(stream, version, command_id)],
        actor="given",
    )
    appended = await log.append(request)
    return appended.last

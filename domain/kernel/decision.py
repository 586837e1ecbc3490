"""What a decision returns: events, or a refusal, or both."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from aia_mas.domain.kernel.errors import DomainError
from aia_mas.domain.kernel.event import Event


class Decision(NamedTuple):
    """The outcome of a decision.

    Attributes:
        events: What happened, each with the stream it belongs to, in order.
        refusal: Why the command was refused. With events, the refusal itself is worth recording.
        result: What the caller gets back when the command was accepted (JSON-compatible or Struct).
        instead: A stream that the command reads, and a command about it: the answer tells of these
            two in place of the command's own. It was found to be done already.
    """

    events: tuple[tuple[str, Event], ...] = ()
    refusal: DomainError | None = None
    result: Any = None
    instead: tuple[str, msgspec.Struct] | None = None


def accept(stream: str, *events: Event, result: Any = None) -> Decision:
    """Accept with events of one stream (none: the command changes nothing)."""
    return Decision(events=tuple((stream, event) for event in events), result=result)


def refuse(error: DomainError) -> Decision:
    """Refuse and record nothing."""
    return Decision(refusal=error)

"""Events of messages in the shapes of older logs, and how they come to have those of today."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aia_mas.application.event_log.mapper import Upcaster
from aia_mas.domain.communication.message_events import MessageDied, MessageRedriven


def _died(payload: dict[str, Any]) -> dict[str, Any]:
    """Once an event told of one recipient."""
    item = {name: payload[name] for name in ("recipient", "attempts", "reason")}
    return {"position": payload["position"], "items": [item], "at": payload["at"]}


def _redriven(payload: dict[str, Any]) -> dict[str, Any]:
    """Likewise."""
    others = {name: value for name, value in payload.items() if name != "recipient"}
    return {**others, "recipients": [payload["recipient"]]}


UPCASTERS: Mapping[str, tuple[str, Upcaster]] = {
    "message.died.v1": (MessageDied.topic, _died),
    "message.redriven.v1": (MessageRedriven.topic, _redriven),
}
"""Former topics: the next one, and what turns the payload of the one into that of the other."""

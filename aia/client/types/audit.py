# Written by `make client` from the OpenAPI document; changes are lost.
"""What is answered about audit."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from aia.client.types.base import Answer


class AuditEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event as it stands in the log.

    Attributes:
        position: Its place in the log.
        stream: The stream it belongs to.
        version: Its place in that stream.
        topic: What kind of event it is.
        recorded_at: When it was committed, UTC.
        actor: Who gave the command.
        command_id: The command that caused it.
        correlation_id: The request that set it in motion.
        causation_id: What caused the command.
        data: What it says; amounts are base units (10^-18 tokens) here.
        unreadable: Why this program cannot read it, when it cannot.
    """

    position: int
    stream: str
    version: int
    topic: str
    recorded_at: datetime
    actor: str
    command_id: str
    correlation_id: str | None
    causation_id: str | None
    data: Any
    unreadable: str | None = None


class AuditHead(Answer, frozen=True, kw_only=True):
    """The end of the log (`hash`: what seals it; `recorded_at`: when it was written, UTC).

    Attributes:
        hash: What seals it.
        recorded_at: When it was written, UTC.
    """

    position: int
    hash: str
    recorded_at: datetime


class AuditPage(Answer, frozen=True, kw_only=True):
    """Events (`next_cursor`: for the next page, if there is one; `total`: when asked for).

    Attributes:
        next_cursor: For the next page, if there is one.
        total: When asked for.
    """

    items: list[AuditEvent]
    next_cursor: str | None
    total: int | None = None

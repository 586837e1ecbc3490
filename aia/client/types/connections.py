# Written by `make client` from the OpenAPI document; changes are lost.
"""What is answered about connections."""

from __future__ import annotations

from datetime import datetime

import msgspec

from aia.client.types.base import Answer
from aia.client.types.shared import ListedConnection


class ConnectionPage(Answer, frozen=True, kw_only=True):
    """Connections (`next_cursor`: for the next page; `total`: when asked for).

    Attributes:
        next_cursor: For the next page.
        total: When asked for.
    """

    items: list[ListedConnection]
    next_cursor: str | None
    total: int | None = None


class Whom(msgspec.Struct, frozen=True, kw_only=True):
    """Which connections; all that is given must hold.

    Attributes:
        connection_id: This one.
        kind: `frontend`, `agent`, `stream` or `messages`.
        client_id: Of clients that call themselves so.
        agent_id: Of this agent.
        subject: Opened by this subject.
        node: Of this node.
    """

    connection_id: str | None = None
    kind: str | None = None
    client_id: str | None = None
    agent_id: str | None = None
    subject: str | None = None
    node: str | None = None


class DisconnectionAnswer(Answer, frozen=True, kw_only=True):
    """An order to close connections, as it was given first.

    Attributes:
        disconnection_id: Its id; of one connection that of the connection.
        whom: Which connections: all that is named must hold.
        reason: Why.
        by: By whom.
        at: When, UTC.
    """

    disconnection_id: str
    whom: Whom
    reason: str
    by: str
    at: datetime


class Ticket(Answer, frozen=True, kw_only=True):
    """Opens one connection in the name of whoever asked for it.

    Attributes:
        ticket: As the subprotocol `ticket.<ticket>` beside `mas.v1`, or as `?ticket=` of the event
            stream.
        expires_at: When it is taken no more, UTC.
    """

    ticket: str
    expires_at: datetime

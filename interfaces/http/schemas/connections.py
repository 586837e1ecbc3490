"""What is said about connections: tickets for them, pages of them, orders to close them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType

from aia_mas.application.connections import ListedConnection
from aia_mas.domain.communication.disconnections import LONGEST_NAME, OrderDisconnection, Whom
from aia_mas.interfaces.http.schemas.values import AgentId

_Name = Annotated[str, msgspec.Meta(extra_json_schema={"minLength": 1, "maxLength": LONGEST_NAME})]
_Reason = Annotated[str, msgspec.Meta(extra_json_schema={"maxLength": 1_000})]


class Kind(StrEnum):
    """What a connection is: a dashboard's socket, an agent's, a stream, or one for messages."""

    FRONTEND = "frontend"
    AGENT = "agent"
    STREAM = "stream"
    MESSAGES = "messages"


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """Opens one connection in the name of whoever asked for it.

    Attributes:
        ticket: As the subprotocol ``ticket.<ticket>`` beside ``mas.v1``, or as ``?ticket=`` of the
            event stream.
        expires_at: When it is taken no more, UTC.
    """

    ticket: str
    expires_at: datetime


class ConnectionPage(msgspec.Struct, frozen=True, kw_only=True):
    """Connections (``next_cursor``: for the next page; ``total``: when asked for)."""

    items: list[ListedConnection]
    next_cursor: str | None
    total: int | UnsetType = UNSET


class ClosingReason(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why a connection is closed.

    Attributes:
        reason: For the record.
    """

    reason: _Reason = ""


class DisconnectRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which connections are closed: all that is given must hold, and something must be given.

    Attributes:
        kind: Of this kind.
        client_id: Of clients that call themselves so.
        agent_id: Of this agent.
        subject: Opened by this subject.
        node: Of the node of this name.
        reason: Why, for the record.
    """

    kind: Kind | None = None
    client_id: _Name | None = None
    agent_id: AgentId | None = None
    subject: _Name | None = None
    node: _Name | None = None
    reason: _Reason = ""

    def command(self, disconnection_id: str) -> OrderDisconnection:
        """Return the command (``disconnection_id``: made up just now)."""
        whom = Whom(
            kind=None if self.kind is None else self.kind.value,
            client_id=self.client_id,
            agent_id=self.agent_id,
            subject=self.subject,
            node=self.node,
        )
        return OrderDisconnection(disconnection_id=disconnection_id, whom=whom, reason=self.reason)

"""Orders to close connections: each a stream of its own, heard by every node in its turn."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

import msgspec

from aia_mas.domain.kernel.context import Context
from aia_mas.domain.kernel.decision import Decision, accept, refuse
from aia_mas.domain.kernel.errors import InvalidValue, NotFound
from aia_mas.domain.kernel.event import Event, State
from aia_mas.domain.kernel.ids import stream_of
from aia_mas.domain.kernel.mistakes import Mistakes
from aia_mas.domain.orchestration.bounds import check_text

CATEGORY = "disconnection"
"""The kind of these streams."""
LONGEST_NAME = 255
"""Longest id, subject or name of a node, in characters."""
LONGEST_REASON = 1_000


class ConnectionNotFound(NotFound):
    """No such connection is open."""

    code = "connection_not_found"


class Whom(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which connections; all that is given must hold.

    Attributes:
        connection_id: This one.
        kind: ``frontend``, ``agent``, ``stream`` or ``messages``.
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


NAMES = Whom.__struct_fields__
"""By what connections are told apart."""


class DisconnectionOrdered(Event, frozen=True, kw_only=True):
    """Connections that are open now are to be closed.

    Attributes:
        whom: Which ones.
        reason: Why.
        by: By whom.
        at: When, UTC.
    """

    topic: ClassVar[str] = "disconnection.ordered.v1"
    whom: Whom
    reason: str = ""
    by: str
    at: datetime


EVENTS: tuple[type[Event], ...] = (DisconnectionOrdered,)
"""Every event of such a stream, for the topic registry."""


class DisconnectionState(State, frozen=True, kw_only=True):
    """An order that was given; the fields: see ``DisconnectionOrdered``."""

    whom: Whom
    reason: str
    by: str
    at: datetime


class OrderDisconnection(msgspec.Struct, frozen=True, kw_only=True):
    """Close connections; those that are opened later are not meant.

    Attributes:
        disconnection_id: The id of the order; for one connection its own, so that it is ordered
            once.
        whom: Which ones.
        reason: Why.
    """

    disconnection_id: str
    whom: Whom
    reason: str = ""


def disconnection_stream(disconnection_id: str) -> str:
    """Return the stream of an order."""
    return stream_of(CATEGORY, disconnection_id)


def evolve(_state: DisconnectionState | None, event: Event) -> DisconnectionState:
    """Fold one event of the stream into the state."""
    assert isinstance(event, DisconnectionOrdered)
    return DisconnectionState(whom=event.whom, reason=event.reason, by=event.by, at=event.at)


def order_disconnection(
    state: DisconnectionState | None, command: OrderDisconnection, ctx: Context
) -> Decision:
    """Order connections to be closed; one that was ordered to is not ordered once more."""
    stream = disconnection_stream(command.disconnection_id)
    if state is not None:
        return accept(stream)
    try:
        _check(command)
    except InvalidValue as error:
        return refuse(error)
    ordered = DisconnectionOrdered(
        whom=command.whom, reason=command.reason, by=ctx.principal.subject, at=ctx.now
    )
    return accept(stream, ordered)


def _check(command: OrderDisconnection) -> None:
    mistakes = Mistakes()
    given = {name: getattr(command.whom, name) for name in NAMES}
    named = {name: value for name, value in given.items() if value is not None}
    if not named:
        # Nobody closes all connections of all nodes by a word that was left out.
        mistakes.add(InvalidValue(f"Name at least one of {', '.join(NAMES[1:])}", field="subject"))
    for name, value in named.items():
        mistakes.check(check_text, value, name, shortest=1, longest=LONGEST_NAME)
    mistakes.check(check_text, command.reason, "reason", longest=LONGEST_REASON)
    mistakes.refuse()

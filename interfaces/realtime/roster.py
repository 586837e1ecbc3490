"""Who is connected to this node: what operators see, and whom they can have closed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from uuid_utils import uuid7

from aia_mas.interfaces.http.security import Credential
from aia_mas.interfaces.realtime.close_codes import CloseCode, Closing
from aia_mas.interfaces.realtime.connection import Connection

FRONTEND, AGENT, STREAM, MESSAGES = "frontend", "agent", "stream", "messages"
"""What connections are: a dashboard's socket, an agent's, a stream, one for messages."""
REPLACED = Closing(CloseCode.REPLACED, "this agent connected once more")
REVOKED = Closing(CloseCode.UNAUTHENTICATED, "token_revoked")

Refuses = Callable[[Credential], bool]
"""Tells whether a token is revoked."""


class Entry:
    """A connection, and who opened it.

    Attributes:
        id: Its id, for all nodes.
        connection: It.
        kind: ``frontend``, ``agent``, ``stream`` or ``messages``.
        credential: By which it was opened.
        agent_id: The agent that it serves, if it does.
        opened_at: When, UTC.
        told: The other nodes know of it, or are being told.
        queued: What they were told that waits unread, bytes.
    """

    __slots__ = (
        "agent_id", "connection", "credential", "id", "kind", "opened_at", "queued", "told",
    )  # fmt: skip

    def __init__(
        self, connection: Connection, kind: str, credential: Credential, agent_id: str | None
    ) -> None:
        self.id = str(uuid7())
        self.connection = connection
        self.kind = kind
        self.credential = credential
        self.agent_id = agent_id
        self.opened_at = datetime.now(UTC)
        self.told = False
        self.queued = 0

    def topics(self) -> tuple[str, ...]:
        """Return what the connection is subscribed to."""
        names = set()
        for subscription in self.connection.subscriptions.values():
            topic = subscription.topic
            names.add(topic if isinstance(topic, str) else topic.name)
        return tuple(sorted(names))


class Roster:
    """The connections of this node; what changes is gathered for whoever tells the other nodes.

    Attributes:
        entries: All of them.
        changed: Those of which the others are to be told.
        claims: Sockets of agents that opened since that was told last.
        gone: The ids of those that ended, of which the others know.
        refuses: Tells whether a token is revoked.
        urgent: Called when a socket of an agent opens: an older one may be on another node.
    """

    def __init__(self) -> None:
        """Begin with nobody."""
        self.entries: dict[Connection, Entry] = {}
        self.changed: dict[Entry, None] = {}
        self.claims: dict[str, Entry] = {}
        self.gone: list[str] = []
        self.refuses: Refuses = lambda _: False
        self.urgent: Callable[[], None] = lambda: None
        self._agents: dict[str, Entry] = {}

    def enter(
        self,
        connection: Connection,
        kind: str,
        credential: Credential,
        agent_id: str | None = None,
    ) -> None:
        """Take a connection in; of two of the kind ``agent`` the newer one serves the agent.

        Args:
            connection: It.
            kind: ``frontend``, ``agent``, ``stream`` or ``messages``.
            credential: By which it was opened.
            agent_id: The agent that it serves, if it does.
        """
        if connection.closing is not None:
            return  # it was not taken in
        entry = Entry(connection, kind, credential, agent_id)
        self.entries[connection] = entry
        self.changed[entry] = None
        if agent_id is not None and kind == AGENT:
            # Whoever lost its connection often comes back before that has been noticed here.
            before = self._agents.get(agent_id)
            if before is not None:
                before.connection.leave(REPLACED)
            self._agents[agent_id] = self.claims[agent_id] = entry
            self.urgent()
        if self.refuses(credential):
            # Revoked after the handshake and before this.
            connection.leave(REVOKED)

    def change(self, connection: Connection) -> None:
        """Note that a connection has other subscriptions now."""
        entry = self.entries.get(connection)
        if entry is not None:
            self.changed[entry] = None

    def leave(self, connection: Connection) -> None:
        """Forget a connection that ended."""
        entry = self.entries.pop(connection, None)
        if entry is None:
            return
        self.changed.pop(entry, None)
        if entry.told:
            self.gone.append(entry.id)
        agent_id = entry.agent_id
        if agent_id is not None:
            if self._agents.get(agent_id) is entry:
                del self._agents[agent_id]
            if self.claims.get(agent_id) is entry:
                del self.claims[agent_id]

    def serving(self, agent_id: str) -> Entry | None:
        """Return the newest socket of an agent on this node."""
        return self._agents.get(agent_id)

    def agents(self) -> dict[str, Entry]:
        """Return the newest socket of each agent on this node."""
        return dict(self._agents)

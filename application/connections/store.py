"""What nodes tell each other of their connections, and where."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

import msgspec


class OpenConnection(msgspec.Struct, frozen=True, kw_only=True):
    """A connection of this node.

    Attributes:
        connection_id: Its id, a UUIDv7: sorted by it, they are in the order of their times.
        kind: ``frontend``, ``agent``, ``stream`` or ``messages``.
        client_id: What the client calls itself; of a stream, the id of its request.
        agent_id: The agent that it serves, if it does.
        subject: Whose token opened it.
        opened_at: When, UTC, by the clock of its node.
        topics: What it is subscribed to.
        queued_bytes: What waits for its client unread, some seconds ago; 0 for less than 16 KiB.
    """

    connection_id: str
    kind: str
    client_id: str
    agent_id: str | None
    subject: str
    opened_at: datetime
    topics: tuple[str, ...]
    queued_bytes: int


class ListedConnection(OpenConnection, frozen=True, kw_only=True):
    """A connection of some node (``node``: the name of that node)."""

    node: str


class ConnectionFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which connections; what is None does not restrict. The fields: see ``ListedConnection``."""

    kind: str | None = None
    client_id: str | None = None
    agent_id: str | None = None
    subject: str | None = None
    node: str | None = None


class AgentSocket(NamedTuple):
    """An agent, and its connection."""

    agent_id: str
    connection_id: str


class ConnectionStore(Protocol):
    """Where a node writes its connections, and reads those of all."""

    async def renew(self) -> bool:
        """Show that this node is there; False: nothing is known of it, and all is to be written."""
        ...

    async def write(self, connections: Sequence[OpenConnection]) -> None:
        """Write connections of this node, new ones and changed ones."""
        ...

    async def claim(self, sockets: Sequence[AgentSocket], *, newly: bool) -> None:
        """Tell that these serve their agents from now on, and wake whoever did before.

        Args:
            sockets: Agents, each once, and their connections.
            newly: They were opened just now; else whoever has an agent already keeps it.
        """
        ...

    async def superseded(self) -> list[str]:
        """Return the agents' sockets of this node that have newer ones, here or elsewhere."""
        ...

    async def remove(self, connection_ids: Sequence[str]) -> None:
        """Remove connections of this node."""
        ...

    async def forget_gone(self) -> None:
        """Remove what nodes left behind that are not there any more."""
        ...

    async def leave(self) -> None:
        """Remove this node and all that it wrote."""
        ...

    async def page(
        self, where: ConnectionFilter, after: str | None, limit: int
    ) -> list[ListedConnection]:
        """Return connections of all nodes by their ids, those behind one, at most so many."""
        ...

    async def count(self, where: ConnectionFilter) -> int:
        """Return how many there are."""
        ...

    async def has(self, connection_id: str) -> bool:
        """Tell whether a connection is known."""
        ...

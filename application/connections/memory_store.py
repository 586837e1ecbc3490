"""Connections of the one node of a system in memory."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import asdict

from aia_mas.application.connections.store import (
    AgentSocket,
    ConnectionFilter,
    ListedConnection,
    OpenConnection,
)


class MemoryConnections:
    """Connections in this process; there are no other nodes to be told of."""

    def __init__(self, node: str) -> None:
        """Start with none (``node``: the name of the node)."""
        self._node = node
        self._known: dict[str, ListedConnection] = {}
        self._agents: dict[str, str] = {}

    async def renew(self) -> bool:
        """Tell that nothing is lost."""
        return True

    async def write(self, connections: Sequence[OpenConnection]) -> None:
        """Keep connections."""
        for one in connections:
            self._known[one.connection_id] = ListedConnection(**asdict(one), node=self._node)

    async def claim(self, sockets: Sequence[AgentSocket], *, newly: bool) -> None:
        """Keep which connection serves an agent."""
        for agent_id, connection_id in sockets:
            if newly or agent_id not in self._agents:
                self._agents[agent_id] = connection_id

    async def superseded(self) -> list[str]:
        """Return the agents' sockets that have newer ones."""
        return [
            one.connection_id
            for one in self._known.values()
            if one.kind == "agent"
            and one.agent_id is not None
            and self._agents.get(one.agent_id, one.connection_id) != one.connection_id
        ]

    async def remove(self, connection_ids: Sequence[str]) -> None:
        """Forget connections."""
        for connection_id in connection_ids:
            one = self._known.pop(connection_id, None)
            agent_id = None if one is None else one.agent_id
            if agent_id is not None and self._agents.get(agent_id) == connection_id:
                del self._agents[agent_id]

    async def forget_gone(self) -> None:
        """Do nothing: there is one node."""

    async def leave(self) -> None:
        """Forget all."""
        self._known.clear()
        self._agents.clear()

    async def page(
        self, where: ConnectionFilter, after: str | None, limit: int
    ) -> list[ListedConnection]:
        """Return connections by their ids, those behind one, at most so many."""
        found = [one for one in self._matching(where) if after is None or one.connection_id > after]
        return sorted(found, key=lambda one: one.connection_id)[:limit]

    async def count(self, where: ConnectionFilter) -> int:
        """Return how many there are."""
        return len(self._matching(where))

    async def has(self, connection_id: str) -> bool:
        """Tell whether a connection is known."""
        return connection_id in self._known

    def _matching(self, where: ConnectionFilter) -> list[ListedConnection]:
        named = {name: value for name, value in asdict(where).items() if value is not None}
        return [
            one
            for one in self._known.values()
            if all(getattr(one, name) == value for name, value in named.items())
        ]

"""Who is connected, on all nodes: presence of connections, and the newest socket of each agent."""

from aia_mas.application.connections.memory_store import MemoryConnections
from aia_mas.application.connections.postgres_store import PostgresConnections
from aia_mas.application.connections.store import (
    AgentSocket,
    ConnectionFilter,
    ConnectionStore,
    ListedConnection,
    OpenConnection,
)

__all__ = [
    "AgentSocket",
    "ConnectionFilter",
    "ConnectionStore",
    "ListedConnection",
    "MemoryConnections",
    "OpenConnection",
    "PostgresConnections",
]

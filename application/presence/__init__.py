"""Presence: when each agent and each attempt was last heard of, shared between nodes.

Heartbeats are too many and too short-lived to be events. They are gathered and written a few times
a second, to PostgreSQL (an UNLOGGED table) or to Redis; only changes of standing become events.
"""

from aia_mas.application.presence.postgres_store import PostgresPresence
from aia_mas.application.presence.presence import Presence
from aia_mas.application.presence.redis_store import RedisPresence
from aia_mas.application.presence.reports import Report, Reports
from aia_mas.application.presence.store import (
    MemoryPresence,
    PresenceStore,
    ReportStore,
    Seen,
    Sighted,
)

__all__ = [
    "MemoryPresence",
    "PostgresPresence",
    "Presence",
    "PresenceStore",
    "RedisPresence",
    "Report",
    "ReportStore",
    "Reports",
    "Seen",
    "Sighted",
]

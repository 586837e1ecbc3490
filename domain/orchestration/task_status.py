"""Where a task can stand, and why an attempt can be taken from an agent."""

from __future__ import annotations

from enum import StrEnum


class TaskStatus(StrEnum):
    """Where a task stands."""

    QUEUED = "queued"
    ASSIGNED = "assigned"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    DEAD = "dead"


class ReleaseReason(StrEnum):
    """Why an attempt was taken from an agent without a result."""

    LEASE_EXPIRED = "lease_expired"
    NOT_STARTED = "not_started"
    AGENT_OFFLINE = "agent_offline"
    AGENT_UNREGISTERED = "agent_unregistered"
    TIMED_OUT = "timed_out"
    REFUSED = "refused"


LIVE = frozenset({TaskStatus.ASSIGNED, TaskStatus.RUNNING})
"""The statuses in which an agent holds a lease."""

"""Where a task can stand, and why an attempt can be taken from an agent."""

from __future__ import annotations

from enum import StrEnum


class TaskStatus(StrEnum):
    """Where a task stands."""

    QUEUED = "queued"
    ASSIGNED = "assigned"
    RUNNING = "running"
    INPUT_REQUIRED = "input_required"
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
    REASSIGNED = "reassigned"
    AGENT_SUSPENDED = "agent_suspended"
    ENDPOINT_DISABLED = "endpoint_disabled"


AT_NO_COST = frozenset(
    {ReleaseReason.REASSIGNED, ReleaseReason.AGENT_SUSPENDED, ReleaseReason.ENDPOINT_DISABLED}
)
"""Reasons that are no fault of the task or its agent; such an attempt does not count."""

BEFORE_ITS_START = frozenset(
    {
        ReleaseReason.NOT_STARTED,
        ReleaseReason.AGENT_SUSPENDED,
        ReleaseReason.ENDPOINT_DISABLED,
    }
)
"""Reasons that do not hold once the agent has taken the work up."""

BY_THE_CLOCK = frozenset(
    {ReleaseReason.LEASE_EXPIRED, ReleaseReason.NOT_STARTED, ReleaseReason.TIMED_OUT}
)
"""Reasons that do not hold while an agent waits for an answer."""

BEGUN = frozenset({TaskStatus.RUNNING, TaskStatus.INPUT_REQUIRED})
"""The statuses in which an agent has taken the work up."""

LIVE = BEGUN | {TaskStatus.ASSIGNED}
"""The statuses in which an agent holds a lease."""

"""The topic ``agents``: every event of an agent, with what it declares where that changed."""

from __future__ import annotations

from typing import Any

from aia_mas.application.event_log.records import RecordedEvent
from aia_mas.domain.kernel import Event
from aia_mas.domain.kernel.money import to_text
from aia_mas.domain.orchestration.agent_events import (
    AgentActivated,
    AgentCameOnline,
    AgentDrained,
    AgentEndpointDisabled,
    AgentEndpointEnabled,
    AgentRegistered,
    AgentSuspended,
    AgentUnregistered,
    AgentUpdated,
    AgentWebhookSecretRotated,
    AgentWentOffline,
)
from aia_mas.interfaces.realtime.facts import FactTopic, Keys, Update


class AgentUpdate(Update, kw_only=True, omit_defaults=True):
    """The ``data`` of an ``agent_update``; a member is there where the event tells it.

    Attributes:
        agent_id: Which agent.
        status: active, draining, suspended or unregistered.
        online: Whether its heartbeats are there.
        owner: Whose it is.
        reason: Why it was suspended or left, or its endpoint was disabled.
        endpoint_state: enabled or disabled.
        revision: The revision of what its client may edit.
        specializations: What it is best at.
        skills: Skill name to level, 0..1.
        max_concurrent_tasks: How many tasks it works on at once.
        cost_per_task: Its price, a decimal string.
        labels: Key to value, for placement.
    """

    agent_id: str
    status: str | None = None
    online: bool | None = None
    owner: str | None = None
    reason: str | None = None
    endpoint_state: str | None = None
    revision: int | None = None
    specializations: Any = None
    skills: Any = None
    max_concurrent_tasks: int | None = None
    cost_per_task: str | None = None
    labels: Any = None


# The status that an event leads to, if it changes it; whether the agent is online then, if the
# event says so; and what of the event is told under its own name.
_TOLD: dict[type[Event], tuple[str | None, bool | None, tuple[str, ...]]] = {
    AgentRegistered: ("active", True, ("owner",)),
    AgentUpdated: (None, None, ("revision",)),
    AgentWentOffline: (None, False, ()),
    AgentCameOnline: (None, True, ()),
    AgentDrained: ("draining", None, ("reason",)),
    AgentSuspended: ("suspended", None, ("reason",)),
    AgentActivated: ("active", None, ()),
    AgentEndpointDisabled: (None, None, ("reason",)),
    AgentEndpointEnabled: (None, None, ()),
    AgentWebhookSecretRotated: (None, None, ()),
    AgentUnregistered: ("unregistered", False, ("reason",)),
}

_PRESENCE = {True: "online", False: "offline", None: None}


def _describe(name: str, agent_id: str, recorded: RecordedEvent) -> tuple[Update, Keys]:
    event = recorded.event
    status, online, told = _TOLD[type(event)]
    update = AgentUpdate(
        event=name,
        version=recorded.version,
        at=recorded.recorded_at,
        actor=recorded.actor,
        agent_id=agent_id,
        status=status,
        online=online,
    )
    if type(event) is AgentEndpointDisabled or type(event) is AgentEndpointEnabled:
        disabled = type(event) is AgentEndpointDisabled
        update.endpoint_state = "disabled" if disabled else "enabled"
    for field in told:
        setattr(update, field, getattr(event, field))
    if type(event) is AgentRegistered or type(event) is AgentUpdated:
        declared = event.capabilities
        update.specializations = declared.specializations
        update.skills = declared.skills
        update.max_concurrent_tasks = declared.max_concurrent_tasks
        update.cost_per_task = to_text(declared.cost_per_task)
        update.labels = declared.labels
    return update, Keys(agent_id=agent_id, status=status or _PRESENCE[online])


AGENTS = FactTopic(
    "agents",
    category="agent",
    frame_type="agent_update",
    events=_TOLD,
    statuses=frozenset({"active", "draining", "suspended", "unregistered", "online", "offline"}),
    describe=_describe,
)
"""Subscribe to it for ``agent_update`` frames."""

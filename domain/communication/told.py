"""Where messages go, as everybody is told who sees one."""

from __future__ import annotations

from typing import Any

import msgspec

from aia_mas.domain.communication.destination import Destination


class DestinationView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where a message goes; exactly one of these.

    Attributes:
        to_agent: This agent.
        to_agents: These agents.
        topic: Everybody who subscribed to it.
        capability: Agents that have a skill or a specialization of this name.
        mode: Of these ``all`` or ``any``, the least loaded one.
        role: Agents whose label ``role`` says so.
        broadcast: All agents.
    """

    to_agent: str | None = None
    to_agents: tuple[str, ...] | None = None
    topic: str | None = None
    capability: str | None = None
    mode: str | None = None
    role: str | None = None
    broadcast: bool = False


def destination_fields(to: Destination) -> dict[str, Any]:
    """Return what a view says of a destination."""
    if len(to.agents) == 1:
        return {"to_agent": to.agents[0]}
    if to.agents:
        return {"to_agents": to.agents}
    if to.capability is not None:
        return {"capability": to.capability, "mode": "any" if to.any_one else "all"}
    if to.topic is not None:
        return {"topic": to.topic}
    return {"broadcast": True} if to.role is None else {"role": to.role}


def destination_view(to: Destination) -> DestinationView:
    """Return a destination as it is shown."""
    return DestinationView(**destination_fields(to))


def is_group(view: DestinationView) -> bool:
    """Tell whether that is a group, of whose members only the log knows; see ``Destination``."""
    named = view.to_agent is not None or view.to_agents is not None
    return not named and view.mode != "any"

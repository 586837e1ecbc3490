"""Where messages go, as it is sent: one of a few fields beside each other."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Protocol

import msgspec

from aia_mas.domain.communication.destination import MOST_AGENTS, Destination
from aia_mas.domain.communication.errors import InvalidDestination
from aia_mas.domain.communication.topics import LONGEST, check_topic
from aia_mas.domain.kernel.ids import check_id
from aia_mas.domain.orchestration.bounds import check_name
from aia_mas.interfaces.http.schemas.values import AgentId, Name

Topic = Annotated[str, msgspec.Meta(extra_json_schema={"minLength": 1, "maxLength": LONGEST})]
Names = Annotated[
    tuple[AgentId, ...], msgspec.Meta(extra_json_schema={"minItems": 1, "maxItems": MOST_AGENTS})
]
_KINDS = ("to_agent", "to_agents", "topic", "capability", "role", "broadcast")


class Mode(StrEnum):
    """Who of a group gets a message: all, or the least loaded."""

    ALL = "all"
    ANY = "any"


class FlatDestination(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where messages go: exactly one of these.

    Attributes:
        to_agent: This agent.
        to_agents: These agents, at most 256.
        topic: Everybody who subscribed to it, like ``tasks.created``.
        capability: Agents that have a skill or a specialization of this name.
        mode: Of these ``all``, or ``any``: the least loaded one.
        role: Agents whose label ``role`` says so.
        broadcast: All agents.
    """

    to_agent: AgentId | None = None
    to_agents: Names | None = None
    topic: Topic | None = None
    capability: Name | None = None
    mode: Mode | None = None
    role: Name | None = None
    broadcast: bool = False


class _Flat(Protocol):
    """Whatever has these fields."""

    @property
    def to_agent(self) -> str | None: ...
    @property
    def to_agents(self) -> tuple[str, ...] | None: ...
    @property
    def topic(self) -> str | None: ...
    @property
    def capability(self) -> str | None: ...
    @property
    def mode(self) -> Mode | None: ...
    @property
    def role(self) -> str | None: ...
    @property
    def broadcast(self) -> bool: ...


def destination_of(flat: _Flat, within: str = "") -> Destination:
    """Return a destination as the domain has it.

    Args:
        flat: How it was sent.
        within: What its fields stand in, with a dot behind it; empty: nothing.

    Raises:
        InvalidDestination: None of them is given, or several are.
        InvalidTopic: The topic is none (or ``IllegalWildcard``).
        InvalidId: An agent's id is none.
        InvalidText: The name of a capability or a role is none.
    """
    named = [name for name in _KINDS if getattr(flat, name) not in (None, False)]
    if len(named) != 1:
        # Which one is too many, or missing, nobody knows; it is the last one, or the usual one.
        at = named[-1] if named else _KINDS[0]
        raise InvalidDestination(
            f"it goes to one of {', '.join(_KINDS)}, not to {' and '.join(named) or 'none'}",
            field=within + at,
        )
    if flat.mode is not None and flat.capability is None:
        raise InvalidDestination("mode goes with capability", field=f"{within}mode")
    field = within + named[0]
    if flat.to_agent is not None:
        return Destination(agents=(check_id(flat.to_agent, field),))
    if flat.to_agents is not None:
        return Destination(agents=_agents(flat.to_agents, field))
    if flat.topic is not None:
        return Destination(topic=check_topic(flat.topic, field))
    if flat.capability is not None:
        check_name(flat.capability, field)
        return Destination(capability=flat.capability, any_one=flat.mode is Mode.ANY)
    if flat.role is not None:
        check_name(flat.role, field)
        return Destination(role=flat.role)
    return Destination(broadcast=True)


def _agents(names: tuple[str, ...], field: str) -> tuple[str, ...]:
    if not 0 < len(names) <= MOST_AGENTS:
        raise InvalidDestination(f"{field} has 1 to {MOST_AGENTS} entries", field=field)
    for index, name in enumerate(names):
        check_id(name, f"{field}.{index}")
    return tuple(dict.fromkeys(names))

"""Where a message goes."""

from __future__ import annotations

import msgspec

from aia_mas.domain.communication.errors import InvalidDestination
from aia_mas.domain.communication.topics import check_topic
from aia_mas.domain.kernel.ids import check_id
from aia_mas.domain.orchestration.bounds import check_name

MOST_AGENTS = 256
"""Most agents that one message names; more of them have a topic, a capability or a role."""
ROLE_LABEL = "role"
"""The label of agents that says what role they have."""


class Destination(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """To whom; exactly one of these.

    Attributes:
        agents: These, by id; also ids that are not registered.
        topic: Everybody who subscribed to it.
        capability: Agents that have a skill or a specialization of this name.
        any_one: Of these only one, the least loaded.
        role: Agents whose label ``role`` says so.
        broadcast: All agents that are registered.
    """

    agents: tuple[str, ...] = ()
    topic: str | None = None
    capability: str | None = None
    any_one: bool = False
    role: str | None = None
    broadcast: bool = False

    @property
    def is_group(self) -> bool:
        """Whether it is known only from the log who is meant, when the message stands there."""
        return not self.agents and not self.any_one

    def told(self) -> str:
        """Return it in a few words: ``topic tasks.created``."""
        if self.agents:
            first = self.agents[0]
            return first if len(self.agents) == 1 else f"{first} and {len(self.agents) - 1} more"
        if self.topic is not None:
            return f"topic {self.topic}"
        if self.capability is not None:
            return f"{'any' if self.any_one else 'all'} with capability {self.capability}"
        return "everybody" if self.role is None else f"role {self.role}"


def check_destination(to: Destination, field: str) -> None:
    """Refuse a destination that is none.

    Raises:
        InvalidDestination: None of the kinds is given, or several are, or too many agents.
        InvalidTopic: The topic is none (or ``IllegalWildcard``).
        InvalidId: An agent's id is none.
        InvalidText: The name of a capability or a role is none.
    """
    kinds = (
        bool(to.agents)
        + (to.topic is not None)
        + (to.capability is not None)
        + (to.role is not None)
        + to.broadcast
    )
    if kinds != 1:
        raise InvalidDestination(field=field)
    if to.any_one and to.capability is None:
        raise InvalidDestination("any one is chosen only among those of a capability", field=field)
    if len(to.agents) > MOST_AGENTS:
        raise InvalidDestination(f"a message names at most {MOST_AGENTS} agents", field=field)
    for agent_id in to.agents:
        check_id(agent_id, field)
    if to.topic is not None:
        check_topic(to.topic, field)
    if to.capability is not None:
        check_name(to.capability, field)
    if to.role is not None:
        check_name(to.role, field)

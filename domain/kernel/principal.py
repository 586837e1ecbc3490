"""Who acts: the principal on every request and command, and the roles it holds."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Role(StrEnum):
    """What a caller may be; each route and topic lists the roles that it serves."""

    ADMIN = "admin"
    OPERATOR = "operator"
    AGENT = "agent"
    CLIENT = "client"
    TREASURER = "treasurer"
    AUDITOR = "auditor"
    VIEWER = "viewer"


class Principal(msgspec.Struct, frozen=True):
    """An authenticated caller.

    Attributes:
        subject: Its stable name; it becomes the ``actor`` of the events it causes.
        roles: What it may do; see the permission list of the HTTP interface.
        agent_id: The one agent it acts for, when it holds an agent's token.
    """

    subject: str
    roles: frozenset[Role] = frozenset()
    agent_id: str | None = None

    def has(self, *roles: Role) -> bool:
        """Tell whether it holds any of the roles."""
        return not self.roles.isdisjoint(roles)

    @property
    def operates(self) -> bool:
        """Whether it runs the system: admin or operator."""
        return self.has(Role.ADMIN, Role.OPERATOR)

    def may_act_for(self, agent_id: str) -> bool:
        """Tell whether it may act in an agent's name: its own, or any for admin and operator."""
        return self.agent_id == agent_id or self.operates

    def may_dispose_of(self, owner: str) -> bool:
        """Tell whether it may decide about what a subject owns: itself, or admin and operator."""
        return self.subject == owner or self.operates


def system(name: str) -> Principal:
    """Return the principal of a process of the system itself, for example ``dispatcher``."""
    return Principal(subject=f"system:{name}", roles=frozenset({Role.ADMIN}))

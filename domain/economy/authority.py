"""Who may spend what."""

from __future__ import annotations

from aia_mas.domain.kernel.errors import PermissionDenied
from aia_mas.domain.kernel.principal import Principal, Role, system

SETTLEMENT = system("settlement")
"""The process that writes the accounts of the system."""


def may_spend(principal: Principal, owner: str) -> bool:
    """Tell whether a principal may spend what somebody owns.

    An agent its own, a client that of its subject, and admins and treasurers that of everybody.
    Operators run the system, and may not.
    """
    if principal.has(Role.ADMIN, Role.TREASURER):
        return True
    if principal.agent_id is not None:
        return principal.agent_id == owner
    return principal.subject == owner and principal.has(Role.CLIENT)


def check_may_spend(principal: Principal, owner: str) -> None:
    """Refuse to spend what belongs to somebody else.

    Raises:
        PermissionDenied: The principal may not.
    """
    if not may_spend(principal, owner):
        raise PermissionDenied("The account belongs to somebody else")

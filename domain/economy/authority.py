"""Who may spend what."""

from __future__ import annotations

from aia_mas.domain.economy.errors import SubjectHasNoWallet
from aia_mas.domain.kernel.errors import PermissionDenied
from aia_mas.domain.kernel.ids import InvalidId, check_id
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


def check_has_wallet(principal: Principal) -> None:
    """Refuse whoever spends only what is its own, and can own nothing.

    Owners are named in the ids of accounts and streams, in paths and filters: by ids, as agents
    are. A client may have any subject (an e-mail address), and do all the rest with it.

    Raises:
        SubjectHasNoWallet: It has none.
    """
    if principal.agent_id is not None or principal.has(Role.ADMIN, Role.TREASURER):
        return
    try:
        check_id(principal.subject, "sub")
    except InvalidId:
        raise SubjectHasNoWallet from None


def check_may_spend(principal: Principal, owner: str) -> None:
    """Refuse to spend what belongs to somebody else.

    Raises:
        PermissionDenied: The principal may not.
    """
    if not may_spend(principal, owner):
        raise PermissionDenied("The account belongs to somebody else")

"""Who may send as whom, and whose messages somebody may read and settle."""

from __future__ import annotations

from aia_mas.domain.communication.errors import InboxNotAllowed, SenderNotAllowed
from aia_mas.domain.communication.sending import SYSTEM
from aia_mas.domain.kernel.errors import InvalidValue
from aia_mas.domain.kernel.ids import InvalidId, check_id
from aia_mas.domain.kernel.principal import Principal, Role


def sender_of(principal: Principal, named: str | None) -> str:
    """Return in whose name a principal sends.

    An agent sends as itself, a client as its subject; admins and operators as whomever they name.

    Args:
        principal: Who sends.
        named: Whom it names; None: itself.

    Raises:
        SenderNotAllowed: It may not send as this one.
        InvalidId: It names nobody, and its subject is no id.
    """
    if named is not None:
        own = named == principal.agent_id or _is_client(principal, named)
        if principal.operates or (own and named != SYSTEM):
            return named
        raise SenderNotAllowed(from_agent=named)
    if principal.agent_id is not None:
        return principal.agent_id
    try:
        return check_id(principal.subject, "from_agent")
    except InvalidValue:
        detail = "the subject of this token is no id: from_agent says who sends"
        raise InvalidId(detail, field="from_agent") from None


def may_read(principal: Principal, recipient: str) -> bool:
    """Tell whether a principal may take, and settle, what was sent to a recipient."""
    return principal.may_act_for(recipient) or _is_client(principal, recipient)


def check_may_read(principal: Principal, recipient: str) -> None:
    """Refuse what somebody wants to do with the messages of others.

    Raises:
        InboxNotAllowed: The principal may not.
    """
    if not may_read(principal, recipient):
        raise InboxNotAllowed


def _is_client(principal: Principal, name: str) -> bool:
    """Tell whether a name is that of a client: it is its subject."""
    return principal.agent_id is None and principal.subject == name and principal.has(Role.CLIENT)

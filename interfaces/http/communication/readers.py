"""Whose messages somebody may see, and take."""

from __future__ import annotations

from aia_mas.domain.communication.authority import check_may_read, may_read
from aia_mas.domain.communication.errors import InboxNotAllowed
from aia_mas.domain.kernel import Principal, Role
from aia_mas.domain.kernel.ids import check_id
from aia_mas.interfaces.http.requests import ApiRequest


def reading_for(request: ApiRequest, recipient: str) -> str:
    """Return a recipient's id, when the caller may take and settle its messages.

    Raises:
        InvalidId: It is no id.
        InboxNotAllowed: The caller may not.
    """
    check_id(recipient, "agent_id")
    check_may_read(request.principal, recipient)
    return recipient


def sees_all(principal: Principal) -> bool:
    """Tell whether somebody may see everybody's messages: operators and auditors."""
    return principal.operates or principal.has(Role.AUDITOR)


def seeing_for(request: ApiRequest, recipient: str) -> str:
    """Return a recipient's id, when the caller may see its messages.

    Raises:
        InvalidId: It is no id.
        InboxNotAllowed: The caller may not.
    """
    check_id(recipient, "agent_id")
    if not sees_all(request.principal) and not may_read(request.principal, recipient):
        raise InboxNotAllowed
    return recipient


def check_again(request: ApiRequest) -> None:
    """Refuse a token that was revoked, or has expired, while its bearer was waiting.

    Raises:
        Unauthenticated: It is not valid any more.
    """
    request.app.state.authenticator.principal(request.header(b"authorization"))

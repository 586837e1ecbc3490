"""Who calls, and what they may do: tokens, permissions, hosts and origins."""

from aia_mas.interfaces.http.security.origins import Origins
from aia_mas.interfaces.http.security.permissions import PERMISSIONS, PUBLIC, authorize
from aia_mas.interfaces.http.security.tickets import Tickets
from aia_mas.interfaces.http.security.tokens import (
    Authenticator,
    Credential,
    authenticate,
    bearer_token,
)

__all__ = [
    "PERMISSIONS",
    "PUBLIC",
    "Authenticator",
    "Credential",
    "Origins",
    "Tickets",
    "authenticate",
    "authorize",
    "bearer_token",
]

"""Who opens a socket, and whether a browser's page may."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aia_mas.interfaces.http.errors import InvalidTicket, OriginNotAllowed
from aia_mas.interfaces.http.security import Authenticator, Credential, Origins, Tickets

PROTOCOL = "mas.v1"
"""The subprotocol. Offer it beside the token's, so that the answer does not repeat the token."""

_BEARER = "bearer."
_TICKET = "ticket."


class Door:
    """Checks handshakes by the settings of a node."""

    def __init__(
        self, authenticator: Authenticator, origins: Origins, tickets: Tickets | None = None
    ) -> None:
        """Ask these (``tickets``: None: there are none)."""
        self._authenticator = authenticator
        self._tickets = tickets
        self._origins = origins

    def check_origin(self, headers: dict[bytes, bytes]) -> None:
        """Refuse pages of foreign sites (a browser tells where a page came from).

        Raises:
            OriginNotAllowed: Neither our own host nor one of the origins that are configured.
            HostNotAllowed: In development mode, a host name that is not this machine's.
        """
        self._origins.admit("WEBSOCKET", headers)
        origin, host = headers.get(b"origin"), headers.get(b"host", b"")
        own = (b"http://" + host.lower(), b"https://" + host.lower())
        if origin is not None and origin.lower() not in own and not self._origins.allows(origin):
            raise OriginNotAllowed

    async def credential(self, headers: dict[bytes, bytes], offered: Sequence[str]) -> Credential:
        """Return who opens a socket, by header or by subprotocol, never by URL.

        Args:
            headers: The headers of the handshake, lower-case names.
            offered: The subprotocols that the client offers; one may be ``ticket.<ticket>`` or
                ``bearer.<token>``, for browsers, whose sockets have no headers.

        Raises:
            Unauthenticated: There is no token or ticket, or none that is valid (a subclass).
        """
        ticket = _offered(offered, _TICKET)
        if ticket is not None and b"authorization" not in headers:
            if self._tickets is None:
                raise InvalidTicket
            return await self._tickets.take(ticket)
        return self._authenticator.credential(authorization_of(headers, offered))


def authorization_of(headers: Mapping[bytes, bytes], offered: Sequence[str]) -> bytes | None:
    """Return the ``Authorization`` of a handshake, or what a browser gave in its place."""
    authorization = headers.get(b"authorization")
    if authorization is None:
        token = _offered(offered, _BEARER)
        if token is not None:
            return b"Bearer " + token.encode("latin-1")
    return authorization


def chosen_protocol(offered: Sequence[str]) -> str | None:
    """Return the subprotocol to answer with; a browser that offers some insists on one of them."""
    if PROTOCOL in offered:
        return PROTOCOL
    return next((one for one in offered if one.startswith((_TICKET, _BEARER))), None)


def _offered(offered: Sequence[str], kind: str) -> str | None:
    """Return what stands behind a prefix in one of the subprotocols."""
    found = next((one for one in offered if one.startswith(kind)), None)
    return None if found is None else found.removeprefix(kind)

"""Who opens a socket, and whether a browser's page may."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aia_mas.interfaces.http.errors import OriginNotAllowed
from aia_mas.interfaces.http.security import Authenticator, Credential, Origins

PROTOCOL = "mas.v1"
"""The subprotocol. Offer it beside the token's, so that the answer does not repeat the token."""

_BEARER = "bearer."


class Door:
    """Checks handshakes by the settings of a node."""

    def __init__(self, authenticator: Authenticator, origins: Origins) -> None:
        """Ask these two."""
        self._authenticator = authenticator
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

    def credential(self, headers: dict[bytes, bytes], offered: Sequence[str]) -> Credential:
        """Return who opens a socket, by header or by subprotocol, never by URL.

        Args:
            headers: The headers of the handshake, lower-case names.
            offered: The subprotocols that the client offers; one may be ``bearer.<token>``, for
                browsers, whose sockets have no headers.

        Raises:
            Unauthenticated: There is no token, or none that is valid (a subclass).
        """
        return self._authenticator.credential(authorization_of(headers, offered))


def authorization_of(headers: Mapping[bytes, bytes], offered: Sequence[str]) -> bytes | None:
    """Return the ``Authorization`` of a handshake, or what a browser gave in its place."""
    authorization = headers.get(b"authorization")
    if authorization is None:
        token = next((one for one in offered if one.startswith(_BEARER)), None)
        if token is not None:
            return b"Bearer " + token.removeprefix(_BEARER).encode("latin-1")
    return authorization


def chosen_protocol(offered: Sequence[str]) -> str | None:
    """Return the subprotocol to answer with; a browser that offers some insists on one of them."""
    if PROTOCOL in offered:
        return PROTOCOL
    return next((one for one in offered if one.startswith(_BEARER)), None)

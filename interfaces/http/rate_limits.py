"""How many requests one caller may send: counted once it is known who it is, told in every answer.

Two layers of ASGI, which are there only when there is a limit. The inner one counts and refuses,
so that the edge answers as it does all problems; the outer one adds what was counted to whatever
is answered (draft-ietf-httpapi-ratelimit-headers).
"""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address
from math import ceil
from typing import Any

from litestar.types import ASGIApp, Receive, Send

from aia_mas.application.rate_limits import Limiter
from aia_mas.application.settings_rates import Rate
from aia_mas.interfaces.http.answers import Header
from aia_mas.interfaces.http.errors import RateLimited, Unauthenticated
from aia_mas.interfaces.http.paths import OPERATIONS
from aia_mas.interfaces.http.security import Authenticator
from aia_mas.interfaces.realtime.handshake import authorization_of

Scope = Any
"""An ASGI scope, see ``edge``."""

# Supervisors must be answered, whoever else asks from their address.
_FREE = frozenset({f"{OPERATIONS}/health/live", f"{OPERATIONS}/health/ready"})
_HEADERS = "mas_rate_headers"
_STARTS = frozenset({"http.response.start", "websocket.http.response.start"})


class RateLimits:
    """The limit of an application; who has a token counts by subject, others by address."""

    def __init__(self, limiter: Limiter, rate: Rate, authenticator: Authenticator) -> None:
        """Count with a limiter, which was told the same rate."""
        self._limiter = limiter
        self._authenticator = authenticator
        self._policy = b'"default";q=%d;w=%d' % (rate.burst, ceil(rate.refill))

    def counting(self, app: ASGIApp) -> ASGIApp:
        """Return an application whose requests and handshakes are counted."""

        async def counted(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["path"] not in _FREE:
                await self._count(scope)
            await app(scope, receive, send)

        return counted

    def telling(self, app: ASGIApp) -> ASGIApp:
        """Return an application whose answers tell what was counted within it."""

        async def told(scope: Scope, receive: Receive, send: Send) -> None:
            counted: list[Header] = []

            async def respond(message: Any) -> None:
                if counted and message["type"] in _STARTS:
                    message["headers"] = [*message["headers"], *counted]
                await send(message)

            scope = {**scope, _HEADERS: counted}
            await app(scope, receive, respond)

        return told

    async def _count(self, scope: Scope) -> None:
        """Count one request or handshake.

        Raises:
            RateLimited: It is one too many.
        """
        allowance = await self._limiter.take(self._caller(scope))
        state = b'"default";r=%d;t=%d' % (allowance.remaining, ceil(allowance.reset))
        scope[_HEADERS] += [(b"ratelimit-policy", self._policy), (b"ratelimit", state)]
        if not allowance.granted:
            raise RateLimited(max(1, ceil(allowance.retry_after)))

    def _caller(self, scope: Scope) -> str:
        headers = dict(scope["headers"])
        try:
            authorization = authorization_of(headers, scope.get("subprotocols", ()))
            return f"subject:{self._authenticator.principal(authorization).subject}"
        except Unauthenticated:
            client = scope.get("client")
            return f"address:{_network(client[0]) if client else ''}"


def _network(address: str) -> str:
    """Return what one client has of addresses: of IPv6 a whole network of 64 bits."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return address
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return f"{IPv6Address(int(parsed) >> 64 << 64)}/64"

"""Which hosts and browser origins are served (DNS rebinding, cross-site requests, CORS)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from aia_mas.application.settings import Settings
from aia_mas.interfaces.http.errors import HostNotAllowed, OriginNotAllowed

_LOOPBACK = r"(?:localhost|[a-z0-9.-]+\.localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?"
_LOOPBACK_HOST = re.compile(_LOOPBACK.encode(), re.IGNORECASE | re.ASCII)
_LOOPBACK_ORIGIN = re.compile(rb"https?://" + _LOOPBACK.encode(), re.IGNORECASE | re.ASCII)
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

_ALLOW_METHODS = b"GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
_ALLOW_HEADERS = (
    b"Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, X-Request-Id"
)
_EXPOSED = (
    b"ETag, Idempotent-Replayed, Location, RateLimit, RateLimit-Policy, Retry-After,"
    b" X-Event-Position, X-Request-Id"
)
_EXPOSE = (b"access-control-expose-headers", _EXPOSED)
_VARY = (b"vary", b"Origin")


class Origins:
    """What the settings say about hosts and origins, ready to be asked at every request.

    Without keys whoever reaches the server is admin, and a browser on this machine reaches it for
    any page it shows. So in development mode the ``Host`` must be a loopback name (a page whose own
    name was rebound to 127.0.0.1 sends that name), and a request that changes something must not
    come from a foreign origin. With keys a page has no token to send, so CORS alone decides.
    """

    def __init__(self, settings: Settings) -> None:
        """Take ``development`` and ``cors_origins`` of the settings."""
        self._development = settings.development
        listed = settings.cors_origins
        self._local = listed is None and settings.development
        self._any = "*" in (listed or ())
        self._listed = frozenset(origin.lower().encode() for origin in listed or ())
        self._vary = [_VARY] if self._local or self._any or self._listed else []

    def admit(self, method: str, headers: Mapping[bytes, bytes]) -> None:
        """Refuse what no page of another site may send in development mode.

        Args:
            method: The request's method; ``GET`` of a WebSocket handshake counts as unsafe, so
                give ``"WEBSOCKET"`` for one.
            headers: The request's headers, lower-case names.

        Raises:
            HostNotAllowed: The server is addressed by a name that is not this machine's.
            OriginNotAllowed: A page of a foreign origin wants to change something.
        """
        if not self._development:
            return
        host = headers.get(b"host")
        if host is not None and not _LOOPBACK_HOST.fullmatch(host):
            raise HostNotAllowed
        origin = headers.get(b"origin")
        if origin is not None and method not in _SAFE and not self._trusted(origin, host):
            raise OriginNotAllowed

    def allows(self, origin: bytes) -> bool:
        """Tell whether pages of an origin may read our answers."""
        return (
            self._any
            or origin.lower() in self._listed
            or (self._local and _LOOPBACK_ORIGIN.fullmatch(origin) is not None)
        )

    def headers(self, origin: bytes | None) -> list[tuple[bytes, bytes]]:
        """Return the CORS headers of an answer to a page; None: nobody said which.

        That answer may be kept and given to a page later, so it tells what it depends on, too.
        """
        if origin is None:
            return self._vary
        if not self.allows(origin):
            return [_VARY]
        return [(b"access-control-allow-origin", origin), _VARY, _EXPOSE]

    def preflight(self, origin: bytes) -> list[tuple[bytes, bytes]]:
        """Return the headers of the answer to a preflight request.

        Raises:
            OriginNotAllowed: Pages of this origin may not call us.
        """
        if not self.allows(origin):
            raise OriginNotAllowed
        return [
            (b"access-control-allow-origin", origin),
            (b"access-control-allow-methods", _ALLOW_METHODS),
            (b"access-control-allow-headers", _ALLOW_HEADERS),
            (b"access-control-max-age", b"600"),
            _VARY,
        ]

    def _trusted(self, origin: bytes, host: bytes | None) -> bool:
        same = host is not None and origin.lower() in {b"http://" + host, b"https://" + host}
        return same or (self.allows(origin) and not self._any)

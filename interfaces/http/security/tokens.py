"""Bearer tokens (JWT, HS256) to principals; without keys, the one principal of development mode."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, NamedTuple

import jwt

from aia_mas.application.settings import Settings
from aia_mas.domain.kernel import Principal, Role
from aia_mas.domain.kernel.errors import InvalidValue
from aia_mas.domain.kernel.ids import check_id
from aia_mas.interfaces.http.errors import InvalidToken, TokenExpired, Unauthenticated

DEVELOPMENT = Principal(subject="dev", roles=frozenset({Role.ADMIN}))
"""Who everybody is on loopback while no keys are configured."""

_ROLES = {role.value: role for role in Role}
_MAX_SUBJECT = 255
_MAX_TOKEN = 8 * 1024
_NEVER = 2**53
_LEEWAY = 5.0
"""Seconds by which the clocks of an issuer and ours may differ."""
_CHALLENGE = (b"www-authenticate", b'Bearer realm="mas"')
_INVALID = (b"www-authenticate", b'Bearer realm="mas", error="invalid_token"')


def bearer_token(header: bytes | None) -> str | None:
    """Return the token of an ``Authorization`` header; None when there is no header.

    Raises:
        InvalidToken: The header holds something else.
    """
    if header is None:
        return None
    scheme, _, token = header.partition(b" ")
    token = token.strip()
    if scheme.lower() != b"bearer" or not token or len(token) > _MAX_TOKEN:
        raise InvalidToken(headers=[_INVALID])
    try:
        return token.decode("ascii")
    except UnicodeDecodeError:
        raise InvalidToken(headers=[_INVALID]) from None


def authenticate(token: str | None, settings: Settings) -> Principal:
    """Return who holds a token.

    Raises:
        Unauthenticated: There is none and there are keys; ``InvalidToken``, ``TokenExpired``.
    """
    return _principal(_claims(token, settings)) if token or settings.jwt_secret else DEVELOPMENT


class Credential(NamedTuple):
    """Who somebody is, and for how long (``expires_at``: Unix time, infinite without a token)."""

    principal: Principal
    expires_at: float


_OF_DEVELOPMENT = Credential(DEVELOPMENT, float("inf"))


class Authenticator:
    """Remembers checked tokens, so that a busy client costs one signature and not thousands."""

    def __init__(self, settings: Settings, *, capacity: int = 10_000) -> None:
        """Check tokens by the keys of the settings, and remember at most ``capacity`` of them."""
        self._settings = settings
        self._capacity = capacity
        self._known: dict[bytes, Credential] = {}

    def principal(self, authorization: bytes | None) -> Principal:
        """Return who sent an ``Authorization`` header.

        Raises:
            Unauthenticated: See ``authenticate``.
        """
        return self.credential(authorization).principal

    def credential(self, authorization: bytes | None) -> Credential:
        """Return who sent an ``Authorization`` header, and how long that holds.

        Raises:
            Unauthenticated: See ``authenticate``.
        """
        if authorization is None:
            if self._settings.jwt_secret is None:
                return _OF_DEVELOPMENT
            raise Unauthenticated(headers=[_CHALLENGE])
        known = self._known.get(authorization)
        # Tokens expire by the time of day of their issuer, so this is no matter for a driven clock.
        if known is not None and time.time() < known.expires_at:
            return known
        claims = _claims(bearer_token(authorization), self._settings)
        # The library cuts fractions of a second off, too.
        credential = Credential(_principal(claims), int(claims["exp"]) + _LEEWAY)
        if len(self._known) >= self._capacity:
            self._known.clear()
        self._known[authorization] = credential
        return credential


def _claims(token: str | None, settings: Settings) -> Mapping[str, Any]:
    if token is None:
        raise Unauthenticated(headers=[_CHALLENGE])
    if settings.jwt_secret is None:
        raise InvalidToken(
            "This server has no keys to check a token with (MAS_JWT_SECRET)", headers=[_INVALID]
        )
    try:
        return jwt.decode(
            token,
            settings.jwt_secret,
            algorithms=["HS256"],
            leeway=_LEEWAY,
            options={"require": ["exp", "sub"], "verify_aud": False},
        )
    except jwt.ExpiredSignatureError:
        raise TokenExpired(headers=[_INVALID]) from None
    except jwt.MissingRequiredClaimError as error:
        raise InvalidToken(f"The token has no {error.claim}", headers=[_INVALID]) from None
    # A token is the client's own bytes: whatever the library makes of them, it is no valid token.
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError, OverflowError):
        raise InvalidToken(headers=[_INVALID]) from None


def _principal(claims: Mapping[str, Any]) -> Principal:
    subject, names, expiry = claims["sub"], claims.get("roles"), claims["exp"]
    # The library took it for a number, however large; a float must hold it here.
    if not -_NEVER < int(expiry) < _NEVER:
        raise InvalidToken("exp is out of range", headers=[_INVALID])
    if (
        not isinstance(subject, str)
        or not 0 < len(subject) <= _MAX_SUBJECT
        or not subject.isprintable()
        or subject.startswith("system:")  # the name space of our own processes in the log
    ):
        raise InvalidToken(
            f"sub is 1 to {_MAX_SUBJECT} printable characters, not beginning with system:",
            headers=[_INVALID],
        )
    if not isinstance(names, list):
        raise InvalidToken('roles is a list of names, like ["client"]', headers=[_INVALID])
    # A role of a newer version grants nothing here.
    roles = frozenset(_ROLES[name] for name in names if isinstance(name, str) and name in _ROLES)
    if Role.AGENT not in roles:
        return Principal(subject=subject, roles=roles)
    try:
        return Principal(subject=subject, roles=roles, agent_id=check_id(subject, "sub"))
    except InvalidValue as error:
        detail = f"An agent's sub is its id: {error.detail}"
        raise InvalidToken(detail, headers=[_INVALID]) from None

"""Bearer tokens (JWT, HS256) to principals; without keys, the one principal of development mode."""

from __future__ import annotations

import hmac
import time
from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterable, Mapping
from math import inf
from typing import Any, NamedTuple

import jwt

from aia_mas.application.settings import Settings
from aia_mas.domain.kernel import Principal, Role
from aia_mas.domain.kernel.errors import InvalidValue
from aia_mas.domain.kernel.ids import check_id
from aia_mas.interfaces.http.errors import (
    InvalidToken,
    TokenExpired,
    TokenRevoked,
    Unauthenticated,
)

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
    """Who somebody is, and for how long.

    Attributes:
        principal: Who.
        expires_at: When its token ends, Unix time; infinite without a token.
        token_id: The id of the token (``jti``), if it has one.
        issued_at: When the token was issued (``iat``), Unix time: infinite without a token, minus
            infinity for one that does not say.
    """

    principal: Principal
    expires_at: float
    token_id: str | None = None
    issued_at: float = inf


_OF_DEVELOPMENT = Credential(DEVELOPMENT, inf)


class Authenticator:
    """Remembers checked tokens, so that a busy client costs one signature and not thousands."""

    def __init__(
        self,
        settings: Settings,
        refuses: Callable[[Credential], bool] = lambda _: False,
        *,
        capacity: int = 10_000,
    ) -> None:
        """Check tokens by the keys of the settings.

        Args:
            settings: They have the keys.
            refuses: Tells whether a token is revoked.
            capacity: How many checked ones are remembered.
        """
        self._settings = settings
        self._refuses = refuses
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
        if known is None or time.time() >= known.expires_at:
            known = _credential(_claims(bearer_token(authorization), self._settings))
            if len(self._known) >= self._capacity:
                self._known.clear()
            self._known[authorization] = known
        if self._refuses(known):
            raise TokenRevoked(headers=[_INVALID])
        return known


def principal_of(subject: str, names: Iterable[str]) -> Principal:
    """Return the principal of a subject that a token was checked for, with roles by their names."""
    # A role of a newer version grants nothing here.
    roles = frozenset(_ROLES[name] for name in names if name in _ROLES)
    agent_id = subject if Role.AGENT in roles else None
    return Principal(subject=subject, roles=roles, agent_id=agent_id)


def _credential(claims: Mapping[str, Any]) -> Credential:
    principal = _principal(claims)
    issued_at = claims.get("iat")
    return Credential(
        principal,
        # The library cuts fractions of a second off, too.
        int(claims["exp"]) + _LEEWAY,
        claims.get("jti"),
        # The library refuses what is in the future, not what no float can hold.
        -inf if issued_at is None or issued_at < 0 else float(issued_at),
    )


def _claims(token: str | None, settings: Settings) -> Mapping[str, Any]:
    if token is None:
        raise Unauthenticated(headers=[_CHALLENGE])
    if settings.jwt_secret is None:
        raise InvalidToken(
            "This server has no keys to check a token with (MAS_JWT_SECRET)", headers=[_INVALID]
        )
    if not _is_signed(token, settings.jwt_secret):
        raise InvalidToken(headers=[_INVALID])
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


def _is_signed(token: str, secret: str) -> bool:
    """Tell whether the secret made the signature (RFC 7515, section 5.2; HS256).

    The library looks as well, but first at all the rest: a flood of forged tokens costs a tenth so.
    """
    signed, _, signature = token.rpartition(".")
    try:
        given, text = urlsafe_b64decode(signature + "=="), signed.encode()
    except ValueError:
        return False
    return hmac.compare_digest(given, hmac.digest(secret.encode(), text, "sha256"))


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
    principal = principal_of(subject, [name for name in names if isinstance(name, str)])
    if principal.agent_id is None:
        return principal
    try:
        check_id(subject, "sub")
    except InvalidValue as error:
        detail = f"An agent's sub is its id: {error.detail}"
        raise InvalidToken(detail, headers=[_INVALID]) from None
    return principal

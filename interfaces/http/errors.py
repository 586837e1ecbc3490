"""Why a request is refused before it becomes a command; the docstring is the message."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from aia_mas.domain.kernel import DomainError


class FieldError(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is wrong with one field of a request.

    Attributes:
        code: The stable code of the mistake.
        message: One sentence about it.
        field: The field's dotted path, with numbers from 0 for entries of lists, for example
            ``requirements.skills.python`` or ``specializations.1``; a dot within a name has a
            backslash before it.
        pointer: The same as a JSON pointer (RFC 6901), for fields of the body.
    """

    code: str
    message: str
    field: str = ""
    pointer: str = ""


class RequestRefused(DomainError):
    """The request was refused."""

    code = "bad_request"

    def __init__(
        self,
        detail: str | None = None,
        *,
        errors: Sequence[FieldError] = (),
        headers: Sequence[tuple[bytes, bytes]] = (),
    ) -> None:
        """Keep what the problem document says beyond its code.

        Args:
            detail: One sentence about this occurrence; the class docstring when left out.
            errors: The fields that are wrong.
            headers: Headers of the answer, for example ``Retry-After``.
        """
        super().__init__(detail)
        self.errors = tuple(errors)
        self.headers = tuple(headers)


class MalformedJson(RequestRefused):
    """The body is not JSON (RFC 8259)."""

    code = "malformed_json"


class InvalidEncoding(RequestRefused):
    """The request holds text that is not valid UTF-8."""

    code = "invalid_encoding"


class MissingBody(RequestRefused):
    """The request needs a JSON body."""

    code = "missing_body"


class InvalidNumber(RequestRefused):
    """A number is not finite or too large; JSON knows neither NaN nor Infinity."""

    code = "invalid_number"


class NulCharacter(RequestRefused):
    """A text holds the NUL character, which cannot be stored."""

    code = "nul_character"


class TooDeep(RequestRefused):
    """The body is nested too deeply."""

    code = "too_deep"


class InvalidBody(RequestRefused):
    """The body does not have the form that this operation takes."""

    code = "invalid_type"

    def __init__(self, errors: Sequence[FieldError]) -> None:
        """Take the code and the detail of the first mistake."""
        super().__init__(errors[0].message, errors=errors)
        self.code = errors[0].code  # type: ignore[misc]


class InvalidParameter(RequestRefused):
    """A parameter of the query does not have the form it should."""

    code = "invalid_parameter"


class MissingParameter(RequestRefused):
    """The query holds a parameter that means nothing without another one."""

    code = "missing_parameter"


class UnknownParameter(RequestRefused):
    """The query holds a parameter that this operation does not know."""

    code = "unknown_parameter"


class InvalidCursor(RequestRefused):
    """The cursor was not given out by this list with these filters; begin at the first page."""

    code = "invalid_cursor"


class InvalidHeader(RequestRefused):
    """A header does not have the form it should."""

    code = "invalid_header"


class RepeatedHeader(InvalidHeader):
    """A header that may say one thing only is given several times, and differently."""

    code = "repeated_header"


class InvalidIdempotencyKey(InvalidHeader):
    """An Idempotency-Key is 1 to 255 printable ASCII characters."""

    code = "invalid_idempotency_key"


class RequestRouteNotFound(RequestRefused):
    """Nothing is served under this path."""

    code = "route_not_found"


class MethodNotAllowed(RequestRefused):
    """The path is served, but not with this method; the Allow header names those that are."""

    code = "method_not_allowed"


class BodyTooLarge(RequestRefused):
    """The body is larger than this server takes."""

    code = "body_too_large"


class UnsupportedMediaType(RequestRefused):
    """The body must be JSON: Content-Type application/json, in UTF-8."""

    code = "unsupported_media_type"


class Unauthenticated(RequestRefused):
    """This needs a token: Authorization: Bearer."""

    code = "unauthenticated"


class InvalidToken(Unauthenticated):
    """The token was not issued for this server, or is not one."""

    code = "invalid_token"


class TokenExpired(Unauthenticated):
    """The token has expired."""

    code = "token_expired"


class TokenRevoked(Unauthenticated):
    """The token was revoked."""

    code = "token_revoked"


class InvalidTicket(Unauthenticated):
    """The ticket was used already, or is none of ours; each opens one connection."""

    code = "invalid_ticket"


class TicketExpired(Unauthenticated):
    """The ticket has expired; ask for a new one just before it is used."""

    code = "ticket_expired"


class RateLimited(RequestRefused):
    """The caller has sent more requests than it may; the header Retry-After tells when to go on."""

    code = "rate_limited"

    def __init__(self, retry_after: int = 1) -> None:
        """Say when to go on, whole seconds."""
        super().__init__()
        self.retry_after = retry_after


class HostNotAllowed(RequestRefused):
    """Without keys only this machine is served, under the name localhost or a loopback address."""

    code = "host_not_allowed"


class OriginNotAllowed(RequestRefused):
    """Pages of this origin may not call this server; MAS_CORS_ORIGINS names those that may."""

    code = "origin_not_allowed"


class ProjectionBehind(RequestRefused):
    """The read model has not reached the position asked for; try again."""

    code = "projection_behind"


class ClientGone(Exception):
    """The client closed the connection before its request was complete; there is none to answer."""

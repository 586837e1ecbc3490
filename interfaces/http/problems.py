"""Every error as a problem document (RFC 9457), by one table from stable codes to HTTP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
import psycopg
import structlog
from litestar.exceptions import (
    ClientException,
    HTTPException,
    MethodNotAllowedException,
    NotFoundException,
    ValidationException,
)

from aia_mas.application.event_log.errors import EventLogError
from aia_mas.domain.kernel import DomainError
from aia_mas.domain.kernel.errors import TooMuch
from aia_mas.domain.kernel.places import steps_of
from aia_mas.interfaces.http.errors import (
    FieldError,
    InvalidParameter,
    MethodNotAllowed,
    MissingBody,
    RateLimited,
    RequestRefused,
    RequestRouteNotFound,
)
from aia_mas.interfaces.http.problem_statuses import STATUS_OF
from aia_mas.interfaces.http.words import UNKNOWN_WORD, unknown_word

log = structlog.stdlib.get_logger("aia.http")

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:aia-mas:problem:"

_RETRY_AFTER = {"shutting_down": 5, "projection_behind": 1, "overloaded": 1}
_RESERVED = frozenset(
    {"type", "title", "status", "detail", "instance", "code", "errors", "retry_after"}
)
_encode = msgspec.json.Encoder().encode


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What went wrong, as RFC 9457 has it, with a stable ``code`` to act on.

    Attributes:
        type: Names the kind of problem; it ends with the code.
        title: The kind of problem in words; the same for every occurrence.
        status: The HTTP status.
        code: The stable code.
        detail: This occurrence in words.
        instance: The path that was asked for.
        request_id: What our log knows the request by; not in items of a batch, which share that of
            the header X-Request-Id.
        errors: The fields that are wrong.
        retry_after: When it may be worth another try, whole seconds; with 429 and 503, as in the
            header Retry-After.
    """

    type: str
    title: str
    status: int
    code: str
    detail: str
    instance: str = ""
    request_id: str = ""
    errors: tuple[FieldError, ...] = ()
    retry_after: int | None = None


class ProblemAnswer(NamedTuple):
    """A problem ready to be sent."""

    status: int
    code: str
    headers: list[tuple[bytes, bytes]]
    body: bytes


def problem_answer(
    error: BaseException,
    *,
    instance: str,
    request_id: str,
    words: Mapping[str, Sequence[str]] = {},
) -> ProblemAnswer:
    """Return what a client is told about an error.

    Args:
        error: Anything; what is not ours says no more than that it is our fault.
        instance: The path that was asked for.
        request_id: What our log knows the request by.
        words: The words that parameters of the query take, by parameter.
    """
    error = _ours(error, words)
    status = STATUS_OF.get(error.code, 500)
    retry_after = _retry_after(error, status)
    problem = Problem(
        type=TYPE_PREFIX + error.code,
        title=error.title,
        status=status,
        code=error.code,
        detail=error.detail,
        instance=instance,
        request_id=request_id,
        errors=_field_errors(error),
        retry_after=retry_after,
    )
    body = _with_facts(problem, error.facts)
    headers = [
        (b"content-type", MEDIA_TYPE.encode()),
        (b"content-length", b"%d" % len(body)),
        (b"cache-control", b"no-store"),
        *getattr(error, "headers", ()),
    ]
    if retry_after is not None:
        headers.append((b"retry-after", b"%d" % retry_after))
    if getattr(error, "replayed", False):
        headers.append((b"idempotent-replayed", b"true"))
    return ProblemAnswer(status, error.code, headers, body)


def _retry_after(error: DomainError, status: int) -> int | None:
    if isinstance(error, TooMuch | RateLimited):
        return error.retry_after
    return _RETRY_AFTER.get(error.code, 2) if status == 503 else None


def pointer_to(*steps: str | int) -> str:
    """Return the JSON pointer (RFC 6901) of a path."""
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in steps)


class _Translated(RequestRefused):
    """The request could not be answered."""

    def __init__(self, code: str, title: str, detail: str | None = None) -> None:
        super().__init__(detail or title)
        self.code = code  # type: ignore[misc]
        self.title = title


def _ours(error: BaseException, words: Mapping[str, Sequence[str]]) -> DomainError:
    """Return an error of ours for one of another library's."""
    match error:
        case DomainError():
            return error
        case EventLogError():
            detail = (type(error).__doc__ or "").strip().splitlines()[0]
            return _Translated(error.code, detail)
        case NotFoundException():
            return RequestRouteNotFound()
        case MethodNotAllowedException():
            allow = (error.headers or {}).get("allow", "")
            return MethodNotAllowed(headers=[(b"allow", _with_head(allow).encode())])
        case ValidationException():
            return _invalid_parameters(error, words)
        case ClientException():
            return RequestRefused(error.detail)
        case HTTPException() if error.status_code < 500:
            return RequestRefused(error.detail)
        case psycopg.OperationalError():  # PoolTimeout is one of these
            return _Translated("database_unavailable", "The database cannot be reached; try again.")
        case _:
            return _Translated(
                "internal_error", "The server made a mistake; the request id finds it in its log."
            )


def _with_head(allow: str) -> str:
    methods = {method.strip() for method in allow.split(",")} - {""}
    return ", ".join(sorted(methods | {"HEAD"} if "GET" in methods else methods))


def _invalid_parameters(
    error: ValidationException, words: Mapping[str, Sequence[str]]
) -> DomainError:
    mistakes = error.extra if isinstance(error.extra, list) else []
    if any(isinstance(mistake, dict) and mistake.get("key") == "data" for mistake in mistakes):
        # Litestar's word for the body; one that is there has been checked before (see ``bodies``).
        return MissingBody()
    errors = [_invalid_parameter(each, words) for each in mistakes if isinstance(each, dict)]
    detail = None if not errors else f"{errors[0].field}: {errors[0].message}"
    return InvalidParameter(detail, errors=errors)


def _invalid_parameter(
    mistake: Mapping[str, Any], words: Mapping[str, Sequence[str]]
) -> FieldError:
    field = str(mistake.get("key", "")).rstrip("_")  # see ``known_parameters``
    message = str(mistake.get("message", "is not valid"))
    if message.startswith(UNKNOWN_WORD):
        message = unknown_word(message, words.get(field, ()))
    return FieldError(code=InvalidParameter.code, message=message, field=field)


def _field_errors(error: DomainError) -> tuple[FieldError, ...]:
    if errors := getattr(error, "errors", ()):
        return tuple(errors)
    return tuple(_field_error(each, each.field) for each in getattr(error, "all", ()) if each.field)


def _field_error(error: DomainError, field: str) -> FieldError:
    pointer = pointer_to(*steps_of(field))
    return FieldError(code=error.code, message=error.detail, field=field, pointer=pointer)


def _with_facts(problem: Problem, facts: Mapping[str, Any]) -> bytes:
    if not facts:
        return _encode(problem)
    members = msgspec.to_builtins(problem)
    members |= {name: fact for name, fact in facts.items() if name not in _RESERVED}
    return _encode(members)

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
from aia_mas.interfaces.http.words import UNKNOWN_WORD, unknown_word

log = structlog.stdlib.get_logger("aia.http")

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:aia-mas:problem:"

STATUS_OF: Mapping[str, int] = {
    # 400: the request itself is not well-formed
    "bad_request": 400,
    "malformed_json": 400,
    "missing_body": 400,
    "invalid_encoding": 400,
    "invalid_parameter": 400,
    "missing_parameter": 400,
    "unknown_parameter": 400,
    "invalid_cursor": 400,
    "invalid_header": 400,
    "repeated_header": 400,
    "invalid_idempotency_key": 400,
    # 401, 403: who asks, and may they
    "unauthenticated": 401,
    "invalid_token": 401,
    "token_expired": 401,
    "token_revoked": 401,
    "invalid_ticket": 401,
    "ticket_expired": 401,
    "permission_denied": 403,
    "host_not_allowed": 403,
    "origin_not_allowed": 403,
    # 404, 405: what is asked for
    "not_found": 404,
    "route_not_found": 404,
    "agent_not_found": 404,
    "task_not_found": 404,
    "stream_not_found": 404,
    "connection_not_found": 404,
    "method_not_allowed": 405,
    # 409, 412: it does not go together with how things stand
    "refused": 409,
    "conflict": 409,
    "agent_already_registered": 409,
    "agent_suspended": 409,
    "max_agents_reached": 409,
    "task_already_submitted": 409,
    "assignment_obsolete": 409,
    "not_assigned_to_agent": 409,
    "stale_lease": 409,
    "task_cancelled": 409,
    "cost_exceeded": 409,
    "input_pending": 409,
    "input_not_awaited": 409,
    "too_many_questions": 409,
    "task_not_completed": 409,
    "already_rated": 409,
    "task_not_held": 409,
    "task_already_completed": 409,
    "task_already_finished": 409,
    "task_not_finished": 409,
    "too_many_pauses": 409,
    "too_many_revocations": 409,
    "no_endpoint": 409,
    "precondition_failed": 412,
    # 413, 415: the body as such
    "body_too_large": 413,
    "unsupported_media_type": 415,
    # 422: well-formed, but not allowed
    "invalid_type": 422,
    "missing_field": 422,
    "unknown_field": 422,
    "invalid_number": 422,
    "invalid_value": 422,
    "invalid_text": 422,
    "invalid_id": 422,
    "reserved_id": 422,
    "id_too_long": 422,
    "invalid_amount": 422,
    "negative_amount": 422,
    "amount_too_large": 422,
    "invalid_skill_level": 422,
    "invalid_lease_seconds": 422,
    "invalid_retry_policy": 422,
    "invalid_batch_size": 422,
    "deadline_passed": 422,
    "invalid_label_comparator": 422,
    "invalid_resource_amount": 422,
    "invalid_endpoint": 422,
    "endpoint_not_allowed": 422,
    "invalid_weights": 422,
    "unknown_policy": 422,
    "invalid_schema": 422,
    "answer_mismatch": 422,
    "unknown_tier": 422,
    "nul_character": 422,
    "too_deep": 422,
    "too_many_points": 422,
    "idempotency_key_reused": 422,
    # 429: too much at once
    "rate_limited": 429,
    "too_much": 429,
    "queue_full": 429,
    # 500: our fault
    "internal_error": 500,
    "append_failed": 500,
    "event_log_error": 500,
    "fold_stopped": 500,
    "unknown_topic": 500,
    "unreadable_event": 500,
    # 503: not now
    "overloaded": 503,
    "event_log_unavailable": 503,
    "database_unavailable": 503,
    "not_ready": 503,
    "shutting_down": 503,
    "fenced": 503,
    "projection_behind": 503,
}
"""Stable code -> HTTP status. A test fails when an error class of ours is missing here."""

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

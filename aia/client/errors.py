"""What can go wrong with a request, as exceptions that a program can tell apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec


class FieldError(msgspec.Struct, frozen=True):
    """What is wrong with one field (``field``: its dotted path; ``pointer``: as JSON pointer)."""

    code: str
    message: str
    field: str = ""
    pointer: str = ""


class ClientError(Exception):
    """Anything that went wrong with a request."""


class ConnectionFailed(ClientError):
    """There was no answer in time, after all retries.

    A command may have been carried out nevertheless. Repeated with the same key it is carried out
    once: ``client.tasks.submit(..., idempotency_key=error.idempotency_key)``.

    Attributes:
        idempotency_key: The key of the command; None for a read.
    """

    def __init__(self, message: str, idempotency_key: str | None = None) -> None:
        super().__init__(message)
        self.idempotency_key = idempotency_key


class StreamClosed(ClientError):
    """The server ended a live stream for good.

    Attributes:
        code: Why, by the close codes of `docs/realtime.md`; 4001: the token is no longer valid.
        reason: The same for people.
    """

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"closed by the server: {code} {reason}")
        self.code = code
        self.reason = reason


class HistoryLost(ClientError):
    """A live stream cannot go on where it was: the log was restored from a backup, for example.

    What happened meanwhile is not known; read anew how things stand, then open another stream.
    """


class UnexpectedAnswer(ClientError):
    """What came is not an answer of this API; something else may serve the address."""


class ApiError(ClientError):
    """The server refused the request, or could not carry it out.

    Attributes:
        status: The HTTP status.
        code: The stable word for what is wrong, ``task_not_found``.
        title: The same for people.
        detail: What is wrong in this case.
        errors: The fields that are wrong.
        request_id: What the server's log calls this request.
        retry_after: Seconds after which another try may be worth it.
        idempotency_key: The key of the command; None for a read.
        facts: What the problem document says beyond that, such as `index` in an atomic batch.
    """

    def __init__(
        self,
        status: int,
        code: str,
        *,
        title: str = "",
        detail: str = "",
        errors: tuple[FieldError, ...] = (),
        request_id: str = "",
        retry_after: float | None = None,
        idempotency_key: str | None = None,
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        self.status = status
        self.code = code
        self.title = title
        self.detail = detail
        self.errors = errors
        self.request_id = request_id
        self.retry_after = retry_after
        self.idempotency_key = idempotency_key
        self.facts = dict(facts or {})
        super().__init__(f"{status} {code}: {detail or title}")


class InvalidRequest(ApiError):
    """The request itself is wrong (400, 405, 413, 415, 422); ``errors`` tells where."""


class IdempotencyKeyReused(InvalidRequest):
    """The same idempotency key was used for something else."""


class NotAuthenticated(ApiError):
    """There is no token, or it is not valid, or no longer."""


class PermissionDenied(ApiError):
    """The token does not allow this."""


class NotFound(ApiError):
    """There is no such thing."""


class Conflict(ApiError):
    """It does not go together with how things stand; ``code`` says with what."""


class StaleLease(Conflict):
    """The attempt is over for this agent: somebody else may have the task. Stop working on it."""


class TaskCancelled(Conflict):
    """The task was called off. Stop working on it."""


class PreconditionFailed(ApiError):
    """The resource is not in the revision that ``if_match`` asks for: read it again."""


class RateLimited(ApiError):
    """Too many requests, or (``queue_full``) too many tasks wait; see ``retry_after``."""


class Unavailable(ApiError):
    """The server, or what stands before it, could not serve the request now (502, 503, 504)."""


class ReplyTimeout(Unavailable):
    """A message was sent and nobody has answered it in time; ``facts`` has its ``message_id``."""


class ServerFailed(ApiError):
    """The server made a mistake; its log knows ``request_id``."""


_BY_CODE: Mapping[str, type[ApiError]] = {
    "idempotency_key_reused": IdempotencyKeyReused,
    "reply_timeout": ReplyTimeout,
    "stale_lease": StaleLease,
    "task_cancelled": TaskCancelled,
}
_BY_STATUS: Mapping[int, type[ApiError]] = {
    401: NotAuthenticated,
    403: PermissionDenied,
    404: NotFound,
    409: Conflict,
    412: PreconditionFailed,
    429: RateLimited,
    502: Unavailable,
    503: Unavailable,
    504: Unavailable,
}


class _Problem(msgspec.Struct):
    code: str
    title: str = ""
    detail: str = ""
    errors: tuple[FieldError, ...] = ()
    request_id: str = ""
    retry_after: float | None = None


_KNOWN = frozenset({"type", "status", "instance", *_Problem.__struct_fields__})
_members = msgspec.json.Decoder(dict[str, Any]).decode


def error_of(
    status: int, body: bytes, retry_after: float | None, idempotency_key: str | None = None
) -> ApiError:
    """Return the error that an answer is.

    Args:
        status: The HTTP status, 300 or more.
        body: What came with it; a problem document (RFC 9457) unless it is of a proxy.
        retry_after: Seconds, by the header ``Retry-After``.
        idempotency_key: That of the command.
    """
    try:
        members = _members(body)
        problem = msgspec.convert(members, _Problem)
        facts = {name: value for name, value in members.items() if name not in _KNOWN}
    except (msgspec.MsgspecError, UnicodeDecodeError):
        # Not of this API: of a proxy before it, for example.
        problem = _Problem(code=f"http_{status}", detail=body[:200].decode("utf-8", "replace"))
        facts = {}
    kind = _BY_CODE.get(problem.code) or _BY_STATUS.get(status)
    if kind is None:
        kind = ServerFailed if status >= 500 else InvalidRequest
    return kind(
        status,
        problem.code,
        title=problem.title,
        detail=problem.detail,
        errors=problem.errors,
        request_id=problem.request_id,
        retry_after=problem.retry_after if retry_after is None else retry_after,
        idempotency_key=idempotency_key,
        facts=facts,
    )

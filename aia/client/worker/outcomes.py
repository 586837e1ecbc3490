"""What comes out of a handler: a result, or why there is none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from aia.client.errors import ApiError
from aia.client.types import ReportedUsage as Usage
from aia.client.worker.errors import TaskLost
from aia.client.writing import encode

MAX_MESSAGE = 2_000
"""Longest message of a failure, characters."""
_LONGEST_CODE = 128


class Result(msgspec.Struct, frozen=True):
    """A result with what is to be known about it.

    Attributes:
        result: Anything that JSON can say; also Structs, dataclasses, dates and decimals.
        quality: The worker's own estimate, 0..1.
        usage: What it consumed.
    """

    result: Any = None
    quality: float | None = None
    usage: Usage | None = None


class Fail(Exception):
    """Raised by a handler that gives up.

    Attributes:
        code: A word for programs, 1 to 128 characters.
        message: For people.
        retryable: Whether another attempt might do better.
    """

    def __init__(self, code: str, message: str = "", *, retryable: bool = False) -> None:
        """Give up (``code`` for programs, ``message`` for people)."""
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.retryable = retryable


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """The last message about an attempt.

    Attributes:
        kind: complete or fail.
        data: What it says beside whose attempt it is.
    """

    kind: str
    data: Mapping[str, Any]


def delivered(returned: Any) -> Outcome:
    """Return what a handler's value becomes (Any: whatever it returned)."""
    result = returned if isinstance(returned, Result) else Result(returned)
    try:
        data: dict[str, Any] = {"result": msgspec.Raw(msgspec.json.encode(result.result))}
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        return failed("unserializable_result", f"The result is no JSON: {error}", retryable=False)
    if result.quality is not None:
        data["quality"] = result.quality
    if result.usage is not None:
        data["usage"] = msgspec.Raw(encode(result.usage))
    return Outcome(kind="complete", data=data)


def raised(error: BaseException) -> Outcome:
    """Return what a handler's exception becomes: its name and its message, never a traceback."""
    if isinstance(error, Fail):
        return failed(error.code, error.message, retryable=error.retryable)
    if isinstance(error, ApiError):
        return failed(error.code, error.detail or error.title, retryable=False)
    if isinstance(error, TaskLost):
        return failed("task_lost", "The handler took the task for lost", retryable=True)
    return failed(type(error).__name__, _message(error), retryable=True)


def failed(code: str, message: str, *, retryable: bool) -> Outcome:
    """Return a failure (``code``, ``message`` and ``retryable`` as in ``Fail``)."""
    code = storable(code)[:_LONGEST_CODE] or "failed"
    data = {"error_code": code, "message": clipped(message, MAX_MESSAGE), "retryable": retryable}
    return Outcome(kind="fail", data=data)


def clipped(text: str, longest: int) -> str:
    """Return a text that can be stored, shortened in its middle when it is too long."""
    text = storable(text)
    if len(text) <= longest:
        return text
    half = (longest - 5) // 2
    return f"{text[:half]} ... {text[-half:]}"


def storable(text: str) -> str:
    """Return a text without what cannot be stored: NUL, and halves of surrogate pairs."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except Exception as second:  # noqa: BLE001 - a handler's exception may do anything
        return f"(its message failed: {type(second).__name__})"

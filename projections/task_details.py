"""What a task row holds as JSON: progress, questions, costs, as they are stored and read back."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")

INPUTS_KEPT = 20
"""Questions and answers of a task that are shown, the last ones."""
LINES_KEPT = 50
"""Log lines of an attempt that are shown, the last ones."""


class Progress(msgspec.Struct, gc=False):
    """What the reports on the attempt in force come to.

    Attributes:
        percent: How far it is, 0..100.
        message: The last thing it said.
        partial: The last partial result.
        log: Its last log lines.
        at: When it reported last, UTC.
    """

    percent: float | None
    message: str
    partial: Any
    log: list[str]
    at: datetime


class StoredProgress(Progress, gc=False):
    """The same, read back: the partial result stays the text that it was."""

    partial: msgspec.Raw


class Input(msgspec.Struct, gc=False):
    """A question and its answer.

    Attributes:
        number: The question's number.
        attempt: In which attempt it was asked.
        question: The question.
        choices: The answers that are taken; none: any.
        schema: What an answer must fit (JSON Schema).
        asked_at: When, UTC.
        answer: The answer.
        answered_by: Who gave it; None: nobody yet.
        answered_at: When, UTC.
    """

    number: int
    attempt: int
    question: str
    choices: tuple[str, ...]
    schema: Any
    asked_at: datetime
    answer: Any = None
    answered_by: str | None = None
    answered_at: datetime | None = None


class StoredInput(Input, gc=False):
    """The same, read back: what is any JSON stays the text that it was."""

    schema: msgspec.Raw
    answer: msgspec.Raw = msgspec.Raw(b"null")


class Cost(msgspec.Struct, gc=False):
    """What a completed task cost against the estimate; base units, as text.

    Attributes:
        estimated: The agent's price.
        actual: What the agent reported, else the price.
        excess: By how much that is more than the estimate.
        over_max_cost: It is more than the task's ``max_cost``.
    """

    estimated: str
    actual: str
    excess: str
    over_max_cost: bool


class Promise(msgspec.Struct, frozen=True):
    """What the attempt in force, or the one that finished the task, earns beside its price.

    Attributes:
        unfunded: Why it earns nothing; the others are those of ``RewardTerms``.
    """

    tier: str = ""
    multiplier_ppm: int = 0
    base: str = "0"
    reserved: str = "0"
    seconds: float = 0.0
    unfunded: str = ""


class TaskRating(msgspec.Struct, frozen=True):
    """What the client thinks of the result (``rating``: 0..1; ``at``: UTC)."""

    rating: float
    comment: str
    by: str
    at: datetime


class RetryPolicy(msgspec.Struct, frozen=True):
    """When a failed attempt is followed by another; see ``Retries`` of a submission."""

    max_attempts: int
    base_seconds: float
    factor: float
    cap_seconds: float
    jitter: float
    non_retryable_codes: tuple[str, ...]


def read(column: Any, kind: type[T]) -> T | None:
    """Return what stands in a JSON column, be it in memory or as it came from the database."""
    if isinstance(column, msgspec.Raw):
        return msgspec.json.decode(bytes(column), type=kind)
    return column  # type: ignore[no-any-return]

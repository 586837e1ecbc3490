"""What the answer of an endpoint means for the task that was sent to it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple

from aia_mas.application.webhooks.sending import Reply, Unanswered
from aia_mas.domain.orchestration.task_events import Usage

LONGEST_PAUSE = 3600.0
"""Seconds that an endpoint may ask to be left alone for."""
_SHORTEST_PAUSE = 1.0


class Taken(NamedTuple):
    """The agent has the task, and reports on it as usual."""

    outcome: str = "taken"


class Completed(NamedTuple):
    """The agent has done it already."""

    result: Any
    quality: float | None
    usage: Usage | None
    outcome: str = "completed"


class GivenUp(NamedTuple):
    """The agent has given it up already."""

    error_code: str
    message: str
    retryable: bool
    outcome: str = "failed"


class Gone(NamedTuple):
    """The endpoint is to be called no more."""

    outcome: str = "gone"


class Later(NamedTuple):
    """The endpoint asks to be left alone (``seconds``: for how long)."""

    seconds: float
    outcome: str = "later"


class Undelivered(NamedTuple):
    """It did not get there, or the answer means nothing; it is tried again."""

    outcome: str


Verdict = Taken | Completed | GivenUp | Gone | Later | Undelivered


Read = Callable[[bytes], Completed | GivenUp | None]
"""Returns what the JSON of an answer says; None: nothing that is understood."""


def verdict_on(answer: Reply | Unanswered, read: Read, now: datetime) -> Verdict:
    """Return what an answer to a task means.

    Args:
        answer: The answer, or why there is none.
        read: Reads its JSON.
        now: The time, UTC.
    """
    if isinstance(answer, Unanswered):
        return Undelivered(answer.outcome)
    if answer.status in {202, 204}:
        return Taken()
    if answer.status == 410:
        return Gone()
    if answer.status in {429, 503} and (said := answer.headers.get("retry-after")):
        pause = _seconds(said, now)
        if pause is not None:
            return Later(pause)
    if answer.status == 200:
        coded = answer.headers.get("content-encoding", "identity").lower() != "identity"
        return (None if coded else read(answer.body)) or Undelivered("invalid_answer")
    return Undelivered(answer.outcome)


def _seconds(said: str, now: datetime) -> float | None:
    """Return the pause that ``Retry-After`` asks for, in seconds or until a date (RFC 9110)."""
    if said.isascii() and said.isdigit():
        seconds = float(said[:9])
    else:
        try:
            until = parsedate_to_datetime(said)
        except ValueError:
            return None
        if until.tzinfo is None:
            until = until.replace(tzinfo=UTC)
        seconds = (until - now).total_seconds()
    return min(max(seconds, _SHORTEST_PAUSE), LONGEST_PAUSE)

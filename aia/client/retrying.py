"""When a request is sent again: exponential backoff with full jitter, bounded in time.

Full jitter as in "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015): many clients that
failed together do not come back together.
"""

from __future__ import annotations

import random
from typing import NamedTuple

import httpx

RETRIED_STATUSES = frozenset({429, 502, 503, 504})
"""Answers after which the same request may do better."""
FINAL_CODES = frozenset({"reply_timeout"})
"""The same statuses, where whoever asked has said how long to wait, and that time is over."""
RETRIED_CODES = frozenset({"conflict"})
"""The same, of those whose status says nothing: others were always faster, and nothing is kept."""
FINAL_FAILURES = (httpx.UnsupportedProtocol, httpx.LocalProtocolError)
"""Failures of the request itself: another try would fail in the same way."""

_random = random.SystemRandom().uniform


class Backoff(NamedTuple):
    """How often and how long a request is tried.

    Attributes:
        attempts: How often at most; 1: never again.
        base_seconds: The longest pause before the second try; doubles from try to try.
        cap_seconds: The longest pause.
        total_seconds: How long all tries and pauses may take together.
    """

    attempts: int = 12
    base_seconds: float = 0.1
    cap_seconds: float = 5.0
    total_seconds: float = 60.0


NEVER = Backoff(attempts=1)
"""Send it once."""


def may_be_repeated(status: int, code: str) -> bool:
    """Tell whether the same request may do better after a problem."""
    if status in RETRIED_STATUSES:
        return code not in FINAL_CODES
    return code in RETRIED_CODES


def pause_before(attempt: int, retries: Backoff, retry_after: float | None = None) -> float:
    """Return how long to wait before a try, seconds.

    Args:
        attempt: Its number, from 2.
        retries: The policy.
        retry_after: What the server asked for; never less than that.
    """
    ceiling = min(retries.cap_seconds, retries.base_seconds * 2.0 ** min(attempt - 2, 30))
    return (retry_after or 0.0) + _random(0.0, ceiling)


def retry_after_of(headers: httpx.Headers) -> float | None:
    """Return what ``Retry-After`` says, seconds; a date, which this API never sends, is nothing."""
    text = headers.get("retry-after", "")
    return float(text) if text.isdecimal() and len(text) < 10 else None

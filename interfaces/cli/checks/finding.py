"""What one check found."""

from __future__ import annotations

from typing import Literal

import msgspec


class Finding(msgspec.Struct, frozen=True):
    """The result of a check.

    Attributes:
        name: What was looked at.
        status: ``warn`` does not keep the server from running.
        detail: What was seen.
        hint: What helps.
    """

    name: str
    status: Literal["ok", "warn", "fail"]
    detail: str
    hint: str = ""


def passed(name: str, detail: str) -> Finding:
    """Return a finding that is as it should be."""
    return Finding(name, "ok", detail)


def doubtful(name: str, detail: str, hint: str = "") -> Finding:
    """Return a finding that somebody should look at."""
    return Finding(name, "warn", detail, hint)


def failed(name: str, detail: str, hint: str = "") -> Finding:
    """Return a finding that keeps the server from running."""
    return Finding(name, "fail", detail, hint)

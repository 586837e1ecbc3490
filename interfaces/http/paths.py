"""The paths under which we serve, and how one that was asked for is shown."""

from __future__ import annotations

from typing import Any

API = "/mas/api/v1"
"""Everything of the API."""

OPERATIONS = "/mas"
"""Health, documentation."""

_LONGEST = 512


def path_as_sent(scope: Any) -> str:
    """Return the path as it was sent: percent-encoded, it cannot break a line of the log.

    Args:
        scope: An ASGI scope, a dictionary.
    """
    raw: bytes | None = scope.get("raw_path")
    if not raw:
        path: str = scope["path"][:_LONGEST]
        raw = path.encode("ascii", "backslashreplace")
    shown = raw[:_LONGEST].decode("ascii", "backslashreplace")
    return shown if shown.isprintable() else ascii(shown)[1:-1]

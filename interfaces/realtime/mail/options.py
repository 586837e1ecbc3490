"""What the URL of a socket says about messages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from litestar import WebSocket

from aia_mas.application.communication.collecting import PREFETCH
from aia_mas.interfaces.http.errors import FieldError, InvalidParameter

MOST_PREFETCHED = 1_000
"""Most messages that a connection may have without having acknowledged them."""
_WORDS = {"true": True, "false": False}


class MailOptions(NamedTuple):
    """What a socket wants.

    Attributes:
        messages: Whether it wants messages; asked for where it is one for tasks.
        prefetch: How many may be out.
    """

    messages: bool
    prefetch: int


def mail_options(socket: WebSocket[Any, Any, Any]) -> MailOptions:
    """Return what the URL of a socket asks for.

    Raises:
        InvalidParameter: ``messages`` is neither true nor false, or ``prefetch`` no number of
            1 to 1,000.
    """
    query = socket.query_params
    wanted = _only(query.getall("messages", []), "messages")
    if wanted is not None and wanted not in _WORDS:
        raise _wrong("messages", "is true or false")
    prefetch = _only(query.getall("prefetch", []), "prefetch")
    return MailOptions(
        False if wanted is None else _WORDS[wanted],
        PREFETCH if prefetch is None else _count(prefetch),
    )


def _only(values: Sequence[str], field: str) -> str | None:
    if len(values) > 1:
        raise _wrong(field, "is given twice")
    return values[0] if values else None


def _count(text: str) -> int:
    if len(text) <= len(str(MOST_PREFETCHED)) and text.isascii() and text.isdecimal():
        count = int(text)
        if 1 <= count <= MOST_PREFETCHED:
            return count
    raise _wrong("prefetch", f"is a number of 1 to {MOST_PREFETCHED}")


def _wrong(field: str, message: str) -> InvalidParameter:
    wrong = FieldError(code=InvalidParameter.code, message=message, field=field)
    return InvalidParameter(f"{field} {message}", errors=[wrong])

"""Headers of messages: what is said about one beside its payload, name to text."""

from __future__ import annotations

from collections.abc import Mapping

from aia_mas.domain.kernel.errors import InvalidValue
from aia_mas.domain.orchestration.bounds import MAX_NAME, check_text

MOST_HEADERS = 32
LONGEST_HEADER = 1_024
"""Longest value of one, in characters."""


def check_headers(headers: Mapping[str, str], field: str) -> None:
    """Refuse headers that no message can have.

    Raises:
        InvalidValue: They are too many.
        InvalidText: A name or a value is out of bounds, or cannot be stored.
    """
    if len(headers) > MOST_HEADERS:
        raise InvalidValue(f"a message has at most {MOST_HEADERS} headers", field=field)
    for name, value in headers.items():
        check_text(name, field, shortest=1, longest=MAX_NAME)
        check_text(value, f"{field}.{name}", longest=LONGEST_HEADER)

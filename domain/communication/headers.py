"""Headers of messages: what is said about one beside its payload."""

from __future__ import annotations

from collections.abc import Mapping

from aia_mas.domain.kernel.errors import InvalidValue
from aia_mas.domain.kernel.places import within
from aia_mas.domain.orchestration.bounds import check_name, check_text

MOST_HEADERS = 32
LONGEST_HEADER = 1_024
"""Longest value of one, in characters."""


def check_headers(headers: Mapping[str, str], field: str) -> None:
    """Refuse headers that are too many, or one that is too long or cannot be stored.

    Raises:
        InvalidValue: There are too many.
        InvalidText: A name or a value is out of bounds.
    """
    if len(headers) > MOST_HEADERS:
        raise InvalidValue(f"{field} has at most {MOST_HEADERS} entries", field=field)
    for name, value in headers.items():
        check_name(name, field)
        check_text(value, within(field, name), longest=LONGEST_HEADER)

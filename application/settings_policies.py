"""Where the policies of a user are to be found, as a setting: ``package.module:name``."""

from __future__ import annotations

import re
from typing import Any

_PLACE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")


def policy_places(raw: Any) -> tuple[str, ...]:
    """Read places like ``my_company.policies:careful``, as a list or separated by commas."""
    parts = raw.split(",") if isinstance(raw, str) else raw
    if not isinstance(parts, list | tuple) or not all(isinstance(part, str) for part in parts):
        raise ValueError("must be a list of places")
    places = tuple(part.strip() for part in parts if part.strip())
    for place in places:
        if not _PLACE.fullmatch(place):
            raise ValueError("must hold places like my_company.policies:careful")
    return places

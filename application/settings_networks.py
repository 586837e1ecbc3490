"""How networks are written in settings: as CIDR, or by the word ``private``."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

PRIVATE = "private"


def networks(raw: Any) -> tuple[str, ...]:
    """Read networks, as a list or separated by commas.

    Raises:
        ValueError: One is none.
    """
    parts = raw.split(",") if isinstance(raw, str) else raw
    wrong = "must be a list of networks like 10.1.0.0/16 or fd00::/8, or private"
    if not isinstance(parts, list | tuple) or not all(isinstance(part, str) for part in parts):
        raise ValueError(wrong)
    found = tuple(part.strip().lower() for part in parts if part.strip())
    for name in found:
        try:
            if name != PRIVATE:
                ip_network(name)
        except ValueError:
            raise ValueError(wrong) from None
    return found

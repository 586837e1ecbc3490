"""When agents and attempts were heard of last, as those know who gave the signs of life."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

SHARED_AFTER = timedelta(seconds=2.5)
"""Within this time a node has told the others what it heard."""


class _Sign(NamedTuple):
    at: datetime
    by: Any
    before: datetime | None


class Hearing:
    """Signs of life that were given, and have not got lost with the node that took them."""

    def __init__(self) -> None:
        self._signs: dict[tuple[str, str], _Sign] = {}

    def heard(self, kind: str, key: str, at: datetime, by: Any = None) -> None:
        """Note a sign of life (``by``: the node that took it; None: the log)."""
        known = self._signs.get((kind, key))
        self._signs[kind, key] = _Sign(at, by, None if known is None else known.at)

    def doubt(self, kind: str, key: str) -> None:
        """Rely no more on what was heard of somebody: the next sign of life may be any time."""
        self._signs.pop((kind, key), None)

    def last(self, kind: str, key: str) -> datetime | None:
        """Return the last sign of life."""
        sign = self._signs.get((kind, key))
        return None if sign is None else sign.at

    def lose(self, node: Any, now: datetime) -> None:
        """Forget what only a node knew that was killed."""
        for key, sign in list(self._signs.items()):
            if sign.by is node and sign.at > now - SHARED_AFTER:
                if sign.before is None:
                    del self._signs[key]
                else:
                    self._signs[key] = _Sign(sign.before, None, None)

    def of(self, kind: str) -> Mapping[str, datetime]:
        """Return the last signs of life of one kind."""
        return {key: sign.at for (each, key), sign in self._signs.items() if each == kind}

"""Where nodes share signs of life, and the one for a single process."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from itertools import islice
from typing import Protocol

from aia_mas.application.clock import Clock

Sighted = tuple[str, str]
"""A kind and a key: (``agent``, its id), (``task``, the lease of an attempt at it)."""

Seen = Mapping[Sighted, datetime]
"""When each was last heard of, by the clock of the store, UTC."""

SLACK = timedelta(seconds=5)
"""How far ahead of a store's clock a sign of life may be, for what the ways take; whatever is
further ahead comes from before that clock was set back, and does not count."""


class PresenceStore(Protocol):
    """Where nodes share signs of life, by one clock: nodes' own clocks differ, and step."""

    async def now(self) -> datetime:
        """Return what time it is here."""
        ...

    async def write(self, seen: Seen, now: datetime) -> None:
        """Note signs of life; the latest one of each counts.

        Args:
            seen: What was heard of, and when.
            now: What time it is here, or was just now.
        """
        ...

    async def read(self, since: datetime, until: datetime, limit: int) -> Seen:
        """Return what was heard of last within a time, earliest first, at most ``limit``."""
        ...

    async def drop(self, keys: Collection[Sighted]) -> None:
        """Forget what will not be asked for again."""
        ...

    async def forget(self, before: datetime) -> None:
        """Forget old signs of life."""
        ...


class ReportStore(Protocol):
    """Where nodes share what agents say of themselves; see ``reports``."""

    async def write_reports(self, reports: Mapping[str, bytes]) -> None:
        """Keep the latest report (JSON) of some agents, for about a day."""
        ...

    async def read_reports(self, agent_ids: Collection[str]) -> Mapping[str, bytes]:
        """Return the reports of some agents, of those that are known."""
        ...


class MemoryPresence:
    """Signs of life in this process, for systems in memory."""

    def __init__(self, clock: Clock) -> None:
        """Start with none."""
        self._clock = clock
        self._seen: dict[Sighted, datetime] = {}
        self._reports: dict[str, bytes] = {}

    async def now(self) -> datetime:
        """Return what time it is here."""
        return self._clock.now()

    async def write(self, seen: Seen, now: datetime) -> None:
        """Note signs of life; the latest one of each counts."""
        for key, at in seen.items():
            known = self._seen.get(key, at)
            self._seen[key] = at if known > now + SLACK else max(at, known)

    async def read(self, since: datetime, until: datetime, limit: int) -> Seen:
        """Return what was heard of last within a time, earliest first, at most ``limit``."""
        found = [(at, key) for key, at in self._seen.items() if since <= at <= until]
        return {key: at for at, key in islice(sorted(found), limit)}

    async def drop(self, keys: Collection[Sighted]) -> None:
        """Forget what will not be asked for again."""
        for key in keys:
            self._seen.pop(key, None)

    async def forget(self, before: datetime) -> None:
        """Forget old signs of life."""
        self._seen = {key: at for key, at in self._seen.items() if at >= before}

    async def write_reports(self, reports: Mapping[str, bytes]) -> None:
        """Keep the latest report of some agents."""
        self._reports.update(reports)

    async def read_reports(self, agent_ids: Collection[str]) -> Mapping[str, bytes]:
        """Return the reports of some agents, of those that are known."""
        return {each: self._reports[each] for each in agent_ids if each in self._reports}

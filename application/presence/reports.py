"""What agents say of themselves with their heartbeats: how busy they are, and their own figures.

Like the heartbeats themselves this is presence and no event: the latest report of an agent counts,
nothing is decided on it, and it may get lost.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from datetime import datetime
from itertools import islice

import msgspec
import structlog

from aia_mas.application.clock import Clock
from aia_mas.application.presence.presence import UNAVAILABLE
from aia_mas.application.presence.store import ReportStore

log = structlog.stdlib.get_logger("aia.presence")

_AT_ONCE = 100
_MOST_WAITING = 20_000
"""Reports kept while the store is away, the latest ones."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What an agent said of itself.

    Attributes:
        load: How busy it is, 0..1, if it said so.
        metrics: Figures by name, of its own choice.
        at: When, UTC.
    """

    load: float | None = None
    metrics: dict[str, float] = {}
    at: datetime


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Report).decode


class Reports:
    """The latest report of each agent, shared between nodes."""

    def __init__(
        self, store: ReportStore, clock: Clock, *, interval: float = 0.5, patience: float = 2.0
    ) -> None:
        """Share reports through a store.

        Args:
            store: Where they are shared.
            clock: What time it is.
            interval: Seconds between two writes.
            patience: Seconds after which a store that does not answer counts as away.
        """
        self._store = store
        self._clock = clock
        self._interval = interval
        self._patience = patience
        # By agent, the one reported last at the end; gone from here when the store has it.
        self._fresh: dict[str, Report] = {}

    def report(self, agent_id: str, load: float | None, metrics: dict[str, float]) -> None:
        """Take what an agent says of itself."""
        self._fresh.pop(agent_id, None)
        self._fresh[agent_id] = Report(load=load, metrics=metrics, at=self._clock.now())
        if len(self._fresh) > _MOST_WAITING:
            del self._fresh[next(iter(self._fresh))]

    async def of(self, agent_ids: Collection[str]) -> dict[str, Report]:
        """Return the latest reports of some agents, as far as they are known."""
        found: dict[str, Report] = {}
        try:
            async with asyncio.timeout(self._patience):
                stored = await self._store.read_reports(agent_ids)
            found = {agent_id: _decode(report) for agent_id, report in stored.items()}
        except UNAVAILABLE as error:
            log.info("reports_unavailable", error=str(error))
        found.update((each, self._fresh[each]) for each in agent_ids if each in self._fresh)
        return found

    async def run(self) -> None:
        """Write what is reported until cancelled."""
        while True:
            await self._clock.sleep(self._interval)
            try:
                await self.write()
            except UNAVAILABLE as error:
                log.info("reports_not_written", error=str(error))

    async def write(self) -> None:
        """Write what is not yet written."""
        while some := dict(islice(self._fresh.items(), _AT_ONCE)):
            async with asyncio.timeout(self._patience):
                await self._store.write_reports(
                    {agent_id: _encode(report) for agent_id, report in some.items()}
                )
            for agent_id, report in some.items():
                if self._fresh.get(agent_id) is report:
                    del self._fresh[agent_id]

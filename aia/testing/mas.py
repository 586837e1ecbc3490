"""The whole system in memory: the product's own engine and processes, and a clock to be moved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self

import httpx

from aia.testing.chance import Chance
from aia.testing.errors import NotRunning
from aia.testing.events import append, records_of
from aia.testing.rest import at_rest
from aia.testing.stores import OpenMemory
from aia.testing.transport import AppTransport
from aia_mas.application.clock import ManualClock
from aia_mas.application.event_log.memory_log import MemoryEventLog
from aia_mas.application.event_log.records import RecordedEvent
from aia_mas.application.logs import use_standard_loggers
from aia_mas.application.settings import load_settings
from aia_mas.domain.kernel import Event
from aia_mas.domain.orchestration.scoring.policies import Policy
from aia_mas.interfaces.bootstrap import System
from aia_mas.interfaces.http.app import create_app

URL = "http://localhost"


class InMemoryMas:
    """A system in memory, within the event loop that enters it."""

    def __init__(
        self,
        *,
        start: datetime | str = "2026-01-01T00:00:00Z",
        seed: int = 0,
        config: Mapping[str, Any] | None = None,
        policies: Iterable[Policy] = (),
    ) -> None:
        """Describe a system; nothing is started before it is entered.

        Args:
            start: What time it is at first; without an offset it is UTC.
            seed: What all ids and draws come from: with the same steps come the same events.
            config: Settings, as in a configuration file. The environment is not looked at.
            policies: What may choose among agents beside the built-in policies.

        Raises:
            ValueError: ``start`` is no time, or there are two policies of one name.
            SettingsError: A setting is unknown or its value cannot be used.
        """
        use_standard_loggers()
        self.clock = ManualClock(_moment(start))
        self._chance = chance = Chance(seed, self.clock.now)
        settings = load_settings({"node_name": "memory"}, environment={}, config=config)
        self.system = System(
            settings,
            clock=self.clock,
            policies=policies,
            open_stores=OpenMemory(chance),
            new_id=chance.new_id,
            random=chance.random,
        )
        self._stack = AsyncExitStack()
        self._running = False

    async def __aenter__(self) -> Self:
        """Start it."""
        stack = self._stack
        await stack.enter_async_context(self.system)
        self.transport = AppTransport(create_app(self.system), self._chance)
        self.http = await stack.enter_async_context(
            httpx.AsyncClient(transport=self.transport, base_url=URL)
        )
        self._running = True
        await self.rest()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop it."""
        self._running = False
        await self._stack.aclose()

    @property
    def log(self) -> MemoryEventLog:
        """The event log."""
        if not self._running:
            raise NotRunning
        log = self.system.log
        assert isinstance(log, MemoryEventLog)
        return log

    def now(self) -> datetime:
        """Return what time it is in the system, UTC."""
        return self.clock.now()

    async def rest(self) -> None:
        """Wait until everything that can happen without time passing has happened."""
        log = self.log
        await at_rest(lambda: log.feed.position, lambda: False)

    async def sleep(self, seconds: float) -> None:
        """Wait until time was moved on so far; for the agents under test."""
        await self.clock.sleep(seconds)

    async def advance(
        self, *, seconds: float = 0.0, minutes: float = 0.0, hours: float = 0.0, days: float = 0.0
    ) -> None:
        """Let time pass: whatever is due on the way happens at its time, one after the other."""
        clock = self.clock
        span = timedelta(seconds=seconds, minutes=minutes, hours=hours, days=days)
        target = clock.monotonic() + span.total_seconds()
        await self.rest()
        while (alarm := clock.next_alarm) is not None and alarm <= target:
            clock.advance_to(alarm)
            await self.rest()
        clock.advance_to(target)
        await self.rest()

    def records(self, stream: str | None = None) -> list[RecordedEvent]:
        """Return events with their envelopes; see ``records_of``."""
        return records_of(self.log, stream)

    def events_of(self, stream: str) -> list[Event]:
        """Return the events of a stream (``task/<id>``) or of one kind of streams (``task``)."""
        return [record.event for record in records_of(self.log, stream)]

    async def given(self, stream: str, *events: Event) -> int:
        """Add events to a stream as if they had happened."""
        position = await append(self.log, stream, events, self._chance.new_id())
        await self.rest()
        return position


def _moment(start: datetime | str) -> datetime:
    moment = datetime.fromisoformat(start) if isinstance(start, str) else start
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)

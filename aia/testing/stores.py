"""Everything that a node keeps, kept in memory: nothing is connected to and nothing is left."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from typing import Literal

import structlog

from aia.testing.chance import Chance
from aia.testing.read_models import MemoryReadModels
from aia_mas.application import registry
from aia_mas.application.clock import Clock
from aia_mas.application.engine.snapshots import NoSnapshots
from aia_mas.application.event_handlers.store import MemoryHandlers
from aia_mas.application.event_log.fold_host import FoldHost
from aia_mas.application.event_log.leases import Lease
from aia_mas.application.event_log.memory_log import MemoryEventLog
from aia_mas.application.presence import MemoryPresence
from aia_mas.application.settings import Settings
from aia_mas.application.webhooks.store import MemoryWebhooks
from aia_mas.domain.orchestration.tiers import Tiers
from aia_mas.interfaces.process_folds import PROCESS_FOLDS
from aia_mas.projections.registry import READ_MODELS

log = structlog.stdlib.get_logger("aia.testing")

_TAKE_AGAIN = 1.0
"""Seconds before a lease is taken again that was given back."""


class MemoryLeases:
    """Leases of a node that is alone: always free, never lost, fenced like all others."""

    def __init__(self, event_log: MemoryEventLog, clock: Clock) -> None:
        """Keep the leases of a log."""
        self._log = event_log
        self._clock = clock
        self._held: dict[str, Lease] = {}

    @property
    def held(self) -> tuple[Lease, ...]:
        """The leases that are held."""
        return tuple(self._held.values())

    async def lead(self, name: str, work: Callable[[Lease], Awaitable[None]]) -> None:
        """Run ``work`` for ever; when it returns or fails, under the next epoch."""
        while True:
            epoch = self._log.epochs[name] = self._log.epochs.get(name, 0) + 1
            lease = self._held[name] = Lease(name, epoch, self._log.feed.position)
            try:
                await work(lease)
            except Exception:
                # As on a node: one process at fault must not take the others along.
                log.exception("lease_work_failed", lease=name)
            finally:
                del self._held[name]
            await self._clock.sleep(_TAKE_AGAIN)


class MemoryStores:
    """See ``Stores``."""

    kind: Literal["memory"] = "memory"
    exchange_seconds = 5.0
    """Nobody shares the signs of life: to exchange them seldom is enough."""

    def __init__(
        self, settings: Settings, name: str, clock: Clock, event_log: MemoryEventLog
    ) -> None:
        """Wire them around a log that is running (``name``: of the node)."""
        self.log = event_log
        self.leases = MemoryLeases(event_log, clock)
        self.signs_of_life = MemoryPresence(clock)
        self.limiter = None
        self.wakeups = None
        self.states = NoSnapshots()
        self.folds = None
        self.webhooks = MemoryWebhooks()
        self.handlers = MemoryHandlers()
        self._name = name

    def read_models(self, folded: Mapping[str, FoldHost], tiers: Tiers) -> MemoryReadModels:
        """Return the read models; see ``Stores``."""
        return MemoryReadModels(self.log, (*READ_MODELS, *PROCESS_FOLDS), folded, tiers)

    async def keep_house(self) -> None:
        """Wait: what is in memory needs no care."""
        await asyncio.get_running_loop().create_future()

    async def check(self) -> None:
        """Do nothing: it is here."""

    async def give_up(self) -> None:
        """Have nobody wait for the log; see ``Stores``."""
        await self.log.give_up()

    async def leaders(self) -> dict[str, str]:
        """Return who leads: this node, all that is led."""
        return {lease.name: self._name for lease in self.leases.held}

    def pool_figures(self) -> Mapping[str, int]:
        """Return nothing: there are no connections."""
        return {}


class OpenMemory:
    """Opens an empty log in memory; see ``OpenStores``."""

    def __init__(self, chance: Chance) -> None:
        """Draw the identity of the log from a seed."""
        self._chance = chance

    async def __call__(
        self, settings: Settings, name: str, clock: Clock, stack: AsyncExitStack
    ) -> MemoryStores:
        """Open it."""
        chance = self._chance
        event_log = MemoryEventLog(
            registry.event_mapper(),
            now=clock.now,
            store_id=chance.uuid(),
            epoch=chance.uuid(),
        )
        await stack.enter_async_context(event_log.running())
        return MemoryStores(settings, name, clock, event_log)

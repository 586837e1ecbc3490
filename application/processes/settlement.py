"""The settlement: the only process that writes the accounts of the system; one leader."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

import anyio
import structlog
from anyio.abc import TaskGroup

from aia_mas.application.clock import Clock
from aia_mas.application.engine.engine import Engine, Origin
from aia_mas.application.event_log.errors import EventLogError, Fenced
from aia_mas.application.event_log.fold_host import FoldHost
from aia_mas.application.event_log.leases import Lease
from aia_mas.application.event_log.records import Kind
from aia_mas.application.processes.settlement_fold import SettlementFold
from aia_mas.domain.economy.authority import SETTLEMENT
from aia_mas.domain.economy.parameters import AdoptConfiguredParameters, EconomicParameters
from aia_mas.domain.economy.supply.genesis import Genesis
from aia_mas.domain.economy.todo import Work
from aia_mas.domain.kernel import DomainError

log = structlog.stdlib.get_logger("aia.settlement")

LEASE = "settlement"
_AT_ONCE = 100
"""Works of one list that are begun at once, at most."""
_PAUSE = 0.25
_LONGEST_PAUSE = 30.0
_LOOK = 10.0
"""Seconds after which it looks again by itself, should the clock have been set."""


class Settlement:
    """Works off its to-do lists under its lease: each work once, whoever leads."""

    def __init__(
        self,
        fold: SettlementFold,
        host: FoldHost,
        clock: Clock,
        parameters: EconomicParameters,
    ) -> None:
        """Wire the settlement.

        Args:
            fold: Its to-do lists.
            host: Keeps them up to date.
            clock: What time it is.
            parameters: What the configuration says.
        """
        self._fold = fold
        self._host = host
        self._clock = clock
        self._parameters = parameters
        self._under_way: set[str] = set()
        self._refusals: Counter[str] = Counter()
        self._not_before: dict[str, datetime] = {}

    async def lead(self, lease: Lease, engine: Engine) -> None:
        """Work off what is due for as long as the lease lasts."""
        await self._host.reached(lease.head)
        await self._adopt_parameters(engine, lease)
        # Whatever was ordered at the very beginning finds a treasury and a pool that are filled.
        for work in self._fold.lists[Genesis.name].due(self._clock.now(), _AT_ONCE):
            await self._do(engine, work, lease)
        try:
            async with anyio.create_task_group() as tasks:
                while True:
                    self._fold.changed.clear()
                    self._begin(tasks, engine, lease)
                    await self._next()
        finally:
            self._under_way.clear()
            self._refusals.clear()
            self._not_before.clear()

    async def _adopt_parameters(self, engine: Engine, lease: Lease) -> None:
        """Have the log say what this node's configuration says, before it is decided on."""
        command = AdoptConfiguredParameters(parameters=self._parameters)
        try:
            adopted = await engine.run(command, Origin(SETTLEMENT, fence=lease.fence))
            await self._host.reached(adopted.position)
        except (DomainError, EventLogError) as error:
            # Those that stand are good enough until the next leader tries.
            log.warning("parameters_not_adopted", code=error.code)

    def _begin(self, tasks: TaskGroup, engine: Engine, lease: Lease) -> None:
        now = self._clock.now()
        # What is under way or put off stays due, and must not hide what stands behind it.
        most = _AT_ONCE + len(self._under_way) + len(self._not_before)
        seen: set[str] = set()
        for each in self._fold.lists.values():
            for work in each.due(now, most):
                work_id = work.work_id
                seen.add(work_id)
                if work_id in self._under_way or self._not_before.get(work_id, now) > now:
                    continue
                self._under_way.add(work_id)
                tasks.start_soon(self._do, engine, work, lease)
        for work_id in [each for each in self._not_before if each not in seen]:
            del self._not_before[work_id]
            self._refusals.pop(work_id, None)

    async def _next(self) -> None:
        """Wait until something has changed or something is due."""
        now, seconds = self._clock.now(), _LOOK
        times = [each.next_due() for each in self._fold.lists.values()]
        for due in (*times, *self._not_before.values()):
            if due is not None:
                seconds = min(seconds, max(0.0, (due - now).total_seconds()))
        with self._clock.within(max(seconds, 0.01)):
            await self._fold.changed.wait()

    async def _do(self, engine: Engine, work: Work, lease: Lease) -> None:
        work_id = work.work_id
        origin = Origin(
            SETTLEMENT,
            command_id=f"proc:settlement:{work_id}",
            fence=lease.fence,
            kind=Kind.FOREVER,
        )
        try:
            done = await engine.run(work.command, origin)
            await self._host.reached(done.position)
            self._refusals.pop(work_id, None)
            self._not_before.pop(work_id, None)
        except Fenced:
            log.warning("settlement_fenced", epoch=lease.epoch)
            await self._clock.sleep(_PAUSE)
        except (DomainError, EventLogError) as error:
            self._put_off(work_id, error.code)
        except Exception:
            # One work at fault must not keep all the others from being done.
            log.exception("settlement_failed", work=work_id)
            self._put_off(work_id, "internal_error")
        self._under_way.discard(work_id)
        self._fold.changed.set()

    def _put_off(self, work_id: str, code: str) -> None:
        """Try a work again later and later: what stands in its way may go away."""
        pause = min(_PAUSE * 2 ** self._refusals[work_id], _LONGEST_PAUSE)
        self._refusals[work_id] += 1
        self._not_before[work_id] = self._clock.now() + timedelta(seconds=pause)
        log.info("settlement_put_off", work=work_id, code=code, seconds=pause)

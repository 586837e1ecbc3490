"""The dispatcher: the only process that gives tasks to agents; one leader per engine."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

import anyio
import structlog
from msgspec.structs import replace

from aia_mas.application.clock import Clock
from aia_mas.application.engine.engine import Engine, Origin
from aia_mas.application.event_log.errors import EventLogError, Fenced
from aia_mas.application.event_log.fold_host import FoldHost
from aia_mas.application.event_log.leases import Lease
from aia_mas.application.event_log.records import Fence, Kind, NewEvent
from aia_mas.application.processes.dispatch_fold import DispatchFold
from aia_mas.application.processes.policy_alarms import PolicyAlarms
from aia_mas.domain.kernel import DomainError
from aia_mas.domain.kernel.principal import system
from aia_mas.domain.orchestration.fleet import Reason
from aia_mas.domain.orchestration.planning import PlannedAssignment
from aia_mas.domain.orchestration.requirement import RequirementSignature
from aia_mas.domain.orchestration.scoring.failures import FailedPolicy
from aia_mas.domain.orchestration.scoring.rules import AdoptConfiguredWeights
from aia_mas.domain.orchestration.scoring.weights import Weights
from aia_mas.domain.orchestration.task_commands import Assignment, AssignTask, SubmitTask
from aia_mas.domain.orchestration.task_events import TaskAssigned

log = structlog.stdlib.get_logger("aia.dispatcher")

LEASE = "dispatcher"
_PRINCIPAL = system("dispatcher")
_PAUSE = 0.25
_LONGEST_PAUSE = 30.0
_ELSEWHERE = Reason(
    code="not_leader",
    detail="Nothing that every node knows keeps it from an agent. Another node gives tasks to "
    "agents, and knows for which of them it keeps agents free: ask the one that health names as "
    "the leader of the dispatcher",
)


class Dispatcher:
    """Plans on the fleet fold and appends assignments under its lease."""

    def __init__(
        self,
        fold: DispatchFold,
        host: FoldHost,
        clock: Clock,
        new_id: Callable[[], str],
        weights: Weights | None = None,
    ) -> None:
        """Wire the dispatcher.

        Args:
            fold: The agents and the waiting tasks.
            host: Keeps the fold up to date.
            clock: What time it is.
            new_id: Makes lease tokens up.
            weights: What features count, by the configuration; None: it says nothing.
        """
        self._fold = fold
        self._host = host
        self._clock = clock
        self._new_id = new_id
        self._weights = weights
        self._alarms = PolicyAlarms(clock)
        self._lease: Lease | None = None
        self._under_way: set[str] = set()
        # How often in a row an assignment of each task was refused.
        self._refusals: Counter[str] = Counter()
        fold.replaced = self._stand_down

    @property
    def is_leader(self) -> bool:
        """Whether this node gives tasks to agents now."""
        return self._lease is not None

    async def knows(self, position: int, timeout: float) -> bool:
        """Wait until the fold has a position; False when ``timeout`` seconds passed first."""
        return await self._host.reached(position, timeout)

    def why_not(self, task_id: str) -> Sequence[Reason]:
        """Return what keeps a task waiting; empty where this node is about to place it."""
        reasons = self._fold.state.why_not(task_id, self._clock.now())
        return reasons if reasons or self.is_leader else (_ELSEWHERE,)

    def failures(self) -> Mapping[str, FailedPolicy]:
        """Return which policies failed, by the log, on whichever node."""
        return self._fold.state.fleet.chooser.failures.by_policy

    def filtered(self, signature: RequirementSignature) -> tuple[Sequence[Reason], int]:
        """Return whom a task of such demands does not come to now, and the position of that."""
        return self._fold.state.fleet.filtered(signature), self._host.position

    def place(self, command: SubmitTask) -> SubmissionPlacement | None:
        """Choose an agent for a task that is being submitted on the leader's own node."""
        lease = self._lease
        if lease is None:
            return None
        now, owner = self._clock.now(), command.owner
        planned = self._fold.state.place(command.task_id, command.spec, now, owner)
        if planned is None:
            return None
        self._alarms.look_at(planned)
        return SubmissionPlacement(self, command, planned, self._new_id(), lease.fence)

    def drop(self, task_id: str, *, fenced: bool = False) -> None:
        """Take back a choice that did not come true."""
        self._fold.state.drop(task_id)
        if fenced:
            self._lease = None
        self._fold.changed.set()

    async def lead(self, lease: Lease, engine: Engine) -> None:
        """Give waiting tasks to agents for as long as the lease lasts."""
        await self._host.reached(lease.head)
        await self._adopt_weights(engine, lease)
        self._lease = lease
        try:
            async with anyio.create_task_group() as tasks:
                while self._lease is lease:
                    self._fold.changed.clear()
                    plan = self._fold.state.plan(self._clock.now())
                    for planned in plan:
                        self._alarms.look_at(planned)
                        self._under_way.add(planned.task_id)
                        tasks.start_soon(self._assign, engine, planned, lease)
                    if self._fold.state.more_to_plan:
                        await asyncio.sleep(0)
                    else:
                        await self._next()
        finally:
            self._lease = None
            for task_id in self._under_way:
                self._fold.state.drop(task_id)
            self._fold.state.passed_over.give_up()
            self._under_way.clear()
            self._refusals.clear()

    async def _adopt_weights(self, engine: Engine, lease: Lease) -> None:
        """Have the log say what this node's configuration says, before it is decided on."""
        if self._weights is None:
            return
        origin = Origin(_PRINCIPAL, fence=lease.fence)
        try:
            adopted = await engine.run(AdoptConfiguredWeights(weights=self._weights), origin)
            await self._host.reached(adopted.position)
        except (DomainError, EventLogError) as error:
            # Those that stand are good enough until the next leader tries.
            log.warning("weights_not_adopted", code=error.code)

    def _stand_down(self) -> None:
        """Give the lease up: the fold was replaced by one that is behind and has no reservations.

        Whoever leads next begins where all assignments under way stand in the log, or are fenced.
        """
        if self._lease is not None:
            log.info("dispatcher_stands_down", epoch=self._lease.epoch)
            self._lease = None
            self._fold.changed.set()

    async def _next(self) -> None:
        """Wait until something has changed or a task that stands aside may be placed."""
        due = self._fold.state.next_due()
        seconds = 1.0
        if due is not None:
            seconds = min(1.0, max(0.0, (due - self._clock.now()).total_seconds()))
        with self._clock.within(seconds):
            await self._fold.changed.wait()

    async def _assign(self, engine: Engine, planned: PlannedAssignment, lease: Lease) -> None:
        command = AssignTask(
            task_id=planned.task_id, attempt=planned.attempt, **_terms(planned, self._new_id())
        )
        origin = Origin(
            _PRINCIPAL,
            command_id=f"proc:assign:{planned.task_id}:{planned.attempt}",
            fence=lease.fence,
            kind=Kind.FOREVER,
        )
        try:
            await engine.run(command, origin)
            self._refusals.pop(planned.task_id, None)
        except Fenced:
            log.warning("dispatcher_fenced", epoch=lease.epoch)
            self.drop(planned.task_id, fenced=True)
        except DomainError as error:
            log.info("assignment_dropped", task_id=planned.task_id, code=error.code)
            # The plan was made on an older view; look again when the fold has caught up.
            await self._host.reached(self._fold.head(), timeout=1.0)
            self._refused(planned.task_id)
        except EventLogError as error:
            log.info("assignment_failed", task_id=planned.task_id, code=error.code)
            # The queue is full, the store away or the node stopping: the same plan at once would
            # fail at once.
            await self._clock.sleep(_PAUSE)
            self.drop(planned.task_id)
        # Not when cancelled: then the lease is over, and ``lead`` takes back what is under way.
        self._under_way.discard(planned.task_id)

    def _refused(self, task_id: str) -> None:
        """Try a task again: at once if it is the first refusal, else later and later.

        Where the fold and the aggregate disagree, every try would be refused. The task stands
        aside meanwhile, so that the place goes to others.
        """
        refusals = self._refusals[task_id]
        aside = None
        if refusals:
            pause = min(_PAUSE * 2 ** (refusals - 1), _LONGEST_PAUSE)
            aside = self._clock.now() + timedelta(seconds=pause)
        if self._fold.state.drop(task_id, aside):
            self._refusals[task_id] += 1
        else:
            self._refusals.pop(task_id, None)
        self._fold.changed.set()


class SubmissionPlacement:
    """The agent chosen for a task while it is being submitted."""

    __slots__ = ("_dispatcher", "command", "fence")

    def __init__(
        self,
        dispatcher: Dispatcher,
        command: SubmitTask,
        planned: PlannedAssignment,
        lease: str,
        fence: Fence,
    ) -> None:
        """Put the choice into the command."""
        self._dispatcher = dispatcher
        self.command: Any = replace(command, assignment=Assignment(**_terms(planned, lease)))
        self.fence = fence

    def used(self, events: Sequence[NewEvent]) -> bool:
        """Tell whether the decision followed the choice (the agent may just have gone)."""
        return any(isinstance(event.event, TaskAssigned) for event in events)

    def dropped(self, *, fenced: bool = False) -> None:
        """The choice is void."""
        self._dispatcher.drop(self.command.task_id, fenced=fenced)


def _terms(planned: PlannedAssignment, lease: str) -> dict[str, Any]:
    grounds = planned.grounds
    return {
        "agent_id": planned.agent_id,
        "lease": lease,
        "lease_seconds": planned.lease_seconds,
        "price": planned.price,
        "considered": planned.considered,
        "load": planned.load,
        "policy": grounds.policy,
        "revision": grounds.revision,
        "seed": grounds.seed,
        "candidates": grounds.candidates,
        "failure": grounds.failure,
        "agents": grounds.agents,
        "with_room": grounds.with_room,
        "declared": planned.declared,
        "reward": planned.reward,
        "unfunded": planned.unfunded,
    }

"""The dispatcher's to-do list: a fold of agents and tasks that plans who gets what next."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from msgspec.structs import replace

from aia_mas.domain.economy.rewards.allowance import Allowance
from aia_mas.domain.kernel.event import Event
from aia_mas.domain.kernel.ids import entity_of
from aia_mas.domain.kernel.steps import Steps, chunks, copied
from aia_mas.domain.orchestration import planning
from aia_mas.domain.orchestration.agent_events import AgentRegistered
from aia_mas.domain.orchestration.dispatching_snapshot import DispatchingSnapshot
from aia_mas.domain.orchestration.fleet import Fleet, Reason
from aia_mas.domain.orchestration.known_task import KnownTask, Terms, known_task, limit_of, place_of
from aia_mas.domain.orchestration.passed_over import PassedOver
from aia_mas.domain.orchestration.planning import PlannedAssignment
from aia_mas.domain.orchestration.queueing import Accounts, TaskQueue, controls
from aia_mas.domain.orchestration.queueing.controls import Controls
from aia_mas.domain.orchestration.queueing.figures import Figures
from aia_mas.domain.orchestration.queueing.snapshot import queue_snapshot, restore_queue
from aia_mas.domain.orchestration.requirement import RequirementSignature, without
from aia_mas.domain.orchestration.scoring.policies import BUILT_IN, Policies
from aia_mas.domain.orchestration.seating import SeatCountBegan
from aia_mas.domain.orchestration.signatures import Signatures
from aia_mas.domain.orchestration.sweep import Sweep
from aia_mas.domain.orchestration.task_events import (
    TaskAssigned,
    TaskCancelled,
    TaskCompleted,
    TaskExpired,
    TaskFailed,
    TaskReleased,
    TaskReprioritised,
    TaskRequeued,
    TaskSubmitted,
)
from aia_mas.domain.orchestration.task_specification import Priority, TaskSpecification
from aia_mas.domain.orchestration.task_status import TaskStatus
from aia_mas.domain.orchestration.tiers import DEFAULT_TIERS, Tiers
from aia_mas.domain.orchestration.why_waiting import why_waiting


class Dispatching:
    """Everything that the dispatcher knows, folded from the log; each event once, in order.

    What is planned is reserved until its events arrive (``apply``) or its append was refused
    (``drop``), so that the next plan may be made while the last one is on its way into the log.
    A node that does not lead only applies events, and can take over at any time.

    Attributes:
        fleet: The agents and what they hold.
        seats_taken: Registrations that were counted near the limit; None before the count began.
        queue: The tasks that wait, and what is known of concurrency keys.
        figures: The queue in numbers.
        controls: Pauses, and limits of concurrency keys.
        passed_over: The tasks for which agents are kept free, while this node leads.
        rewards: What can be promised for attempts.
    """

    def __init__(
        self,
        max_concurrent_tasks: int | None = None,
        policies: Policies = BUILT_IN,
        tiers: Tiers = DEFAULT_TIERS,
        fleet: Fleet | None = None,
    ) -> None:
        """Start with an empty queue.

        Args:
            max_concurrent_tasks: Tasks held by agents at once; None: no cap.
            policies: What may choose among agents, by name.
            tiers: Which stake makes which tier.
            fleet: The agents; None: there are none yet.
        """
        self.fleet = Fleet(max_concurrent_tasks, policies, tiers) if fleet is None else fleet
        self.seats_taken: int | None = None
        self.queue = TaskQueue(suits=self._is_suited)
        self.figures = Figures()
        self.controls = Controls(self.queue)
        self._accounts = Accounts(self.queue)
        self.passed_over = PassedOver(self.fleet, self.queue)
        self.rewards = Allowance()
        self._sweep = Sweep(self.fleet, self.queue, self.passed_over)
        self._known: dict[str, KnownTask] = {}
        self._sequence = 0
        self._signatures = Signatures()

    def apply(self, stream: str, event: Event) -> None:
        """Fold one event; those that do not concern the dispatcher change nothing."""
        entity = entity_of(stream)
        task = self._known.get(entity)
        if task is None:
            self.fleet.apply(stream, event)
        else:
            self.fleet.apply(stream, event, task.signature.task_type, task.sticky_key)
        self.rewards.apply(entity, event)
        fold = _FOLDS.get(type(event))
        if fold is not None:
            fold(self, entity, event)

    def plan(self, now: datetime, limit: int = planning.TRIES) -> list[PlannedAssignment]:
        """Return what to assign now, at most ``limit``; each place is reserved.

        For every item either its ``task.assigned`` is to be applied, or ``drop`` to be called.
        With a limit reached there may be more to plan at once: see ``more_to_plan``.
        """
        at = now.timestamp()
        plan = planning.plan(self._sweep, self._accounts, self._known, at, limit)
        known = self._known
        return [planning.promised(each, self.rewards, known[each.task_id].owner) for each in plan]

    @property
    def more_to_plan(self) -> bool:
        """Whether another ``plan`` might place something without anything else happening."""
        return planning.more_to_plan(self.fleet, self.queue, self.passed_over)

    def next_due(self) -> datetime | None:
        """Return when the next task that stands aside may be placed, UTC; None: there is none."""
        due = self.queue.next_due()
        return None if due is None else datetime.fromtimestamp(due, UTC)

    def place(
        self, task_id: str, spec: TaskSpecification, now: datetime, owner: str = ""
    ) -> PlannedAssignment | None:
        """Return the first assignment of a task that is about to be submitted, and reserve it.

        None when the task has to wait: it is not due yet or paused, its key is full, no agent that
        suits has room, or others wait for the same or were not tried yet. It is then submitted
        alone. As with ``plan``, the assignment is applied or dropped.
        """
        if spec.not_before is not None and spec.not_before > now:
            return None
        if task_id in self._known or self.fleet.is_reserved(task_id):
            return None
        if not self.queue.due(now.timestamp()):
            return None
        signature = self._signatures.of(spec)
        limit = limit_of(spec)
        if self.queue.someone_asks_for(signature) or self.more_to_plan:
            return None
        if self.controls.holds(signature.task_type, limit, now):
            return None
        place = place_of(spec, now, self._sequence + 1, owner, limit)
        planned = planning.place_first(
            self.fleet, self._accounts, self.passed_over, task_id, spec, signature, place
        )
        return None if planned is None else planning.promised(planned, self.rewards, owner)

    def drop(self, task_id: str, aside: datetime | None = None) -> bool:
        """Take back an assignment that did not get into the log; the task waits as before.

        Args:
            task_id: Which task.
            aside: Until when it stands aside, UTC; None: not longer than it would have to.

        Returns:
            Whether it waits.
        """
        self._accounts.settle(task_id)
        self.rewards.drop(task_id)
        if not self.fleet.unreserve(task_id) or (task := self._known.get(task_id)) is None:
            return False
        if aside is not None:
            until = aside.timestamp()
            task = replace(task, due=until if task.due is None else max(task.due, until))
        self._wait(task)
        return True

    def why_not(self, task_id: str, now: datetime) -> tuple[Reason, ...]:
        """Return what keeps a task waiting; empty when it will be placed by the next plan."""
        task = self._known.get(task_id)
        return why_waiting(self.fleet, self.queue, self.controls, self.passed_over, task, now)

    def move(self, task_id: str, priority: Priority) -> bool:
        """Give an unfinished task another class, from the time on at which it was submitted.

        Returns:
            Whether there is such a task.
        """
        task = self._known.get(task_id)
        if task is None:
            return False
        place = task.since + priority.offset_seconds
        moved = self._known[task_id] = replace(task, place=place, rank=priority.rank)
        if not task.held:
            self._left(task)
            self._entered(moved)
            if task_id in self.queue:
                self._wait(moved)
        return True

    def __len__(self) -> int:
        """Return how many tasks wait, those that stand aside included."""
        return len(self.queue)

    def snapshot(self) -> Steps[DispatchingSnapshot]:
        """Return all that came from the log, as shallow copies; see ``encode_snapshot``.

        No event may be applied between the steps.
        """
        fleet = yield from self.fleet.snapshot()
        tasks = yield from copied(self._known.values())
        queue = yield from queue_snapshot(self.queue, self.figures, self.controls.pauses.values())
        rewards = yield from self.rewards.snapshot()
        return DispatchingSnapshot(fleet, tasks, self._sequence, self.seats_taken, queue, rewards)

    @classmethod
    def restore(
        cls,
        snapshot: DispatchingSnapshot,
        max_concurrent_tasks: int | None = None,
        policies: Policies = BUILT_IN,
        tiers: Tiers = DEFAULT_TIERS,
    ) -> Steps[Dispatching]:
        """Return a fold that goes on where the snapshot was taken."""
        terms = max_concurrent_tasks, policies, tiers
        restored = cls(*terms, fleet=(yield from Fleet.restore(snapshot.fleet, *terms)))
        restored._sequence = snapshot.sequence
        restored.seats_taken = snapshot.seats_taken
        yield from restore_queue(snapshot.queue, restored.queue, restored.figures)
        restored.rewards = yield from Allowance.restore(snapshot.rewards)
        for pause in snapshot.queue.pauses:
            restored.controls.begin(pause)
        for some in chunks(snapshot.tasks, _AT_ONCE):
            for task in some:
                restored._known[task.task_id] = task
                restored._signatures.one(task.signature)
                if task.held:
                    if task.limit is not None:
                        restored.queue.keys.state(task.limit.key).held += 1
                    restored.fleet.occupy(task.task_id, task.signature.resources)
                else:
                    restored._entered(task)
                    restored._wait(task)
            yield
        return restored

    def _is_suited(self, signature: RequirementSignature, agent_id: str) -> bool:
        # The fleet is another one once a snapshot was restored.
        return self.fleet.is_suited(signature, agent_id)

    def _wait(self, task: KnownTask) -> None:
        self.queue.push(task.task_id, task.signature, task.stands, task.due)

    def _entered(self, task: KnownTask) -> None:
        """Count a task that waits by the log."""
        self.figures.entered(task)
        self._accounts.entered(task.stands)

    def _left(self, task: KnownTask) -> None:
        """Count a task that waits no more by the log."""
        self.figures.left(task)
        self._accounts.left(task.stands)

    def _new(self, task_id: str, terms: Terms, since: datetime, owner: str, **rest: Any) -> None:
        self._sequence += 1
        signature = self._signatures.of(terms)
        task = known_task(task_id, signature, terms, since, self._sequence, owner=owner, **rest)
        self._known[task_id] = task
        self._entered(task)
        # A task placed while it was submitted waits for its assignment, not for an agent.
        if not self.fleet.is_reserved(task_id):
            self._wait(task)

    def _registered(self, _agent_id: str, event: AgentRegistered) -> None:
        if event.counted:
            self.seats_taken = (self.seats_taken or 0) + 1

    def _count_began(self, _: str, _event: SeatCountBegan) -> None:
        self.seats_taken = 0

    def _submitted(self, task_id: str, event: TaskSubmitted) -> None:
        spec = event.spec
        self._new(task_id, spec, event.submitted_at, event.owner, due=spec.not_before)

    def _requeued(self, task_id: str, event: TaskRequeued) -> None:
        owner = event.owner or event.by
        self._new(task_id, event.terms, event.at, owner, attempt=event.attempt)

    def _assigned(self, task_id: str, event: TaskAssigned) -> None:
        counted = self._accounts.settle(task_id)
        self.queue.discard(task_id)
        task = self._known.get(task_id)
        if task is None or task.held:
            return
        self._known[task_id] = replace(task, attempt=event.attempt, due=None, held=True)
        self.fleet.occupy(task_id, task.signature.resources)
        self._left(task)
        agent_id, at = event.agent_id, event.assigned_at
        self._accounts.dispatched(task.stands, agent_id, at, counted=counted)

    def _attempt_over(self, task_id: str, event: TaskFailed | TaskReleased) -> None:
        if event.outcome is not TaskStatus.QUEUED:
            at = event.failed_at if isinstance(event, TaskFailed) else event.released_at
            self._over(task_id, at)
        elif (task := self._known.get(task_id)) is not None:
            due = None if event.retry_at is None else event.retry_at.timestamp()
            signature = task.signature
            if type(event) is TaskReleased and event.excluded:
                signature = self._signatures.one(without(signature, event.agent_id))
            waiting = replace(task, due=due, held=False, signature=signature)
            self._known[task_id] = waiting
            if task.held:
                self._entered(waiting)
                self._accounts.returned(task.limit)
            self._wait(waiting)

    def _over(self, task_id: str, at: datetime) -> None:
        self.queue.discard(task_id)
        task = self._known.pop(task_id, None)
        if task is None:
            return
        self.figures.finished(at)
        if task.limit is not None:
            self.queue.keys.state(task.limit.key).finished(at)
        if task.held:
            self._accounts.returned(task.limit)
            return
        self._left(task)
        if task.limit is not None:
            self.queue.keys.forget_idle(task.limit.key)


_AT_ONCE = 50
"""Tasks that are restored within one step."""
# Any: each fold takes its own event type.
_FOLDS: dict[type[Event], Callable[[Dispatching, str, Any], object]] = {
    AgentRegistered: Dispatching._registered,
    SeatCountBegan: Dispatching._count_began,
    TaskSubmitted: Dispatching._submitted,
    TaskRequeued: Dispatching._requeued,
    TaskAssigned: Dispatching._assigned,
    TaskReprioritised: lambda self, task_id, event: self.move(task_id, event.priority),
    TaskFailed: Dispatching._attempt_over,
    TaskReleased: Dispatching._attempt_over,
    TaskCompleted: lambda self, task_id, event: self._over(task_id, event.completed_at),
    TaskCancelled: lambda self, task_id, event: self._over(task_id, event.at),
    TaskExpired: lambda self, task_id, event: self._over(task_id, event.at),
    **dict.fromkeys(controls.EVENTS, lambda self, _, event: self.controls.apply(event)),
}

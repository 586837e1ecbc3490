"""The dispatcher's to-do list: a fold of agents and tasks that plans who gets what next."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from weakref import WeakValueDictionary

from msgspec.structs import replace

from aia_mas.domain.kernel.event import Event
from aia_mas.domain.kernel.ids import entity_of
from aia_mas.domain.kernel.steps import Steps, chunks, copied
from aia_mas.domain.orchestration.agent_events import AgentRegistered
from aia_mas.domain.orchestration.dispatching_snapshot import DispatchingSnapshot
from aia_mas.domain.orchestration.fleet import Fleet, Reason
from aia_mas.domain.orchestration.known_task import KnownTask, known_task, place_in_queue
from aia_mas.domain.orchestration.planning import (
    PlannedAssignment,
    more_to_plan,
    plan,
    planned,
)
from aia_mas.domain.orchestration.requirement import RequirementSignature, signature_of, without
from aia_mas.domain.orchestration.scoring.policies import BUILT_IN, Policies
from aia_mas.domain.orchestration.scoring.seeds import seed_of
from aia_mas.domain.orchestration.seating import SeatCountBegan
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
from aia_mas.domain.orchestration.task_queue import TaskQueue
from aia_mas.domain.orchestration.task_specification import TaskSpecification, TaskTerms
from aia_mas.domain.orchestration.task_status import TaskStatus


class Dispatching:
    """Everything that the dispatcher knows, folded from the log; each event once, in order.

    What is planned is reserved until its events arrive (``apply``) or its append was refused
    (``drop``), so that the next plan may be made while the last one is on its way into the log.
    A node that does not lead only applies events, and can take over at any time.

    Attributes:
        fleet: The agents and what they hold.
        seats_taken: Registrations that were counted near the limit; None before the count began.
    """

    def __init__(
        self, max_concurrent_tasks: int | None = None, policies: Policies = BUILT_IN
    ) -> None:
        """Start empty.

        Args:
            max_concurrent_tasks: Tasks held by agents at once; None: no cap.
            policies: What may choose among agents, by name.
        """
        self.fleet = Fleet(max_concurrent_tasks, policies)
        self.seats_taken: int | None = None
        self._queue = TaskQueue()
        self._known: dict[str, KnownTask] = {}
        self._sequence = 0
        # Equal signatures are one object: they are many, and compared often.
        self._signatures: WeakValueDictionary[RequirementSignature, RequirementSignature]
        self._signatures = WeakValueDictionary()

    def apply(self, stream: str, event: Event) -> None:
        """Fold one event; those that concern neither agents nor tasks change nothing."""
        entity = entity_of(stream)
        task = self._known.get(entity)
        if task is None:
            self.fleet.apply(stream, event)
        else:
            self.fleet.apply(stream, event, task.signature.task_type, task.sticky_key)
        fold = _FOLDS.get(type(event))
        if fold is not None:
            fold(self, entity, event)

    def plan(self, now: datetime, limit: int = 32) -> list[PlannedAssignment]:
        """Return what to assign now, at most ``limit``; each place is reserved.

        For every item either its ``task.assigned`` is to be applied, or ``drop`` to be called.
        With a limit reached there may be more to plan at once: see ``more_to_plan``.
        """
        return plan(self.fleet, self._queue, self._known, now.timestamp(), limit)

    @property
    def more_to_plan(self) -> bool:
        """Whether another ``plan`` might place something without anything else happening."""
        return more_to_plan(self.fleet, self._queue)

    def next_due(self) -> datetime | None:
        """Return when the next task that stands aside may be placed, UTC; None: there is none."""
        due = self._queue.next_due()
        return None if due is None else datetime.fromtimestamp(due, UTC)

    def place(
        self, task_id: str, spec: TaskSpecification, now: datetime
    ) -> PlannedAssignment | None:
        """Return the first assignment of a task that is about to be submitted, and reserve it.

        None when the task has to wait: it is not due yet, no agent that suits has room, or others
        wait for the same or were not tried yet. It is then submitted alone. As with ``plan``, the
        assignment is applied or dropped.
        """
        if spec.not_before is not None and spec.not_before > now:
            return None
        if task_id in self._known or self.fleet.is_reserved(task_id):
            return None
        self._queue.due(now.timestamp())
        signature = self._signature(spec)
        if self._queue.line_of(signature) is not None or self.more_to_plan:
            return None
        pick = self.fleet.pick(signature, seed_of(task_id, 1), spec.requirements.sticky_key)
        if pick is None:
            return None
        self.fleet.reserve(task_id, pick.agent_id, signature.resources)
        return planned(task_id, 1, spec.lease_seconds, pick)

    def drop(self, task_id: str, aside: datetime | None = None) -> bool:
        """Take back an assignment that did not get into the log; the task waits as before.

        Args:
            task_id: Which task.
            aside: Until when it stands aside, UTC; None: not longer than it would have to.

        Returns:
            Whether it waits.
        """
        if not self.fleet.unreserve(task_id) or (task := self._known.get(task_id)) is None:
            return False
        if aside is not None:
            until = aside.timestamp()
            task = replace(task, due=until if task.due is None else max(task.due, until))
        self._wait(task)
        return True

    def why_not(self, task_id: str) -> tuple[Reason, ...]:
        """Return what keeps a task waiting; empty when it will be placed by the next plan."""
        task = self._known.get(task_id)
        if task is None or task_id not in self._queue:
            return (Reason(code="not_waiting", detail="The task does not wait for an agent"),)
        held_until = self._queue.held_until(task_id)
        if held_until is not None:
            at = datetime.fromtimestamp(held_until, UTC).isoformat()
            return (Reason(code="not_due", detail=f"Not before {at}", facts={"due": at}),)
        return self.fleet.why_not(task.signature)

    def __len__(self) -> int:
        """Return how many tasks wait, those that stand aside included."""
        return len(self._queue)

    def snapshot(self) -> Steps[DispatchingSnapshot]:
        """Return all that came from the log, as shallow copies; see ``encode_snapshot``.

        No event may be applied between the steps.
        """
        fleet = yield from self.fleet.snapshot()
        tasks = yield from copied(self._known.values())
        return DispatchingSnapshot(fleet, tasks, self._sequence, self.seats_taken)

    @classmethod
    def restore(
        cls,
        snapshot: DispatchingSnapshot,
        max_concurrent_tasks: int | None = None,
        policies: Policies = BUILT_IN,
    ) -> Steps[Dispatching]:
        """Return a fold that goes on where the snapshot was taken."""
        restored = cls(max_concurrent_tasks, policies)
        restored.fleet = yield from Fleet.restore(snapshot.fleet, max_concurrent_tasks, policies)
        restored._sequence = snapshot.sequence
        restored.seats_taken = snapshot.seats_taken
        for some in chunks(snapshot.tasks, 100):
            for task in some:
                restored._known[task.task_id] = task
                restored._signatures.setdefault(task.signature, task.signature)
                if restored.fleet.holder_of(task.task_id) is None:
                    restored._wait(task)
                else:
                    restored.fleet.occupy(task.task_id, task.signature.resources)
            yield
        return restored

    def _signature(self, spec: TaskSpecification | TaskTerms) -> RequirementSignature:
        signature = signature_of(spec.task_type, spec.requirements, spec.max_cost)
        return self._signatures.setdefault(signature, signature)

    def _wait(self, task: KnownTask) -> None:
        self._queue.push(task.task_id, task.signature, task.key, task.due)

    def _enter(self, task: KnownTask) -> None:
        self._sequence = task.sequence
        self._known[task.task_id] = task
        # A task placed while it was submitted waits for its assignment, not for an agent.
        if not self.fleet.is_reserved(task.task_id):
            self._wait(task)

    def _registered(self, _agent_id: str, event: AgentRegistered) -> None:
        if event.counted:
            self.seats_taken = (self.seats_taken or 0) + 1

    def _count_began(self, _: str, _event: SeatCountBegan) -> None:
        self.seats_taken = 0

    def _submitted(self, task_id: str, event: TaskSubmitted) -> None:
        spec, since, sequence = event.spec, event.submitted_at, self._sequence + 1
        signature = self._signature(spec)
        self._enter(known_task(task_id, signature, spec, since, sequence, due=spec.not_before))

    def _requeued(self, task_id: str, event: TaskRequeued) -> None:
        terms, since, sequence = event.terms, event.at, self._sequence + 1
        signature = self._signature(terms)
        self._enter(known_task(task_id, signature, terms, since, sequence, attempt=event.attempt))

    def _assigned(self, task_id: str, event: TaskAssigned) -> None:
        self._queue.discard(task_id)
        if (task := self._known.get(task_id)) is not None:
            self._known[task_id] = replace(task, attempt=event.attempt, due=None)
            self.fleet.occupy(task_id, task.signature.resources)

    def _attempt_over(self, task_id: str, event: TaskFailed | TaskReleased) -> None:
        if event.outcome is not TaskStatus.QUEUED:
            self._finished(task_id, event)
        elif (task := self._known.get(task_id)) is not None:
            due = None if event.retry_at is None else event.retry_at.timestamp()
            signature = task.signature
            if type(event) is TaskReleased and event.excluded:
                signature = without(signature, event.agent_id)
                signature = self._signatures.setdefault(signature, signature)
            task = self._known[task_id] = replace(task, due=due, signature=signature)
            self._wait(task)

    def _reprioritised(self, task_id: str, event: TaskReprioritised) -> None:
        if (task := self._known.get(task_id)) is not None:
            place = place_in_queue(event.since, event.priority)
            task = self._known[task_id] = replace(task, place=place)
            if task_id in self._queue:
                held_until = self._queue.held_until(task_id)
                self._queue.push(task_id, task.signature, task.key, held_until)

    def _finished(self, task_id: str, _event: Event) -> None:
        self._queue.discard(task_id)
        self._known.pop(task_id, None)


# Any: each fold takes its own event type.
_FOLDS: dict[type[Event], Callable[[Dispatching, str, Any], None]] = {
    AgentRegistered: Dispatching._registered,
    SeatCountBegan: Dispatching._count_began,
    TaskSubmitted: Dispatching._submitted,
    TaskRequeued: Dispatching._requeued,
    TaskAssigned: Dispatching._assigned,
    TaskReprioritised: Dispatching._reprioritised,
    TaskFailed: Dispatching._attempt_over,
    TaskReleased: Dispatching._attempt_over,
    TaskCompleted: Dispatching._finished,
    TaskCancelled: Dispatching._finished,
    TaskExpired: Dispatching._finished,
}

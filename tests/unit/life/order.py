"""The order of ADR 8: who of those that wait may be passed over, and how often."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from aia_mas.application.event_log.records import RecordedEvent
from aia_mas.domain.kernel.ids import entity_of
from aia_mas.domain.orchestration.amounts import taken
from aia_mas.domain.orchestration.task_events import TaskAssigned

from .books import Books
from .entries import TaskEntry
from .node import lease_number


class Plan(NamedTuple):
    """When an assignment was planned.

    Attributes:
        position: Up to where the dispatcher knew the log.
        under_way: The tasks whose assignments were on their way; they may have been refused since.
    """

    position: int
    under_way: frozenset[str]


class Dispatch(msgspec.Struct):
    """A task that was given to an agent, and those that could have had its place.

    Attributes:
        task: It, as it stood when that was planned.
        rivals: Those that waited and could have taken the place.
        oldest: The smallest key in its class then.
    """

    task: TaskEntry
    agent_id: str
    rivals: list[TaskEntry]
    oldest: tuple[float, int]


class Order:
    """Compares every assignment with what waited when it was planned, and waits still.

    Only what had settled before is compared: what came meanwhile, the plan did not know.
    """

    def __init__(self, books: Books, planned_at: Callable[[str], Plan]) -> None:
        """Compare by the books (``planned_at``: tells of the plan to which a lease belongs)."""
        self._books = books
        self._planned_at = planned_at
        self._settled = 0
        self._calm = False
        # Something was placed while it was submitted: that is charged to its owner as well.
        self._jumped = False
        self._plans: dict[int, list[RecordedEvent]] = {}
        self._dispatches: list[Dispatch] = []
        # By task: how often each owner was served before it, since it entered.
        self._passed: dict[tuple[str, int], Counter[str]] = {}

    def expect(self, events: Sequence[RecordedEvent]) -> None:
        """Take note of the events that the books will get next."""
        for recorded in events:
            if type(recorded.event) is TaskAssigned:
                planned = max(self._planned_at(recorded.event.lease).position, self._settled)
                self._plans.setdefault(planned, []).append(recorded)

    def look(self, now: datetime) -> None:
        """Look at what was planned where the books stand now."""
        plans = self._plans.pop(self._books.position, [])
        plans.sort(key=lambda each: lease_number(each.event.lease))
        ahead: list[tuple[str, TaskEntry]] = []
        for recorded in plans:
            task = self._books.tasks.get(entity_of(recorded.stream))
            if task is None:  # it was submitted together with its assignment
                self._jumped = True
            else:
                self._plan(task, recorded.event, ahead)
                ahead.append((recorded.event.agent_id, task))

    def settled(self, *, calm: bool) -> None:
        """Compare (``calm``: nothing but this one step was under way)."""
        if self._jumped or not (calm and self._calm):
            self._passed.clear()
        if calm and self._calm:
            for dispatch in self._dispatches:
                for rival in dispatch.rivals:
                    if self._waits_still(rival):
                        self._compare(dispatch, rival)
                if not self._jumped:
                    self._count(dispatch)
        self._dispatches.clear()
        self._plans.clear()
        self._calm, self._jumped = calm, False
        if calm:
            self._settled = self._books.position

    def _plan(
        self, task: TaskEntry, event: TaskAssigned, ahead: list[tuple[str, TaskEntry]]
    ) -> None:
        agent_id, now = event.agent_id, event.assigned_at
        there = [each for each in self._books.waiting() if self._ready(each, now)]
        taken_ahead = [each for other, each in ahead if other == agent_id]
        passed = {each.task_id for _, each in ahead} | {task.task_id}
        passed |= self._planned_at(event.lease).under_way
        rivals = [
            msgspec.structs.replace(each)
            for each in there
            if each.task_id not in passed and self._could_take(each, agent_id, taken_ahead)
        ]
        of_class = [each for each in there if each.terms.priority is task.terms.priority]
        oldest = min([each.key for each in of_class], default=task.key)
        self._dispatches.append(
            Dispatch(msgspec.structs.replace(task), agent_id, rivals, min(oldest, task.key))
        )

    def _ready(self, task: TaskEntry, now: datetime) -> bool:
        deadline = task.terms.deadline
        return (
            task.entered <= self._settled
            and (task.due is None or task.due < now)
            and (deadline is None or deadline > now)
            and not self._books.held_back(task)
        )

    def _could_take(self, task: TaskEntry, agent_id: str, ahead: list[TaskEntry]) -> bool:
        books = self._books
        if task.terms.concurrency_key is not None or not books.could_take(task, agent_id):
            return False
        places = books.agents[agent_id].capabilities.max_concurrent_tasks
        if len(books.held(agent_id)) + len(ahead) >= places:
            return False
        used = Counter[str]()
        for each in ahead:
            used.update(dict(taken(each.terms.requirements.resources)))
        return all(
            books.left(agent_id, name) - used[name] >= amount
            for name, amount in task.signature.resources
        )

    def _waits_still(self, rival: TaskEntry) -> bool:
        now = self._books.tasks[rival.task_id]
        return now.status == "queued" and now.entered == rival.entered

    def _compare(self, dispatch: Dispatch, rival: TaskEntry) -> None:
        task = dispatch.task
        if task.terms.priority is not rival.terms.priority:
            assert dispatch.oldest < rival.key, "a class was served whose tasks are all younger"
            return
        alike = task.owner == rival.owner and task.signature == rival.signature
        if alike and task.terms.concurrency_key is None:
            assert task.key < rival.key, (
                f"{task.task_id} before {rival.task_id}, which is alike and older"
            )

    def _count(self, dispatch: Dispatch) -> None:
        """Every other owner is served at most once more often than its own.

        That is the bound of ADR 8: counted are those dispatches of the same demand whose place it
        could have taken.
        """
        task = dispatch.task
        rivals = {each.task_id for each in dispatch.rivals}
        for waiting in self._books.waiting():
            if waiting.terms.priority is not task.terms.priority:
                continue
            stamp = (waiting.task_id, waiting.entered)
            if waiting.task_id not in rivals or waiting.signature != task.signature:
                if waiting.owner == task.owner:
                    self._passed.pop(stamp, None)
                continue
            passed = self._passed.setdefault(stamp, Counter())
            passed[task.owner] += 1
            own = passed[waiting.owner]
            for owner, times in passed.items():
                assert owner == waiting.owner or times <= own + 1, "passed over too often"

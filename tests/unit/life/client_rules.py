"""Clients and operators: they submit, steer, call off, pause and limit."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from aia_mas.domain.kernel import DomainError
from aia_mas.domain.orchestration import task_commands as tasks
from aia_mas.domain.orchestration.pauses import PauseDispatch, ResumeDispatch
from aia_mas.domain.orchestration.task_specification import Priority, TaskSpecification

from .basis import Basis, client
from .drawn import LIFTED, LIMITS, OWNERS, PAUSES, PICK, SPECS, TERMS
from .world import OPERATOR

STEER: dict[str, Any] = {
    "cancel": lambda task_id: tasks.CancelTask(task_id=task_id),
    "retry": lambda task_id: tasks.RetryTask(task_id=task_id),
    "rate": lambda task_id: tasks.RateTask(task_id=task_id, rating=0.7),
    "hurry": lambda task_id: tasks.ReprioritiseTask(task_id=task_id, priority=Priority.CRITICAL),
    "leave": lambda task_id: tasks.ReprioritiseTask(task_id=task_id, priority=Priority.LOW),
    "reassign": lambda task_id: tasks.ReassignTask(task_id=task_id),
    "give back": lambda task_id: tasks.ReassignTask(task_id=task_id, exclude_current=False),
}


class ClientRules(Basis):
    """What clients and operators do."""

    @rule(spec=SPECS, terms=TERMS, owner=OWNERS, times=st.sampled_from([1, 1, 2, 4]), pick=PICK)
    def submit(
        self, spec: TaskSpecification, terms: dict[str, Any], owner: str, times: int, pick: int
    ) -> None:
        for _ in range(times):
            command = self._submission(spec, terms, owner)
            result = self.do(command, pick, client(owner))
            assert not isinstance(result, DomainError)
            if result is not None and "dedup_key" not in terms:
                assert command.task_id in self.world.books.tasks, "acknowledged, and lost"

    @rule(spec=SPECS, terms=TERMS, owner=OWNERS, times=st.integers(2, 5), pick=PICK)
    def submit_batch(
        self, spec: TaskSpecification, terms: dict[str, Any], owner: str, times: int, pick: int
    ) -> None:
        node = self.any_node(pick)
        commands: list[Any] = [self._submission(spec, terms, owner) for _ in range(times)]
        results = self.world.ask(node, node.do_many(commands, client(owner)))
        if results is not None and "dedup_key" not in terms:
            assert {each.task_id for each in commands} <= self.world.books.tasks.keys()

    @precondition(lambda self: self.world.books.tasks)
    @rule(task=PICK, what=st.sampled_from(sorted(STEER)), pick=PICK)
    def steer(self, task: int, what: str, pick: int) -> None:
        known = list(self.world.books.tasks)
        self.do(STEER[what](known[task % len(known)]), pick)

    @precondition(lambda self: self.world.books.tasks)
    @rule(owner=OWNERS, what=st.sampled_from(sorted(STEER)), pick=PICK)
    def steer_all_of_an_owner(self, owner: str, what: str, pick: int) -> None:
        node, books = self.any_node(pick), self.world.books
        chosen = [each.task_id for each in books.tasks.values() if each.owner == owner]
        if chosen:
            commands = [STEER[what](task_id) for task_id in chosen]
            results = self.world.ask(node, node.do_many(commands, OPERATOR))
            assert results is None or len(results) == len(chosen)

    @rule(command=st.one_of(LIMITS, PAUSES, LIFTED), pick=PICK)
    def control(self, command: msgspec.Struct, pick: int) -> None:
        if isinstance(command, PauseDispatch) and self.world.books.paused:
            # Nothing much happens while everything is paused.
            command = ResumeDispatch(task_type=min(self.world.books.paused, key=str))
        assert not isinstance(self.do(command, pick), DomainError)

    def _submission(
        self, spec: TaskSpecification, terms: dict[str, Any], owner: str
    ) -> tasks.SubmitTask:
        """Return the submission of a new task, whose times are told from now."""
        now = self.world.clock.now()
        given = {
            name: now + timedelta(seconds=value) if name in {"not_before", "deadline"} else value
            for name, value in terms.items()
        }
        if "concurrency_key" not in given:
            given.pop("concurrency_limit", None)
        whole = msgspec.structs.replace(spec, **given)
        return tasks.SubmitTask(task_id=self.world.new_task(), spec=whole, owner=owner)

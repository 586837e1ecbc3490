"""Agents work: they claim, start, report, ask, deliver, fail, and come too late."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from aia_mas.domain.kernel import DomainError
from aia_mas.domain.orchestration import task_commands as tasks
from aia_mas.domain.orchestration.task_events import TaskResultRefused, Usage
from aia_mas.domain.orchestration.task_status import TaskStatus

from .basis import Basis, agent_itself
from .drawn import AGENTS, PICK
from .entries import TaskEntry

ACTS: dict[str, Any] = {
    "start": tasks.StartTask,
    "progress": lambda **who: tasks.RecordProgress(**who, message="on it"),
    "ask": lambda **who: tasks.AskForInput(**who, question="how?"),
    "complete": lambda **who: tasks.CompleteTask(**who, result={"n": 1}, quality=0.5),
    "deliver": lambda **who: tasks.CompleteTask(**who, usage=Usage(cost=7)),
    "fail": lambda **who: tasks.FailTask(**who, error_code="e", jitter=0.5),
    "give up": lambda **who: tasks.FailTask(**who, error_code="e", retryable=False),
}
TOO_LATE = {
    "stale_lease",
    "not_assigned_to_agent",
    "task_already_finished",
    "task_already_completed",
    "task_cancelled",
}


class WorkRules(Basis):
    """What agents do with tasks."""

    @rule(agent_id=AGENTS, limit=st.sampled_from([1, 5]), starts=st.booleans(), pick=PICK)
    def claim(self, agent_id: str, limit: int, starts: bool, pick: int) -> None:
        world, node, quiet = self.world, self.any_node(pick), self.quiet
        claimed = world.ask(node, node.claims.claim(agent_id, limit, 0.0))
        if claimed is None:
            return
        if quiet:
            waiting = [
                each
                for each in world.books.held(agent_id)
                if each.status is TaskStatus.ASSIGNED and each.attempt is not None
            ]
            leases = {each.attempt.lease for each in waiting if each.attempt is not None}
            assert {each.lease for each in claimed} <= leases
            assert len(claimed) == min(limit, len(leases))
        for each in claimed if starts else ():
            who = {"task_id": each.task_id, "agent_id": agent_id, "lease": each.lease}
            self.act("start", who, pick)

    @precondition(lambda self: self.held())
    @rule(task=PICK, what=st.sampled_from(sorted(ACTS)), pick=PICK)
    def work_on(self, task: int, what: str, pick: int) -> None:
        self.work(task, what, pick)

    @precondition(lambda self: self.held())
    @rule(task=PICK, what=st.sampled_from(["complete", "fail"]), pick=PICK)
    def end(self, task: int, what: str, pick: int) -> None:
        self.work(task, what, pick)

    @precondition(lambda self: self.held())
    @rule(times=st.integers(2, 8), pick=PICK)
    def finish_one_after_the_other(self, times: int, pick: int) -> None:
        for _ in range(times):
            if self.held():
                self.work(0, "complete", pick)

    def work(self, task: int, what: str, pick: int) -> None:
        """Have whoever holds a task do something with it."""
        entry = self.held()[task % len(self.held())]
        quiet, dear = self.quiet, what == "deliver" and _is_too_dear(entry)
        assert entry.attempt is not None
        who = {
            "task_id": entry.task_id,
            "agent_id": entry.attempt.agent_id,
            "lease": entry.attempt.lease,
        }
        result = self.act(what, who, pick)
        if quiet and not dear:
            assert not isinstance(result, DomainError), "whoever holds a task may go on"
        elif quiet:
            assert isinstance(result, DomainError) and result.code == "cost_exceeded"

    @precondition(lambda self: self.world.books.leases)
    @rule(
        lease=PICK,
        somebody=st.one_of(st.none(), AGENTS),
        what=st.sampled_from(sorted(ACTS)),
        pick=PICK,
    )
    def come_too_late(self, lease: int, somebody: str | None, what: str, pick: int) -> None:
        leases = list(self.world.books.leases.items())
        shown, (task_id, agent_id) = leases[-1 - lease % len(leases)]
        entry = self.world.books.tasks[task_id]
        attempt, agent_id = entry.attempt, somebody or agent_id
        if attempt is None or (attempt.lease, attempt.agent_id) != (shown, agent_id):
            self.show_what_is_over(shown, entry, agent_id, what, pick)

    def show_what_is_over(
        self, lease: str, entry: TaskEntry, agent_id: str, what: str, pick: int
    ) -> None:
        """Act with a lease that is not the one in force, or not in the name of who holds it."""
        world, quiet = self.world, self.quiet
        before = msgspec.structs.replace(entry), world.store.head
        who = {"task_id": entry.task_id, "agent_id": agent_id, "lease": lease}
        result = self.do(ACTS[what](**who), pick, agent_itself(agent_id))
        if result is not None:
            assert isinstance(result, DomainError), "a lease that is over was good enough"
            assert result.code in TOO_LATE
        if quiet:
            assert msgspec.structs.replace(entry) == before[0]
            happened = world.store.events[before[1] :]
            assert all(type(each.event) is TaskResultRefused for each in happened)

    @rule(task=PICK, number=st.sampled_from([None, None, 1]), pick=PICK)
    def answer(self, task: int, number: int | None, pick: int) -> None:
        asked = [each for each in self.held() if each.status is TaskStatus.INPUT_REQUIRED]
        if asked:
            task_id = asked[task % len(asked)].task_id
            self.do(tasks.GiveInput(task_id=task_id, answer="so", number=number), pick)

    def act(self, what: str, who: dict[str, str], pick: int) -> Any:
        """Act with a lease; what is accepted is a sign of life."""
        world, node, at = self.world, self.any_node(pick), self.world.clock.now()
        result = self.do(ACTS[what](**who), pick, agent_itself(who["agent_id"]))
        if what in {"start", "progress"} and result is not None:
            if not isinstance(result, DomainError):
                node.presence.beat("agent", who["agent_id"])
                world.hearing.heard("agent", who["agent_id"], at, node)
            if what == "progress" and not isinstance(result, DomainError):
                node.presence.beat("task", who["lease"])
                world.hearing.heard("task", who["lease"], at, node)
        return result


def _is_too_dear(entry: TaskEntry) -> bool:
    most = entry.terms.max_cost
    return most is not None and most < 7 and entry.terms.cost_policy == "refuse"

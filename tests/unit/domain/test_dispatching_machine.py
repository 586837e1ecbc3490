"""Any interleaving of agents, tasks, plans and appends keeps the dispatcher's promises."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from msgspec.structs import replace

from aia_mas.domain.kernel.steps import at_once
from aia_mas.domain.orchestration import agent_commands as agents
from aia_mas.domain.orchestration import agent_decisions
from aia_mas.domain.orchestration import task_commands as tasks
from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.domain.orchestration.dispatching import Dispatching
from aia_mas.domain.orchestration.dispatching_snapshot import decode_snapshot, encode_snapshot
from aia_mas.domain.orchestration.limits import LimitRemoved, LimitSet
from aia_mas.domain.orchestration.pauses import PAUSES, DispatchPaused, DispatchResumed
from aia_mas.domain.orchestration.requirement import signature_of
from aia_mas.domain.orchestration.task_ending import cancel_task, expire_task, release_task
from aia_mas.domain.orchestration.task_execution import complete_task, fail_task, start_task
from aia_mas.domain.orchestration.task_specification import (
    Priority,
    TaskSpecification,
)
from aia_mas.domain.orchestration.task_status import ReleaseReason, TaskStatus
from aia_mas.domain.orchestration.task_steering import reassign_task, reprioritise_task
from aia_mas.domain.orchestration.task_submission import assign_task, retry_task, submit_task

from .dispatching_drawn import AGENTS, CAPABILITIES, LIMITS, OWNERS, SPECS
from .dispatching_knowledge import known
from .dispatching_ledger import UnderWay
from .dispatching_promises import Promises

STANDING: dict[type, Any] = {
    agents.DrainAgent: agent_decisions.drain_agent,
    agents.SuspendAgent: agent_decisions.suspend_agent,
    agents.ActivateAgent: agent_decisions.activate_agent,
    agents.UnregisterAgent: agent_decisions.unregister_agent,
    agents.MarkAgentOffline: agent_decisions.mark_agent_offline,
    agents.MarkAgentOnline: agent_decisions.mark_agent_online,
}


class Dispatch(Promises):
    """Any interleaving of commands, plans and appends, with a dispatcher that leads."""

    @rule(agent_id=AGENTS, capabilities=CAPABILITIES)
    def put(self, agent_id: str, capabilities: Capabilities) -> None:
        command = agents.PutAgent(agent_id=agent_id, capabilities=capabilities)
        self.take(agent_decisions.put_agent(self.agents.get(agent_id), command, self.ctx()))

    @rule(agent_id=AGENTS, kind=st.sampled_from(list(STANDING)))
    def change_standing(self, agent_id: str, kind: type) -> None:
        state = self.agents.get(agent_id)
        self.take(STANDING[kind](state, kind(agent_id=agent_id), self.ctx()))

    @rule(event=LIMITS)
    def limit(self, event: LimitSet) -> None:
        self.happen(f"limit/{event.key}", event)

    @rule(key=st.sampled_from(["k", "l"]))
    def unlimit(self, key: str) -> None:
        self.happen(f"limit/{key}", LimitRemoved(key=key, by="p", at=self.now))

    @rule(task_type=st.sampled_from(["t", "u", None]))
    def pause(self, task_type: str | None) -> None:
        self.happen(PAUSES, DispatchPaused(task_type=task_type, by="p", at=self.now))

    @rule(task_type=st.sampled_from(["t", "u", None, None]))
    def resume(self, task_type: str | None) -> None:
        self.happen(PAUSES, DispatchResumed(task_type=task_type, by="p", at=self.now))

    @rule(spec=SPECS, times=st.integers(1, 3), owner=OWNERS)
    def submit(self, spec: TaskSpecification, times: int, owner: str) -> None:
        spec = sensible(spec)
        for _ in range(times):
            command = tasks.SubmitTask(task_id=self.new_task(), spec=spec, owner=owner)
            self.take(submit_task(None, None, command, self.ctx()))

    @rule(spec=SPECS)
    def place(self, spec: TaskSpecification) -> None:
        task_id, spec = self.new_task(), sensible(spec)
        planned = self.fold.place(task_id, spec, self.now, "p")
        if planned is None:
            return
        assert planned.attempt == 1
        assert spec.not_before is None or spec.not_before <= self.now
        signature = signature_of(spec.task_type, spec.requirements, spec.max_cost)
        for other in self.waiting():
            waits = self.is_due(other) and self.open_key(self.tasks[other].terms)
            assert self.signature(other) != signature or not waits
        self.under_way[task_id] = UnderWay(planned, spec)
        self.check_choice(planned, spec)

    @rule(limit=st.sampled_from([1, 2, 1000, 1000]))
    def plan(self, limit: int) -> None:
        placed = self.fold.plan(self.now, limit)
        assert len(placed) <= limit
        for planned in placed:
            state = self.tasks[planned.task_id]
            assert state.status is TaskStatus.QUEUED
            assert planned.task_id not in self.under_way
            assert planned.attempt == state.attempt + 1
            assert self.is_due(planned.task_id)
            self.under_way[planned.task_id] = UnderWay(planned, None)
            self.check_choice(planned, None)
        self.check_order(placed)
        if not self.fold.more_to_plan and limit == 1000:
            self.check_nothing_placeable_waits()

    @precondition(lambda self: self.under_way)
    @rule(pick=st.integers(0, 20))
    def commit(self, pick: int) -> None:
        task_id, (planned, spec) = self.some_under_way(pick)
        self.as_planned &= task_id == next(iter(self.under_way))
        holder = self.agents.get(planned.agent_id)
        terms = {
            "agent_id": planned.agent_id,
            "lease": f"L{len(self.log)}",
            "lease_seconds": planned.lease_seconds,
        }
        if spec is None:
            command = tasks.AssignTask(task_id=task_id, attempt=planned.attempt, **terms)
            decision = assign_task(self.tasks[task_id], holder, command, self.ctx())
        else:
            assignment = tasks.Assignment(**terms)
            submission = tasks.SubmitTask(task_id=task_id, spec=spec, assignment=assignment)
            decision = submit_task(None, holder, submission, self.ctx())
        self.take(decision)
        state = self.tasks.get(task_id)
        if state is None or not state.live:
            self.fold.drop(task_id)
            self.as_planned = False
        del self.under_way[task_id]

    @rule()
    def plan_and_commit(self) -> None:
        self.plan(1000)
        while self.under_way:
            self.commit(0)

    @precondition(lambda self: self.under_way)
    @rule(pick=st.integers(0, 20))
    def lose(self, pick: int) -> None:
        task_id, _ = self.some_under_way(pick)
        self.fold.drop(task_id)
        self.as_planned = False
        del self.under_way[task_id]

    @precondition(lambda self: self.tasks)
    @rule(
        pick=st.integers(0, 20),
        what=st.sampled_from(["start", "complete", "complete", "fail", "release", "reassign"]),
    )
    def work(self, pick: int, what: str) -> None:
        live = [task_id for task_id, state in self.tasks.items() if state.live]
        if not live:
            return
        task_id = live[pick % len(live)]
        state = self.tasks[task_id]
        who = {"task_id": task_id, "agent_id": state.agent_id, "lease": state.lease}
        if what == "start":
            self.take(start_task(state, tasks.StartTask(**who), self.ctx()))
        elif what == "complete":
            self.take(complete_task(state, tasks.CompleteTask(**who), self.ctx()))
        elif what == "fail":
            self.take(fail_task(state, tasks.FailTask(**who), self.ctx()))
        elif what == "reassign":
            again = tasks.ReassignTask(task_id=task_id, exclude_current=pick % 3 == 0)
            self.take(reassign_task(state, again, self.ctx()))
        else:
            reason = list(ReleaseReason)[pick % 6]
            command = tasks.ReleaseTask(task_id=task_id, attempt=state.attempt, reason=reason)
            self.take(release_task(state, command, self.ctx()))

    @precondition(lambda self: self.tasks)
    @rule(
        pick=st.integers(0, 20), priority=st.sampled_from([Priority.CRITICAL, Priority.MAINTENANCE])
    )
    def reprioritise(self, pick: int, priority: Priority) -> None:
        task_id = list(self.tasks)[pick % len(self.tasks)]
        command = tasks.ReprioritiseTask(task_id=task_id, priority=priority)
        self.take(reprioritise_task(self.tasks[task_id], command, self.ctx()))

    @precondition(lambda self: self.tasks)
    @rule(pick=st.integers(0, 20), what=st.sampled_from(["cancel", "expire", "retry", "retry"]))
    def decide_on_any(self, pick: int, what: str) -> None:
        task_id = list(self.tasks)[pick % len(self.tasks)]
        state = self.tasks[task_id]
        if what == "cancel":
            self.take(cancel_task(state, tasks.CancelTask(task_id=task_id), self.ctx()))
        elif what == "expire":
            self.take(expire_task(state, tasks.ExpireTask(task_id=task_id), self.ctx()))
        else:
            self.take(retry_task(state, tasks.RetryTask(task_id=task_id), self.ctx()))

    @rule(seconds=st.sampled_from([0.5, 5.0, 40.0]))
    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    @rule()
    def take_over(self) -> None:
        """Another node leads: what was under way is lost, what is in the log is known."""
        snapshot = at_once(self.fold.snapshot())
        data = list(encode_snapshot(snapshot))
        restored = at_once(Dispatching.restore(at_once(decode_snapshot(data)), self.cap))
        rebuilt = Dispatching(self.cap)
        for stream, event in self.log:
            rebuilt.apply(stream, event)
        assert known(restored) == known(self.fold) == known(rebuilt)
        if not self.under_way:
            assert list(encode_snapshot(at_once(restored.snapshot()))) == data
            twin = at_once(Dispatching.restore(at_once(decode_snapshot(data)), self.cap))
            plan = restored.plan(self.now, 1000)
            # An owner loses its turn with a dispatch that is lost, and turns are taken in the order
            # of the plans: the log does not tell of either (see ``Turns``).
            if self.as_planned:
                assert plan == self.fold.plan(self.now, 1000)
            restored = twin
        self.fold = restored
        self.as_planned = True
        self.under_way.clear()


def sensible(spec: TaskSpecification) -> TaskSpecification:
    """Return a specification whose limit has a key."""
    return spec if spec.concurrency_key else replace(spec, concurrency_limit=None)


TestDispatch = Dispatch.TestCase
TestDispatch.settings = settings(
    max_examples=150, stateful_step_count=50, suppress_health_check=[HealthCheck.too_slow]
)

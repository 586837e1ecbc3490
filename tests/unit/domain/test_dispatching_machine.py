"""Any interleaving of agents, tasks, plans and appends keeps the dispatcher's promises."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec.structs import replace

from aia_mas.domain.kernel import Context, Decision, Event, Principal
from aia_mas.domain.kernel.steps import at_once
from aia_mas.domain.orchestration import agent, agent_decisions, task
from aia_mas.domain.orchestration import agent_commands as agents
from aia_mas.domain.orchestration import task_commands as tasks
from aia_mas.domain.orchestration.amounts import had, taken
from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.domain.orchestration.dispatching import Dispatching
from aia_mas.domain.orchestration.dispatching_snapshot import decode_snapshot, encode_snapshot
from aia_mas.domain.orchestration.limits import LimitRemoved, LimitSet
from aia_mas.domain.orchestration.pauses import PAUSES, DispatchPaused, DispatchResumed
from aia_mas.domain.orchestration.planning import PlannedAssignment
from aia_mas.domain.orchestration.requirement import signature_of, suitability
from aia_mas.domain.orchestration.task_ending import cancel_task, expire_task, release_task
from aia_mas.domain.orchestration.task_events import TaskSubmitted
from aia_mas.domain.orchestration.task_execution import complete_task, fail_task, start_task
from aia_mas.domain.orchestration.task_specification import (
    Priority,
    Requirements,
    TaskSpecification,
)
from aia_mas.domain.orchestration.task_status import ReleaseReason, TaskStatus
from aia_mas.domain.orchestration.task_steering import reassign_task, reprioritise_task
from aia_mas.domain.orchestration.task_submission import assign_task, retry_task, submit_task

NOW = datetime(2026, 1, 2, tzinfo=UTC)
AGENTS = st.sampled_from(["a1", "a2", "a3", "a4"])
CAPABILITIES = st.builds(
    Capabilities,
    skills=st.dictionaries(st.sampled_from(["x", "y"]), st.sampled_from([0.2, 0.9]), max_size=2),
    specializations=st.sampled_from([(), ("t",)]),
    max_concurrent_tasks=st.integers(1, 3),
    cost_per_task=st.sampled_from([0, 10]),
    resources=st.sampled_from([{}, {"gpu": 0.3}, {"gpu": 1.0, "cpu": 2.0}]),
)
REQUIREMENTS = st.sampled_from(
    [
        Requirements(),
        Requirements(skills={"x": 0.5}),
        Requirements(skills={"y": 0.0}),
        Requirements(skills={"nobody": 1.0}),
        Requirements(preferred_agents=("a2",), excluded_agents=("a1",)),
        Requirements(resources={"gpu": 0.1}),
        Requirements(resources={"gpu": 0.3, "cpu": 1.0}),
    ]
)
SPECS = st.builds(
    TaskSpecification,
    task_type=st.sampled_from(["t", "u"]),
    requirements=REQUIREMENTS,
    priority=st.sampled_from([Priority.CRITICAL, Priority.NORMAL]),
    max_cost=st.sampled_from([None, None, 5]),
    max_attempts=st.just(2),
    not_before=st.sampled_from([None, None, NOW + timedelta(seconds=30)]),
    deadline=st.sampled_from([None, None, NOW + timedelta(seconds=90)]),
    concurrency_key=st.sampled_from([None, "k", "l"]),
    concurrency_limit=st.sampled_from([None, 1, 2]),
)
OWNERS = st.sampled_from(["p", "q", "r"])
LIMITS = st.builds(
    LimitSet,
    key=st.sampled_from(["k", "l"]),
    max_concurrent=st.sampled_from([None, 0, 1, 3]),
    rate=st.sampled_from([None, 2]),
    per_seconds=st.just(10.0),
    by=st.just("p"),
    at=st.just(NOW),
)
STANDING: dict[type, Any] = {
    agents.DrainAgent: agent_decisions.drain_agent,
    agents.SuspendAgent: agent_decisions.suspend_agent,
    agents.ActivateAgent: agent_decisions.activate_agent,
    agents.UnregisterAgent: agent_decisions.unregister_agent,
    agents.MarkAgentOffline: agent_decisions.mark_agent_offline,
    agents.MarkAgentOnline: agent_decisions.mark_agent_online,
}


class UnderWay(NamedTuple):
    """An assignment on its way into the log; with a specification it is a submission as well."""

    planned: PlannedAssignment
    spec: TaskSpecification | None


class Dispatch(RuleBasedStateMachine):
    """The real aggregates and their log, with a dispatcher that leads."""

    @initialize(cap=st.sampled_from([None, None, 3]))
    def start(self, cap: int | None) -> None:
        self.cap = cap
        self.now = NOW
        self.fold = Dispatching(cap)
        self.log: list[tuple[str, Event]] = []
        self.agents: dict[str, agent.AgentState] = {}
        self.tasks: dict[str, task.TaskState] = {}
        self.due: dict[str, datetime] = {}
        self.since: dict[str, tuple[datetime, int]] = {}
        self.under_way: dict[str, UnderWay] = {}
        self.count = 0
        self.limits: dict[str, int | None] = {}
        self.rates: dict[str, bool] = {}
        self.paused: set[str | None] = set()

    # ------------------------------------------------------------------------------- commands

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
            assert restored.plan(self.now, 1000) == self.fold.plan(self.now, 1000)
            restored = twin
        self.fold = restored
        self.under_way.clear()

    # -------------------------------------------------------------------------------- promises

    def check_choice(self, planned: PlannedAssignment, spec: TaskSpecification | None) -> None:
        state = self.agents[planned.agent_id]
        terms = spec if spec is not None else self.tasks[planned.task_id].terms
        signature = signature_of(terms.task_type, terms.requirements, terms.max_cost)
        assert state.assignable
        assert suitability(signature, planned.agent_id, state.capabilities)
        assert planned.price == state.capabilities.cost_per_task
        assert self.load(planned.agent_id) <= state.capabilities.max_concurrent_tasks
        for name, _ in signature.resources:
            assert self.left(planned.agent_id, name) >= 0
        assert planned.lease_seconds == terms.lease_seconds
        assert 0.0 <= planned.load < 1.0
        assert 1 <= planned.considered <= len(self.agents)
        assert not self.is_paused(terms.task_type)
        most = self.most(terms)
        assert most is None or self.held_of(terms.concurrency_key) <= most

    def check_order(self, placed: list[PlannedAssignment]) -> None:
        last: dict[Any, tuple[float, int]] = {}
        for planned in placed:
            line, key = self.line(planned.task_id), self.key(planned.task_id)
            assert line not in last or last[line] < key
            last[line] = key
        for task_id in self.waiting():
            if self.is_due(task_id) and self.line(task_id) in last:
                assert self.key(task_id) > last[self.line(task_id)]

    def check_nothing_placeable_waits(self) -> None:
        if self.cap is not None and self.held() >= self.cap:
            return
        for task_id in self.waiting():
            terms = self.tasks[task_id].terms
            if not self.is_due(task_id) or self.is_paused(terms.task_type):
                continue
            if not self.open_key(terms):
                continue
            assert not any(
                state.assignable
                and self.load(agent_id) < state.capabilities.max_concurrent_tasks
                and suitability(self.signature(task_id), agent_id, state.capabilities)
                and all(
                    self.left(agent_id, name) >= amount
                    for name, amount in self.signature(task_id).resources
                )
                for agent_id, state in self.agents.items()
            )

    @invariant()
    def loads_are_right(self) -> None:
        for agent_id in getattr(self, "agents", {}):
            assert self.fold.fleet.active_tasks(agent_id) == self.load(agent_id)
            held = {
                task_id
                for task_id, state in self.tasks.items()
                if state.live and state.agent_id == agent_id
            }
            assert self.fold.fleet.tasks_of(agent_id) == held

    @invariant()
    def the_cap_holds(self) -> None:
        if getattr(self, "cap", None) is not None:
            assert self.held() <= self.cap

    @invariant()
    def no_task_is_lost_or_doubled(self) -> None:
        for task_id, state in getattr(self, "tasks", {}).items():
            waits = task_id in self.fold.queue
            if state.status is not TaskStatus.QUEUED or task_id in self.under_way:
                assert not waits
            elif state.terms.deadline is None or state.terms.deadline > self.now:
                assert waits

    @invariant()
    def what_waits_is_explained(self) -> None:
        for task_id, state in getattr(self, "tasks", {}).items():
            reasons = self.fold.why_not(task_id, self.now)
            codes = {reason.code for reason in reasons}
            waits = task_id in self.fold.queue
            assert ("not_waiting" in codes) == (not waits)
            assert state is not None
            if waits and not codes:
                assert self.fold.fleet.pick(self.signature(task_id)) is not None

    @invariant()
    def figures_are_right(self) -> None:
        if not hasattr(self, "fold"):
            return
        queued = [each for each in self.tasks.values() if each.status is TaskStatus.QUEUED]
        figures, keys = self.fold.figures, self.fold.queue.keys.states
        assert figures.total == len(queued)
        assert figures.by_owner == Counter(each.owner for each in queued)
        assert figures.by_type == Counter(each.terms.task_type for each in queued)
        live = [each for each in self.tasks.values() if each.live]
        for key in ("k", "l"):
            state = keys.get(key)
            assert (state.queued if state else 0) == count_of(queued, key)
            assert (state.held if state else 0) == count_of(live, key)

    # ------------------------------------------------------------------------------- the world

    def happen(self, stream: str, event: Event) -> None:
        self.log.append((stream, event))
        self.fold.apply(stream, event)
        if isinstance(event, LimitSet):
            self.limits[event.key] = event.max_concurrent
            self.rates[event.key] = event.rate is not None
        elif isinstance(event, LimitRemoved):
            self.limits.pop(event.key, None)
            self.rates.pop(event.key, None)
        elif isinstance(event, DispatchPaused):
            self.paused.add(event.task_type)
        elif isinstance(event, DispatchResumed):
            self.paused.discard(event.task_type)

    def is_paused(self, task_type: str) -> bool:
        return None in self.paused or task_type in self.paused

    def most(self, terms: Any) -> int | None:
        set_ = self.limits.get(terms.concurrency_key)
        return terms.concurrency_limit if set_ is None else set_

    def held_of(self, key: str | None) -> int:
        under_way = [way.spec for way in self.under_way.values() if way.spec is not None]
        live = [
            each
            for task_id, each in self.tasks.items()
            if each.live or (task_id in self.under_way and self.under_way[task_id].spec is None)
        ]
        return count_of(live, key) + sum(spec.concurrency_key == key for spec in under_way)

    def open_key(self, terms: Any) -> bool:
        """Whether a task's key surely has a place (a rate may be any time of the period)."""
        key, most = terms.concurrency_key, self.most(terms)
        if key is None:
            return True
        return not self.rates.get(key) and (most is None or self.held_of(key) < most)

    def line(self, task_id: str) -> Any:
        state = self.tasks[task_id]
        terms = state.terms
        key = (terms.concurrency_key, terms.concurrency_limit)
        return self.signature(task_id), terms.priority, state.owner, key

    def take(self, decision: Decision) -> None:
        for stream, event in decision.events:
            kind, _, entity = stream.partition("/")
            self.log.append((stream, event))
            if kind == "agent":
                self.agents[entity] = agent.evolve(self.agents.get(entity), event)
            else:
                self.tasks[entity] = task.evolve(self.tasks.get(entity), event)
                self.remember(entity, event)
            self.fold.apply(stream, event)

    def remember(self, task_id: str, event: Event) -> None:
        if isinstance(event, TaskSubmitted):
            self.since[task_id] = (self.now, len(self.log))
            self.due[task_id] = event.spec.not_before or self.now
        elif type(event).__name__ == "TaskRequeued":
            self.since[task_id] = (self.now, len(self.log))
            self.due[task_id] = self.now
        elif type(event).__name__ != "TaskReprioritised":
            self.due[task_id] = getattr(event, "retry_at", None) or self.now

    def ctx(self) -> Context:
        return Context(now=self.now, head=len(self.log), principal=Principal(subject="p"))

    def new_task(self) -> str:
        self.count += 1
        return f"t{self.count}"

    def some_under_way(self, pick: int) -> tuple[str, UnderWay]:
        items = list(self.under_way.items())
        return items[pick % len(items)]

    def waiting(self) -> list[str]:
        return [
            task_id
            for task_id, state in self.tasks.items()
            if state.status is TaskStatus.QUEUED
            and task_id not in self.under_way
            and (state.terms.deadline is None or state.terms.deadline > self.now)
        ]

    def is_due(self, task_id: str) -> bool:
        deadline = self.tasks[task_id].terms.deadline
        return self.due[task_id] <= self.now and (deadline is None or deadline > self.now)

    def signature(self, task_id: str) -> Any:
        terms = self.tasks[task_id].terms
        return signature_of(terms.task_type, terms.requirements, terms.max_cost)

    def key(self, task_id: str) -> tuple[float, int]:
        since, sequence = self.since[task_id]
        offset = self.tasks[task_id].terms.priority.offset_seconds
        return (since.timestamp() + offset, sequence)

    def load(self, agent_id: str) -> int:
        return self.loads()[agent_id]

    def left(self, agent_id: str, name: str) -> int:
        """Return what an agent has left of a resource, by the states and what is under way."""
        holding = [
            state.terms.requirements
            for state in self.tasks.values()
            if state.live and state.agent_id == agent_id
        ]
        holding += [
            way.spec.requirements if way.spec else self.tasks[task_id].terms.requirements
            for task_id, way in self.under_way.items()
            if way.planned.agent_id == agent_id
        ]
        used = sum(dict(taken(each.resources)).get(name, 0) for each in holding)
        return had(self.agents[agent_id].capabilities.resources.get(name, 0.0)) - used

    def held(self) -> int:
        return self.loads().total()

    def loads(self) -> Counter[str]:
        held = Counter(
            state.agent_id
            for state in self.tasks.values()
            if state.live and state.agent_id is not None
        )
        held.update(way.planned.agent_id for way in self.under_way.values())
        return held


def sensible(spec: TaskSpecification) -> TaskSpecification:
    """Return a specification whose limit has a key."""
    return spec if spec.concurrency_key else replace(spec, concurrency_limit=None)


def count_of(states: list[task.TaskState], key: str | None) -> int:
    return sum(state.terms.concurrency_key == key for state in states)


def known(fold: Dispatching) -> Any:
    """Return what a fold knows, whatever slots its agents sit in."""
    snapshot = at_once(fold.snapshot())
    fleet, tasks_, sequence = snapshot.fleet, snapshot.tasks, snapshot.sequence
    holders = {task_id: fleet.seats[slot].agent_id for task_id, slot in fleet.holders}
    busy = set(holders.values())
    seats = {
        seat.agent_id: (seat, last)
        for seat, last in zip(fleet.seats, fleet.last, strict=True)
        if seat.registered or seat.agent_id in busy
    }
    keys = sorted(snapshot.queue.keys, key=lambda each: each.key)
    queue = replace(snapshot.queue, keys=keys, served=sorted(snapshot.queue.served))
    return seats, holders, fleet.sequence, tasks_, sequence, queue


TestDispatch = Dispatch.TestCase
TestDispatch.settings = settings(
    max_examples=150, stateful_step_count=50, suppress_health_check=[HealthCheck.too_slow]
)

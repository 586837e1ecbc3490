"""The real aggregates, decisions and folds on a log in memory, which watches what is promised."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256

import msgspec

from aia_mas.application.event_log.records import RecordedEvent
from aia_mas.domain.kernel import Context, Decision, DomainError, Event, Principal, Role
from aia_mas.domain.orchestration import agent, task
from aia_mas.domain.orchestration.agent_commands import MarkAgentOffline
from aia_mas.domain.orchestration.agent_decisions import mark_agent_offline
from aia_mas.domain.orchestration.dispatching import Dispatching
from aia_mas.domain.orchestration.expiry import Expire, Expiry, Release, Windows
from aia_mas.domain.orchestration.planning import PlannedAssignment
from aia_mas.domain.orchestration.task_commands import (
    Assignment,
    AssignTask,
    ExpireTask,
    ReleaseTask,
    SubmitTask,
)
from aia_mas.domain.orchestration.task_ending import expire_task, release_task
from aia_mas.domain.orchestration.task_events import (
    TaskAssigned,
    TaskCancelled,
    TaskCompleted,
    TaskExpired,
    TaskFailed,
    TaskReleased,
)
from aia_mas.domain.orchestration.task_specification import TaskSpecification
from aia_mas.domain.orchestration.task_status import TaskStatus
from aia_mas.domain.orchestration.task_submission import assign_task, submit_task
from aia_mas.projections.system_metrics import SystemMetrics

PICKUP, OFFLINE = 60.0, 900.0
OPERATOR = Principal("operator", frozenset({Role.OPERATOR}))
_ATTEMPT_OVER = frozenset({TaskCompleted, TaskFailed, TaskReleased, TaskCancelled, TaskExpired})

_encode = msgspec.json.Encoder(order="sorted").encode


class World:
    """One log and what is folded from it; whatever breaks a promise fails at once.

    Attributes:
        now: The time; moved by whoever runs the world.
        log: Every event, in order.
        agents: The aggregates.
        tasks: Likewise.
        held: Agent -> the tasks that it holds.
        leases: Lease in force -> its agent.
        dispatching: The dispatcher's fold, with the policy under test.
        metrics: The system metrics.
    """

    def __init__(
        self,
        start: datetime,
        make: Callable[[World], Dispatching],
        assigned: Callable[[str, TaskAssigned], None],
        sign_of_life: Callable[[str], datetime | None],
    ) -> None:
        """Begin with an empty log.

        Args:
            start: The time.
            make: Makes the dispatcher's fold.
            assigned: Told of every assignment.
            sign_of_life: When an agent was last heard of.
        """
        self.start = self.now = start
        self.log: list[RecordedEvent] = []
        self.agents: dict[str, agent.AgentState] = {}
        self.tasks: dict[str, task.TaskState] = {}
        self.held: dict[str, set[str]] = {}
        self.leases: dict[str, str] = {}
        self.metrics = SystemMetrics()
        self.dispatching = make(self)
        self._expiry = Expiry()
        self._assigned = assigned
        self._sign_of_life = sign_of_life
        self._digest = sha256()
        self._context = Context(now=start, head=0, principal=OPERATOR)
        self._leases = 0

    @property
    def digest(self) -> str:
        """What tells this log from any other."""
        return self._digest.hexdigest()

    @property
    def context(self) -> Context:
        """The circumstances of a decision that is made now."""
        if self._context.now != self.now:
            self._context = Context(now=self.now, head=len(self.log), principal=OPERATOR)
        return self._context

    def take(self, decision: Decision) -> DomainError | None:
        """Append what was decided; returns the refusal, if it was one."""
        for stream, event in decision.events:
            self._append(stream, event)
        return decision.refusal

    def submit(self, task_id: str, spec: TaskSpecification, owner: str) -> None:
        """Submit a task, with its assignment if somebody is at hand."""
        planned = self.dispatching.place(task_id, spec, self.now, owner)
        assignment = None if planned is None else Assignment(**self._terms(planned))
        command = SubmitTask(task_id=task_id, spec=spec, owner=owner, assignment=assignment)
        chosen = None if planned is None else self.agents.get(planned.agent_id)
        refusal = self.take(submit_task(None, chosen, command, self.context))
        assert refusal is None, refusal
        if planned is not None and not self.tasks[task_id].live:
            self.dispatching.drop(task_id)

    def dispatch(self) -> None:
        """Assign whatever can be."""
        while True:
            plan = self.dispatching.plan(self.now, 1_000)
            for planned in plan:
                terms = self._terms(planned)
                command = AssignTask(task_id=planned.task_id, attempt=planned.attempt, **terms)
                state, chosen = self.tasks[planned.task_id], self.agents.get(planned.agent_id)
                refusal = self.take(assign_task(state, chosen, command, self.context))
                assert refusal is None, "nothing happens between plan and append here"
            if not self.dispatching.more_to_plan:
                return

    def end_due(self, jitter: Callable[[], float]) -> None:
        """End what is due: silent attempts, overdue tasks, silent agents."""
        windows = Windows(self.start, PICKUP, OFFLINE)
        while True:
            for item in self._expiry.due(self.now, self._seen, windows):
                if isinstance(item, Release):
                    release = ReleaseTask(
                        task_id=item.task_id,
                        attempt=item.attempt,
                        reason=item.reason,
                        jitter=jitter(),
                    )
                    self.take(release_task(self.tasks[item.task_id], release, self.context))
                elif isinstance(item, Expire):
                    expire = ExpireTask(task_id=item.task_id)
                    self.take(expire_task(self.tasks[item.task_id], expire, self.context))
                else:
                    gone = MarkAgentOffline(agent_id=item.agent_id, last_seen=item.last_seen)
                    state = self.agents.get(item.agent_id)
                    self.take(mark_agent_offline(state, gone, self.context))
            if not self._expiry.any_due(self.now):
                return

    def check_that_nothing_is_forgotten(self) -> None:
        """Every task has ended, is held by an agent, or waits with a reason."""
        for task_id, state in self.tasks.items():
            if state.live:
                assert state.agent_id is not None
                assert task_id in self.held[state.agent_id]
            elif state.status is TaskStatus.QUEUED:
                overdue = state.terms.deadline is not None and state.terms.deadline <= self.now
                reasons = self.dispatching.why_not(task_id, self.now)
                assert overdue or (reasons and reasons[0].code != "not_waiting"), task_id

    def _terms(self, planned: PlannedAssignment) -> dict[str, object]:
        self._leases += 1
        return {
            "agent_id": planned.agent_id,
            "lease": f"L{self._leases}",
            "lease_seconds": planned.lease_seconds,
            "price": planned.price,
            "considered": planned.considered,
            "load": planned.load,
            **planned.grounds._asdict(),
        }

    def _seen(self, kind: str, key: str) -> datetime | None:
        agent_id = key if kind == "agent" else self.leases.get(key)
        return None if agent_id is None else self._sign_of_life(agent_id)

    def _append(self, stream: str, event: Event) -> None:
        kind, _, entity = stream.partition("/")
        recorded = RecordedEvent(
            len(self.log) + 1, stream, 0, event.topic, event, self.now, "c", "me", None, None
        )
        self._digest.update(f"{self.now.isoformat()} {stream} {event.topic} ".encode())
        self._digest.update(_encode(event))
        self.log.append(recorded)
        if kind == "agent":
            self.agents[entity] = agent.evolve(self.agents.get(entity), event)
        else:
            self._watch(entity, event)
            self.tasks[entity] = task.evolve(self.tasks.get(entity), event)
        self.dispatching.apply(stream, event)
        self._expiry.apply(stream, event)
        self.metrics.apply(recorded)
        if isinstance(event, TaskAssigned):
            self._assigned(entity, event)

    def _watch(self, task_id: str, event: Event) -> None:
        """Check what is promised of every assignment, and keep the books for it."""
        before = self.tasks.get(task_id)
        if isinstance(event, TaskAssigned):
            assert before is not None
            assert before.status is TaskStatus.QUEUED, "two live leases"
            assert event.lease not in self.leases, "a lease given twice"
            holder = self.agents[event.agent_id]
            held = self.held.setdefault(event.agent_id, set())
            assert holder.assignable, "an agent that takes no work"
            assert len(held) < holder.capabilities.max_concurrent_tasks, "over capacity"
            held.add(task_id)
            self.leases[event.lease] = event.agent_id
        elif type(event) in _ATTEMPT_OVER and before is not None and before.live:
            assert before.agent_id is not None and before.lease is not None
            self.held[before.agent_id].remove(task_id)
            del self.leases[before.lease]


def seconds(amount: float) -> timedelta:
    """Return a duration in whole milliseconds."""
    return timedelta(milliseconds=round(amount * 1000))

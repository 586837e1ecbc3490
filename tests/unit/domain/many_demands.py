"""A dispatcher's fold with hundreds of different demands, and what it may be compared with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

from aia_mas.domain.orchestration import passed_over, planning
from aia_mas.domain.orchestration.agent_events import (
    AgentRegistered,
    AgentUpdated,
    AgentWentOffline,
)
from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.domain.orchestration.dispatching import Dispatching
from aia_mas.domain.orchestration.limits import LimitSet
from aia_mas.domain.orchestration.pauses import PAUSES, DispatchPaused, DispatchResumed
from aia_mas.domain.orchestration.planning import PlannedAssignment
from aia_mas.domain.orchestration.queueing import hopeless
from aia_mas.domain.orchestration.requirement import signature_of, suitability
from aia_mas.domain.orchestration.task_events import (
    TaskAssigned,
    TaskCancelled,
    TaskCompleted,
    TaskReleased,
    TaskSubmitted,
)
from aia_mas.domain.orchestration.task_specification import (
    Priority,
    Requirements,
    TaskSpecification,
)
from aia_mas.domain.orchestration.task_status import ReleaseReason, TaskStatus

NOW = datetime(2026, 1, 2, tzinfo=UTC)
SKILLS = [f"s{number}" for number in range(6)]


@contextmanager
def steps_of(looks: int) -> Iterator[None]:
    """Let a step look at so much only."""
    with patch.object(planning, "LOOKS", looks):
        yield


@contextmanager
def only_sweeps() -> Iterator[None]:
    """Keep no agent free for anybody, and look at all that is hopeless within one step."""
    with patch.object(passed_over, "MOST_KEPT", 0), patch.object(hopeless, "CHECKS", 1_000_000):
        yield


class World:
    """A dispatcher's fold, and what agents and tasks there are."""

    def __init__(self) -> None:
        self.fold = Dispatching()
        self.now = NOW
        self.agents: dict[str, Capabilities] = {}
        self.online: set[str] = set()
        self.waiting: dict[str, TaskSpecification] = {}
        self.held: dict[str, str] = {}
        self.specs: dict[str, TaskSpecification] = {}
        self.paused: set[str] = set()
        self.limits: dict[str, int] = {}
        self.order: list[tuple[str, str]] = []

    def agent(self, agent_id: str, capabilities: Capabilities) -> None:
        if agent_id in self.agents:
            event = AgentUpdated(capabilities=capabilities, revision=2)
            self.fold.apply(f"agent/{agent_id}", event)
        else:
            registered = AgentRegistered(capabilities=capabilities, owner="o", registered_at=NOW)
            self.fold.apply(f"agent/{agent_id}", registered)
            self.online.add(agent_id)
        self.agents[agent_id] = capabilities

    def submit(self, owner: str = "o", **spec: object) -> str:
        task_id = f"t{len(self.specs)}"
        self.specs[task_id] = made = TaskSpecification(**{"task_type": "t", **spec})
        event = TaskSubmitted(spec=made, submitted_at=self.now, owner=owner)
        self.fold.apply(f"task/{task_id}", event)
        self.waiting[task_id] = made
        return task_id

    def step(self, limit: int = planning.TRIES) -> int:
        """Plan one step; what was planned gets into the log at once. Returns how much it was."""
        planned = self.fold.plan(self.now, limit)
        self.assigned(planned)
        return len(planned)

    def run(self, limit: int = planning.TRIES) -> int:
        """Plan until there is no more to plan, then let it get into the log; returns the steps."""
        steps, planned = 1, list[PlannedAssignment]()
        while (some := self.fold.plan(self.now, limit)) or self.fold.more_to_plan:
            planned += some
            steps += 1
            assert steps < 5_000, "it comes to an end"
        self.assigned(planned)
        return steps

    def assigned(self, planned: list[PlannedAssignment]) -> None:
        for each in planned:
            assigned = TaskAssigned(
                agent_id=each.agent_id,
                attempt=each.attempt,
                lease="L",
                lease_seconds=9.0,
                assigned_at=self.now,
            )
            self.fold.apply(f"task/{each.task_id}", assigned)
            self.held[each.task_id] = each.agent_id
            del self.waiting[each.task_id]
            self.order.append((each.task_id, each.agent_id))

    def complete(self, task_id: str) -> None:
        agent_id = self.held.pop(task_id)
        event = TaskCompleted(agent_id=agent_id, attempt=1, lease="L", completed_at=self.now)
        self.fold.apply(f"task/{task_id}", event)

    def release(self, task_id: str) -> None:
        """Let an agent give a task back, which waits at its old place then."""
        agent_id = self.held.pop(task_id)
        event = TaskReleased(
            agent_id=agent_id,
            attempt=1,
            reason=ReleaseReason.NOT_STARTED,
            outcome=TaskStatus.QUEUED,
            released_at=self.now,
        )
        self.fold.apply(f"task/{task_id}", event)
        self.waiting[task_id] = self.specs[task_id]

    def cancel(self, task_id: str) -> None:
        self.fold.apply(f"task/{task_id}", TaskCancelled(by="o", at=self.now))
        del self.waiting[task_id]

    def end(self, agent_id: str) -> None:
        """Let an agent end its oldest task."""
        held = [task_id for task_id, holder in self.held.items() if holder == agent_id]
        if held:
            self.complete(held[0])

    def happen(self, what: str, pick: int) -> None:
        """Let one of several things happen (``pick``: to whom)."""
        agent_id = f"a{pick % 7}"
        if what == "task":
            self.submit(**drawn_task(pick))
        elif what == "tasks":
            for number in range(40):
                self.submit(**drawn_task(pick + 37 * number))
        elif what == "agent":
            self.agent(agent_id, drawn_agent(pick))
        elif what == "offline" and agent_id in self.online:
            self.fold.apply(f"agent/{agent_id}", AgentWentOffline(at=self.now))
            self.online.discard(agent_id)
        elif what == "end" and self.held:
            self.complete(list(self.held)[pick % len(self.held)])
        elif what == "ends":
            for task_id in list(self.held)[: pick % 9]:
                self.complete(task_id)
        elif what == "cancel" and self.waiting:
            self.cancel(list(self.waiting)[pick % len(self.waiting)])
        elif what == "limit":
            self.limits["k"] = pick % 3
            event = LimitSet(key="k", max_concurrent=pick % 3, by="o", at=self.now)
            self.fold.apply("limit/k", event)
        elif what == "pause":
            kind = f"k{pick % 3}"
            self.paused.add(kind)
            self.fold.apply(PAUSES, DispatchPaused(task_type=kind, by="o", at=self.now))
        elif what == "resume":
            kind = f"k{pick % 3}"
            self.paused.discard(kind)
            self.fold.apply(PAUSES, DispatchResumed(task_type=kind, by="o", at=self.now))
        elif what == "time":
            self.now += timedelta(seconds=pick)

    def placeable(self) -> list[tuple[str, str]]:
        """Return each task that waits with an agent that could take it: asked one by one."""
        found = []
        for task_id, spec in self.waiting.items():
            if spec.task_type in self.paused or self.is_full(spec):
                continue
            signature = signature_of(spec.task_type, spec.requirements, spec.max_cost)
            found += [
                (task_id, agent_id)
                for agent_id, capabilities in self.agents.items()
                if self.has_room(agent_id, spec) and suitability(signature, agent_id, capabilities)
            ]
        return found

    def is_full(self, spec: TaskSpecification) -> bool:
        if spec.concurrency_key is None:
            return False
        held = sum(self.specs[each].concurrency_key == spec.concurrency_key for each in self.held)
        limit = self.limits.get(spec.concurrency_key, spec.concurrency_limit)
        return limit is not None and held >= limit

    def has_room(self, agent_id: str, spec: TaskSpecification) -> bool:
        mine = [self.specs[each] for each, holder in self.held.items() if holder == agent_id]
        able = self.agents[agent_id]
        if agent_id not in self.online or len(mine) >= able.max_concurrent_tasks:
            return False
        used = sum(each.requirements.resources.get("gpu", 0.0) for each in mine)
        wanted = spec.requirements.resources.get("gpu", 0.0)
        return not wanted or used + wanted <= able.resources.get("gpu", 0.0)


def drawn_task(pick: int) -> dict[str, object]:
    """Return one of thousands of different demands."""
    skills = {SKILLS[pick % 6]: (pick % 11) / 11}
    if pick % 4 == 0:
        skills[SKILLS[pick % 5]] = 0.5
    needs = Requirements(
        skills=skills,
        labels={"zone": f"z{pick % 3}"} if pick % 5 == 0 else {},
        resources={"gpu": float(1 + pick % 4)} if pick % 3 == 0 else {},
    )
    return {
        "owner": "abc"[pick % 3],
        "task_type": f"k{pick % 4}",
        "priority": [Priority.NORMAL, Priority.LOW, Priority.CRITICAL][pick % 7 % 3],
        "requirements": needs,
        "max_cost": pick % 1000,
        "concurrency_key": "k" if pick % 6 == 0 else None,
        "concurrency_limit": 2 if pick % 6 == 0 else None,
    }


def drawn_agent(pick: int) -> Capabilities:
    return Capabilities(
        skills={name: ((pick + at) % 10) / 10 for at, name in enumerate(SKILLS) if pick % (at + 2)},
        labels={"zone": f"z{pick % 3}"},
        resources={"gpu": float(pick % 8)},
        cost_per_task=pick * 31 % 500,
        max_concurrent_tasks=1 + pick % 5,
    )

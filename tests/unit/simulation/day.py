"""Runs a day: agents work, fail, fall silent, come back, leave; processes see to the rest."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from heapq import heappop, heappush
from itertools import count
from random import Random

from aia_mas.domain.kernel.errors import DomainError
from aia_mas.domain.orchestration import agent_commands as agents
from aia_mas.domain.orchestration import agent_decisions
from aia_mas.domain.orchestration.task_commands import CompleteTask, FailTask, StartTask
from aia_mas.domain.orchestration.task_events import TaskAssigned
from aia_mas.domain.orchestration.task_execution import complete_task, fail_task, start_task

from .policies import Make
from .scenario import DAY, Incident, Job, Size, Worker, incidents, jobs, workers
from .world import World, seconds

START = datetime(2026, 1, 5, tzinfo=UTC)
LOOK = 10.0
"""Seconds between looks at what is due."""
CHECK = 4 * 3_600.0
"""Seconds between checks of every task."""


class Day:
    """A simulated day under one policy.

    Attributes:
        world: The log and its folds.
        jobs: The tasks, by id.
        refused: Codes of refusals, and how often there was one.
    """

    def __init__(self, seed: int, size: Size, make: Make) -> None:
        """Draw a day from a seed; ``run`` runs it."""
        self.world = World(START, lambda world: make(world, seed), self._given, self._sign_of_life)
        self.jobs = {job.task_id: job for job in jobs(seed, size, START)}
        self.refused: dict[str, int] = {}
        self._seed = seed
        self._size = size
        self._makers = workers(seed)
        self._workers: dict[str, Worker] = {}
        self._silent: dict[str, datetime] = {}
        self._late: dict[str, list[tuple[str, TaskAssigned]]] = {}
        self._jitter = Random(f"{seed} jitter")
        self._agenda: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count()
        self._elapsed = 0.0

    def run(self) -> Day:
        """Run it to its end."""
        for _ in range(self._size.agents):
            self._join()
        for job in self.jobs.values():
            self._at(job.at, lambda job=job: self._submit(job))  # type: ignore[misc]
        for incident in incidents(self._seed, self._size):
            self._at(incident.at, lambda each=incident: self._befall(each))  # type: ignore[misc]
        self._at(LOOK, self._look)
        self._at(CHECK, self._check)
        while self._agenda and self._agenda[0][0] <= DAY:
            self._elapsed, _, happens = heappop(self._agenda)
            self.world.now = START + seconds(self._elapsed)
            happens()
            if self.world.dispatching.more_to_plan:
                self.world.dispatch()
        self.world.dispatch()
        self.world.check_that_nothing_is_forgotten()
        return self

    def _at(self, at: float, happens: Callable[[], None]) -> None:
        heappush(self._agenda, (at, next(self._numbers), happens))

    def _after(self, delay: float, happens: Callable[[], None]) -> None:
        self._at(self._elapsed + delay, happens)

    def _note(self, refusal: DomainError | None) -> None:
        if refusal is not None:
            self.refused[refusal.code] = self.refused.get(refusal.code, 0) + 1

    # ---------------------------------------------------------------------------- processes

    def _look(self) -> None:
        self.world.end_due(self._jitter.random)
        self.world.dispatch()
        self._after(LOOK, self._look)

    def _check(self) -> None:
        self.world.dispatch()
        self.world.check_that_nothing_is_forgotten()
        self._after(CHECK, self._check)

    def _submit(self, job: Job) -> None:
        self.world.submit(job.task_id, job.spec, job.owner)

    # ------------------------------------------------------------------------------- agents

    def _sign_of_life(self, agent_id: str) -> datetime | None:
        return self._silent.get(agent_id, self.world.now)

    def _given(self, task_id: str, event: TaskAssigned) -> None:
        """An agent that is given a task asks for it within seconds."""
        delay = Random(f"{self._seed} {event.lease}").uniform(0.2, 4.0)
        self._after(delay, lambda: self._begin(task_id, event))

    def _begin(self, task_id: str, given: TaskAssigned) -> None:
        agent_id = given.agent_id
        if agent_id in self._silent or agent_id not in self._workers:
            return
        state = self.world.tasks[task_id]
        command = StartTask(task_id=task_id, agent_id=agent_id, lease=given.lease)
        refusal = self.world.take(start_task(state, command, self.world.context))
        self._note(refusal)
        if refusal is None:
            work = self.jobs[task_id].work / self._workers[agent_id].speed
            self._after(work, lambda: self._finish(task_id, given))

    def _finish(self, task_id: str, given: TaskAssigned) -> None:
        agent_id = given.agent_id
        worker = self._workers.get(agent_id)
        if worker is None:
            return
        if agent_id in self._silent:
            self._late.setdefault(agent_id, []).append((task_id, given))
            return
        # The luck of an attempt does not depend on who else was lucky before.
        luck = Random(f"{self._seed} {task_id} {given.attempt}")
        who = {"task_id": task_id, "agent_id": agent_id, "lease": given.lease}
        state, context = self.world.tasks[task_id], self.world.context
        chance = worker.delivers(self.jobs[task_id].spec.task_type, self._elapsed)
        if luck.random() < chance:
            complete = CompleteTask(**who, quality=round(chance, 3))
            self._note(self.world.take(complete_task(state, complete, context)))
        else:
            fail = FailTask(**who, error_code="no_result", jitter=luck.random())
            self._note(self.world.take(fail_task(state, fail, context)))

    def _join(self) -> None:
        worker = self._makers.draw()
        agent_id = f"a{len(self.world.agents):05}"
        self._workers[agent_id] = worker
        command = agents.RegisterAgent(agent_id=agent_id, capabilities=worker.capabilities)
        decision = agent_decisions.register_agent(None, command, self.world.context)
        self._note(self.world.take(decision))

    def _befall(self, incident: Incident) -> None:
        there = list(self._workers)
        agent_id = there[int(incident.pick * len(there))]
        world, state = self.world, self.world.agents[agent_id]
        if incident.kind == "crash":
            if agent_id not in self._silent:
                self._silent[agent_id] = world.now
                self._after(incident.lasts, lambda: self._return(agent_id))
        elif incident.kind == "leave":
            del self._workers[agent_id]
            leave = agents.UnregisterAgent(agent_id=agent_id)
            self._note(world.take(agent_decisions.unregister_agent(state, leave, world.context)))
            self._join()
        else:
            if incident.kind == "drain":
                drain = agents.DrainAgent(agent_id=agent_id)
                decision = agent_decisions.drain_agent(state, drain, world.context)
            else:
                suspend = agents.SuspendAgent(agent_id=agent_id)
                decision = agent_decisions.suspend_agent(state, suspend, world.context)
            self._note(world.take(decision))
            self._after(incident.lasts, lambda: self._activate(agent_id))

    def _return(self, agent_id: str) -> None:
        """An agent is heard of again, and delivers what it has finished meanwhile."""
        del self._silent[agent_id]
        if agent_id not in self._workers:
            return
        world, command = self.world, agents.MarkAgentOnline(agent_id=agent_id)
        state = world.agents[agent_id]
        self._note(world.take(agent_decisions.mark_agent_online(state, command, world.context)))
        for task_id, given in self._late.pop(agent_id, ()):
            self._finish(task_id, given)

    def _activate(self, agent_id: str) -> None:
        if agent_id in self._workers:
            command, world = agents.ActivateAgent(agent_id=agent_id), self.world
            state = world.agents[agent_id]
            self._note(world.take(agent_decisions.activate_agent(state, command, world.context)))

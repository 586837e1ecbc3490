"""The log read once from its beginning: what must hold at every position, whatever was killed."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from aia_mas.application.communication import handlers as communication
from aia_mas.application.economy import handlers as economy
from aia_mas.application.event_log.records import RecordedEvent
from aia_mas.domain.kernel.ids import entity_of
from aia_mas.domain.orchestration import agent_events as agents
from aia_mas.domain.orchestration import task_events as tasks
from aia_mas.domain.orchestration.scoring.replay import decide_again
from aia_mas.domain.orchestration.scoring.weights import DEFAULT_WEIGHTS
from aia_mas.domain.orchestration.task_status import TaskStatus


class AgentThen:
    """An agent at some position."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.online = self.active = self.registered = True
        self.holds: set[str] = set()


class History:
    """All that happened, checked event by event.

    Attributes:
        events: The log.
        submitted: Task -> the client's payload.
        completed: Task -> the result.
        leases: Task -> the leases that it ever had, in order.
        holders: Task -> the agents that ever had it, in order.
        refused: Results that were refused, by task.
        assignments: How many attempts were given out.
    """

    def __init__(self, events: Sequence[RecordedEvent]) -> None:
        """Read the log.

        Raises:
            AssertionError: Something was done that must never be.
        """
        self.events = events
        self.agents: dict[str, AgentThen] = {}
        self.submitted: dict[str, Any] = {}
        self.completed: dict[str, Any] = {}
        self.leases: dict[str, list[str]] = {}
        self.holders: dict[str, list[str]] = {}
        self.refused: Counter[str] = Counter()
        self._live: dict[str, tuple[str, str]] = {}
        self._given: set[str] = set()
        for number, event in enumerate(events, 1):
            assert event.position == number
            try:
                self._follow(entity_of(event.stream), event.event)
            except AssertionError as error:
                raise AssertionError(f"{event}: {error}") from error

    @property
    def assignments(self) -> int:
        """How many attempts were given out."""
        return sum(len(leases) for leases in self.leases.values())

    def of(self, kind: type) -> list[RecordedEvent]:
        """Return the events of a class."""
        return [event for event in self.events if type(event.event) is kind]

    def by_command(self) -> dict[str, list[RecordedEvent]]:
        """Return the events of each command."""
        found: dict[str, list[RecordedEvent]] = {}
        for event in self.events:
            found.setdefault(event.command_id, []).append(event)
        return found

    def _follow(self, entity: str, event: Any) -> None:
        match event:
            case agents.AgentRegistered():
                before = self.agents.get(entity)
                assert before is None or not before.registered, "it is registered already"
                now = self.agents[entity] = AgentThen(event.capabilities.max_concurrent_tasks)
                now.holds = set() if before is None else before.holds
            case agents.AgentUpdated():
                self.agents[entity].capacity = event.capabilities.max_concurrent_tasks
            case agents.AgentWentOffline():
                self.agents[entity].online = False
            case agents.AgentCameOnline():
                self.agents[entity].online = True
            case agents.AgentDrained() | agents.AgentSuspended():
                self.agents[entity].active = False
            case agents.AgentActivated():
                self.agents[entity].active = True
            case agents.AgentUnregistered():
                self.agents[entity].registered = False
            case tasks.TaskSubmitted():
                assert entity not in self.submitted, "it exists already"
                self.submitted[entity] = event.spec.payload
                self.leases[entity], self.holders[entity] = [], []
            case tasks.TaskAssigned():
                self._assigned(entity, event)
            case tasks.TaskStarted():
                assert self._live[entity] == (event.agent_id, event.lease), "another has the lease"
            case tasks.TaskProgressed():
                assert self._live[entity][0] == event.agent_id
            case tasks.TaskCompleted():
                assert self._live[entity] == (event.agent_id, event.lease), "another has the lease"
                assert entity not in self.completed, "it was completed already"
                self.completed[entity] = event.result
                self._over(entity)
            case tasks.TaskFailed() | tasks.TaskReleased():
                assert self._live[entity][0] == event.agent_id, "another has it"
                assert event.outcome is TaskStatus.QUEUED, "no task is given up here"
                self._over(entity)
            case tasks.TaskCancelled():
                self._over(entity)
            case tasks.TaskResultRefused():
                self.refused[entity] += 1
            case _ if type(event) in economy.EVENTS:
                pass  # see ``test_orders``
            case _ if type(event) in communication.EVENTS:
                pass  # see ``test_messages``
            case _:
                raise AssertionError(f"{type(event).__name__} is not expected here")

    def _assigned(self, task: str, event: tasks.TaskAssigned) -> None:
        assert task not in self._live, f"it is with {self._live[task]}"
        agent = self.agents[event.agent_id]
        assert agent.registered, "the agent is gone"
        assert agent.active, "the agent is suspended"
        assert agent.online, "the agent is offline"
        assert len(agent.holds) < agent.capacity, f"the agent has {len(agent.holds)} tasks already"
        assert event.attempt == len(self.leases[task]) + 1, "the attempt was made already"
        assert event.lease not in self._given, "the lease was given out before"
        # Whoever led: what the event holds leads to the same agent. Nobody changes rules here.
        assert event.revision == 0
        assert decide_again(event, DEFAULT_WEIGHTS) == event.agent_id, "by its own grounds"
        self._given.add(event.lease)
        agent.holds.add(task)
        self.leases[task].append(event.lease)
        self.holders[task].append(event.agent_id)
        self._live[task] = (event.agent_id, event.lease)

    def _over(self, task: str) -> None:
        if task in self._live:
            self.agents[self._live.pop(task)[0]].holds.discard(task)

"""The one shape of a domain test: given events, when a command, then events or a refusal."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Self

import pytest

from aia_mas.domain.kernel import Context, Decision, Event, Principal, Role
from aia_mas.domain.orchestration import (
    agent,
    agent_commands,
    agent_decisions,
    agent_endpoint,
    task,
    task_commands,
    task_ending,
    task_execution,
    task_input,
    task_rating,
    task_steering,
    task_submission,
)

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
CALLER = Principal(subject="alice", roles=frozenset({Role.CLIENT}))

Decisions = dict[type, Callable[..., Decision]]

AGENT_DECISIONS: Decisions = {
    agent_commands.RegisterAgent: agent_decisions.register_agent,
    agent_commands.PutAgent: agent_decisions.put_agent,
    agent_commands.UpdateAgent: agent_decisions.update_agent,
    agent_commands.DrainAgent: agent_decisions.drain_agent,
    agent_commands.SuspendAgent: agent_decisions.suspend_agent,
    agent_commands.ActivateAgent: agent_decisions.activate_agent,
    agent_commands.DisableEndpoint: agent_endpoint.disable_endpoint,
    agent_commands.RotateWebhookSecret: agent_endpoint.rotate_webhook_secret,
    agent_commands.UnregisterAgent: agent_decisions.unregister_agent,
    agent_commands.MarkAgentOffline: agent_decisions.mark_agent_offline,
    agent_commands.MarkAgentOnline: agent_decisions.mark_agent_online,
}
TASK_DECISIONS: Decisions = {
    task_commands.SubmitTask: task_submission.submit_task,
    task_commands.AssignTask: task_submission.assign_task,
    task_commands.RetryTask: task_submission.retry_task,
    task_commands.StartTask: task_execution.start_task,
    task_commands.RecordProgress: task_execution.record_progress,
    task_commands.CompleteTask: task_execution.complete_task,
    task_commands.FailTask: task_execution.fail_task,
    task_commands.ReleaseTask: task_ending.release_task,
    task_commands.CancelTask: task_ending.cancel_task,
    task_commands.ExpireTask: task_ending.expire_task,
    task_commands.AskForInput: task_input.ask_for_input,
    task_commands.GiveInput: task_input.give_input,
    task_commands.RateTask: task_rating.rate_task,
    task_commands.ReprioritiseTask: task_steering.reprioritise_task,
    task_commands.ReassignTask: task_steering.reassign_task,
}
# These decisions read the agent's stream beside the task's.
TWO_STREAMS = (task_commands.SubmitTask, task_commands.AssignTask)


class Scenario:
    """Events of one stream, a command on them, and what came of it."""

    def __init__(
        self,
        stream: str,
        evolve: Callable[..., Any],
        decisions: dict[type, Callable[..., Decision]],
    ) -> None:
        self.stream = stream
        self.evolve = evolve
        self.decisions = decisions
        self.state: Any = None
        self.agent: agent.AgentState | None = None
        self.now = NOW
        self.caller = CALLER
        self.decision = Decision()

    def given(self, *events: Event) -> Self:
        """Fold what happened before."""
        for event in events:
            self.state = self.evolve(self.state, event)
        return self

    def beside(self, *events: Event) -> Self:
        """Fold the stream of the agent that the command names."""
        for event in events:
            self.agent = agent.evolve(self.agent, event)
        return self

    def at(self, now: datetime) -> Self:
        """Decide at this time."""
        self.now = now
        return self

    def by(self, subject: str, *roles: Role) -> Self:
        """Decide for this caller."""
        agent_id = subject if Role.AGENT in roles else None
        self.caller = Principal(subject=subject, roles=frozenset(roles), agent_id=agent_id)
        return self

    def when(self, command: Any) -> Self:
        """Decide."""
        decide = self.decisions[type(command)]
        ctx = Context(now=self.now, head=1, principal=self.caller)
        states = (self.state, self.agent) if isinstance(command, TWO_STREAMS) else (self.state,)
        self.decision = decide(*states, command, ctx)
        return self

    def then(self, *events: Event, result: Any = ...) -> Self:
        """Expect acceptance with exactly these events; they happen, so that a story may go on."""
        assert self.decision.refusal is None
        assert self.decision.events == tuple((self.stream, event) for event in events)
        assert result is ... or self.decision.result == result
        return self.given(*events)

    def then_refused(self, code: str, *events: Event, field: str | None = None) -> Self:
        """Expect a refusal, and exactly these events recorded with it."""
        refusal = self.decision.refusal
        assert refusal is not None, f"accepted: {self.decision.events}"
        assert refusal.code == code
        assert field is None or getattr(refusal, "field", None) == field
        assert self.decision.events == tuple((self.stream, event) for event in events)
        return self.given(*events)


@pytest.fixture
def now() -> datetime:
    """Return the time of all decisions that do not set another one."""
    return NOW


@pytest.fixture
def an_agent() -> Scenario:
    """Return an empty scenario of agent ``a1``."""
    return Scenario("agent/a1", agent.evolve, AGENT_DECISIONS)


@pytest.fixture
def a_task() -> Scenario:
    """Return an empty scenario of task ``t1``."""
    return Scenario("task/t1", task.evolve, TASK_DECISIONS)

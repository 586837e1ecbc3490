"""A fleet, and short words for what its agents live through."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from aia_mas.domain.orchestration.agent_events import AgentRegistered
from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.domain.orchestration.fleet import Fleet, Pick
from aia_mas.domain.orchestration.requirement import signature_of
from aia_mas.domain.orchestration.scoring.policies import BUILT_IN, Policies
from aia_mas.domain.orchestration.scoring.rules import AssignmentRules, AssignmentRulesChanged
from aia_mas.domain.orchestration.scoring.weights import ONE, Weights
from aia_mas.domain.orchestration.task_events import (
    TaskAssigned,
    TaskCompleted,
    TaskFailed,
    TaskInputGiven,
    TaskInputRequested,
    TaskRated,
    TaskReleased,
    TaskStarted,
)
from aia_mas.domain.orchestration.task_specification import Requirements
from aia_mas.domain.orchestration.task_status import ReleaseReason, TaskStatus

from .staked import staked

NOW = datetime(2026, 1, 2, tzinfo=UTC)
TOKEN = 10**18
PRICE_ONLY = Weights(quality=0, latency=0, headroom=0, price=10_000, stake=0, affinity=0)


class ScoredFleet:
    """A fleet fold; every task is done by whom the test says."""

    def __init__(self, policies: Policies = BUILT_IN) -> None:
        self.fleet = Fleet(policies=policies)
        self.count = 0

    def agent(self, agent_id: str, stake: int = 0, **declared: Any) -> None:
        """Register an agent (``places``, and what it declares) that has a stake."""
        self.fleet.apply(f"agent/{agent_id}", self.registered(**declared))
        if stake:
            self.fleet.apply(f"stake/{agent_id}", staked(stake))

    def registered(self, *, places: int = 10, **declared: Any) -> AgentRegistered:
        able = Capabilities(max_concurrent_tasks=places, **declared)
        return AgentRegistered(capabilities=able, owner="o", registered_at=NOW)

    def rules(self, **rules: Any) -> None:
        changed = AssignmentRules(revision=self.fleet.chooser.rules.revision + 1, **rules)
        self.fleet.apply("assignment/rules", AssignmentRulesChanged(rules=changed, by="o", at=NOW))

    def given(self, agent_id: str, task_type: str = "t", key: str | None = None) -> str:
        """Assign a task; returns its id."""
        self.count += 1
        task_id = f"task{self.count}"
        event = TaskAssigned(
            agent_id=agent_id, attempt=1, lease="L", lease_seconds=1.0, assigned_at=NOW
        )
        self.fleet.apply(f"task/{task_id}", event, task_type, key)
        return task_id

    def started(self, agent_id: str, task_type: str = "t") -> str:
        """Assign a task and start it; returns its id."""
        task_id = self.given(agent_id, task_type)
        event = TaskStarted(agent_id=agent_id, attempt=1, lease="L", started_at=NOW)
        self.fleet.apply(f"task/{task_id}", event, task_type)
        return task_id

    def completed(self, agent_id: str, seconds: float = 1.0, task_type: str = "t") -> str:
        return self.delivered(self.started(agent_id, task_type), agent_id, seconds, task_type)

    def delivered(self, task_id: str, agent_id: str, seconds: float, task_type: str = "t") -> str:
        """Complete a task so many seconds after it was assigned; returns its id."""
        after = NOW + timedelta(seconds=seconds)
        event = TaskCompleted(agent_id=agent_id, attempt=1, lease="L", completed_at=after)
        self.fleet.apply(f"task/{task_id}", event, task_type)
        return task_id

    def asked(self, task_id: str, agent_id: str, seconds: float) -> None:
        """Have an agent ask a question so many seconds after the assignment."""
        asked = TaskInputRequested(
            agent_id=agent_id,
            attempt=1,
            number=1,
            question="?",
            at=NOW + timedelta(seconds=seconds),
        )
        self.fleet.apply(f"task/{task_id}", asked, "t")

    def answered(self, task_id: str, agent_id: str, seconds: float) -> None:
        """Answer it so many seconds after the assignment."""
        given = TaskInputGiven(
            agent_id=agent_id, attempt=1, number=1, by="o", at=NOW + timedelta(seconds=seconds)
        )
        self.fleet.apply(f"task/{task_id}", given, "t")

    def failed(self, agent_id: str, task_type: str = "t") -> None:
        task_id = self.started(agent_id, task_type)
        event = TaskFailed(
            agent_id=agent_id,
            attempt=1,
            error_code="e",
            retryable=True,
            outcome=TaskStatus.QUEUED,
            failed_at=NOW,
        )
        self.fleet.apply(f"task/{task_id}", event, task_type)

    def lost(
        self,
        agent_id: str,
        task_type: str = "t",
        *,
        started: bool = True,
        reason: ReleaseReason = ReleaseReason.LEASE_EXPIRED,
    ) -> None:
        begin = self.started if started else self.given
        task_id = begin(agent_id, task_type)
        event = TaskReleased(
            agent_id=agent_id,
            attempt=1,
            reason=reason,
            outcome=TaskStatus.QUEUED,
            begun=started,
            released_at=NOW,
        )
        self.fleet.apply(f"task/{task_id}", event, task_type)

    def rated(self, task_id: str, agent_id: str, rating: float) -> None:
        event = TaskRated(agent_id=agent_id, attempt=1, rating=rating, by="o", at=NOW)
        self.fleet.apply(f"task/{task_id}", event)

    def pick(
        self,
        task_type: str = "t",
        *,
        seed: int = 7,
        key: str | None = None,
        max_cost: int | None = None,
        **asked: Any,
    ) -> Pick | None:
        signature = signature_of(task_type, Requirements(**asked), max_cost)
        return self.fleet.pick(signature, seed, key)

    def features(self, feature: str, task_type: str = "t", **asked: Any) -> dict[str, float]:
        """Return one feature of everybody on the shortlist, 0..1."""
        pick = self.pick(task_type, **asked)
        assert pick is not None
        return {each.agent_id: getattr(each, feature) / ONE for each in pick.grounds.candidates}

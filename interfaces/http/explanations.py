"""Why attempts went to their agents, worked out anew from what the log holds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from aia_mas.application.event_log.records import RecordedEvent
from aia_mas.domain.economy.rewards.telling import told_reward
from aia_mas.domain.kernel.money import to_text
from aia_mas.domain.orchestration.scoring.candidates import (
    WHOLE_SCORE,
    Candidate,
    Mark,
    score,
)
from aia_mas.domain.orchestration.scoring.policies import (
    Policies,
    drawn,
    power_of_two,
    the_sticky,
)
from aia_mas.domain.orchestration.scoring.rules import RULES, AssignmentRulesChanged
from aia_mas.domain.orchestration.scoring.weights import (
    DEFAULT_WEIGHTS,
    FEATURES,
    ONE,
    Weights,
)
from aia_mas.domain.orchestration.task_events import TaskAssigned, TaskReleased
from aia_mas.interfaces.http.schemas.lists import (
    ExcludedAgent,
    Explained,
    FleetThen,
    ScoredCandidate,
    ScoredFeature,
)

if TYPE_CHECKING:
    from aia_mas.interfaces.bootstrap import System

_MARKS = {
    "preferred": Mark.PREFERRED,
    "specialised": Mark.SPECIALISED,
    "sticky": Mark.STICKY,
}


async def explained(system: System, events: Iterable[RecordedEvent]) -> list[Explained]:
    """Return the assignments among the events of a task, each with its grounds."""
    assigned = [
        (event.position, event.event) for event in events if isinstance(event.event, TaskAssigned)
    ]
    weights = {0: DEFAULT_WEIGHTS}
    if any(event.revision for _, event in assigned):
        for change in await system.log.read_stream(RULES):
            if isinstance(change.event, AssignmentRulesChanged):
                weights[change.event.rules.revision] = change.event.rules.weights
    return [
        _explained(event, position, weights.get(event.revision), system.policies)
        for position, event in assigned
    ]


def excluded(events: Iterable[RecordedEvent]) -> list[ExcludedAgent]:
    """Return from whom the task of some events was taken for good."""
    return [
        ExcludedAgent(
            agent_id=event.event.agent_id,
            attempt=event.event.attempt,
            by=event.event.by,
            reason=event.event.note,
            at=event.event.released_at,
            position=event.position,
        )
        for event in events
        if isinstance(event.event, TaskReleased) and event.event.excluded
    ]


def _explained(
    event: TaskAssigned, position: int, weights: Weights | None, policies: Policies
) -> Explained:
    policy = policies.get(event.policy)
    counts = weights if policy is None or policy.weights is None else policy.weights
    pair = _pair(event, policies)
    # Without the weights (this release cannot read their event) there are no scores to show.
    shown = (
        []
        if counts is None
        else [
            _scored(candidate, counts, drawn=index in pair)
            for index, candidate in enumerate(event.candidates)
        ]
    )
    chosen = next((each for each in shown if each.agent_id == event.agent_id), None)
    others = [each for each in shown if each is not chosen]
    others.sort(key=lambda each: not each.drawn)  # stable: else the next on the list
    return Explained(
        attempt=event.attempt,
        agent_id=event.agent_id,
        policy=event.policy,
        considered=event.considered,
        load=event.load,
        price=to_text(event.price),
        assigned_at=event.assigned_at,
        position=position,
        revision=event.revision,
        seed=event.seed,
        chosen=chosen,
        runner_up=others[0] if others else None,
        shortlist=shown,
        failure=event.failure,
        at_decision=_fleet_then(event),
        reward=told_reward(event.reward, event.unfunded),
    )


def _fleet_then(event: TaskAssigned) -> FleetThen | None:
    if not event.agents:
        return None
    return FleetThen(agents=event.agents, with_room=event.with_room, considered=event.considered)


def _pair(event: TaskAssigned, policies: Policies) -> Sequence[int]:
    """Return the two of the shortlist that were drawn, if the policy left it to chance."""
    policy, candidates = policies.get(event.policy), event.candidates
    if not candidates or policy is None:
        return ()
    kept = policy.choose is the_sticky and any(each.marks & Mark.STICKY for each in candidates)
    if policy.choose not in (power_of_two, the_sticky) or kept:
        return ()
    return drawn(candidates, event.seed)


def _scored(candidate: Candidate, weights: Weights, *, drawn: bool) -> ScoredCandidate:
    values = [(name, getattr(candidate, name), getattr(weights, name)) for name in FEATURES]
    return ScoredCandidate(
        agent_id=candidate.agent_id,
        score=score(candidate, weights) / WHOLE_SCORE,
        features={
            name: ScoredFeature(
                value=value / ONE, weight=weight / ONE, points=value * weight / WHOLE_SCORE
            )
            for name, value, weight in values
        },
        marks=[name for name, mark in _MARKS.items() if candidate.marks & mark],
        drawn=drawn,
    )

"""Makes a recorded decision again, from nothing but what stands in the log."""

from __future__ import annotations

from aia_mas.domain.orchestration.scoring.policies import BUILT_IN, Policies, choice
from aia_mas.domain.orchestration.scoring.weights import Weights
from aia_mas.domain.orchestration.task_events import TaskAssigned


def decide_again(
    event: TaskAssigned, weights: Weights, policies: Policies = BUILT_IN
) -> str | None:
    """Return the agent that the recorded shortlist, seed and policy lead to.

    Args:
        event: The assignment.
        weights: Those of the event's ``revision``; other ones tell who would have got it by them.
        policies: The policies by name, those of the users included.

    Returns:
        Its id; None when the event holds no shortlist, as those of former releases.

    Raises:
        KeyError: The policy of the event is not among ``policies``.
    """
    if not event.candidates:
        return None
    return choice(event.candidates, policies[event.policy], weights, event.seed).agent_id

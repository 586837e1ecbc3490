"""The rules of assignment: weights and policies, changed live, each change an event."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, ClassVar

import msgspec
from msgspec.structs import replace

from aia_mas.domain.kernel.context import Context
from aia_mas.domain.kernel.decision import Decision, accept, refuse
from aia_mas.domain.kernel.errors import InvalidValue, PermissionDenied
from aia_mas.domain.kernel.event import Event, State
from aia_mas.domain.kernel.ids import stream_of
from aia_mas.domain.kernel.mistakes import Mistakes
from aia_mas.domain.kernel.places import within
from aia_mas.domain.kernel.precondition import UNCONDITIONAL, Precondition
from aia_mas.domain.orchestration.bounds import check_count, check_name
from aia_mas.domain.orchestration.errors import UnknownPolicy
from aia_mas.domain.orchestration.scoring.policies import SCORED, Policies
from aia_mas.domain.orchestration.scoring.weights import DEFAULT_WEIGHTS, Weights, check_weights

RULES = stream_of("assignment", "rules")
"""The stream of the rules."""


class AssignmentRules(State, frozen=True, kw_only=True):
    """What decides about assignments.

    Attributes:
        revision: Grows with every change; 0 before the first one. Assignments name it.
        weights: What counts how much.
        default: The policy of all types that have none of their own.
        by_type: Policy by type of task.
        configured: The weights that the configuration last gave, if it ever gave any.
    """

    revision: int = 0
    weights: Weights = DEFAULT_WEIGHTS
    default: str = SCORED.name
    by_type: dict[str, str] = msgspec.field(default_factory=dict)
    configured: Weights | None = None


class AssignmentRulesChanged(Event, frozen=True, kw_only=True):
    """The rules were changed (``rules``: as they are from here on; ``at``: when, UTC)."""

    topic: ClassVar[str] = "assignment.rules_changed.v1"
    rules: AssignmentRules
    by: str
    at: datetime


EVENTS: tuple[type[Event], ...] = (AssignmentRulesChanged,)
"""Every event of the stream, for the topic registry."""


class ReplaceAssignmentRules(msgspec.Struct, frozen=True, kw_only=True):
    """Set all of the rules.

    Attributes:
        weights: None: those of the configuration.
        default: The policy of all types that have none of their own.
        by_type: Policy by type of task.
        condition: What must hold of the revision.
    """

    weights: Weights | None = None
    default: str = SCORED.name
    by_type: dict[str, str] = {}
    condition: Precondition = UNCONDITIONAL


class SetTypePolicy(msgspec.Struct, frozen=True, kw_only=True):
    """Set the policy of one type (None: it has none of its own)."""

    task_type: str
    policy: str | None
    condition: Precondition = UNCONDITIONAL


class AdoptConfiguredWeights(msgspec.Struct, frozen=True, kw_only=True):
    """Go by the configuration's weights, unless it has not changed since it last was."""

    weights: Weights


def evolve(_state: AssignmentRules | None, event: AssignmentRulesChanged) -> AssignmentRules:
    """Fold one event of the stream."""
    return event.rules


def rules_of(state: AssignmentRules | None) -> AssignmentRules:
    """Return the rules, also where nobody has changed any."""
    return AssignmentRules() if state is None else state


# Any: each decision takes its own command.
Decide = Callable[[AssignmentRules | None, Any, Context], Decision]


def decisions(policies: Policies) -> Mapping[type[msgspec.Struct], Decide]:
    """Return the decisions about the rules, where these policies are known."""

    def check(name: str, field: str) -> None:
        if name not in policies:
            known = ", ".join(policies)
            raise UnknownPolicy(
                f"{name[:128]!r} is no policy here; known are: {known}", field=field
            )

    def replace_rules(
        state: AssignmentRules | None, command: ReplaceAssignmentRules, ctx: Context
    ) -> Decision:
        old = rules_of(state)
        try:
            mistakes = Mistakes()
            mistakes.check(check, command.default, "default")
            mistakes.check(check_count, command.by_type, "by_type")
            for task_type, name in command.by_type.items():
                if mistakes.full:
                    break
                mistakes.check(check_name, task_type, "by_type")
                mistakes.check(check, name, within("by_type", task_type))
            if command.weights is not None:
                mistakes.check(check_weights, command.weights)
            mistakes.refuse()
        except InvalidValue as error:
            return refuse(error)
        weights = command.weights or old.configured or DEFAULT_WEIGHTS
        new = replace(old, weights=weights, default=command.default, by_type=command.by_type)
        return _changed(old, new, command.condition, ctx)

    def set_type_policy(
        state: AssignmentRules | None, command: SetTypePolicy, ctx: Context
    ) -> Decision:
        old = rules_of(state)
        by_type = {name: each for name, each in old.by_type.items() if name != command.task_type}
        try:
            mistakes = Mistakes()
            mistakes.check(check_name, command.task_type, "task_type")
            if command.policy is not None:
                mistakes.check(check, command.policy, "policy")
                by_type[command.task_type] = command.policy
                mistakes.check(check_count, by_type, "by_type")
            mistakes.refuse()
        except InvalidValue as error:
            return refuse(error)
        return _changed(old, replace(old, by_type=by_type), command.condition, ctx)

    return {
        ReplaceAssignmentRules: replace_rules,
        SetTypePolicy: set_type_policy,
        AdoptConfiguredWeights: _adopt_configured_weights,
    }


def _adopt_configured_weights(
    state: AssignmentRules | None, command: AdoptConfiguredWeights, ctx: Context
) -> Decision:
    old = rules_of(state)
    if old.configured == command.weights:
        return accept(RULES)
    new = replace(old, weights=command.weights, configured=command.weights)
    return _changed(old, new, UNCONDITIONAL, ctx)


def _changed(
    old: AssignmentRules, new: AssignmentRules, condition: Precondition, ctx: Context
) -> Decision:
    if not ctx.principal.operates:
        return refuse(PermissionDenied("Only operators change the rules of assignment"))
    if unmet := condition.unmet(old.revision):
        return refuse(unmet)
    if new == old:
        return accept(RULES)
    new = replace(new, revision=old.revision + 1)
    return accept(RULES, AssignmentRulesChanged(rules=new, by=ctx.principal.subject, at=ctx.now))

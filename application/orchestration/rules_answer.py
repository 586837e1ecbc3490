"""The rules of assignment as clients see them: policies, weights as shares of one, the revision."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from aia_mas.domain.orchestration.scoring.policies import BUILT_IN, Policies
from aia_mas.domain.orchestration.scoring.rules import AssignmentRules, rules_of


class PolicyShown(msgspec.Struct, frozen=True, kw_only=True):
    """A policy that this node knows.

    Attributes:
        name: Its name.
        detail: What it does.
        built_in: It is one of ours; the others were registered by the program that runs the node.
    """

    name: str
    detail: str
    built_in: bool


class PoliciesAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What decides which agent gets a task.

    Attributes:
        revision: Grows with every change; the ETag. Assignments name it.
        default: The policy of all types of tasks that have none of their own.
        by_type: Policy by type of task.
        weights: What each feature counts, as a share of one.
        policies: What there is to choose from.
    """

    revision: int
    default: str
    by_type: dict[str, str]
    weights: dict[str, float]
    policies: list[PolicyShown]


def rules_answer(policies: Policies) -> Callable[[AssignmentRules | None, object], PoliciesAnswer]:
    """Return what shows the rules, where these policies are known."""

    def show(state: AssignmentRules | None, _command: object) -> PoliciesAnswer:
        rules = rules_of(state)
        return PoliciesAnswer(
            revision=rules.revision,
            default=rules.default,
            by_type=rules.by_type,
            weights=rules.weights.shares(),
            policies=[
                PolicyShown(name=name, detail=each.detail, built_in=name in BUILT_IN)
                for name, each in policies.items()
            ],
        )

    return show

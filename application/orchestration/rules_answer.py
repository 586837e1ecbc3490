"""The rules of assignment as clients see them: policies, weights as shares of one, the revision."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import msgspec

from aia_mas.domain.orchestration.scoring.failures import FailedPolicy
from aia_mas.domain.orchestration.scoring.policies import BUILT_IN, Policies, Policy
from aia_mas.domain.orchestration.scoring.rules import AssignmentRules, rules_of


class LastFailure(msgspec.Struct, frozen=True, kw_only=True):
    """How a policy failed last (``at``: UTC).

    Attributes:
        error: What it raised, and where.
        task_id: The task that it should have chosen an agent for.
        at: When, UTC.
    """

    error: str
    task_id: str
    at: datetime


class PolicyShown(msgspec.Struct, frozen=True, kw_only=True):
    """A policy that this node knows, or that the rules name.

    Attributes:
        name: Its name.
        detail: What it does.
        built_in: It is one of ours; the others were registered by the program that runs the node.
        known: This node knows it; one that it does not know cannot be chosen here.
        failures: How often it should have chosen and failed, ever, on any node; the default policy
            ``scored`` chose in its place.
        last_failure: The last time; None: it never failed.
    """

    name: str
    detail: str
    built_in: bool
    known: bool
    failures: int
    last_failure: LastFailure | None


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


Failures = Callable[[], Mapping[str, FailedPolicy]]
"""Tells which policies failed, by name."""


def rules_answer(
    policies: Policies, failures: Failures
) -> Callable[[AssignmentRules | None, object], PoliciesAnswer]:
    """Return what shows the rules, where these policies are known."""

    def show(state: AssignmentRules | None, _command: object) -> PoliciesAnswer:
        rules, failed = rules_of(state), failures()
        # In the order in which they were registered, then what the rules name beside these.
        names = dict.fromkeys((*policies, rules.default, *sorted(rules.by_type.values())))
        return PoliciesAnswer(
            revision=rules.revision,
            default=rules.default,
            by_type=rules.by_type,
            weights=rules.weights.shares(),
            policies=[_shown(name, policies.get(name), failed.get(name)) for name in names],
        )

    return show


def _shown(name: str, policy: Policy | None, failed: FailedPolicy | None) -> PolicyShown:
    return PolicyShown(
        name=name,
        detail="" if policy is None else policy.detail,
        built_in=name in BUILT_IN,
        known=policy is not None,
        failures=0 if failed is None else failed.times,
        last_failure=None
        if failed is None
        else LastFailure(
            error=failed.error,
            task_id=failed.task_id,
            at=datetime.fromtimestamp(failed.at / 1000, UTC),
        ),
    )

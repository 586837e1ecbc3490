# Written by `make client` from the OpenAPI document; changes are lost.
"""What is answered about policies."""

from __future__ import annotations

from datetime import datetime

import msgspec

from aia.client.types.base import Answer


class LastFailure(msgspec.Struct, frozen=True, kw_only=True):
    """How a policy failed last (`at`: UTC).

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
            `scored` chose in its place.
        last_failure: The last time; None: it never failed.
    """

    name: str
    detail: str
    built_in: bool
    known: bool
    failures: int
    last_failure: LastFailure | None


class PoliciesAnswer(Answer, frozen=True, kw_only=True):
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

# Written by `make client` from the OpenAPI document; changes are lost.
"""What is answered about agent supervision."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from aia.client.types.base import Answer
from aia.client.types.work import Requirements, ToldReward


class ClaimedTask(msgspec.Struct, frozen=True, kw_only=True):
    """A task as its agent gets it; `TaskAnswer` and what is to be done.

    Attributes:
        task_id: Its id.
        status: Always `assigned`.
        agent_id: The agent.
        priority: Its class.
        attempt: The number of this attempt.
        lease: The fencing token of this attempt.
        lease_seconds: How long the lease lasts without progress once started.
        timeout_seconds: The longest execution.
        task_type: What kind of work it is.
        description: For people.
        requirements: What it asks of an agent.
        payload: The input.
        max_cost: The most that it may cost, tokens; None: no bound.
        deadline: When it expires, UTC.
        tags: Its client's words.
        owner: Whom it belongs to.
        reward: What this attempt earns from the reward pool beside its price; None where no
            rewards are offered.
    """

    task_id: str
    status: str
    agent_id: str
    priority: str
    attempt: int
    lease: str
    lease_seconds: float
    timeout_seconds: float
    task_type: str
    description: str
    requirements: Requirements
    payload: Any
    max_cost: str | None
    deadline: datetime | None
    tags: list[str]
    owner: str
    reward: ToldReward | None


class LostTask(msgspec.Struct, frozen=True, kw_only=True):
    """A task that the agent named, and does not hold, or not under the lease that it named.

    Attributes:
        task_id: Which.
        status: Where it stands: cancelled, expired, completed, queued again or with somebody else,
            say; or `unknown`.
        attempt: The number of its last attempt.
    """

    task_id: str
    status: str
    attempt: int


class ClaimedTasks(Answer, frozen=True, kw_only=True):
    """Tasks for an agent.

    Attributes:
        items: Tasks that it is to start; empty when there was none in time.
        lost: Of those that it named as its own, the ones that it should stop working on.
    """

    items: list[ClaimedTask]
    lost: list[LostTask] = msgspec.field(default_factory=list)


class HeldTask(msgspec.Struct, frozen=True, kw_only=True):
    """A task that the agent holds.

    Attributes:
        task_id: Which.
        status: Assigned, running or input_required.
        attempt: The number of the attempt.
        lease: Its fencing token.
        asked: The number of the last question about the task, 0 before the first.
        answered: The number of the last one that was answered; the answers stand in its `inputs`.
    """

    task_id: str
    status: str
    attempt: int
    lease: str | None
    asked: int
    answered: int


class HeartbeatAnswer(Answer, frozen=True, kw_only=True):
    """What an agent learns from its heartbeat.

    Attributes:
        agent_id: The agent.
        status: Active, draining or suspended.
        online: Always true.
        received_at: When the heartbeat came, UTC.
        next_within_seconds: When the next one is expected.
        tasks: What it holds.
        lost: Of the tasks that it named, those that it does not hold, and should stop working on.
    """

    agent_id: str
    status: str
    online: bool
    received_at: datetime
    next_within_seconds: float
    tasks: list[HeldTask] = msgspec.field(default_factory=list)
    lost: list[LostTask] = msgspec.field(default_factory=list)

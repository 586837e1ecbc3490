# Written by `make client` from the OpenAPI document; changes are lost.
"""What is answered about agents."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from aia.client.types.base import Answer


class AgentAnswer(Answer, frozen=True, kw_only=True):
    """An agent right after a command.

    Attributes:
        agent_id: Its id.
        status: Active, draining, suspended or unregistered.
        online: Its heartbeats arrive.
        tier: Its staking tier; None without a stake.
        stake: What makes its tier: its stake that counts, tokens.
        active_tasks: Tasks that it holds now.
        max_concurrent_tasks: How many it takes at once.
        specializations: What it declares to be good at.
        skills: Skill -> level, 0..1.
        labels: Free key-value pairs.
        resources: What it has, by name.
        data_sources: What it can read; empty: undeclared.
        metadata: Any JSON of its client.
        endpoint: Where it can be called.
        wallet_address: Its address outside of this system.
        cost_per_task: Price of one task, tokens.
        initial_stake: What it wanted to stake when it registered, tokens.
        owner: Whom it belongs to.
        revision: Grows with every change of the editable fields; the ETag.
        registered_at: UTC.
        endpoint_disabled: Why nothing is sent to its endpoint, and it gets no work: `failing` or
            `gone`; null: that is not so.
    """

    agent_id: str
    status: str
    online: bool
    tier: str | None
    stake: str
    active_tasks: int
    max_concurrent_tasks: int
    specializations: list[str]
    skills: dict[str, float]
    labels: dict[str, str]
    resources: dict[str, float]
    data_sources: list[str]
    metadata: dict[str, Any]
    endpoint: str | None
    wallet_address: str | None
    cost_per_task: str
    initial_stake: str
    owner: str
    revision: int
    registered_at: datetime
    endpoint_disabled: str | None

# Written by `make client` from its asynchronous twin; changes are lost.
"""Operations of the API: agent registry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from aia.client.synchronous.group import Group
from aia.client.types import AgentAnswer, Done
from aia.client.writing import (
    UNSET,
    Amount,
    Revisions,
    UnsetType,
    changed,
    conditions,
    exact,
    given,
    segment,
)


class AgentRegistry(Group):
    """Methods of `client.agents`."""

    def register(
        self,
        agent_id: str,
        *,
        specializations: Sequence[str] | None = None,
        skills: Mapping[str, float] | None = None,
        max_concurrent_tasks: int | None = None,
        cost_per_task: Amount | None = None,
        labels: Mapping[str, str | int | float | bool] | None = None,
        resources: Mapping[str, float] | None = None,
        data_sources: Sequence[str] | None = None,
        endpoint: str | None = None,
        wallet_address: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        initial_stake: Amount | None = None,
        owner: str | None = None,
        idempotency_key: str | None = None,
    ) -> AgentAnswer:
        """Register a new agent; registering counts as its first heartbeat.

        What it wants to stake (`initial_stake`) is staked when it is answered: in development the
        faucet gives it; elsewhere its wallet has it, by a grant, or nothing is registered (402
        `insufficient_funds`).

        Args:
            specializations: What it is best at, by name.
            skills: Skill name to level, 0..1.
            max_concurrent_tasks: How many tasks it works on at once, 1..1000.
            cost_per_task: Its price for one task, tokens. A number of tokens: a string of plain
                digits with at most 18 decimals, or a number.
            labels: Key to value, for placement; at most 128 characters each. Numbers and booleans
                are stored as text, as JSON writes them.
            resources: How much it has, by name. What its tasks ask for never exceeds it.
            data_sources: Where it can read from; none: everywhere.
            endpoint: Where its tasks are sent, if anywhere: an https URL, or http where allowed.
            wallet_address: Its address outside of this system, if it has one.
            metadata: Any JSON of its client, 64 KiB at most.
            initial_stake: What it wants to stake at once, tokens; counts when it registers. A
                number of tokens: a string of plain digits with at most 18 decimals, or a number.
            owner: Whom it belongs to: the caller, unless an operator names another subject; counts
                when it registers.
            idempotency_key: Its own key instead of a new one, to repeat a command of before.

        Example::

            client.agents.register(
                "data_analyst_001",
                specializations=["data_analysis", "statistics"],
                skills={"python": 0.9, "statistics": 0.8},
                max_concurrent_tasks=3,
                cost_per_task="15",
                labels={"region": "eu", "gpus": 2},
                resources={"cpu": 8, "memory_gb": 32},
                initial_stake="500",
            )
        """
        body = {
            "agent_id": agent_id,
            **given(
                {
                    "specializations": specializations,
                    "skills": skills,
                    "max_concurrent_tasks": max_concurrent_tasks,
                    "cost_per_task": exact(cost_per_task),
                    "labels": labels,
                    "resources": resources,
                    "data_sources": data_sources,
                    "endpoint": endpoint,
                    "wallet_address": wallet_address,
                    "metadata": metadata,
                    "initial_stake": exact(initial_stake),
                    "owner": owner,
                }
            ),
        }
        return self._connection.command(
            "POST", "/mas/api/v1/agents/register", AgentAnswer, body, key=idempotency_key
        )

    def put(
        self,
        agent_id: str,
        *,
        specializations: Sequence[str] | None = None,
        skills: Mapping[str, float] | None = None,
        max_concurrent_tasks: int | None = None,
        cost_per_task: Amount | None = None,
        labels: Mapping[str, str | int | float | bool] | None = None,
        resources: Mapping[str, float] | None = None,
        data_sources: Sequence[str] | None = None,
        endpoint: str | None = None,
        wallet_address: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        initial_stake: Amount | None = None,
        owner: str | None = None,
        if_match: Revisions | None = None,
        if_none_match: Literal["*"] | None = None,
        idempotency_key: str | None = None,
    ) -> AgentAnswer:
        """Make an agent be registered like this; safe to repeat whenever the agent starts.

        An agent that drained itself before it stopped gets work again when it puts itself.
        If-Match: replace this revision only (``*``: whichever there is). If-None-Match: ``*``
        registers only.

        Args:
            agent_id: The agent.
            specializations: What it is best at, by name.
            skills: Skill name to level, 0..1.
            max_concurrent_tasks: How many tasks it works on at once, 1..1000.
            cost_per_task: Its price for one task, tokens. A number of tokens: a string of plain
                digits with at most 18 decimals, or a number.
            labels: Key to value, for placement; at most 128 characters each. Numbers and booleans
                are stored as text, as JSON writes them.
            resources: How much it has, by name. What its tasks ask for never exceeds it.
            data_sources: Where it can read from; none: everywhere.
            endpoint: Where its tasks are sent, if anywhere: an https URL, or http where allowed.
            wallet_address: Its address outside of this system, if it has one.
            metadata: Any JSON of its client, 64 KiB at most.
            initial_stake: What it wants to stake at once, tokens; counts when it registers. A
                number of tokens: a string of plain digits with at most 18 decimals, or a number.
            owner: Whom it belongs to: the caller, unless an operator names another subject; counts
                when it registers.
            if_match: The revision that the change is meant for, or several; `*`: whichever there
                is.
            if_none_match: `*`: only if there is none yet.
            idempotency_key: Its own key instead of a new one, to repeat a command of before.

        Example::

            client.agents.put(
                "data_analyst_001",
                specializations=["data_analysis", "statistics"],
                skills={"python": 0.9, "statistics": 0.8},
                max_concurrent_tasks=3,
                cost_per_task="15",
                labels={"region": "eu", "gpus": 2},
                resources={"cpu": 8, "memory_gb": 32},
            )
        """
        body = given(
            {
                "specializations": specializations,
                "skills": skills,
                "max_concurrent_tasks": max_concurrent_tasks,
                "cost_per_task": exact(cost_per_task),
                "labels": labels,
                "resources": resources,
                "data_sources": data_sources,
                "endpoint": endpoint,
                "wallet_address": wallet_address,
                "metadata": metadata,
                "initial_stake": exact(initial_stake),
                "owner": owner,
            }
        )
        return self._connection.command(
            "PUT",
            f"/mas/api/v1/agents/{segment(agent_id)}",
            AgentAnswer,
            body,
            key=idempotency_key,
            headers=conditions(if_match, if_none_match),
        )

    def update(
        self,
        agent_id: str,
        *,
        specializations: Sequence[str] | None = None,
        skills: Mapping[str, float] | None = None,
        max_concurrent_tasks: int | None = None,
        cost_per_task: Amount | None = None,
        labels: Mapping[str, str | int | float | bool] | None = None,
        resources: Mapping[str, float] | None = None,
        data_sources: Sequence[str] | None = None,
        endpoint: str | UnsetType | None = UNSET,
        wallet_address: str | UnsetType | None = UNSET,
        metadata: Mapping[str, Any] | None = None,
        if_match: Revisions | None = None,
        idempotency_key: str | None = None,
    ) -> AgentAnswer:
        """Change the fields given, each as a whole (If-Match: in this revision only).

        Args:
            agent_id: The agent.
            specializations: What it is best at, by name.
            skills: Skill name to level, 0..1.
            max_concurrent_tasks: How many tasks it works on at once, 1..1000.
            cost_per_task: Its price for one task, tokens. A number of tokens: a string of plain
                digits with at most 18 decimals, or a number.
            labels: Key to value, for placement.
            resources: How much it has, by name.
            data_sources: Where it can read from; none: everywhere.
            endpoint: Where its tasks are sent; null: nowhere. Named, it is enabled if it was
                disabled.
            wallet_address: Its address outside of this system; null: it has none.
            metadata: Any JSON of its client, 64 KiB at most.
            if_match: The revision that the change is meant for, or several; `*`: whichever there
                is.
            idempotency_key: Its own key instead of a new one, to repeat a command of before.

        Example::

            client.agents.update(
                "data_analyst_001",
                skills={"python": 0.95, "statistics": 0.8},
                max_concurrent_tasks=5,
            )
        """
        body = {
            **given(
                {
                    "specializations": specializations,
                    "skills": skills,
                    "max_concurrent_tasks": max_concurrent_tasks,
                    "cost_per_task": exact(cost_per_task),
                    "labels": labels,
                    "resources": resources,
                    "data_sources": data_sources,
                    "metadata": metadata,
                }
            ),
            **changed({"endpoint": endpoint, "wallet_address": wallet_address}),
        }
        return self._connection.command(
            "PATCH",
            f"/mas/api/v1/agents/{segment(agent_id)}",
            AgentAnswer,
            body,
            key=idempotency_key,
            headers=conditions(if_match),
        )

    def unregister(
        self,
        agent_id: str,
        *,
        reason: str | None = None,
        if_match: Revisions | None = None,
        idempotency_key: str | None = None,
    ) -> Done:
        """Take an agent out; its tasks are queued again, its history and wallet stay.

        Args:
            agent_id: The agent.
            if_match: The revision that the change is meant for, or several; `*`: whichever there
                is.
            idempotency_key: Its own key instead of a new one, to repeat a command of before.

        Example::

            client.agents.unregister("data_analyst_001", reason="replaced")
        """
        body = given({"reason": reason}) or None
        return self._connection.command(
            "DELETE",
            f"/mas/api/v1/agents/{segment(agent_id)}",
            Done,
            body,
            key=idempotency_key,
            headers=conditions(if_match),
        )

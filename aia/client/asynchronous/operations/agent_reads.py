# Written by `make client` from the OpenAPI document; changes are lost.
"""Operations of the API: agent reads."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Literal

from aia.client.asynchronous.group import AsyncGroup
from aia.client.types import (
    AgentPage,
    AgentPerformance,
    AgentStatus,
    Comparator,
    PresentAgent,
    Task,
    TaskPage,
    TaskStatus,
)
from aia.client.writing import segment


class AsyncAgentReads(AsyncGroup):
    """Methods of `client.agents`."""

    async def get(
        self,
        agent_id: str,
        *,
        min_position: int | None = None,
    ) -> PresentAgent:
        """Return an agent, also one that left: `status` says so.

        The `ETag` is the revision of what its client may edit; of one that left there is none.

        Args:
            agent_id: The agent.
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            await client.agents.get("data_analyst_001")
        """
        return await self._connection.read(
            f"/mas/api/v1/agents/{segment(agent_id)}", PresentAgent, {"min_position": min_position}
        )

    async def list(
        self,
        *,
        status: AgentStatus | Sequence[AgentStatus] | None = None,
        online: bool | None = None,
        owner: str | None = None,
        skill: str | None = None,
        min_level: float | None = None,
        specialization: str | None = None,
        label: str | None = None,
        label_op: Comparator | None = None,
        label_value: str | Sequence[str] | None = None,
        tier: str | Sequence[str] | None = None,
        q: str | None = None,
        sort: Literal[
            "agent_id",
            "-agent_id",
            "registered_at",
            "-registered_at",
            "updated_at",
            "-updated_at",
            "cost_per_task",
            "-cost_per_task",
            "active_tasks",
            "-active_tasks",
            "load",
            "-load",
            "completed",
            "-completed",
            "success_rate",
            "-success_rate",
        ]
        | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        total: bool | None = None,
        min_position: int | None = None,
    ) -> AgentPage:
        """List agents; without `status`, those that are registered.

        Args:
            status: In one of these statuses.
            online: Whether heartbeats arrive.
            owner: Belonging to this subject.
            skill: Having this skill.
            min_level: At this level at least, 0..1; goes with `skill`.
            specialization: Declaring this specialization.
            label: Having this label.
            label_op: How its value stands to `label_value`; `=` when left out.
            label_value: What the label is compared with; several with `in`.
            tier: Of one of these staking tiers.
            q: Part of an id, an owner, a specialization, a skill or a metadata name.
            sort: The order; with `-` the largest, or latest, first.
            limit: Items of a page, at most.
            cursor: `next_cursor` of the page before, with the same filters.
            total: Also count all items.
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            await client.agents.list()
        """
        return await self._connection.read(
            "/mas/api/v1/agents",
            AgentPage,
            {
                "status": status,
                "online": online,
                "owner": owner,
                "skill": skill,
                "min_level": min_level,
                "specialization": specialization,
                "label": label,
                "label_op": label_op,
                "label_value": label_value,
                "tier": tier,
                "q": q,
                "sort": sort,
                "limit": limit,
                "cursor": cursor,
                "total": total,
                "min_position": min_position,
            },
        )

    async def iterate(
        self,
        *,
        status: AgentStatus | Sequence[AgentStatus] | None = None,
        online: bool | None = None,
        owner: str | None = None,
        skill: str | None = None,
        min_level: float | None = None,
        specialization: str | None = None,
        label: str | None = None,
        label_op: Comparator | None = None,
        label_value: str | Sequence[str] | None = None,
        tier: str | Sequence[str] | None = None,
        q: str | None = None,
        sort: Literal[
            "agent_id",
            "-agent_id",
            "registered_at",
            "-registered_at",
            "updated_at",
            "-updated_at",
            "cost_per_task",
            "-cost_per_task",
            "active_tasks",
            "-active_tasks",
            "load",
            "-load",
            "completed",
            "-completed",
            "success_rate",
            "-success_rate",
        ]
        | None = None,
        limit: int | None = None,
        min_position: int | None = None,
    ) -> AsyncIterator[PresentAgent]:
        """Iterate over all that `list` lists, page by page.

        Args:
            status: In one of these statuses.
            online: Whether heartbeats arrive.
            owner: Belonging to this subject.
            skill: Having this skill.
            min_level: At this level at least, 0..1; goes with `skill`.
            specialization: Declaring this specialization.
            label: Having this label.
            label_op: How its value stands to `label_value`; `=` when left out.
            label_value: What the label is compared with; several with `in`.
            tier: Of one of these staking tiers.
            q: Part of an id, an owner, a specialization, a skill or a metadata name.
            sort: The order; with `-` the largest, or latest, first.
            limit: Items of a page, at most.
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            async for item in client.agents.iterate():
                print(item)
        """
        cursor: str | None = None
        while True:
            page = await self.list(
                status=status,
                online=online,
                owner=owner,
                skill=skill,
                min_level=min_level,
                specialization=specialization,
                label=label,
                label_op=label_op,
                label_value=label_value,
                tier=tier,
                q=q,
                sort=sort,
                limit=limit,
                min_position=min_position,
                cursor=cursor,
            )
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    async def tasks(
        self,
        agent_id: str,
        *,
        status: TaskStatus | Sequence[TaskStatus] | None = None,
        sort: Literal[
            "submitted_at", "-submitted_at", "updated_at", "-updated_at", "priority", "-priority"
        ]
        | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        total: bool | None = None,
        min_position: int | None = None,
    ) -> TaskPage:
        """List the tasks that an agent holds or has finished, also of one that left.

        Args:
            agent_id: The agent.
            status: In one of these statuses.
            sort: The order; with `-` the largest, or latest, first.
            limit: Items of a page, at most.
            cursor: `next_cursor` of the page before, with the same filters.
            total: Also count all items.
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            await client.agents.tasks("data_analyst_001")
        """
        return await self._connection.read(
            f"/mas/api/v1/agents/{segment(agent_id)}/tasks",
            TaskPage,
            {
                "status": status,
                "sort": sort,
                "limit": limit,
                "cursor": cursor,
                "total": total,
                "min_position": min_position,
            },
        )

    async def iterate_tasks(
        self,
        agent_id: str,
        *,
        status: TaskStatus | Sequence[TaskStatus] | None = None,
        sort: Literal[
            "submitted_at", "-submitted_at", "updated_at", "-updated_at", "priority", "-priority"
        ]
        | None = None,
        limit: int | None = None,
        min_position: int | None = None,
    ) -> AsyncIterator[Task]:
        """Iterate over all that `tasks` lists, page by page.

        Args:
            agent_id: The agent.
            status: In one of these statuses.
            sort: The order; with `-` the largest, or latest, first.
            limit: Items of a page, at most.
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            async for item in client.agents.iterate_tasks("data_analyst_001"):
                print(item)
        """
        cursor: str | None = None
        while True:
            page = await self.tasks(
                agent_id,
                status=status,
                sort=sort,
                limit=limit,
                min_position=min_position,
                cursor=cursor,
            )
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    async def performance(
        self,
        agent_id: str,
        *,
        window: Literal["1h", "24h", "7d", "30d", "all"] | None = None,
        task_type: str | None = None,
        min_position: int | None = None,
    ) -> AgentPerformance:
        """Return how an agent performed: outcomes, durations, quality, cost, by type of task.

        `quality` is what clients rated, `own_quality` the agent's own estimate. A window begins
        with a full hour (`since`), so that it is up to an hour longer than its name.

        Args:
            agent_id: The agent.
            window: How far back; it begins with a full hour.
            task_type: The type of task.
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            await client.agents.performance("data_analyst_001")
        """
        return await self._connection.read(
            f"/mas/api/v1/agents/{segment(agent_id)}/performance",
            AgentPerformance,
            {"window": window, "task_type": task_type, "min_position": min_position},
        )

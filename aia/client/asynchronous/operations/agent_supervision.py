# Written by `make client` from the OpenAPI document; changes are lost.
"""Operations of the API: agent supervision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aia.client.asynchronous.group import AsyncGroup
from aia.client.types import AgentAnswer, AgentCriteria, BulkResult, ClaimedTasks, HeartbeatAnswer
from aia.client.writing import Revisions, conditions, given, segment


class AsyncAgentSupervision(AsyncGroup):
    """Methods of `client.agents`."""

    async def heartbeat(
        self,
        agent_id: str,
        *,
        tasks: Sequence[str] | None = None,
        leases: Mapping[str, str] | None = None,
        load: float | None = None,
        metrics: Mapping[str, float] | None = None,
    ) -> HeartbeatAnswer:
        """Show a sign of life; it brings an agent back that was offline.

        The leases of the tasks that it names, and holds, are extended. It is told what it holds,
        which questions were answered, and what it named but lost: to a cancellation, for example.
        Load and metrics are shown with the agent (`reported`), and nothing is decided on them.

        Args:
            agent_id: The agent.
            tasks: Those it is still working on; their leases are extended.
            leases: The same by task with the lease that it has, so that it also learns when a task
                was taken from it and given to it once more.
            load: How busy the agent is by its own account, 0..1.
            metrics: Figures of its own choice, at most 32 by name.

        Example::

            await client.agents.heartbeat(
                "data_analyst_001", tasks=[], load=0.4, metrics={"memory_used_gb": 12.5}
            )
        """
        body = given({"tasks": tasks, "leases": leases, "load": load, "metrics": metrics}) or None
        return await self._connection.signal(
            f"/mas/api/v1/agents/{segment(agent_id)}/heartbeat", HeartbeatAnswer, body
        )

    async def claim(
        self,
        agent_id: str,
        *,
        limit: int | None = None,
        wait: float | None = None,
        tasks: Sequence[str] | None = None,
        leases: Mapping[str, str] | None = None,
    ) -> ClaimedTasks:
        """Return the tasks assigned to the agent and not started, waiting for one if need be.

        It counts as a heartbeat, also of the tasks that it names: it is told which of these the
        agent lost, at once or as soon as that happens while it waits. A suspended agent is
        refused: 409 `agent_suspended`. Large tasks (8 MiB together) make it fewer than `limit`.

        Args:
            agent_id: The agent.
            limit: Tasks at most, 1..100.
            wait: How long to wait for some when there is none, seconds; at most `MAS_CLAIM_WAIT`
                (30) and `MAS_HEARTBEAT_INTERVAL` (30), so that the agent is heard of again in
                time.
            tasks: Those it is still working on, as in a heartbeat; once one of them is lost the
                claim waits no longer.
            leases: The same with their leases, as in a heartbeat.

        Example::

            await client.agents.claim("data_analyst_001", limit=1, wait=20)
        """
        body = given({"limit": limit, "wait": wait, "tasks": tasks, "leases": leases}) or None
        return await self._connection.signal(
            f"/mas/api/v1/agents/{segment(agent_id)}/claim", ClaimedTasks, body, wait=wait or 0.0
        )

    async def drain(
        self,
        agent_id: str,
        *,
        reason: str | None = None,
        if_match: Revisions | None = None,
        idempotency_key: str | None = None,
    ) -> AgentAnswer:
        """Let it finish what it has and give it nothing new.

        What an agent asks for itself it ends by its next PUT, or by activate; an operator's drain
        only an operator ends.

        Args:
            agent_id: The agent.
            if_match: The revision that the change is meant for, or several; `*`: whichever there
                is.
            idempotency_key: Its own key instead of a new one, to repeat a command of before.

        Example::

            await client.agents.drain("data_analyst_001", reason="maintenance")
        """
        body = given({"reason": reason}) or None
        return await self._connection.command(
            "POST",
            f"/mas/api/v1/agents/{segment(agent_id)}/drain",
            AgentAnswer,
            body,
            key=idempotency_key,
            headers=conditions(if_match),
        )

    async def drain_many(
        self,
        *,
        limit: int | None = None,
        dry_run: bool | None = None,
        reason: str | None = None,
        filter: AgentCriteria | Mapping[str, Any] | None = None,
        ids: Sequence[str] | None = None,
        idempotency_key: str | None = None,
    ) -> BulkResult:
        """Give many agents no further tasks; they finish what they hold.

        Args:
            limit: About how many at most, 1..10,000; those that came first.
            dry_run: Only tell how many it would be, and for which of the ids it would be refused
                now.
            reason: Why, for the record.
            filter: Like the filters of the list; only active agents are matched.
            ids: These agents.
            idempotency_key: Its own key instead of a new one, to repeat a command of before.

        Example::

            await client.agents.drain_many(
                dry_run=True, filter={"label": "region", "label_value": ["eu"]}
            )
        """
        body = given(
            {"limit": limit, "dry_run": dry_run, "reason": reason, "filter": filter, "ids": ids}
        )
        return await self._connection.command(
            "POST", "/mas/api/v1/agents/bulk/drain", BulkResult, body, key=idempotency_key
        )

    async def suspend(
        self,
        agent_id: str,
        *,
        reason: str | None = None,
        if_match: Revisions | None = None,
        idempotency_key: str | None = None,
    ) -> AgentAnswer:
        """Give it no work until it is activated again.

        Args:
            agent_id: The agent.
            if_match: The revision that the change is meant for, or several; `*`: whichever there
                is.
            idempotency_key: Its own key instead of a new one, to repeat a command of before.

        Example::

            await client.agents.suspend("data_analyst_001", reason="wrong results")
        """
        body = given({"reason": reason}) or None
        return await self._connection.command(
            "POST",
            f"/mas/api/v1/agents/{segment(agent_id)}/suspend",
            AgentAnswer,
            body,
            key=idempotency_key,
            headers=conditions(if_match),
        )

    async def activate(
        self,
        agent_id: str,
        *,
        if_match: Revisions | None = None,
        idempotency_key: str | None = None,
    ) -> AgentAnswer:
        """Give it work again after a drain or a suspension.

        An agent itself can end only the drain that it asked for itself.

        Args:
            agent_id: The agent.
            if_match: The revision that the change is meant for, or several; `*`: whichever there
                is.
            idempotency_key: Its own key instead of a new one, to repeat a command of before.

        Example::

            await client.agents.activate("data_analyst_001")
        """
        return await self._connection.command(
            "POST",
            f"/mas/api/v1/agents/{segment(agent_id)}/activate",
            AgentAnswer,
            None,
            key=idempotency_key,
            headers=conditions(if_match),
        )

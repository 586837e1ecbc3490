# Written by `make client` from the OpenAPI document; changes are lost.
"""Operations of the API: task bulk care."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from aia.client.asynchronous.group import AsyncGroup
from aia.client.types import BulkResult, Priority, TaskCriteria
from aia.client.writing import given


class AsyncTaskBulkCare(AsyncGroup):
    """Methods of `client.tasks`."""

    async def cancel_many(
        self,
        *,
        limit: int | None = None,
        dry_run: bool | None = None,
        reason: str | None = None,
        filter: TaskCriteria | Mapping[str, Any] | None = None,
        ids: Sequence[str] | None = None,
        idempotency_key: str | None = None,
    ) -> BulkResult:
        """Call many unfinished tasks off.

        Args:
            limit: About how many at most, 1..10,000; those that came first.
            dry_run: Only tell how many it would be, and for which of the ids it would be refused
                now.
            reason: Why, for the record.
            filter: Like the filters of the list. Only what the order can be about is matched.
            ids: These tasks.
            idempotency_key: Its own key instead of a new one, to repeat a command of before.

        Example::

            await client.tasks.cancel_many(dry_run=True, filter={"task_type": "report"})
        """
        body = given(
            {"limit": limit, "dry_run": dry_run, "reason": reason, "filter": filter, "ids": ids}
        )
        return await self._connection.command(
            "POST", "/mas/api/v1/agents/tasks/bulk/cancel", BulkResult, body, key=idempotency_key
        )

    async def retry_many(
        self,
        *,
        limit: int | None = None,
        dry_run: bool | None = None,
        reason: str | None = None,
        filter: TaskCriteria | Mapping[str, Any] | None = None,
        ids: Sequence[str] | None = None,
        deadline: datetime | None = None,
        idempotency_key: str | None = None,
    ) -> BulkResult:
        """Queue many tasks again that failed, died, expired or were cancelled.

        Args:
            limit: About how many at most, 1..10,000; those that came first.
            dry_run: Only tell how many it would be, and for which of the ids it would be refused
                now.
            reason: Why, for the record.
            filter: Like the filters of the list. Only what the order can be about is matched.
            ids: These tasks.
            deadline: Their new one, RFC 3339.
            idempotency_key: Its own key instead of a new one, to repeat a command of before.

        Example::

            await client.tasks.retry_many(
                dry_run=True, filter={"status": ["failed", "dead"], "tag": "sales"}
            )
        """
        body = given(
            {
                "limit": limit,
                "dry_run": dry_run,
                "reason": reason,
                "filter": filter,
                "ids": ids,
                "deadline": deadline,
            }
        )
        return await self._connection.command(
            "POST", "/mas/api/v1/agents/tasks/bulk/retry", BulkResult, body, key=idempotency_key
        )

    async def reprioritise_many(
        self,
        priority: Priority,
        *,
        limit: int | None = None,
        dry_run: bool | None = None,
        reason: str | None = None,
        filter: TaskCriteria | Mapping[str, Any] | None = None,
        ids: Sequence[str] | None = None,
        idempotency_key: str | None = None,
    ) -> BulkResult:
        """Move many unfinished tasks to another class.

        Args:
            limit: About how many at most, 1..10,000; those that came first.
            dry_run: Only tell how many it would be, and for which of the ids it would be refused
                now.
            reason: Why, for the record.
            filter: Like the filters of the list. Only what the order can be about is matched.
            ids: These tasks.
            idempotency_key: Its own key instead of a new one, to repeat a command of before.

        Example::

            await client.tasks.reprioritise_many("high", dry_run=True, filter={"tag": "sales"})
        """
        body = {
            "priority": priority,
            **given(
                {"limit": limit, "dry_run": dry_run, "reason": reason, "filter": filter, "ids": ids}
            ),
        }
        return await self._connection.command(
            "POST",
            "/mas/api/v1/agents/tasks/bulk/reprioritise",
            BulkResult,
            body,
            key=idempotency_key,
        )

    async def reassign_many(
        self,
        *,
        limit: int | None = None,
        dry_run: bool | None = None,
        reason: str | None = None,
        filter: TaskCriteria | Mapping[str, Any] | None = None,
        ids: Sequence[str] | None = None,
        exclude_current: bool | None = None,
        idempotency_key: str | None = None,
    ) -> BulkResult:
        """Take many tasks from the agents that hold them.

        Args:
            limit: About how many at most, 1..10,000; those that came first.
            dry_run: Only tell how many it would be, and for which of the ids it would be refused
                now.
            reason: Why, for the record.
            filter: Like the filters of the list. Only what the order can be about is matched.
            ids: These tasks.
            exclude_current: See `Reassignment`.
            idempotency_key: Its own key instead of a new one, to repeat a command of before.

        Example::

            await client.tasks.reassign_many(
                dry_run=True, filter={"agent_id": "data_analyst_001"}
            )
        """
        body = given(
            {
                "limit": limit,
                "dry_run": dry_run,
                "reason": reason,
                "filter": filter,
                "ids": ids,
                "exclude_current": exclude_current,
            }
        )
        return await self._connection.command(
            "POST", "/mas/api/v1/agents/tasks/bulk/reassign", BulkResult, body, key=idempotency_key
        )

    async def redrive(
        self,
        *,
        limit: int | None = None,
        dry_run: bool | None = None,
        reason: str | None = None,
        filter: TaskCriteria | Mapping[str, Any] | None = None,
        deadline: datetime | None = None,
        idempotency_key: str | None = None,
    ) -> BulkResult:
        """Queue dead tasks again, with all their attempts.

        Args:
            limit: About how many at most, 1..10,000; those that came first.
            dry_run: Only tell how many it would be, and for which of the ids it would be refused
                now.
            reason: Why, for the record.
            filter: Like the filters of the list, beside `status`.
            deadline: Their new one, RFC 3339.
            idempotency_key: Its own key instead of a new one, to repeat a command of before.

        Example::

            await client.tasks.redrive(dry_run=True, filter={"task_type": "data_analysis"})
        """
        body = given(
            {
                "limit": limit,
                "dry_run": dry_run,
                "reason": reason,
                "filter": filter,
                "deadline": deadline,
            }
        )
        return await self._connection.command(
            "POST", "/mas/api/v1/agents/tasks/redrive", BulkResult, body, key=idempotency_key
        )

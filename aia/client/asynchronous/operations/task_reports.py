# Written by `make client` from the OpenAPI document; changes are lost.
"""Operations of the API: task reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aia.client.asynchronous.group import AsyncGroup
from aia.client.types import ReportedUsage, TaskAnswer
from aia.client.writing import given, segment


class AsyncTaskReports(AsyncGroup):
    """Methods of `client.tasks`."""

    async def start(
        self,
        task_id: str,
        agent_id: str,
        lease: str,
        *,
        idempotency_key: str | None = None,
    ) -> TaskAnswer:
        """Take up the work; repeating it with the same lease changes nothing.

        Args:
            task_id: The task.
            lease: The fencing token that came with the task.
            idempotency_key: Its own key instead of a new one, to repeat a command of before.

        Example::

            await client.tasks.start(task.task_id, "data_analyst_001", task.lease)
        """
        body = {"agent_id": agent_id, "lease": lease}
        return await self._connection.command(
            "POST",
            f"/mas/api/v1/agents/tasks/{segment(task_id)}/start",
            TaskAnswer,
            body,
            key=idempotency_key,
        )

    async def progress(
        self,
        task_id: str,
        agent_id: str,
        lease: str,
        *,
        percent: float | None = None,
        message: str | None = None,
        partial: Any = None,
        log: Sequence[str] | None = None,
        idempotency_key: str | None = None,
    ) -> TaskAnswer:
        """Tell how far the work is; it renews the lease.

        Args:
            task_id: The task.
            agent_id: Who reports.
            lease: The fencing token that came with the task.
            percent: How far, 0..100.
            message: For people.
            partial: What there is of the result, any JSON of at most 64 KiB.
            log: Lines of the log since the last report: at most 100, of at most 1,000 characters.
            idempotency_key: Its own key instead of a new one, to repeat a command of before.

        Example::

            await client.tasks.progress(
                task.task_id,
                "data_analyst_001",
                task.lease,
                percent=40,
                message="read",
                log=["1,200 rows"],
            )
        """
        body = {
            "agent_id": agent_id,
            "lease": lease,
            **given({"percent": percent, "message": message, "partial": partial, "log": log}),
        }
        return await self._connection.command(
            "POST",
            f"/mas/api/v1/agents/tasks/{segment(task_id)}/progress",
            TaskAnswer,
            body,
            key=idempotency_key,
        )

    async def complete(
        self,
        task_id: str,
        agent_id: str,
        lease: str,
        *,
        result: Any = None,
        quality: float | None = None,
        usage: ReportedUsage | Mapping[str, Any] | None = None,
        idempotency_key: str | None = None,
    ) -> TaskAnswer:
        """Deliver the result.

        Args:
            task_id: The task.
            lease: The fencing token that came with the task.
            result: Any JSON.
            quality: The agent's own estimate, 0..1.
            idempotency_key: Its own key instead of a new one, to repeat a command of before.

        Example::

            await client.tasks.complete(
                task.task_id,
                "data_analyst_001",
                task.lease,
                result={"total": 42},
                quality=0.9,
                usage={"model": "large", "tokens_in": 1200, "tokens_out": 300, "cost": "0.25"},
            )
        """
        body = {
            "agent_id": agent_id,
            "lease": lease,
            **given({"result": result, "quality": quality, "usage": usage}),
        }
        return await self._connection.command(
            "POST",
            f"/mas/api/v1/agents/tasks/{segment(task_id)}/complete",
            TaskAnswer,
            body,
            key=idempotency_key,
        )

    async def fail(
        self,
        task_id: str,
        agent_id: str,
        lease: str,
        *,
        error_code: str | None = None,
        message: str | None = None,
        retryable: bool | None = None,
        idempotency_key: str | None = None,
    ) -> TaskAnswer:
        """Give the attempt up; the task is queued again while it has attempts left.

        Args:
            task_id: The task.
            lease: The fencing token that came with the task.
            retryable: Another one might do better.
            idempotency_key: Its own key instead of a new one, to repeat a command of before.

        Example::

            await client.tasks.fail(
                task.task_id,
                "data_analyst_001",
                task.lease,
                error_code="source_unavailable",
                message="No connection",
            )
        """
        body = {
            "agent_id": agent_id,
            "lease": lease,
            **given({"error_code": error_code, "message": message, "retryable": retryable}),
        }
        return await self._connection.command(
            "POST",
            f"/mas/api/v1/agents/tasks/{segment(task_id)}/fail",
            TaskAnswer,
            body,
            key=idempotency_key,
        )

    async def ask(
        self,
        task_id: str,
        agent_id: str,
        lease: str,
        question: str,
        *,
        choices: Sequence[str] | None = None,
        schema: Any = None,
        idempotency_key: str | None = None,
    ) -> TaskAnswer:
        """Ask for input and wait; neither the lease nor the time of the attempt runs meanwhile.

        Heartbeats go on, and tell when there is an answer; it stands in the task's `inputs`.

        Args:
            task_id: The task.
            agent_id: Who asks.
            lease: The fencing token that came with the task.
            question: The question, for people or agents.
            choices: The answers that are taken; left out: any JSON.
            schema: What an answer must fit: JSON Schema 2020-12 or draft-07, at most 16 KiB.
            idempotency_key: Its own key instead of a new one, to repeat a command of before.

        Example::

            await client.tasks.ask(
                task.task_id,
                "data_analyst_001",
                task.lease,
                "Which currency?",
                choices=["EUR", "USD"],
            )
        """
        body = {
            "agent_id": agent_id,
            "lease": lease,
            "question": question,
            **given({"choices": choices, "schema": schema}),
        }
        return await self._connection.command(
            "POST",
            f"/mas/api/v1/agents/tasks/{segment(task_id)}/ask",
            TaskAnswer,
            body,
            key=idempotency_key,
        )

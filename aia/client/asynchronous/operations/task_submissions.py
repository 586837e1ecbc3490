# Written by `make client` from the OpenAPI document; changes are lost.
"""Operations of the API: task submissions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from aia.client.asynchronous.group import AsyncGroup
from aia.client.types import (
    BatchResult,
    CostPolicy,
    Priority,
    Retries,
    TaskAnswer,
    TaskRequirements,
    TaskSubmission,
)
from aia.client.writing import Amount, exact, given


class AsyncTaskSubmissions(AsyncGroup):
    """Methods of `client.tasks`."""

    async def submit(
        self,
        task_type: str,
        *,
        description: str | None = None,
        requirements: TaskRequirements | Mapping[str, Any] | None = None,
        payload: Any = None,
        priority: Priority | None = None,
        max_cost: Amount | None = None,
        payer: str | None = None,
        cost_tags: Sequence[str] | None = None,
        deadline: datetime | None = None,
        timeout_seconds: float | None = None,
        lease_seconds: float | None = None,
        max_attempts: int | None = None,
        backoff_base_seconds: float | None = None,
        backoff_factor: float | None = None,
        backoff_cap_seconds: float | None = None,
        backoff_jitter: float | None = None,
        non_retryable_codes: Sequence[str] | None = None,
        retry: Retries | Mapping[str, Any] | None = None,
        cost_policy: CostPolicy | None = None,
        dedup_key: str | None = None,
        not_before: datetime | None = None,
        tags: Sequence[str] | None = None,
        parent: str | None = None,
        correlation: str | None = None,
        concurrency_key: str | None = None,
        concurrency_limit: int | None = None,
        idempotency_key: str | None = None,
    ) -> TaskAnswer:
        """Submit a task; where an agent is at hand it is assigned at once.

        It is 200 when there is an unfinished task with the same `dedup_key`: that is the answer.

        Args:
            task_type: The kind of work, 1..128 characters.
            description: For people, at most 10,000 characters.
            requirements: Whom it suits.
            payload: Any JSON, for the agent that does the work.
            priority: Its class.
            max_cost: The highest price of an agent that may get it, tokens; of a task with a payer
                also the most that it can cost. A number of tokens: a string of plain digits with
                at most 18 decimals, or a number.
            payer: The agent or client whose wallet pays what the task costs; only who may spend
                that names it, and `max_cost` with it. So much is held in the wallet, and counted
                in every budget that applies, until the task is over.
            cost_tags: Whose budgets it counts in, too; at most 10.
            deadline: When it expires unfinished, RFC 3339.
            timeout_seconds: How long one attempt may run, seconds.
            lease_seconds: How long an attempt may go unheard of, seconds.
            max_attempts: The same as in `retry`, like the next five.
            backoff_base_seconds: See `retry`.
            backoff_factor: See `retry`.
            backoff_cap_seconds: See `retry`.
            backoff_jitter: See `retry`.
            non_retryable_codes: See `retry`.
            retry: When a failed attempt is followed by another.
            cost_policy: What becomes of a result that cost more than `max_cost`: `flag` marks it,
                `refuse` does not take it.
            dedup_key: A word for the work. While a task of the same owner with the same one is
                unfinished, a submission is answered with that task (200, `deduplicated`).
            not_before: When the first attempt may begin, RFC 3339.
            tags: For search.
            parent: The task that this one is a part of, if any.
            correlation: What ties it to others, if anything does.
            concurrency_key: Tasks with the same key share a limit.
            concurrency_limit: How many of them may be held at once, unless a limit was set for the
                key.
            idempotency_key: Its own key instead of a new one, to repeat a command of before.

        Example::

            await client.tasks.submit(
                "data_analysis",
                description="Analyze sales data",
                requirements={
                    "skills": {"statistics": 0.5},
                    "labels": [{"key": "region", "op": "in", "values": ["eu", "us"]}],
                    "resources": {"memory_gb": 4},
                },
                payload={"quarter": "Q3"},
                priority="high",
                max_cost="50",
                timeout_seconds=300,
                retry={
                    "max_attempts": 3,
                    "base_seconds": 2,
                    "non_retryable_codes": ["bad_input"],
                },
                tags=["sales"],
            )
        """
        body = {
            "task_type": task_type,
            **given(
                {
                    "description": description,
                    "requirements": requirements,
                    "payload": payload,
                    "priority": priority,
                    "max_cost": exact(max_cost),
                    "payer": payer,
                    "cost_tags": cost_tags,
                    "deadline": deadline,
                    "timeout_seconds": timeout_seconds,
                    "lease_seconds": lease_seconds,
                    "max_attempts": max_attempts,
                    "backoff_base_seconds": backoff_base_seconds,
                    "backoff_factor": backoff_factor,
                    "backoff_cap_seconds": backoff_cap_seconds,
                    "backoff_jitter": backoff_jitter,
                    "non_retryable_codes": non_retryable_codes,
                    "retry": retry,
                    "cost_policy": cost_policy,
                    "dedup_key": dedup_key,
                    "not_before": not_before,
                    "tags": tags,
                    "parent": parent,
                    "correlation": correlation,
                    "concurrency_key": concurrency_key,
                    "concurrency_limit": concurrency_limit,
                }
            ),
        }
        return await self._connection.command(
            "POST", "/mas/api/v1/agents/tasks/submit", TaskAnswer, body, key=idempotency_key
        )

    async def submit_batch(
        self,
        tasks: Sequence[TaskSubmission | Mapping[str, Any]],
        *,
        atomic: bool | None = None,
        idempotency_key: str | None = None,
    ) -> BatchResult:
        """Submit up to 1,000 tasks in one commit.

        Each is accepted or refused on its own, unless `atomic` wants all or nothing.

        Args:
            tasks: Each as for `submit`; read one by one, so that a bad one spoils no other.
            atomic: All or nothing.
            idempotency_key: Its own key instead of a new one, to repeat a command of before.

        Example::

            await client.tasks.submit_batch(
                [
                    {
                        "task_type": "data_analysis",
                        "description": "Analyze sales data",
                        "requirements": {
                            "skills": {"statistics": 0.5},
                            "labels": [{"key": "region", "op": "in", "values": ["eu", "us"]}],
                            "resources": {"memory_gb": 4},
                        },
                        "payload": {"quarter": "Q3"},
                        "priority": "high",
                        "max_cost": "50",
                        "timeout_seconds": 300,
                        "retry": {
                            "max_attempts": 3,
                            "base_seconds": 2,
                            "non_retryable_codes": ["bad_input"],
                        },
                        "tags": ["sales"],
                    },
                    {"task_type": "report"},
                ],
                atomic=False,
            )
        """
        body = {"tasks": tasks, **given({"atomic": atomic})}
        return await self._connection.command(
            "POST", "/mas/api/v1/agents/tasks/submit-batch", BatchResult, body, key=idempotency_key
        )

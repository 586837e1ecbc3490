# Written by `make client` from its asynchronous twin; changes are lost.
"""Operations of the API: task care."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from aia.client.synchronous.group import Group
from aia.client.types import Priority, TaskAnswer
from aia.client.writing import given, segment


class TaskCare(Group):
    """Methods of `client.tasks`."""

    def cancel(
        self,
        task_id: str,
        *,
        reason: str | None = None,
        idempotency_key: str | None = None,
    ) -> TaskAnswer:
        """Call the task off; clients their own tasks only.

        Args:
            task_id: The task.
            idempotency_key: Its own key instead of a new one, to repeat a command of before.

        Example::

            client.tasks.cancel(task.task_id, reason="not needed any more")
        """
        body = given({"reason": reason}) or None
        return self._connection.command(
            "POST",
            f"/mas/api/v1/agents/tasks/{segment(task_id)}/cancel",
            TaskAnswer,
            body,
            key=idempotency_key,
        )

    def retry(
        self,
        task_id: str,
        *,
        deadline: datetime | None = None,
        idempotency_key: str | None = None,
    ) -> TaskAnswer:
        """Queue a task again that failed, died, expired or was cancelled; clients their own.

        Args:
            task_id: The task.
            deadline: The new one, RFC 3339.
            idempotency_key: Its own key instead of a new one, to repeat a command of before.

        Example::

            client.tasks.retry(task.task_id, deadline=datetime(2100, 1, 1, tzinfo=UTC))
        """
        body = given({"deadline": deadline}) or None
        return self._connection.command(
            "POST",
            f"/mas/api/v1/agents/tasks/{segment(task_id)}/retry",
            TaskAnswer,
            body,
            key=idempotency_key,
        )

    def give_input(
        self,
        task_id: str,
        answer: Any,
        *,
        number: int | None = None,
        idempotency_key: str | None = None,
    ) -> TaskAnswer:
        """Answer what the agent asked; its owner, operators and other agents may.

        Args:
            task_id: The task.
            answer: Any JSON of at most 16 KiB that fits the question's `schema`, if it has one;
                where there are choices, one of them.
            number: Which question is meant; left out: the open one.
            idempotency_key: Its own key instead of a new one, to repeat a command of before.

        Example::

            client.tasks.give_input(task.task_id, "EUR")
        """
        body = {"answer": answer, **given({"number": number})}
        return self._connection.command(
            "POST",
            f"/mas/api/v1/agents/tasks/{segment(task_id)}/input",
            TaskAnswer,
            body,
            key=idempotency_key,
        )

    def rate(
        self,
        task_id: str,
        rating: float,
        *,
        comment: str | None = None,
        idempotency_key: str | None = None,
    ) -> TaskAnswer:
        """Rate the result, once; its owner and operators may.

        Args:
            task_id: The task.
            rating: 0..1.
            comment: For people.
            idempotency_key: Its own key instead of a new one, to repeat a command of before.

        Example::

            client.tasks.rate(task.task_id, 0.9, comment="Just what was needed")
        """
        body = {"rating": rating, **given({"comment": comment})}
        return self._connection.command(
            "POST",
            f"/mas/api/v1/agents/tasks/{segment(task_id)}/rate",
            TaskAnswer,
            body,
            key=idempotency_key,
        )

    def reprioritise(
        self,
        task_id: str,
        priority: Priority,
        *,
        reason: str | None = None,
        idempotency_key: str | None = None,
    ) -> TaskAnswer:
        """Move an unfinished task to another class; it keeps its seniority.

        Args:
            task_id: The task.
            reason: For the record.
            idempotency_key: Its own key instead of a new one, to repeat a command of before.

        Example::

            client.tasks.reprioritise(
                task.task_id, "critical", reason="the board meets at noon"
            )
        """
        body = {"priority": priority, **given({"reason": reason})}
        return self._connection.command(
            "POST",
            f"/mas/api/v1/agents/tasks/{segment(task_id)}/reprioritise",
            TaskAnswer,
            body,
            key=idempotency_key,
        )

    def reassign(
        self,
        task_id: str,
        *,
        exclude_current: bool | None = None,
        reason: str | None = None,
        idempotency_key: str | None = None,
    ) -> TaskAnswer:
        """Take a task from its agent, for another one; it costs the task no attempt.

        Args:
            task_id: The task.
            exclude_current: The agent that has it gets no further attempt at it.
            reason: Why, for the record.
            idempotency_key: Its own key instead of a new one, to repeat a command of before.

        Example::

            client.tasks.reassign(task.task_id, exclude_current=True, reason="too slow")
        """
        body = given({"exclude_current": exclude_current, "reason": reason}) or None
        return self._connection.command(
            "POST",
            f"/mas/api/v1/agents/tasks/{segment(task_id)}/reassign",
            TaskAnswer,
            body,
            key=idempotency_key,
        )

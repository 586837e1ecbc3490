# Written by `make client` from its asynchronous twin; changes are lost.
"""Operations of the API: task reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Literal

from aia.client.synchronous.group import Group
from aia.client.types import (
    Explanation,
    Priority,
    ProgressPage,
    ProgressReport,
    Task,
    TaskPage,
    TaskStatus,
)
from aia.client.writing import segment


class TaskReads(Group):
    """Methods of `client.tasks`."""

    def get(
        self,
        task_id: str,
        *,
        min_position: int | None = None,
    ) -> Task:
        """Return a task.

        Args:
            task_id: The task.
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            client.tasks.get(task.task_id)
        """
        return self._connection.read(
            f"/mas/api/v1/agents/tasks/{segment(task_id)}", Task, {"min_position": min_position}
        )

    def list(
        self,
        *,
        status: TaskStatus | Sequence[TaskStatus] | None = None,
        agent_id: str | None = None,
        task_type: str | None = None,
        priority: Priority | Sequence[Priority] | None = None,
        owner: str | None = None,
        tag: str | None = None,
        parent: str | None = None,
        correlation: str | None = None,
        concurrency_key: str | None = None,
        dedup_key: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        sort: Literal[
            "submitted_at", "-submitted_at", "updated_at", "-updated_at", "priority", "-priority"
        ]
        | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        total: bool | None = None,
        min_position: int | None = None,
    ) -> TaskPage:
        """List tasks; a page of large ones may hold fewer than `limit` (see `next_cursor`).

        Args:
            status: In one of these statuses.
            agent_id: The agent.
            task_type: The type of task.
            priority: Of one of these classes.
            owner: Belonging to this subject.
            tag: Having this tag.
            parent: A part of this task.
            correlation: Tied together by this.
            concurrency_key: Sharing the limit of this key.
            dedup_key: Having this word for the work.
            since: Submitted at this time or later.
            until: Submitted before this time.
            sort: The order; with `-` the largest, or latest, first.
            limit: Items of a page, at most.
            cursor: `next_cursor` of the page before, with the same filters.
            total: Also count all items.
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            client.tasks.list()
        """
        return self._connection.read(
            "/mas/api/v1/agents/tasks",
            TaskPage,
            {
                "status": status,
                "agent_id": agent_id,
                "task_type": task_type,
                "priority": priority,
                "owner": owner,
                "tag": tag,
                "parent": parent,
                "correlation": correlation,
                "concurrency_key": concurrency_key,
                "dedup_key": dedup_key,
                "since": since,
                "until": until,
                "sort": sort,
                "limit": limit,
                "cursor": cursor,
                "total": total,
                "min_position": min_position,
            },
        )

    def iterate(
        self,
        *,
        status: TaskStatus | Sequence[TaskStatus] | None = None,
        agent_id: str | None = None,
        task_type: str | None = None,
        priority: Priority | Sequence[Priority] | None = None,
        owner: str | None = None,
        tag: str | None = None,
        parent: str | None = None,
        correlation: str | None = None,
        concurrency_key: str | None = None,
        dedup_key: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        sort: Literal[
            "submitted_at", "-submitted_at", "updated_at", "-updated_at", "priority", "-priority"
        ]
        | None = None,
        limit: int | None = None,
        min_position: int | None = None,
    ) -> Iterator[Task]:
        """Iterate over all that `list` lists, page by page.

        Args:
            status: In one of these statuses.
            agent_id: The agent.
            task_type: The type of task.
            priority: Of one of these classes.
            owner: Belonging to this subject.
            tag: Having this tag.
            parent: A part of this task.
            correlation: Tied together by this.
            concurrency_key: Sharing the limit of this key.
            dedup_key: Having this word for the work.
            since: Submitted at this time or later.
            until: Submitted before this time.
            sort: The order; with `-` the largest, or latest, first.
            limit: Items of a page, at most.
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            for item in client.tasks.iterate(status="queued"):
                print(item)
        """
        cursor: str | None = None
        while True:
            page = self.list(
                status=status,
                agent_id=agent_id,
                task_type=task_type,
                priority=priority,
                owner=owner,
                tag=tag,
                parent=parent,
                correlation=correlation,
                concurrency_key=concurrency_key,
                dedup_key=dedup_key,
                since=since,
                until=until,
                sort=sort,
                limit=limit,
                min_position=min_position,
                cursor=cursor,
            )
            yield from page.items
            cursor = page.next_cursor
            if cursor is None:
                return

    def explain(
        self,
        task_id: str,
        *,
        min_position: int | None = None,
    ) -> Explanation:
        """Return why each attempt went to its agent, and what a waiting task waits for.

        Scores are worked out anew from what the log holds: the features of the shortlist, and the
        weights of the revision. Who was filtered out and why is told of the fleet as it is now
        (`as_of`); of the fleet at a decision only the numbers in its `at_decision` are known.

        Args:
            task_id: The task.
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            client.tasks.explain(task.task_id)
        """
        return self._connection.read(
            f"/mas/api/v1/agents/tasks/{segment(task_id)}/explain",
            Explanation,
            {"min_position": min_position},
        )

    def progress_reports(
        self,
        task_id: str,
        *,
        sort: Literal["position", "-position"] | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        total: bool | None = None,
        min_position: int | None = None,
    ) -> ProgressPage:
        """List what was reported of a task's progress, the latest first unless `sort` says else.

        A page of large reports may hold fewer than `limit`; `next_cursor` tells whether it goes
        on.

        Args:
            task_id: The task.
            sort: The order; with `-` the largest, or latest, first.
            limit: Items of a page, at most.
            cursor: `next_cursor` of the page before, with the same filters.
            total: Also count all items.
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            client.tasks.progress_reports(task.task_id)
        """
        return self._connection.read(
            f"/mas/api/v1/agents/tasks/{segment(task_id)}/progress",
            ProgressPage,
            {
                "sort": sort,
                "limit": limit,
                "cursor": cursor,
                "total": total,
                "min_position": min_position,
            },
        )

    def iterate_progress_reports(
        self,
        task_id: str,
        *,
        sort: Literal["position", "-position"] | None = None,
        limit: int | None = None,
        min_position: int | None = None,
    ) -> Iterator[ProgressReport]:
        """Iterate over all that `progress_reports` lists, page by page.

        Args:
            task_id: The task.
            sort: The order; with `-` the largest, or latest, first.
            limit: Items of a page, at most.
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            for item in client.tasks.iterate_progress_reports(task.task_id):
                print(item)
        """
        cursor: str | None = None
        while True:
            page = self.progress_reports(
                task_id, sort=sort, limit=limit, min_position=min_position, cursor=cursor
            )
            yield from page.items
            cursor = page.next_cursor
            if cursor is None:
                return

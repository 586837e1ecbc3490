"""Reads about tasks, from the task board and the log."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from litestar import Controller, get
from litestar.params import FromPath, FromQuery, QueryParameter
from msgspec import UNSET

from aia_mas.application.event_log.log import EventFilter
from aia_mas.application.event_log.pages import PAGE
from aia_mas.domain.kernel.ids import check_id
from aia_mas.domain.orchestration.errors import TaskNotFound
from aia_mas.domain.orchestration.requirement import signature_of
from aia_mas.domain.orchestration.task import task_stream
from aia_mas.domain.orchestration.task_events import TaskAssigned, TaskReleased
from aia_mas.domain.orchestration.task_specification import Priority
from aia_mas.domain.orchestration.task_status import TaskStatus
from aia_mas.interfaces.http.agent_queries import TaskSort
from aia_mas.interfaces.http.answers import Answer, answer
from aia_mas.interfaces.http.explanations import excluded, explained
from aia_mas.interfaces.http.queries import (
    Cursor,
    Cursors,
    Limit,
    MinPosition,
    Total,
    as_of,
    decided_on,
    given,
    logged,
    reached,
)
from aia_mas.interfaces.http.requests import ApiRequest
from aia_mas.interfaces.http.schemas.lists import Explanation, TaskPage
from aia_mas.interfaces.http.schemas.values import moment
from aia_mas.interfaces.http.tasks import TASKS
from aia_mas.projections.task_board import Task, TaskFilter


class TaskQueries(Controller):
    """Queries about tasks."""

    path = TASKS
    tags = ("tasks",)

    @get("/", operation_id="list_tasks")
    async def list_tasks(
        self,
        request: ApiRequest,
        status: FromQuery[list[TaskStatus] | None] = None,
        agent_id: FromQuery[str | None] = None,
        task_type: FromQuery[str | None] = None,
        priority: FromQuery[list[Priority] | None] = None,
        owner: FromQuery[str | None] = None,
        tag: FromQuery[str | None] = None,
        parent: FromQuery[str | None] = None,
        correlation: FromQuery[str | None] = None,
        concurrency_key: FromQuery[str | None] = None,
        dedup_key: FromQuery[str | None] = None,
        since: Annotated[
            datetime | None, QueryParameter(description="Submitted at this time or later.")
        ] = None,
        until: Annotated[
            datetime | None, QueryParameter(description="Submitted before this time.")
        ] = None,
        sort: FromQuery[TaskSort] = "-submitted_at",
        limit: Limit = 100,
        cursor: Cursor = None,
        total: Total = False,
        min_position: MinPosition = 0,
    ) -> Answer[TaskPage]:
        """List tasks; a page of large ones may hold fewer than `limit` (see `next_cursor`)."""
        await reached(request, "task_board", min_position)
        filters = TaskFilter(
            status=tuple(status or ()),
            agent_id=agent_id,
            task_type=task_type,
            priority=tuple(priority or ()),
            owner=owner,
            tag=tag,
            parent=parent,
            correlation=correlation,
            concurrency_key=concurrency_key,
            dedup_key=dedup_key,
            since=given(moment, since, "since"),
            until=given(moment, until, "until"),
        )
        board = request.system.projections.board
        cursors = Cursors(request, [filters, sort])
        page = await board.list(filters, sort, cursors.open(cursor), limit)
        content = TaskPage(
            items=page.items,
            next_cursor=cursors.seal(page.next_cursor),
            total=await board.count(filters) if total else UNSET,
        )
        return answer(content, 200, [as_of(page.position)])

    @get("/{task_id:str}", operation_id="get_task")
    async def get_task(
        self, task_id: FromPath[str], request: ApiRequest, min_position: MinPosition = 0
    ) -> Answer[Task]:
        """Return a task."""
        check_id(task_id, "task_id")
        await reached(request, "task_board", min_position)
        task, position = await request.system.projections.board.find(task_id)
        if task is None:
            raise TaskNotFound(task_id=task_id)
        return answer(task, 200, [as_of(position)])

    @get("/{task_id:str}/explain", operation_id="explain_task")
    async def explain_task(
        self, task_id: FromPath[str], request: ApiRequest, min_position: MinPosition = 0
    ) -> Answer[Explanation]:
        """Return why each attempt went to its agent, and what a waiting task waits for.

        Scores are worked out anew from what the log holds: the features of the shortlist, and the
        weights of the revision. Who was filtered out and why is told of the fleet as it is now
        (`as_of`); of the fleet at a decision only the numbers in its `at_decision` are known.
        """
        system = request.system
        stream = task_stream(check_id(task_id, "task_id"))
        await logged(request, min_position)
        # The reasons come from the dispatcher's fold: what it has not seen yet would be unknown.
        await decided_on(request, system.log.feed.position)
        state = await system.workload.task(task_id) or await system.workload.task_anew(task_id)
        if state is None:
            raise TaskNotFound(task_id=task_id)
        # A task may have megabytes of progress; what is told here stands in few small events.
        attempts = EventFilter(stream=stream, topics=(TaskAssigned.topic, TaskReleased.topic))
        events = await system.log.read(0, PAGE, attempts)
        assignments = await explained(system, events)
        terms = state.terms
        signature = signature_of(terms.task_type, terms.requirements, terms.max_cost)
        filtered, position = system.dispatcher.filtered(signature)
        waits = state.status is TaskStatus.QUEUED
        content = Explanation(
            task_id=task_id,
            status=state.status.value,
            attempt=state.attempt,
            assignments=assignments,
            excluded=excluded(events),
            waiting=list(system.dispatcher.why_not(task_id)) if waits else [],
            filtered=list(filtered),
            as_of=position,
        )
        return answer(content)

"""Tasks over HTTP between submission and end, and after it: questions, ratings, moves by hand."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import UNSET, UnsetType

from aia_mas.application.event_log.log import EventFilter
from aia_mas.application.event_log.records import RecordedEvent
from aia_mas.application.orchestration.answers import TaskAnswer
from aia_mas.domain.kernel.ids import check_id
from aia_mas.domain.orchestration.errors import TaskNotFound
from aia_mas.domain.orchestration.task import task_stream
from aia_mas.domain.orchestration.task_events import TaskProgressed
from aia_mas.interfaces.http.answers import Answer, answer
from aia_mas.interfaces.http.commands import answered, carry_out
from aia_mas.interfaces.http.log_pages import log_page
from aia_mas.interfaces.http.queries import (
    Cursor,
    Limit,
    MinPosition,
    Total,
    logged,
)
from aia_mas.interfaces.http.requests import ApiRequest
from aia_mas.interfaces.http.schemas.task_care import (
    InputAnswer,
    InputRequest,
    Rating,
    Reassignment,
    Reprioritisation,
)
from aia_mas.interfaces.http.tasks import TASKS


class ProgressReport(msgspec.Struct, frozen=True, kw_only=True):
    """What an agent told of its progress; what it left out is as it was.

    Attributes:
        attempt: In which attempt.
        agent_id: Who.
        percent: How far, 0..100.
        message: For people.
        partial: What there was of the result.
        log: Lines of its log since the report before.
        waiting: It waited for an answer meanwhile.
        at: When, UTC.
        position: Where this stands in the log.
    """

    attempt: int
    agent_id: str
    percent: float | None
    message: str
    partial: Any
    log: tuple[str, ...]
    waiting: bool
    at: datetime
    position: int


class ProgressPage(msgspec.Struct, frozen=True, kw_only=True):
    """Reports (``next_cursor``: for the next page, if there is one; ``total``: when asked for)."""

    items: list[ProgressReport]
    next_cursor: str | None
    total: int | UnsetType = UNSET


class TaskCare(Controller):
    """What can be done with a task beside working on it."""

    path = TASKS
    tags = ("tasks",)

    @post("/{task_id:str}/ask", operation_id="ask_for_input", status_code=200)
    async def ask(
        self, task_id: FromPath[str], data: JSONBody[InputRequest], request: ApiRequest
    ) -> Answer[TaskAnswer]:
        """Ask for input and wait; neither the lease nor the time of the attempt runs meanwhile.

        Heartbeats go on, and tell when there is an answer; it stands in the task's `inputs`.
        """
        request.acting_for(data.agent_id)
        result = await carry_out(request, data.command(check_id(task_id, "task_id")))
        request.system.presence.beat("agent", data.agent_id)
        return answered(result)

    @post("/{task_id:str}/input", operation_id="give_input", status_code=200)
    async def give(
        self, task_id: FromPath[str], data: JSONBody[InputAnswer], request: ApiRequest
    ) -> Answer[TaskAnswer]:
        """Answer what the agent asked; its owner, operators and other agents may."""
        return answered(await carry_out(request, data.command(check_id(task_id, "task_id"))))

    @post("/{task_id:str}/rate", operation_id="rate_task", status_code=200)
    async def rate(
        self, task_id: FromPath[str], data: JSONBody[Rating], request: ApiRequest
    ) -> Answer[TaskAnswer]:
        """Rate the result, once; its owner and operators may."""
        return answered(await carry_out(request, data.command(check_id(task_id, "task_id"))))

    @post("/{task_id:str}/reprioritise", operation_id="reprioritise_task", status_code=200)
    async def reprioritise(
        self, task_id: FromPath[str], data: JSONBody[Reprioritisation], request: ApiRequest
    ) -> Answer[TaskAnswer]:
        """Move an unfinished task to another class; it keeps its seniority."""
        return answered(await carry_out(request, data.command(check_id(task_id, "task_id"))))

    @post("/{task_id:str}/reassign", operation_id="reassign_task", status_code=200)
    async def reassign(
        self,
        task_id: FromPath[str],
        request: ApiRequest,
        data: JSONBody[Reassignment | None] = None,
    ) -> Answer[TaskAnswer]:
        """Take a task from its agent, for another one; it costs the task no attempt."""
        command = (data or Reassignment()).command(check_id(task_id, "task_id"))
        return answered(await carry_out(request, command))

    @get("/{task_id:str}/progress", operation_id="list_task_progress")
    async def list_progress(
        self,
        task_id: FromPath[str],
        request: ApiRequest,
        sort: FromQuery[Literal["position", "-position"]] = "-position",
        limit: Limit = 100,
        cursor: Cursor = None,
        total: Total = False,
        min_position: MinPosition = 0,
    ) -> Answer[ProgressPage]:
        """List what was reported of a task's progress, the latest first unless `sort` says else.

        A page of large reports may hold fewer than `limit`; `next_cursor` tells whether it goes on.
        """
        stream = task_stream(check_id(task_id, "task_id"))
        await logged(request, min_position)
        workload = request.system.workload
        if (await workload.task(task_id) or await workload.task_anew(task_id)) is None:
            raise TaskNotFound(task_id=task_id)
        where = EventFilter(stream=stream, topics=(TaskProgressed.topic,))
        page = await log_page(request, where, sort, limit, cursor, total)
        content = ProgressPage(
            items=[_report(event) for event in page.events],
            next_cursor=page.next_cursor,
            total=page.total,
        )
        return answer(content)


def _report(recorded: RecordedEvent) -> ProgressReport:
    event: TaskProgressed = recorded.event
    return ProgressReport(
        attempt=event.attempt,
        agent_id=event.agent_id,
        percent=event.percent,
        message=event.message,
        partial=event.partial,
        log=event.log,
        waiting=event.waiting,
        at=event.at,
        position=recorded.position,
    )

"""Orders about many tasks, or agents, at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import msgspec
from litestar import Controller, post
from litestar.params import JSONBody
from msgspec.structs import replace

from aia_mas.domain.orchestration.agent import AgentStatus
from aia_mas.domain.orchestration.agent_commands import DrainAgent
from aia_mas.domain.orchestration.specification_checks import check_deadline
from aia_mas.domain.orchestration.task_commands import (
    CancelTask,
    ReassignTask,
    ReprioritiseTask,
    RetryTask,
)
from aia_mas.domain.orchestration.task_status import LIVE, TaskStatus
from aia_mas.interfaces.http.answers import Answer
from aia_mas.interfaces.http.bulk import (
    Selection,
    carry_out_for_all,
    check_selection,
    criteria_of,
    foretold,
)
from aia_mas.interfaces.http.paths import API
from aia_mas.interfaces.http.queries import reached
from aia_mas.interfaces.http.requests import ApiRequest
from aia_mas.interfaces.http.schemas.bulk import (
    BulkResult,
    DrainBulk,
    ReassignBulk,
    Redrive,
    ReprioritiseBulk,
    RetryBulk,
    TaskBulk,
)
from aia_mas.interfaces.http.schemas.values import moment
from aia_mas.interfaces.http.tasks import TASKS
from aia_mas.projections.task_board import TaskFilter

_UNFINISHED = LIVE | {TaskStatus.QUEUED}
_ENDED_BADLY = frozenset(
    {TaskStatus.FAILED, TaskStatus.DEAD, TaskStatus.EXPIRED, TaskStatus.CANCELLED}
)
_DEAD = frozenset({TaskStatus.DEAD})


class TaskBulkCommands(Controller):
    """The same for many tasks; clients reach only their own."""

    path = TASKS
    tags = ("tasks",)

    @post("/bulk/cancel", operation_id="cancel_tasks", status_code=200)
    async def cancel_tasks(
        self, data: JSONBody[TaskBulk], request: ApiRequest
    ) -> Answer[BulkResult]:
        """Call many unfinished tasks off."""
        return await _for_tasks(
            request,
            "cancel",
            data,
            _UNFINISHED,
            lambda task_id: CancelTask(task_id=task_id, reason=data.reason),
        )

    @post("/bulk/retry", operation_id="retry_tasks", status_code=200)
    async def retry_tasks(
        self, data: JSONBody[RetryBulk], request: ApiRequest
    ) -> Answer[BulkResult]:
        """Queue many tasks again that failed, died, expired or were cancelled."""
        deadline = moment(data.deadline, "deadline")
        return await _for_tasks(
            request,
            "retry",
            data,
            _ENDED_BADLY,
            lambda task_id: RetryTask(task_id=task_id, deadline=deadline),
            deadline,
        )

    @post("/bulk/reprioritise", operation_id="reprioritise_tasks", status_code=200)
    async def reprioritise_tasks(
        self, data: JSONBody[ReprioritiseBulk], request: ApiRequest
    ) -> Answer[BulkResult]:
        """Move many unfinished tasks to another class."""
        return await _for_tasks(
            request,
            "reprioritise",
            data,
            _UNFINISHED,
            lambda task_id: ReprioritiseTask(
                task_id=task_id, priority=data.priority, reason=data.reason
            ),
        )

    @post("/bulk/reassign", operation_id="reassign_tasks", status_code=200)
    async def reassign_tasks(
        self, data: JSONBody[ReassignBulk], request: ApiRequest
    ) -> Answer[BulkResult]:
        """Take many tasks from the agents that hold them."""
        return await _for_tasks(
            request,
            "reassign",
            data,
            LIVE,
            lambda task_id: ReassignTask(
                task_id=task_id, exclude_current=data.exclude_current, reason=data.reason
            ),
        )

    @post("/redrive", operation_id="redrive_tasks", status_code=200)
    async def redrive_tasks(
        self, data: JSONBody[Redrive], request: ApiRequest
    ) -> Answer[BulkResult]:
        """Queue dead tasks again, with all their attempts."""
        deadline = moment(data.deadline, "deadline")
        chosen = TaskBulk(
            filter=data.filter, limit=data.limit, dry_run=data.dry_run, reason=data.reason
        )
        return await _for_tasks(
            request,
            "retry",
            chosen,
            _DEAD,
            lambda task_id: RetryTask(task_id=task_id, deadline=deadline),
            deadline,
        )


class AgentBulkCommands(Controller):
    """The same for many agents."""

    path = f"{API}/agents"
    tags = ("agents",)

    @post("/bulk/drain", operation_id="drain_agents", status_code=200)
    async def drain_agents(
        self, data: JSONBody[DrainBulk], request: ApiRequest
    ) -> Answer[BulkResult]:
        """Give many agents no further tasks; they finish what they hold."""
        check_selection(data.filter, data.ids, data.limit)
        directory, tiers = request.system.projections.directory, request.system.tiers
        filters = None if data.filter is None else data.filter.filters(tiers)
        if filters is None or data.filter is None:
            selection = Selection(tuple(dict.fromkeys(data.ids or ())), False, None)
            matched = len(selection.ids)
        else:
            await reached(request, "agent_directory", 0)
            wanted = set(filters.status or (AgentStatus.ACTIVE,)) & {AgentStatus.ACTIVE}
            filters = replace(filters, status=tuple(wanted))
            found = await directory.ids(filters, data.limit + 1) if wanted else []
            selection = Selection(
                found[: data.limit], len(found) > data.limit, criteria_of(data.filter)
            )
            matched = await directory.count(filters) if wanted and data.dry_run else len(found)

        def drain(agent_id: str) -> DrainAgent:
            return DrainAgent(agent_id=agent_id, reason=data.reason)

        if data.dry_run:
            return await foretold(request, selection, matched, drain)
        return await carry_out_for_all(request, "drain", selection, drain, data.reason)


async def _for_tasks(
    request: ApiRequest,
    action: str,
    data: TaskBulk,
    fitting: frozenset[TaskStatus],
    command: Callable[[str], msgspec.Struct],
    deadline: datetime | None = None,
) -> Answer[BulkResult]:
    """Order something for tasks, as far as it can be about them (``fitting``: the statuses)."""
    check_selection(data.filter, data.ids, data.limit)
    if data.dry_run:  # an order checks this when it is decided, and not when it is repeated
        check_deadline(deadline, request.system.clock.now())
    if data.filter is None:
        selection = Selection(tuple(dict.fromkeys(data.ids or ())), False, None)
        matched = len(selection.ids)
    else:
        await reached(request, "task_board", 0)
        board = request.system.projections.board
        filters = _own(request, data.filter.filters(), fitting)
        found = [] if filters is None else await board.ids(filters, data.limit + 1)
        selection = Selection(
            found[: data.limit], len(found) > data.limit, criteria_of(data.filter)
        )
        counts = filters is not None and data.dry_run and selection.more
        matched = await board.count(filters) if counts and filters else len(selection.ids)
    if data.dry_run:
        return await foretold(request, selection, matched, command)
    return await carry_out_for_all(request, action, selection, command, data.reason, deadline)


def _own(
    request: ApiRequest, filters: TaskFilter, fitting: frozenset[TaskStatus]
) -> TaskFilter | None:
    """Return the filters within what the caller may and the order can be about; None: nothing."""
    statuses = fitting & {TaskStatus(status) for status in filters.status or fitting}
    caller = request.principal
    owner = filters.owner if caller.operates else caller.subject
    if not statuses or filters.owner not in (None, owner):
        return None
    return replace(filters, status=tuple(sorted(statuses)), owner=owner)

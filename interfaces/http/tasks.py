"""Tasks over HTTP: submit, work on them, call them off, try them again."""

from __future__ import annotations

from datetime import datetime

import msgspec
from litestar import Controller, post
from litestar.params import FromPath, JSONBody

from aia_mas.application.engine.outcomes import CommandResult
from aia_mas.application.orchestration.answers import TaskAnswer
from aia_mas.domain.kernel import DomainError
from aia_mas.domain.kernel.ids import check_id
from aia_mas.domain.orchestration.errors import InvalidBatchSize
from aia_mas.domain.orchestration.task_commands import SubmitTask
from aia_mas.interfaces.http.answers import Answer, answer
from aia_mas.interfaces.http.bodies import decode
from aia_mas.interfaces.http.commands import (
    REPLAYED,
    answered,
    carry_out,
    location,
    origin_of,
    position_headers,
)
from aia_mas.interfaces.http.paths import API
from aia_mas.interfaces.http.problems import problem_answer
from aia_mas.interfaces.http.requests import ApiRequest
from aia_mas.interfaces.http.schemas.task_reports import Attempt, Completion, Failure, Progress
from aia_mas.interfaces.http.schemas.tasks import (
    BatchItem,
    BatchResult,
    Cancellation,
    Retry,
    TaskBatch,
    TaskSubmission,
)

TASKS = f"{API}/agents/tasks"
MAX_BATCH = 1_000


class _Identified(msgspec.Struct):
    task_id: str
    deduplicated: bool = False


_identified = msgspec.json.Decoder(_Identified).decode


class TaskCommands(Controller):
    """Commands about tasks; each answers with the task as it then is."""

    path = TASKS
    tags = ("tasks",)

    @post("/submit", operation_id="submit_task", status_code=201)
    async def submit(
        self, data: JSONBody[TaskSubmission], request: ApiRequest
    ) -> Answer[TaskAnswer]:
        """Submit a task; where an agent is at hand it is assigned at once.

        It is 200 when there is an unfinished task with the same `dedup_key`: that is the answer.
        """
        system = request.system
        owner, now = request.principal.subject, system.clock.now()
        command = data.command(system.new_id(), system.settings, now, owner)
        result = await carry_out(request, command)
        # A repeated key answers with the first task, so its id is read from the answer.
        told = _identified(result.body)
        status = 200 if told.deduplicated else 201
        return answered(result, status, [location(request, f"{TASKS}/{told.task_id}")])

    @post("/submit-batch", operation_id="submit_tasks", status_code=200)
    async def submit_batch(
        self, data: JSONBody[TaskBatch], request: ApiRequest
    ) -> Answer[BatchResult]:
        """Submit up to 1,000 tasks in one commit.

        Each is accepted or refused on its own, unless `atomic` wants all or nothing.
        """
        origin = await origin_of(request)
        if not 0 < len(data.tasks) <= MAX_BATCH:
            raise InvalidBatchSize(f"a batch has 1 to {MAX_BATCH} tasks", field="tasks")
        now = request.system.clock.now()
        read = [_read(request, raw, now) for raw in data.tasks]
        refused = next((item for item in read if isinstance(item, DomainError)), None)
        if data.atomic and refused is not None:
            refused.facts["index"] = read.index(refused)
            raise refused
        commands = [item for item in read if isinstance(item, SubmitTask)]
        results: list[CommandResult | DomainError] = []
        if commands:
            engine = request.system.engine
            results = await engine.execute_many(commands, origin, atomic=data.atomic)
        outcomes = iter(results)
        items = [item if isinstance(item, DomainError) else next(outcomes) for item in read]
        accepted = [item for item in items if isinstance(item, CommandResult)]
        content = BatchResult(
            items=[_item(request, item) for item in items],
            accepted=len(accepted),
            refused=len(items) - len(accepted),
        )
        if accepted:
            return answer(content, 200, position_headers(accepted[0]))
        replayed = any(getattr(item, "replayed", False) for item in results)
        return answer(content, 200, [REPLAYED] if replayed else ())

    @post("/{task_id:str}/start", operation_id="start_task", status_code=200)
    async def start(
        self, task_id: FromPath[str], data: JSONBody[Attempt], request: ApiRequest
    ) -> Answer[TaskAnswer]:
        """Take up the work; repeating it with the same lease changes nothing."""
        request.acting_for(data.agent_id)
        result = await carry_out(request, data.start(check_id(task_id, "task_id")))
        _heard_of(request, data.agent_id, result)
        return answered(result)

    @post("/{task_id:str}/progress", operation_id="report_progress", status_code=200)
    async def progress(
        self, task_id: FromPath[str], data: JSONBody[Progress], request: ApiRequest
    ) -> Answer[TaskAnswer]:
        """Tell how far the work is; it renews the lease."""
        request.acting_for(data.agent_id)
        result = await carry_out(request, data.command(check_id(task_id, "task_id")))
        _heard_of(request, data.agent_id, result, data.lease)
        return answered(result)

    @post("/{task_id:str}/complete", operation_id="complete_task", status_code=200)
    async def complete(
        self, task_id: FromPath[str], data: JSONBody[Completion], request: ApiRequest
    ) -> Answer[TaskAnswer]:
        """Deliver the result."""
        request.acting_for(data.agent_id)
        return answered(await carry_out(request, data.command(check_id(task_id, "task_id"))))

    @post("/{task_id:str}/fail", operation_id="fail_task", status_code=200)
    async def fail(
        self, task_id: FromPath[str], data: JSONBody[Failure], request: ApiRequest
    ) -> Answer[TaskAnswer]:
        """Give the attempt up; the task is queued again while it has attempts left."""
        request.acting_for(data.agent_id)
        command = data.command(check_id(task_id, "task_id"), jitter=request.system.random())
        return answered(await carry_out(request, command))

    @post("/{task_id:str}/cancel", operation_id="cancel_task", status_code=200)
    async def cancel(
        self,
        task_id: FromPath[str],
        request: ApiRequest,
        data: JSONBody[Cancellation | None] = None,
    ) -> Answer[TaskAnswer]:
        """Call the task off; clients their own tasks only."""
        command = (data or Cancellation()).command(check_id(task_id, "task_id"))
        return answered(await carry_out(request, command))

    @post("/{task_id:str}/retry", operation_id="retry_task", status_code=200)
    async def retry(
        self, task_id: FromPath[str], request: ApiRequest, data: JSONBody[Retry | None] = None
    ) -> Answer[TaskAnswer]:
        """Queue a task again that failed, died, expired or was cancelled; clients their own."""
        command = (data or Retry()).command(check_id(task_id, "task_id"))
        return answered(await carry_out(request, command))


def _heard_of(request: ApiRequest, agent_id: str, result: CommandResult, *leases: str) -> None:
    """Take a report on a task as a sign of life of the agent, and of attempts at tasks.

    A start needs none of its attempt: the event tells when it began. A report that is repeated by
    its key says nothing about an attempt: it may be over by now.
    """
    request.system.presence.beat("agent", agent_id)
    if not result.replayed:
        request.system.heartbeats.tasks(leases)


def _read(request: ApiRequest, raw: msgspec.Raw, now: datetime) -> SubmitTask | DomainError:
    """Return the command of one item of a batch, or why there is none."""
    system, owner = request.system, request.principal.subject
    try:
        submission = decode(bytes(raw), TaskSubmission)
        return submission.command(system.new_id(), system.settings, now, owner)
    except DomainError as error:
        return error


def _item(request: ApiRequest, item: CommandResult | DomainError) -> BatchItem:
    if isinstance(item, CommandResult):
        status = 200 if _identified(item.body).deduplicated else 201
        return BatchItem(status=status, task=msgspec.Raw(item.body))
    # Without the request's id: a repetition under the same key gets the very same items.
    problem = problem_answer(item, instance=request.scope["path"], request_id="")
    return BatchItem(status=problem.status, problem=msgspec.Raw(problem.body))

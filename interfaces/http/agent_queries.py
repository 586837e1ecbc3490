"""Reads about agents, from the agent directory and the system metrics."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Literal

from litestar import Controller, get
from litestar.params import FromPath, FromQuery, QueryParameter
from msgspec import UNSET
from msgspec.structs import asdict, replace

from aia_mas.domain.kernel.ids import check_id
from aia_mas.domain.kernel.mistakes import Mistakes
from aia_mas.domain.orchestration.agent import AgentStatus
from aia_mas.domain.orchestration.bounds import check_name, check_number
from aia_mas.domain.orchestration.errors import AgentNotFound
from aia_mas.domain.orchestration.labels import Comparator
from aia_mas.domain.orchestration.task_status import TaskStatus
from aia_mas.domain.orchestration.tiers import Tiers
from aia_mas.interfaces.http.answers import Answer, answer
from aia_mas.interfaces.http.commands import etag
from aia_mas.interfaces.http.paths import API
from aia_mas.interfaces.http.queries import (
    Cursor,
    Cursors,
    Limit,
    MinPosition,
    Total,
    as_of,
    given,
    needs,
    reached,
)
from aia_mas.interfaces.http.requests import ApiRequest
from aia_mas.interfaces.http.schemas.lists import AgentPage, PresentAgent, TaskPage
from aia_mas.interfaces.http.schemas.metrics import (
    MetricsHistory,
    history_of,
    millis_of,
    span_of,
)
from aia_mas.interfaces.http.schemas.performance import AgentPerformance
from aia_mas.interfaces.http.schemas.values import moment
from aia_mas.projections.agent_directory import Agent, AgentFilter, check_operands
from aia_mas.projections.agent_performance import Window, beginning
from aia_mas.projections.system_metrics import Metrics
from aia_mas.projections.task_board import TaskFilter

AgentSort = Literal[
    "agent_id", "-agent_id", "registered_at", "-registered_at", "updated_at", "-updated_at",
    "cost_per_task", "-cost_per_task", "active_tasks", "-active_tasks", "load", "-load",
    "completed", "-completed", "success_rate", "-success_rate",
]  # fmt: skip
TaskSort = Literal[
    "submitted_at", "-submitted_at", "updated_at", "-updated_at", "priority", "-priority"
]


class AgentQueries(Controller):
    """Queries about agents."""

    path = f"{API}/agents"
    tags = ("agents",)

    @get("/", operation_id="list_agents")
    async def list_agents(
        self,
        request: ApiRequest,
        status: FromQuery[list[AgentStatus] | None] = None,
        online: FromQuery[bool | None] = None,
        owner: FromQuery[str | None] = None,
        skill: FromQuery[str | None] = None,
        min_level: FromQuery[float | None] = None,
        specialization: FromQuery[str | None] = None,
        label: FromQuery[str | None] = None,
        label_op: FromQuery[Comparator | None] = None,
        label_value: FromQuery[list[str] | None] = None,
        tier: FromQuery[list[str] | None] = None,
        q: Annotated[
            str | None,
            QueryParameter(
                description="Part of an id, an owner, a specialization, a skill or a metadata name."
            ),
        ] = None,
        sort: FromQuery[AgentSort] = "agent_id",
        limit: Limit = 100,
        cursor: Cursor = None,
        total: Total = False,
        min_position: MinPosition = 0,
    ) -> Answer[AgentPage]:
        """List agents; without `status`, those that are registered."""
        if min_level is not None:
            given(check_number, min_level, "min_level", lowest=0.0, highest=1.0)
        needs("min_level", min_level, "skill", skill)
        needs("label_value", label_value, "label", label)
        needs("label_op", label_op, "label_value", label_value)
        mistakes = Mistakes()
        compared = label_op or Comparator.EQUAL, tuple(label_value or ())
        mistakes.check(check_operands, *compared)
        mistakes.check(_check_tiers, tier or (), request.system.tiers)
        mistakes.refuse()
        await reached(request, "agent_directory", min_position)
        filters = AgentFilter(
            status=tuple(status or ()),
            online=online,
            owner=owner,
            skill=skill,
            min_level=min_level,
            specialization=specialization,
            label=label,
            label_op=compared[0],
            label_value=compared[1],
            tier=tuple(tier or ()),
            text=q,
        )
        directory = request.system.projections.directory
        cursors = Cursors(request, [filters, sort])
        page = await directory.list(filters, sort, cursors.open(cursor), limit)
        content = AgentPage(
            items=await _present(request, page.items),
            next_cursor=cursors.seal(page.next_cursor),
            total=await directory.count(filters) if total else UNSET,
        )
        return answer(content, 200, [as_of(page.position)])

    @get("/{agent_id:str}", operation_id="get_agent")
    async def get_agent(
        self, agent_id: FromPath[str], request: ApiRequest, min_position: MinPosition = 0
    ) -> Answer[PresentAgent]:
        """Return an agent, also one that left: `status` says so.

        The `ETag` is the revision of what its client may edit; of one that left there is none.
        """
        check_id(agent_id, "agent_id")
        await reached(request, "agent_directory", min_position)
        agent, position = await _known(request, agent_id)
        (agent,) = await _present(request, [agent])
        headers = [as_of(position)]
        if agent.status != AgentStatus.UNREGISTERED:
            headers.append(etag(agent.revision))
        return answer(agent, 200, headers)

    @get("/{agent_id:str}/tasks", operation_id="list_agent_tasks")
    async def list_agent_tasks(
        self,
        agent_id: FromPath[str],
        request: ApiRequest,
        status: FromQuery[list[TaskStatus] | None] = None,
        sort: FromQuery[TaskSort] = "-submitted_at",
        limit: Limit = 100,
        cursor: Cursor = None,
        total: Total = False,
        min_position: MinPosition = 0,
    ) -> Answer[TaskPage]:
        """List the tasks that an agent holds or has finished, also of one that left."""
        check_id(agent_id, "agent_id")
        await reached(request, "task_board", min_position)
        await reached(request, "agent_directory", min_position)
        await _known(request, agent_id)
        filters = TaskFilter(status=tuple(status or ()), agent_id=agent_id)
        board = request.system.projections.board
        cursors = Cursors(request, [filters, sort])
        page = await board.list(filters, sort, cursors.open(cursor), limit)
        content = TaskPage(
            items=page.items,
            next_cursor=cursors.seal(page.next_cursor),
            total=await board.count(filters) if total else UNSET,
        )
        return answer(content, 200, [as_of(page.position)])

    @get("/{agent_id:str}/performance", operation_id="get_agent_performance")
    async def get_agent_performance(
        self,
        agent_id: FromPath[str],
        request: ApiRequest,
        window: FromQuery[Window] = "all",
        task_type: FromQuery[str | None] = None,
        min_position: MinPosition = 0,
    ) -> Answer[AgentPerformance]:
        """Return how an agent performed: outcomes, durations, quality, cost, by type of task.

        `quality` is what clients rated, `own_quality` the agent's own estimate. A window begins
        with a full hour (`since`), so that it is up to an hour longer than its name.
        """
        check_id(agent_id, "agent_id")
        if task_type is not None:
            given(check_name, task_type, "task_type")
        await reached(request, "agent_performance", min_position)
        await reached(request, "agent_directory", min_position)
        system = request.system
        agent, _ = await _known(request, agent_id)
        since = beginning(window, system.clock.now())
        found = await system.projections.performances.of(agent_id, since, task_type)
        content = AgentPerformance(
            agent_id=agent_id,
            active_tasks=agent.active_tasks,
            window=window,
            since=since,
            streak=found.streak,
            by_task_type=found.by_type,
            **asdict(found.figures),
        )
        return answer(content, 200, [as_of(found.position)])

    @get("/metrics/system", operation_id="get_system_metrics")
    async def get_system_metrics(
        self, request: ApiRequest, min_position: MinPosition = 0
    ) -> Answer[Metrics]:
        """Return the figures of the whole system, as the metrics socket sends them."""
        await reached(request, "system_metrics", min_position)
        system = request.system
        return answer(system.projections.system_metrics(system.clock.now()))

    @get("/metrics/history", operation_id="get_metrics_history")
    async def get_metrics_history(
        self,
        request: ApiRequest,
        from_: Annotated[
            datetime | None,
            QueryParameter(name="from", description="The time of the first point (RFC 3339)."),
        ] = None,
        to: Annotated[
            datetime | None, QueryParameter(description="Where to end; now, at most.")
        ] = None,
        step: Annotated[
            str | None,
            QueryParameter(description="`5m`, `1h`, `1d`: minutes, hours or days to a point."),
        ] = None,
        min_position: MinPosition = 0,
    ) -> Answer[MetricsHistory]:
        """Return how the figures changed, at most 1,000 points without gaps.

        Minutes are kept for a day, hours for a month, days for a year; without `step` it is the
        finest one that reaches back to `from` and fits.
        """
        await reached(request, "system_metrics", min_position)
        system = request.system
        span = span_of(
            given(moment, from_, "from"),
            given(moment, to, "to"),
            None if step is None else given(millis_of, step),
        )
        return answer(history_of(system.projections.metrics, span, system.clock.now()))


def _check_tiers(names: Iterable[str], tiers: Tiers) -> None:
    for name in names:
        tiers.check(name, "tier")


async def _present(request: ApiRequest, agents: list[Agent]) -> list[PresentAgent]:
    """Return agents with their last signs of life, and what they said; these are no events."""
    reports = await request.system.reports.of([agent.agent_id for agent in agents])
    return [
        PresentAgent(**asdict(_last_heard(request, agent)), reported=reports.get(agent.agent_id))
        for agent in agents
    ]


def _last_heard(request: ApiRequest, agent: Agent) -> Agent:
    heard = request.system.presence.last_seen("agent", agent.agent_id)
    if heard is None or (agent.last_seen is not None and agent.last_seen >= heard):
        return agent
    return replace(agent, last_seen=heard.replace(microsecond=0))


async def _known(request: ApiRequest, agent_id: str) -> tuple[Agent, int]:
    """Return an agent that is registered, or was."""
    agent, position = await request.system.projections.directory.find(agent_id)
    if agent is None:
        raise AgentNotFound(agent_id=agent_id)
    return agent, position

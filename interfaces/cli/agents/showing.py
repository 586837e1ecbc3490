"""`mas agents show`: one agent, what it has in hand and how it did."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from aia_mas.interfaces.cli.options import json_option
from aia_mas.interfaces.cli.remote.answers import show_json
from aia_mas.interfaces.cli.remote.parameters import Id
from aia_mas.interfaces.cli.remote.server import Server, server_options
from aia_mas.interfaces.cli.remote.tables import show_facts, show_table
from aia_mas.interfaces.cli.remote.words import age, levels, listed, milliseconds, moment, share

if TYPE_CHECKING:
    from aia.client.types import AgentPerformance, PresentAgent, Task, TaskStatus, TypeFigures

_HELD: tuple[TaskStatus, ...] = ("assigned", "running", "input_required")
_FIGURES = (
    ">DONE", ">FAILED", ">LOST", ">SUCCESS", ">P50", ">P95", ">RATED",
)  # fmt: skip


@click.command("show", short_help="Show an agent: record, performance, tasks in hand.")
@click.argument("agent_id", type=Id())
@click.option(
    "--window",
    type=click.Choice(("1h", "24h", "7d", "30d", "all")),
    default="all",
    show_default=True,
    help="Performance of how far back.",
)
@json_option
@server_options
def show_agent(server: Server, agent_id: str, window: str, as_json: bool) -> None:
    """Show an agent, also one that left."""
    with server.client() as client:
        agent = client.agents.get(agent_id)
        performance = client.agents.performance(agent_id, window=window)  # type: ignore[arg-type]
        held = list(client.agents.iterate_tasks(agent_id, status=_HELD))
    if as_json:
        show_json({"agent": agent, "performance": performance, "tasks": held})
        return
    show_facts(_facts(agent))
    click.echo(f"\nPerformance ({window}):")
    show_table(("TYPE", *_FIGURES), _figures(performance))
    click.echo(f"\nTasks in hand: {len(held)}")
    if held:
        headings = ("TASK", "TYPE", "STATUS", ">TRY", ">PERCENT", "SINCE", "MESSAGE")
        show_table(headings, map(_held, held))


def _facts(agent: PresentAgent) -> Iterator[tuple[str, object]]:
    yield "Agent", agent.agent_id
    yield "Status", agent.status
    yield "Suspended because", agent.suspension
    yield "Online", "yes" if agent.online else "no"
    yield "Last seen", f"{moment(agent.last_seen)} ({age(agent.last_seen)} ago)"
    yield "Tasks", f"{agent.active_tasks} of {agent.max_concurrent_tasks} places in use"
    yield "Skills", levels(agent.skills)
    yield "Specializations", listed(agent.specializations, 20)
    yield "Labels", listed((f"{key}={value}" for key, value in agent.labels.items()), 20)
    yield "Resources", listed((f"{key}={value:g}" for key, value in agent.resources.items()), 20)
    yield "Data sources", listed(agent.data_sources, 20)
    yield "Endpoint", agent.endpoint
    yield "Wallet", agent.wallet_address
    yield "Price", f"{agent.cost_per_task} tokens a task"
    yield "Stake", f"{agent.stake} tokens" + (f" ({agent.tier})" if agent.tier else "")
    yield "Owner", agent.owner
    yield "Registered", moment(agent.registered_at)
    yield "Revision", agent.revision
    if agent.reported is not None and agent.reported.load is not None:
        yield "Load by its own account", share(agent.reported.load)


def _figures(performance: AgentPerformance) -> Iterator[tuple[object, ...]]:
    rows: list[tuple[str, AgentPerformance | TypeFigures]] = [("all", performance)]
    rows += ((each.task_type, each) for each in performance.by_task_type)
    for name, figures in rows:
        yield (
            name,
            figures.completed,
            figures.failed,
            figures.lost,
            share(figures.success_rate),
            milliseconds(figures.duration.p50_ms),
            milliseconds(figures.duration.p95_ms),
            "-" if figures.quality.mean is None else f"{figures.quality.mean:.2f}",
        )


def _held(task: Task) -> tuple[object, ...]:
    progress = task.progress
    return (
        task.task_id,
        task.task_type,
        task.status,
        task.attempt,
        "-" if progress is None or progress.percent is None else f"{progress.percent:g}",
        age(task.started_at or task.assigned_at),
        "-" if progress is None else progress.message,
    )

"""`mas tasks list`: tasks by where they stand and whose they are."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import click

from aia_mas.interfaces.cli.options import json_option
from aia_mas.interfaces.cli.remote.listing import page_options, show_list
from aia_mas.interfaces.cli.remote.server import Server, server_options
from aia_mas.interfaces.cli.remote.words import age
from aia_mas.interfaces.cli.tasks.filters import filter_options, given_of

if TYPE_CHECKING:
    from aia.client.types import Task

_ORDERS = ("submitted_at", "updated_at", "priority")
_HEADINGS = ("TASK", "STATUS", "TYPE", "AGENT", "AGE", ">TRY", "PRIORITY", "CHANGED", "WHY")


@click.command("list", short_help="List tasks.")
@filter_options
@click.option(
    "--sort",
    type=click.Choice([sign + order for order in _ORDERS for sign in ("", "-")]),
    metavar="[-]ORDER",
    help=f"One of {', '.join(_ORDERS)}; with - the latest first.",
)
@page_options
@json_option
@server_options
def list_tasks(
    server: Server,
    as_json: bool,
    sort: str | None,
    limit: int | None,
    everything: bool,
    cursor: str | None,
    total: bool,
    **filters: Any,
) -> None:
    """List tasks, those that were submitted last first unless --sort says otherwise."""
    with server.client() as client:
        show_list(
            partial(client.tasks.list, sort=sort or "-submitted_at", **given_of(filters)),  # type: ignore[arg-type]
            _HEADINGS,
            _row,
            as_json=as_json,
            limit=limit,
            everything=everything,
            cursor=cursor,
            total=total,
        )


def _row(task: Task) -> tuple[object, ...]:
    return (
        task.task_id,
        task.status,
        task.task_type,
        task.agent_id,
        age(task.submitted_at),
        task.attempt,
        task.priority,
        age(task.updated_at),
        why(task),
    )


def why(task: Task) -> str:
    """Return in a few words why a task stands where it does, where there is something to say."""
    if task.status in {"failed", "dead", "queued"} and task.error is not None:
        return f"{task.error.code}: {task.error.message}"
    progress = task.progress
    if task.status == "running" and progress is not None:
        percent = "" if progress.percent is None else f"{progress.percent:g}% "
        return percent + progress.message
    if task.status == "input_required" and task.inputs:
        return task.inputs[-1].question
    return task.reason or ""

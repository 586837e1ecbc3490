"""`mas tasks watch`: what happens to tasks, as it happens."""

from __future__ import annotations

from functools import partial

import click

from aia_mas.interfaces.cli.options import json_option
from aia_mas.interfaces.cli.remote.following import follow, watch_options
from aia_mas.interfaces.cli.remote.parameters import Id
from aia_mas.interfaces.cli.remote.server import Server, server_options


@click.command("watch", short_help="Tell what happens to tasks, as it happens.")
@click.argument("task_ids", nargs=-1, type=Id())
@click.option("--type", "task_type", multiple=True, help="Only tasks of this type.")
@click.option("--agent", "agent_id", multiple=True, help="Only what concerns this agent.")
@watch_options
@json_option
@server_options
def watch_tasks(
    server: Server,
    task_ids: tuple[str, ...],
    task_type: tuple[str, ...],
    agent_id: tuple[str, ...],
    status: tuple[str, ...],
    event: tuple[str, ...],
    after: int | None,
    count: int | None,
    as_json: bool,
) -> None:
    """Tell what happens to these tasks, or to all, one line for each event.

    A filter matches what an event itself says. After a loss of the connection it goes on where it
    was; nothing is left out.
    """
    import anyio

    filters = {
        "task_id": task_ids,
        "task_type": task_type,
        "agent_id": agent_id,
        "status": status,
        "event": event,
    }
    anyio.run(
        partial(
            follow,
            server,
            "tasks",
            filters,
            after=after,
            count=count,
            as_json=as_json,
            subject=lambda update: update.task_id,
        )
    )

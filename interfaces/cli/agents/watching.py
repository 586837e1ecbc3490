"""`mas agents watch`: what happens to agents, as it happens."""

from __future__ import annotations

from functools import partial

import click

from aia_mas.interfaces.cli.options import json_option
from aia_mas.interfaces.cli.remote.following import follow, watch_options
from aia_mas.interfaces.cli.remote.parameters import Id
from aia_mas.interfaces.cli.remote.server import Server, server_options


@click.command("watch", short_help="Tell what happens to agents, as it happens.")
@click.argument("agent_ids", nargs=-1, type=Id())
@watch_options
@json_option
@server_options
def watch_agents(
    server: Server,
    agent_ids: tuple[str, ...],
    status: tuple[str, ...],
    event: tuple[str, ...],
    after: int | None,
    count: int | None,
    as_json: bool,
) -> None:
    """Tell what happens to these agents, or to all, one line for each event.

    After a loss of the connection it goes on where it was; nothing is left out.
    """
    import anyio

    anyio.run(
        partial(
            follow,
            server,
            "agents",
            {"agent_id": agent_ids, "status": status, "event": event},
            after=after,
            count=count,
            as_json=as_json,
            subject=lambda update: update.agent_id,
        )
    )

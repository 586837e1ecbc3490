"""`mas agents`: who does the work."""

from __future__ import annotations

import click

from aia_mas.interfaces.cli.agents.listing import list_agents
from aia_mas.interfaces.cli.agents.showing import show_agent
from aia_mas.interfaces.cli.agents.watching import watch_agents

__all__ = ["agents"]


@click.group(short_help="Look at agents: list, show, watch.")
def agents() -> None:
    """Look at the agents of a running server."""


agents.add_command(list_agents)
agents.add_command(show_agent)
agents.add_command(watch_agents)

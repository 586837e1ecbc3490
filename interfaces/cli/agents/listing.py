"""`mas agents list`: agents by what they are, can do and did."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import click

from aia_mas.interfaces.cli.options import json_option
from aia_mas.interfaces.cli.remote.listing import page_options, show_list
from aia_mas.interfaces.cli.remote.parameters import Condition, LabelCondition
from aia_mas.interfaces.cli.remote.server import Server, server_options
from aia_mas.interfaces.cli.remote.words import age, levels, share

if TYPE_CHECKING:
    from aia.client.types import PresentAgent

_STATUSES = ("active", "draining", "suspended", "unregistered")
_ORDERS = (
    "agent_id", "registered_at", "updated_at", "cost_per_task", "active_tasks", "load",
    "completed", "success_rate",
)  # fmt: skip
_HEADINGS = (
    "AGENT", "STATUS", "ONLINE", ">TASKS", ">DONE", ">SUCCESS", ">PRICE", "TIER", "SEEN", "SKILLS",
)  # fmt: skip


@click.command("list", short_help="List agents.")
@click.option("--status", multiple=True, type=click.Choice(_STATUSES), help="In this status.")
@click.option("--online/--offline", default=None, help="Whether their heartbeats arrive.")
@click.option("--owner", help="Belonging to this subject.")
@click.option("--skill", help="Having this skill.")
@click.option("--min-level", type=float, help="At this level at least; goes with --skill.")
@click.option("--specialization", help="Declaring this specialization.")
@click.option(
    "--label",
    type=LabelCondition(),
    help="Labelled so: gpu, region=eu, memory>=16, 'region in eu,us'.",
)
@click.option("--tier", multiple=True, help="Of this staking tier.")
@click.option("--search", "q", help="Part of an id, an owner, a specialization, a skill.")
@click.option(
    "--sort",
    type=click.Choice([sign + order for order in _ORDERS for sign in ("", "-")]),
    metavar="[-]ORDER",
    help=f"One of {', '.join(_ORDERS)}; with - the largest or latest first.",
)
@page_options
@json_option
@server_options
def list_agents(
    server: Server,
    as_json: bool,
    limit: int | None,
    everything: bool,
    cursor: str | None,
    total: bool,
    label: Condition | None,
    **filters: Any,
) -> None:
    """List the registered agents, or those of the status that is asked for."""
    given = {name: value for name, value in filters.items() if value not in (None, ())}
    if label is not None:
        given |= {"label": label.key, "label_op": label.op, "label_value": label.values}
    with server.client() as client:
        show_list(
            partial(client.agents.list, **given),
            _HEADINGS,
            _row,
            as_json=as_json,
            limit=limit,
            everything=everything,
            cursor=cursor,
            total=total,
        )


def _row(agent: PresentAgent) -> tuple[object, ...]:
    return (
        agent.agent_id,
        agent.status,
        "online" if agent.online else "offline",
        f"{agent.active_tasks}/{agent.max_concurrent_tasks}",
        agent.completed,
        share(agent.success_rate),
        agent.cost_per_task,
        agent.tier,
        age(agent.last_seen),
        levels(agent.skills),
    )

"""Which tasks are meant: the filters of their list, as options."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import click

from aia_mas.interfaces.cli.remote.parameters import Moment

STATUSES = (
    "queued", "assigned", "running", "input_required",
    "completed", "failed", "dead", "expired", "cancelled",
)  # fmt: skip
PRIORITIES = ("critical", "high", "normal", "low", "maintenance")


def filter_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the filters; what of them was given is found by ``given_of``."""
    for option in (
        click.option("--until", type=Moment(), help="Submitted before this time."),
        click.option("--since", type=Moment(), help="Submitted at this time or later; 10m: ago."),
        click.option("--dedup-key", help="Having this word for the work."),
        click.option("--concurrency-key", help="Sharing the limit of this key."),
        click.option("--correlation", help="Tied together by this."),
        click.option("--parent", help="A part of this task."),
        click.option("--tag", help="Having this tag."),
        click.option("--owner", help="Belonging to this subject."),
        click.option(
            "--priority", multiple=True, type=click.Choice(PRIORITIES), help="Of this class."
        ),
        click.option("--type", "task_type", help="Of this type."),
        click.option("--agent", "agent_id", help="Held or finished by this agent."),
        click.option(
            "--status", multiple=True, type=click.Choice(STATUSES), help="In this status."
        ),
    ):
        command = option(command)
    return command


def given_of(filters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the filters that were given."""
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in filters.items()
        if value is not None and value != ()
    }

"""`mas tasks`: the work, looked at, submitted, called off and tried again."""

from __future__ import annotations

import click

from aia_mas.interfaces.cli.tasks.care import cancel_tasks, retry_tasks
from aia_mas.interfaces.cli.tasks.listing import list_tasks
from aia_mas.interfaces.cli.tasks.showing import show_task
from aia_mas.interfaces.cli.tasks.submitting import submit_tasks
from aia_mas.interfaces.cli.tasks.watching import watch_tasks

__all__ = ["tasks"]


@click.group(short_help="Look after tasks: list, show, watch, submit, cancel, retry.")
def tasks() -> None:
    """Look after the tasks of a running server."""


for _command in (list_tasks, show_task, watch_tasks, submit_tasks, cancel_tasks, retry_tasks):
    tasks.add_command(_command)

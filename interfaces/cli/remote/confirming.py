"""Asking before something is done that concerns many."""

from __future__ import annotations

import sys

import click

from aia_mas.interfaces.cli.exit_codes import Exit
from aia_mas.interfaces.cli.remote.standard_input import somebody_there


def confirm(question: str, *, yes: bool) -> None:
    """Ask a person; where there is none, ``--yes`` must have answered.

    Raises:
        UsageError: Nobody can be asked.
    """
    if yes:
        return
    if not somebody_there():
        raise click.UsageError(f"{question} There is nobody to ask here: say --yes")
    if not click.confirm(question, err=True):
        click.echo("nothing was done", err=True)
        sys.exit(Exit.FAILED)

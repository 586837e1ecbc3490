"""`mas apply`: make agents, limits and policies be as files say."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from aia_mas.interfaces.cli.bad_files import BadFiles
from aia_mas.interfaces.cli.options import json_option
from aia_mas.interfaces.cli.remote.answers import show_json
from aia_mas.interfaces.cli.remote.confirming import confirm
from aia_mas.interfaces.cli.remote.server import Server, server_options
from aia_mas.interfaces.cli.remote.standard_input import somebody_there, standard_input

if TYPE_CHECKING:
    from aia.client import Client
    from aia_mas.interfaces.cli.apply.comparing import Change
    from aia_mas.interfaces.cli.apply.fleet import Fleet
    from aia_mas.interfaces.cli.yaml_documents import Document

__all__ = ["apply"]

_NOTHING = "nothing was applied"


@click.command(short_help="Make agents, limits and policies be as files say.")
@click.option(
    "-f",
    "--file",
    "files",
    multiple=True,
    required=True,
    type=click.Path(allow_dash=True, dir_okay=False, exists=True),
    help="YAML file, several if need be; - for stdin.",
)
@click.option("--dry-run", is_flag=True, help="Only tell what would change.")
@click.option("--prune", is_flag=True, help="Remove what the files do not name, of their kinds.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@json_option
@server_options
def apply(
    server: Server, files: tuple[str, ...], dry_run: bool, prune: bool, yes: bool, as_json: bool
) -> None:
    """Make agents, limits and policies be as files say, and tell what that changes.

    What is as it should be is left alone, so it may be repeated. A file with a mistake changes
    nothing. On a terminal it asks before anything is done; removals want --yes elsewhere, too.
    """
    from aia_mas.interfaces.cli.apply.telling import as_data, show_changes

    if files.count("-") > 1:
        raise click.UsageError("the standard input can be read once")
    fleet = _fleet(files)
    with server.client() as client:
        changes = _compared(client, fleet, prune=prune)
        if not as_json:
            show_changes(changes)
        due = [change for change in changes if change.action != "unchanged"]
        if due and not dry_run:
            removals = any(change.action == "removed" for change in due)
            if removals or ("-" not in files and somebody_there()):
                confirm("Apply this?", yes=yes)
            _carried_out(client, due, quiet=as_json)
    if as_json:
        show_json({"dry_run": dry_run, "changes": [as_data(change) for change in changes]})


def _fleet(files: Sequence[str]) -> Fleet:
    """Read all files, and refuse them as a whole when there is a mistake in one of them."""
    from aia_mas.interfaces.cli.apply.fleet import fleet_of
    from aia_mas.interfaces.cli.yaml_documents import BadYaml, read_documents

    documents: list[Document] = []
    mistakes: list[str] = []
    for name in files:
        content = standard_input() if name == "-" else Path(name).read_bytes()
        try:
            documents += read_documents("stdin" if name == "-" else name, content)
        except BadYaml as error:
            mistakes.append(str(error))
    fleet = fleet_of(documents)
    mistakes += fleet.mistakes
    if mistakes:
        raise BadFiles(_NOTHING, mistakes)
    if not fleet.kinds:
        raise BadFiles(_NOTHING, ["there is no document in it"])
    return fleet


def _compared(client: Client, fleet: Fleet, *, prune: bool) -> list[Change]:
    from aia_mas.interfaces.cli.apply.comparing import compare
    from aia_mas.interfaces.cli.apply.fleet import POLICIES, RULES
    from aia_mas.interfaces.cli.apply.standing import things_of, unknown_policies

    rules = fleet.wishes.get((POLICIES, RULES))
    if rules is not None:
        named = {*rules.fields.get("by_type", {}).values(), rules.fields.get("default", "scored")}
        unknown = unknown_policies(client, named)
        if unknown:
            words = ", ".join(sorted(unknown))
            mistake = f"{rules.at}: the server knows no policy {words} (unknown_policy)"
            raise BadFiles(_NOTHING, [mistake])
    return list(compare(fleet, things_of(client, fleet.kinds), prune=prune))


def _carried_out(client: Client, due: Sequence[Change], *, quiet: bool) -> None:
    from rich.progress import Progress

    from aia.client import ClientError
    from aia_mas.interfaces.cli.apply.carrying_out import carry_out
    from aia_mas.interfaces.cli.apply.standing import settle
    from aia_mas.interfaces.cli.remote.tables import console

    target = console(err=True)
    hidden = quiet or not target.is_terminal
    with Progress(console=target, disable=hidden, transient=True) as progress:
        for number, change in enumerate(progress.track(due, description="applying")):
            try:
                carry_out(client, change)
            except ClientError:
                click.echo(f"{number} of {len(due)} changes were made;", nl=False, err=True)
                click.echo(f" then, at {change.kind} {change.name}:", err=True)
                raise
    settle(client, {change.kind for change in due})

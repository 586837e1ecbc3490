"""`mas migrate`: bring a database to the schema of this program."""

from __future__ import annotations

import json
from typing import Any

import anyio
import click

from aia_mas.application.settings import Settings
from aia_mas.interfaces.cli.options import data_options, json_option, settings_of


@click.command(short_help="Create or update the tables of the database.")
@data_options
@json_option
def migrate(config: str | None, as_json: bool, **arguments: Any) -> None:
    """Create or update the tables; safe while servers run and from many machines at once."""
    settings = settings_of(config, **arguments)
    applied = anyio.run(_migrate, settings)
    if as_json:
        click.echo(json.dumps({"applied": applied}))
        return
    for name in applied:
        click.echo(f"applied {name}")
    if not applied:
        click.echo("nothing to do: the database is up to date")


async def _migrate(settings: Settings) -> list[str]:
    from aia_mas.application.database import open_database
    from aia_mas.application.migrations import migrate as apply

    async with open_database(settings) as database:
        return await apply(database.owner_url, program_role=database.program_role)

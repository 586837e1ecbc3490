"""`mas projections`: how far the read models are, and building one anew."""

from __future__ import annotations

import json
import sys
from typing import Any

import anyio
import click
import msgspec

from aia_mas.application.settings import Settings
from aia_mas.interfaces.cli.options import data_options, json_option, settings_of
from aia_mas.interfaces.cli.read_models import read_models
from aia_mas.interfaces.cli.remote.tables import console
from aia_mas.projections.status import ReadModelStatus


@click.group(short_help="Look after the read models: status, rebuild, prune.")
def projections() -> None:
    """Look after the read models; servers may go on working meanwhile."""


@projections.command(short_help="Tell how far each read model is behind the log.")
@data_options
@json_option
def status(config: str | None, as_json: bool, **arguments: Any) -> None:
    """Tell how far each read model is behind the log.

    What nodes keep in memory, views and processes, is told as its last snapshot has it; how far it
    is on a running node, `/mas/health` tells. Exits with 1 when one has stopped, or goes on without
    streams whose events it cannot fold.
    """
    found = anyio.run(_status, settings_of(config, **arguments))
    if as_json:
        click.echo(json.dumps([msgspec.to_builtins(model) for model in found]))
    else:
        for line in _table(found):
            click.echo(line)
    sys.exit(int(any(model.stopped or model.parked for model in found)))


@projections.command(short_help="Build one anew from the whole log, beside the live one.")
@click.argument("name")
@data_options
def rebuild(name: str, config: str | None, **arguments: Any) -> None:
    """Build the read model NAME anew from position 0, then swap it in; reads go on meanwhile."""
    position, names = anyio.run(_rebuild, settings_of(config, **arguments), name)
    if position is None:
        raise click.BadParameter(f"{name!r} is none of {', '.join(names)}", param_hint="NAME")
    click.echo(f"rebuilt {name} up to position {position}")


@projections.command(short_help="Remove what only older releases read.")
@data_options
def prune(config: str | None, **arguments: Any) -> None:
    """Remove tables and snapshots of versions that this release does not read.

    To be done once no node runs an older release any more.
    """
    removed = anyio.run(_prune, settings_of(config, **arguments))
    for name in removed:
        click.echo(f"removed {name}")
    if not removed:
        click.echo("nothing to remove")


async def _status(settings: Settings) -> list[ReadModelStatus]:
    async with read_models(settings) as host:
        return await host.status()


async def _rebuild(settings: Settings, name: str) -> tuple[int | None, tuple[str, ...]]:
    """Return the position of the new one, None if there is none of this name, and the names."""
    from rich.progress import Progress

    target = console(err=True)
    async with read_models(settings) as host:
        if name not in host.names:
            return None, host.names
        head = max(model.checkpoint + model.lag for model in await host.status())
        with Progress(console=target, disable=not target.is_terminal, transient=True) as progress:
            bar = progress.add_task("folding", total=head)
            return await host.rebuild(
                name, lambda position: progress.update(bar, completed=position)
            ), host.names


async def _prune(settings: Settings) -> list[str]:
    async with read_models(settings) as host:
        return await host.prune()


def _kept_by(model: ReadModelStatus) -> str:
    """Return who keeps it up to date; what every node keeps in memory is told by its snapshot."""
    return model.leader or ("-" if model.kind == "table" else "as of its last snapshot")


def _table(found: list[ReadModelStatus]) -> list[str]:
    rows = [("NAME", "VERSION", "KIND", "POSITION", "BEHIND", "PARKED", "LEADER OR PROBLEM")]
    rows += [
        (
            model.name,
            str(model.version),
            model.kind,
            f"{model.checkpoint}",
            f"{model.lag}",
            f"{model.parked}",
            f"STOPPED: {model.stopped}" if model.stopped else _kept_by(model),
        )
        for model in found
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]

"""`mas economy audit`: recompute balances, stakes, rewards and tallies, and compare."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import anyio
import click

from aia_mas.interfaces.cli.database import existing_database
from aia_mas.interfaces.cli.exit_codes import Exit
from aia_mas.interfaces.cli.options import data_options, json_option, settings_of

if TYPE_CHECKING:
    from aia_mas.application.settings import Settings
    from aia_mas.interfaces.economy_audit import Report

_EVERY = 0.2  # seconds between two signs of progress


@click.command("audit", short_help="Recompute all of it from the log, and compare.")
@data_options
@json_option
def audit_economy(config: str | None, as_json: bool, **arguments: Any) -> None:
    """Recompute balances, transfers, stakes, rewards, budgets and tallies from the log.

    A program of its own adds everything up from the first event on, and compares it with what the
    events say and with the read models. Every difference is named, and the exit code is 11 then.
    Servers may go on working meanwhile.
    """
    settings = settings_of(config, **arguments)
    quiet = as_json or not sys.stderr.isatty()
    report = anyio.run(_audit, settings, None if quiet else _progress())
    if as_json:
        from aia_mas.interfaces.cli.remote.answers import show_json

        show_json(report)
    else:
        _tell(report)
    sys.exit(0 if report.right else Exit.DIFFERENT)


async def _audit(settings: Settings, progress: Callable[[int, int], None] | None) -> Report:
    from aia_mas.interfaces.economy_audit import audit

    async with existing_database(settings) as database:
        return await audit(database.url, progress)


def _tell(report: Report) -> None:
    from aia_mas.interfaces.cli.remote.words import plain

    for each in report.named:
        where = f"{each.area}: {each.subject}: position {each.position}"
        click.echo(plain(f"{where}: {each.detail}"))
    checked = ", ".join(f"{count:,} {area}" for area, count in report.checked.items()) or "nothing"
    click.echo(f"{report.events:,} events up to position {report.head}; compared: {checked}")
    for name, position in report.positions.items():
        if position < report.head:
            click.echo(f"the read model {name} was compared as of position {position}")
    if report.right:
        click.echo("the economy is what the log says")
    else:
        count = sum(report.differences.values())
        click.echo(f"the economy is NOT what the log says: {count:,} differences")


def _progress() -> Callable[[int, int], None]:
    shown = time.monotonic()

    def show(position: int, events: int) -> None:
        nonlocal shown
        if time.monotonic() - shown > _EVERY:
            shown = time.monotonic()
            click.echo(f"\r{events:,} events, position {position:,} ", nl=False, err=True)

    return show

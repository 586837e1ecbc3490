"""`mas audit verify`: prove that the event log is what was written."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import anyio
import click
import msgspec

from aia_mas.application.event_log.chain import Verification, verify
from aia_mas.application.settings import Settings
from aia_mas.interfaces.cli.database import existing_database
from aia_mas.interfaces.cli.options import data_options, json_option, settings_of

_EVERY = 0.2  # seconds between two signs of progress


@click.group()
def audit() -> None:
    """Examine the event log."""


@audit.command("verify")
@data_options
@json_option
def verify_log(config: str | None, as_json: bool, **arguments: Any) -> None:
    """Check the hash chain, positions without gaps, and the versions of every stream.

    Exits with 1 at a break and tells its position. Servers may go on working meanwhile.
    """
    settings = settings_of(config, **arguments)
    quiet = as_json or not sys.stderr.isatty()
    result = anyio.run(_verify, settings, None if quiet else _progress())
    if as_json:
        click.echo(json.dumps({"whole": result.whole, **msgspec.to_builtins(result)}))
    else:
        _report(result)
    sys.exit(int(not result.whole))


async def _verify(settings: Settings, progress: Callable[[int, int], None] | None) -> Verification:
    async with existing_database(settings) as database:
        return await verify(database.url, progress)


def _report(result: Verification) -> None:
    for finding in result.findings:
        click.echo(f"position {finding.position}: {finding.code}: {finding.detail}")
    read = f"{result.events:,} events in {result.batches:,} batches"
    if result.whole:
        click.echo(f"the log is whole: {read}, head {result.head}, hash {result.hash}")
    else:
        click.echo(f"the log is NOT whole: {len(result.findings)} findings in {read}")


def _progress() -> Callable[[int, int], None]:
    shown = time.monotonic()

    def show(position: int, events: int) -> None:
        nonlocal shown
        if time.monotonic() - shown > _EVERY:
            shown = time.monotonic()
            click.echo(f"\r{events:,} events, position {position:,} ", nl=False, err=True)

    return show

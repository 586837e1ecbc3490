"""`mas top`: a running system at a glance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from aia_mas.interfaces.cli.options import json_option
from aia_mas.interfaces.cli.remote.answers import show_json
from aia_mas.interfaces.cli.remote.parameters import Seconds
from aia_mas.interfaces.cli.remote.server import Server, server_options

if TYPE_CHECKING:
    from aia_mas.interfaces.cli.top.picture import Picture

__all__ = ["top"]

_SIZE = (120, 40)


@click.command(short_help="Watch a running system: agents, queue, rates, lags, tokens, events.")
@click.option("--once", is_flag=True, help="Show it once and end.")
@click.option(
    "--every",
    type=Seconds(0.1),
    default=5.0,
    show_default=True,
    help="Seconds between two lines where there is no terminal.",
)
@click.option("--seconds", type=Seconds(0), help="End after so long.")
@json_option
@server_options
def top(server: Server, once: bool, every: float, seconds: float | None, as_json: bool) -> None:
    """Watch a running system. On a terminal it is a live view, which `q` ends; elsewhere, lines.

    With --json it is read once, and told as a document.
    """
    import anyio

    if once or as_json:
        _show_once(anyio.run(_read, server), as_json=as_json)
    else:
        anyio.run(_watch, server, every, seconds)


async def _read(server: Server) -> Picture:
    from aia_mas.interfaces.cli.top.picture import Picture

    picture = Picture(server.url)
    async with server.async_client() as client:
        await picture.read(client)
    return picture


def _show_once(picture: Picture, *, as_json: bool) -> None:
    from aia_mas.interfaces.cli.remote.tables import console
    from aia_mas.interfaces.cli.top.screen import draw

    if as_json:
        show_json(
            {
                "health": picture.health,
                "metrics": picture.metrics,
                "economy": picture.economy,
                "agents": picture.agents,
                "tasks": picture.tasks,
            }
        )
        return
    target = console()
    width, height = target.size if target.is_terminal else _SIZE
    with target.capture() as captured:
        target.print(draw(picture, width, height, note=""))
    for line in captured.get().splitlines():
        if line.strip():
            click.echo(line.rstrip())


async def _watch(server: Server, every: float, seconds: float | None) -> None:
    import asyncio

    import anyio

    from aia_mas.interfaces.cli.top.picture import Picture
    from aia_mas.interfaces.cli.top.terminal import on_signals, show

    picture, stop = Picture(server.url), asyncio.Event()
    with on_signals(stop):
        async with server.async_client() as client:
            await picture.read(client)  # whoever may not look is told so at once
        async with anyio.create_task_group() as group:
            group.start_soon(picture.watch, server)
            with anyio.move_on_after(seconds):
                await show(picture, stop, every=every)
            group.cancel_scope.cancel()

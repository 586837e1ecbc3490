"""`mas serve`: run a node until a signal asks it to stop."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import click

import aia_mas
from aia_mas.application.settings import Settings, check_exposure
from aia_mas.interfaces.cli import collection
from aia_mas.interfaces.cli.banner import banner
from aia_mas.interfaces.cli.failures import DatabaseSilent, Stopped
from aia_mas.interfaces.cli.options import data_options, settings_of
from aia_mas.interfaces.cli.stopping import Stopping
from aia_mas.interfaces.listening import listen_all
from aia_mas.interfaces.open_files import raise_bound

if TYPE_CHECKING:
    from aia_mas.interfaces.bootstrap import System


@click.command(short_help="Run a node: the HTTP API and all processes behind it.")
@data_options
@click.option("--host", help="Address to listen on; another than loopback needs MAS_JWT_SECRET.")
@click.option("--port", type=int, help="Port to listen on; 0 for any free one.")
def serve(config: str | None, **arguments: Any) -> None:
    """Run a node.

    Without a database URL it starts a PostgreSQL of its own in the data directory. SIGINT and
    SIGTERM drain it: no new commands, pending ones are stored and answered; a second signal ends it
    at once.
    """
    settings = settings_of(config, quiet=False, **arguments)
    check_exposure(settings)
    raise_bound()
    with asyncio.Runner(loop_factory=_new_loop) as runner:
        runner.run(_serve(settings))


async def _serve(settings: Settings) -> None:
    with collection.paused():
        from aia_mas.interfaces.http import server

    stopping = Stopping(settings.drain_seconds)
    with stopping.on_signals():
        # Opened first of all: a port that is taken is told before a database has been started.
        listeners = listen_all(settings)

        def announce(urls: Sequence[str]) -> None:
            own = len(listeners.requests)
            for line in banner(settings, urls[:own], urls[own:]):
                click.echo(line)
            sys.stdout.flush()

        click.echo(f"AIA MAS {aia_mas.__version__} is starting ...", err=True)
        for warning in settings.warnings:
            click.echo(f"warning: {warning}", err=True)
        async with AsyncExitStack() as stack:
            with stopping.while_starting():
                system = await _start(settings, stack)
            if stopping.requested.is_set():
                raise Stopped("stopped before the start was complete")
            collection.tune()
            # A node that fails by itself ends the server; leaving the stack tells why.
            life = asyncio.create_task(system.ended())
            life.add_done_callback(lambda _: stopping.requested.set())
            stack.callback(life.cancel)
            await server.serve(
                system,
                stop=stopping.requested,
                sockets=listeners.all,
                ready=announce,
            )
            click.echo("AIA MAS is stopping ...", err=True)
            stopping.drained()
    if system.unanswered:
        raise DatabaseSilent(
            "stopped without the database, which does not answer: what was acknowledged is stored,"
            " what was answered with 503 may be"
        )
    click.echo("AIA MAS has stopped", err=True)


async def _start(settings: Settings, stack: AsyncExitStack) -> System:
    from aia_mas.interfaces.bootstrap import System

    return await stack.enter_async_context(System(settings))


def _new_loop() -> asyncio.AbstractEventLoop:
    """Return uvloop's event loop where there is one."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()

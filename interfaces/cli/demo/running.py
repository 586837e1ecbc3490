"""A demo from its start to its end: server, agents, tasks, and a view of all that."""

from __future__ import annotations

import asyncio
import math
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import anyio

from aia.client import AsyncClient
from aia_mas.interfaces.cli.demo.fleet import live
from aia_mas.interfaces.cli.demo.load import finished, rate, submit
from aia_mas.interfaces.cli.demo.node import running_node
from aia_mas.interfaces.cli.demo.profile import Profile
from aia_mas.interfaces.cli.remote.answers import remark
from aia_mas.interfaces.cli.remote.server import Server
from aia_mas.interfaces.cli.remote.words import program_name
from aia_mas.interfaces.cli.top.picture import Picture
from aia_mas.interfaces.cli.top.terminal import on_signals, show

if TYPE_CHECKING:
    from aia.client.types import Metrics

_SETTLED = 15.0  # seconds for the last figures


class Plan(NamedTuple):
    """How a demo is to go.

    Attributes:
        profile: The fleet.
        folder: Where its data goes.
        port: Where it listens; 0: anywhere.
        seconds: How long it goes on; None: until it is stopped.
        tasks: How many tasks there are; None: without end.
        every: Seconds between two lines where there is no terminal.
        quiet: Show nothing meanwhile.
    """

    profile: Profile
    folder: Path
    port: int
    seconds: float | None
    tasks: int | None
    every: float
    quiet: bool


async def run(plan: Plan) -> Metrics:
    """Run a demo; return the figures at its end."""
    stop = asyncio.Event()
    with on_signals(stop):
        remark("starting a server with a database of its own ...")
        async with running_node(plan.folder, plan.port, stop) as url:
            _announce(plan, url)
            picture = Picture(url)
            async with AsyncClient(url, "") as client:
                await _play(plan, client, picture, stop)
                with anyio.move_on_after(_SETTLED):
                    return await client.metrics.system(min_position=client.last_position)
                assert picture.metrics is not None, "it was read before the play began"
                return picture.metrics


async def _play(plan: Plan, client: AsyncClient, picture: Picture, stop: asyncio.Event) -> None:
    """Let it go on until it is stopped, its time is over, or all tasks have ended."""
    await picture.read(client)
    assert picture.metrics is not None, "it was just read"
    former = picture.metrics.tasks.submitted
    async with anyio.create_task_group() as group:
        group.start_soon(picture.watch, Server(picture.url, ""))
        group.start_soon(live, picture.url, plan.profile)
        group.start_soon(submit, client, plan.profile, picture, plan.tasks)
        group.start_soon(rate, client, plan.profile)
        if plan.tasks is not None:
            group.start_soon(_stop_when_finished, picture, former + plan.tasks, stop)
        with anyio.move_on_after(math.inf if plan.seconds is None else plan.seconds):
            if plan.quiet:
                await stop.wait()
            else:
                note = f"{picture.url}/docs   q ends the demo"
                await show(picture, stop, every=plan.every, note=note)
        group.cancel_scope.cancel()


async def _stop_when_finished(picture: Picture, most: int, stop: asyncio.Event) -> None:
    await finished(picture, most)
    stop.set()


def _announce(plan: Plan, url: str) -> None:
    """Tell a person what to open, and what else can be done."""
    remark(f"  API      {url}/mas/api/v1")
    remark(f"  Docs     {url}/docs")
    remark(f"  Data     {plan.folder}")
    remark(f"  Look at  {program_name()} top --url {url}")
    remark(f"  Try      {program_name()} tasks list --url {url}")
    remark(f"{plan.profile.agents} agents, {plan.profile.rate:g} tasks a second; Ctrl-C ends it")

"""Live streams on the command line: one line for each event, for as long as is wanted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import click
import msgspec

from aia_mas.interfaces.cli.remote.answers import remark, show_line
from aia_mas.interfaces.cli.remote.server import Server
from aia_mas.interfaces.cli.remote.words import plain

if TYPE_CHECKING:
    from aia.client.types.live import AgentUpdate, TaskUpdate, Topic

AWAY = 300.0
"""Seconds that a server may be away while it is followed."""
_BESIDE = frozenset({"position", "place", "event", "version", "at", "actor"})
_SHOWN = ("status", "agent_id", "percent", "message", "reason", "error_code", "question")


def watch_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say which events are wanted, and for how long."""
    for option in (
        click.option("--count", type=click.IntRange(1), help="End after so many events."),
        click.option(
            "--after", type=click.IntRange(0), help="Begin behind this position of the log."
        ),
        click.option("--event", multiple=True, help="Only this event, like task.completed."),
        click.option("--status", multiple=True, help="Only what leads to this status."),
    ):
        command = option(command)
    return command


async def follow(
    server: Server,
    topic: Topic,
    filters: Mapping[str, Any],
    *,
    after: int | None,
    count: int | None,
    as_json: bool,
    subject: Callable[[Any], str],
) -> None:
    """Print what happens, as it happens; after a loss of the connection it goes on where it was.

    Args:
        server: Whose events.
        topic: Of what kind.
        filters: Which of them; see ``AsyncClient.stream``.
        after: Behind which position; None: from now on.
        count: How many at most.
        as_json: One JSON object a line.
        subject: Returns whom an event is about.
    """
    wanted: dict[str, Any] = {name: list(value) for name, value in filters.items() if value}
    told = 0
    async with server.async_client() as client:
        await client.health.get()  # who is not there to begin with is not waited for
        updates = client.stream(topic, after=after, patience=AWAY, **wanted)
        async with updates:
            await updates.begin()
            if not as_json:
                remark(f"watching {server.url}; Ctrl-C ends it")
            async for update in updates:
                if as_json:
                    show_line(_builtins(update))
                else:
                    click.echo(line_of(update, subject(update)))
                told += 1
                if told == count:
                    return


def line_of(update: AgentUpdate | TaskUpdate | Any, subject: str) -> str:
    """Return an event as a line."""
    told = (
        f"{name}={plain(value)}"
        for name in _SHOWN
        if (value := getattr(update, name, None)) not in (None, "", subject)
    )
    at = update.at.strftime("%H:%M:%S")
    words = (at, f"{update.position}", f"{update.event:<16}", plain(subject), *told)
    return " ".join(words).rstrip()


def _builtins(update: Any) -> dict[str, Any]:
    """Return what an event tells; what it does not tell is left out."""
    fields: dict[str, Any] = msgspec.to_builtins(update)
    return {
        name: value
        for name, value in fields.items()
        if (value is not None or name in _BESIDE) and name != "place"
    }

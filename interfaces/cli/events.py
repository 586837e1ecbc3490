"""`mas events tail`: the log itself, as auditors see it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from aia_mas.interfaces.cli.options import json_option
from aia_mas.interfaces.cli.remote.answers import show_line
from aia_mas.interfaces.cli.remote.following import AWAY
from aia_mas.interfaces.cli.remote.server import Server, server_options
from aia_mas.interfaces.cli.remote.words import plain

if TYPE_CHECKING:
    from aia.client import Client
    from aia.client.types import AuditEvent

_PAGE = 500
_LONGEST = 160


@click.group(short_help="Read the event log: tail.")
def events() -> None:
    """Read the event log of a running server; it takes the role of an auditor."""


@events.command(short_help="Show the latest events, and follow what comes.")
@click.option("--stream", help="Of one stream, like agent/data_analyst_001.")
@click.option("--category", help="Of all streams of a kind, like agent or task.")
@click.option("--topic", "type", multiple=True, help="Of this topic, like task.assigned.v1.")
@click.option("--actor", help="Caused by this subject.")
@click.option("--after", type=click.IntRange(0), help="All behind this position.")
@click.option(
    "-n",
    "--lines",
    type=click.IntRange(0, _PAGE),
    default=10,
    show_default=True,
    help="So many of the latest, unless --after says where to begin.",
)
@click.option("-f", "--follow", is_flag=True, help="Go on with what comes.")
@click.option("--count", type=click.IntRange(1), help="End after so many events.")
@json_option
@server_options
def tail(
    server: Server,
    after: int | None,
    lines: int,
    follow: bool,
    count: int | None,
    as_json: bool,
    **filters: Any,
) -> None:
    """Show the latest events of the log, oldest first; with --json one object a line."""
    given = {name: value for name, value in filters.items() if value not in (None, ())}
    told = 0
    with server.client() as client:
        for event in _events(client, given, after=after, lines=lines, follow=follow):
            if as_json:
                show_line(event)
            else:
                click.echo(_line(event))
            told += 1
            if told == count:
                return


def _events(
    client: Client, filters: dict[str, Any], *, after: int | None, lines: int, follow: bool
) -> Iterator[AuditEvent]:
    """Yield events in order, without gap or repetition.

    The head of the log is asked for before its events are: everything up to it has been seen when
    these have, whether or not it matches. A server waits a few seconds for a head that is not
    there yet, which makes this a long poll.
    """
    position = after or 0
    head = client.audit.head().position
    if after is None:
        latest = client.audit.events(
            **filters, upto=head, sort="-position", limit=max(lines, 1)
        ).items[:lines]
        yield from reversed(latest)
        position = head
    while True:
        if position < head:
            yield from client.audit.iterate_events(
                **filters, after=position, upto=head, limit=_PAGE
            )
            position = head
        if not follow:
            return
        head = _next_head(client, position)


def _next_head(client: Client, position: int) -> int:
    """Wait until the log goes on, also while the server is away for a moment."""
    from aia.client import ConnectionFailed, Unavailable

    until = time.monotonic() + AWAY
    while True:
        try:
            return client.audit.head(min_position=position + 1).position
        except (ConnectionFailed, Unavailable) as error:
            behind = isinstance(error, Unavailable) and error.code == "projection_behind"
            if behind:
                until = time.monotonic() + AWAY
            elif time.monotonic() > until:
                raise
            else:
                time.sleep(0.5)


def _line(event: AuditEvent) -> str:
    import msgspec

    told = event.unreadable or msgspec.json.encode(event.data).decode()
    short = told if len(told) <= _LONGEST else f"{told[:_LONGEST]} ..."
    at = event.recorded_at.strftime("%H:%M:%S")
    words = (f"{event.position}", at, event.topic, event.stream, event.actor, short)
    return "  ".join(plain(word) for word in words)

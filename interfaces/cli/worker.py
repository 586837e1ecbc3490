"""`mas worker`: any program does the tasks of an agent."""

from __future__ import annotations

import os
import shlex
import shutil

import click

from aia.client import Worker
from aia_mas.application.logs import configure
from aia_mas.interfaces.cli.programs import Program
from aia_mas.interfaces.cli.remote.parameters import Id, Seconds
from aia_mas.interfaces.cli.remote.server import Server, server_options


def _levels(
    _context: click.Context, _parameter: click.Parameter, given: tuple[str, ...]
) -> dict[str, float]:
    """Read ``a,b=0.8``."""
    levels: dict[str, float] = {}
    for word in (word for text in given for word in text.split(",") if word.strip()):
        name, _, level = word.strip().rpartition("=") if "=" in word else (word.strip(), "", "1")
        try:
            levels[name.strip()] = float(level)
        except ValueError:
            raise click.BadParameter(f"{level!r} in {word!r} is no level") from None
        if not name.strip() or not 0 <= levels[name.strip()] <= 1:
            raise click.BadParameter(f"{word!r} is no NAME or NAME=LEVEL with a level of 0 to 1")
    return levels


def _command(_context: click.Context, _parameter: click.Parameter, given: str) -> list[str]:
    """Split a command as a shell does, and look for its program."""
    try:
        words = shlex.split(given)
    except ValueError as error:
        raise click.BadParameter(f"{given!r}: {error}") from None
    if not words or shutil.which(words[0]) is None:
        raise click.BadParameter(f"there is no program {words[0] if words else given!r}")
    return words


@click.command(short_help="Run a worker: any program does the tasks of an agent.")
@click.option("--agent-id", required=True, type=Id(), help="The agent.")
@click.option(
    "--skills", multiple=True, callback=_levels, help="What it can do: a,b=0.8 (1 when left out)."
)
@click.option(
    "--exec",
    "command",
    required=True,
    callback=_command,
    help="The program and its arguments; no shell reads them, so for pipes: sh -c '...'.",
)
@click.option(
    "--task-type", "task_types", multiple=True, help="Only tasks of this type (repeatable); all."
)
@click.option(
    "--concurrency", type=click.IntRange(1, 1000), default=1, show_default=True, help="At once."
)
@click.option(
    "--timeout", type=Seconds(min=0, min_open=True), help="Longest run, seconds; no bound."
)
@click.option(
    "--grace",
    type=Seconds(min=0),
    default=5.0,
    show_default=True,
    help="Seconds from SIGTERM to SIGKILL for a program that is to end.",
)
@click.option(
    "--drain-timeout",
    type=Seconds(min=0),
    default=30.0,
    show_default=True,
    help="Seconds to finish what is in hand when asked to stop.",
)
@click.option(
    "--max-output",
    type=click.IntRange(min=1),
    default=4_000_000,
    show_default=True,
    help="Longest result, bytes.",
)
@click.option("--quiet", "-q", is_flag=True, help="Tell of warnings and errors only.")
@click.option("--log/--no-log", default=True, help="Lines on stderr go to the task's log (yes).")
@server_options
def worker(
    server: Server,
    agent_id: str,
    skills: dict[str, float],
    command: list[str],
    task_types: tuple[str, ...],
    concurrency: int,
    timeout: float | None,
    grace: float,
    drain_timeout: float,
    max_output: int,
    log: bool,
    quiet: bool,
) -> None:
    """Run a program for every task of an agent: the payload is its stdin, its stdout the result.

    Both are JSON; fields of the task are in the environment (MAS_TASK_ID, MAS_TASK_TYPE,
    MAS_ATTEMPT ...). Exit code 0: done; 75: may be tried again; others: failed, with the end of
    stderr as the message. SIGINT and SIGTERM let what runs finish; a second one ends it.
    """
    level = "warning" if quiet else os.environ.get("MAS_LOG_LEVEL", "info")
    configure(os.environ.get("MAS_LOG_FORMAT", "console"), level)
    program = Program(
        command=command,
        agent_id=agent_id,
        timeout_seconds=timeout,
        grace_seconds=grace,
        max_output=max_output,
        log=log,
    )
    agent = Worker(
        agent_id,
        skills=skills,
        url=server.url,
        token=server.token,
        concurrency=concurrency,
        drain_seconds=drain_timeout,
        specializations=task_types,
    )
    if task_types:
        agent.task(*task_types)(program.run)
    else:
        agent.default(program.run)
    agent.run()
    if not quiet:
        click.echo("the worker has stopped", err=True)

"""`mas worker`: any program does the tasks of an agent."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

import click

from aia.client import Worker, WorkerError
from aia_mas.application.logs import configure
from aia_mas.interfaces.cli.programs import Program


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
@click.option("--agent-id", required=True, help="The agent.")
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
@click.option("--url", help="Of the server (MAS_URL, http://127.0.0.1:8000).")
@click.option("--token", help="The agent's token (MAS_TOKEN, where others cannot read it).")
@click.option(
    "--token-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File with the token, read again at every connection.",
)
@click.option(
    "--concurrency", type=click.IntRange(1, 1000), default=1, show_default=True, help="At once."
)
@click.option(
    "--timeout", type=click.FloatRange(min=0, min_open=True), help="Longest run, seconds; no bound."
)
@click.option(
    "--grace",
    type=click.FloatRange(min=0),
    default=5.0,
    show_default=True,
    help="Seconds from SIGTERM to SIGKILL for a program that is to end.",
)
@click.option(
    "--drain-timeout",
    type=click.FloatRange(min=0),
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
@click.option("--log/--no-log", default=True, help="Lines on stderr go to the task's log (yes).")
def worker(
    agent_id: str,
    skills: dict[str, float],
    command: list[str],
    task_types: tuple[str, ...],
    url: str | None,
    token: str | None,
    token_file: Path | None,
    concurrency: int,
    timeout: float | None,
    grace: float,
    drain_timeout: float,
    max_output: int,
    log: bool,
) -> None:
    """Run a program for every task of an agent: the payload is its stdin, its stdout the result.

    Both are JSON; fields of the task are in the environment (MAS_TASK_ID, MAS_TASK_TYPE,
    MAS_ATTEMPT ...). Exit code 0: done; 75: may be tried again; others: failed, with the end of
    stderr as the message. SIGINT and SIGTERM let what runs finish; a second one ends it.
    """
    if token is not None and token_file is not None:
        raise click.UsageError("--token and --token-file say the same; give one of them")
    configure(os.environ.get("MAS_LOG_FORMAT", "console"), os.environ.get("MAS_LOG_LEVEL", "info"))
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
        url=url,
        token=token if token_file is None else _reader(token_file),
        concurrency=concurrency,
        drain_seconds=drain_timeout,
        specializations=task_types,
    )
    if task_types:
        agent.task(*task_types)(program.run)
    else:
        agent.default(program.run)
    try:
        agent.run()
    except WorkerError as error:
        raise click.ClickException(str(error) or type(error).__name__) from error
    click.echo("the worker has stopped", err=True)


def _reader(file: Path) -> Callable[[], str]:
    return lambda: file.read_text(encoding="utf-8").strip()

"""`mas tasks submit`: one task, or all of a file."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from aia_mas.interfaces.cli.exit_codes import Exit
from aia_mas.interfaces.cli.options import json_option
from aia_mas.interfaces.cli.remote.answers import remark, show_json
from aia_mas.interfaces.cli.remote.parameters import Id, Json, Moment, Seconds, Skill
from aia_mas.interfaces.cli.remote.server import Server, server_options
from aia_mas.interfaces.cli.remote.words import plain
from aia_mas.interfaces.cli.tasks.filters import PRIORITIES, given_of
from aia_mas.interfaces.cli.tasks.many import submit_file

if TYPE_CHECKING:
    from aia.client.types import Task


@click.command("submit", short_help="Submit a task, or all tasks of a file.")
@click.argument("task_type", required=False)
@click.option("--payload", type=Json(), help="What its agent gets: JSON, @file, or - for stdin.")
@click.option("--description", help="For people.")
@click.option("--priority", type=click.Choice(PRIORITIES), help="Its class.")
@click.option("--skill", multiple=True, type=Skill(), help="A skill that it takes, name[=level].")
@click.option("--requirements", type=Json(), help="Whom it suits, as the API has it.")
@click.option("--max-cost", help="The highest price of an agent that may get it, tokens.")
@click.option("--payer", type=Id(), help="Whose wallet pays; goes with --max-cost.")
@click.option("--cost-tag", "cost_tags", multiple=True, help="Whose budgets it counts in, too.")
@click.option("--deadline", type=Moment(), help="When it expires unfinished.")
@click.option("--not-before", type=Moment(), help="When its first attempt may begin.")
@click.option("--timeout", "timeout_seconds", type=float, help="Longest attempt, seconds.")
@click.option("--max-attempts", type=int, help="How many attempts may fail.")
@click.option("--tag", "tags", multiple=True, help="For search.")
@click.option("--parent", type=Id(), help="The task that it is a part of.")
@click.option("--correlation", help="What ties it to others.")
@click.option("--dedup-key", help="While a task with it is unfinished, that is the answer.")
@click.option("--concurrency-key", help="Tasks with the same one share a limit.")
@click.option("--concurrency-limit", type=int, help="How many of them may be held at once.")
@click.option("--key", help="Idempotency key: with the same one it is submitted once.")
@click.option("--wait", is_flag=True, help="Wait for its end and print the result.")
@click.option("--wait-seconds", type=Seconds(0), help="Wait so long at most; goes with --wait.")
@click.option(
    "--from",
    "source",
    type=click.Path(allow_dash=True, dir_okay=False, exists=True),
    help="NDJSON file with a task on each line, as the API has it; - for stdin.",
)
@click.option("--batch", type=click.IntRange(1, 1000), default=500, help="Lines sent at once.")
@click.option(
    "--refused", type=click.File("wb", lazy=True), help="File for the lines that were refused."
)
@json_option
@server_options
@click.pass_context
def submit_tasks(
    ctx: click.Context,
    /,
    server: Server,
    task_type: str | None,
    skill: tuple[tuple[str, float], ...],
    key: str | None,
    wait: bool,
    wait_seconds: float | None,
    source: str | None,
    batch: int,
    refused: Any,
    as_json: bool,
    **fields: Any,
) -> None:
    """Submit a task of TASK_TYPE, or with --from all tasks of a file.

    With --wait the exit code is 0 when the task was completed, 9 when it ended otherwise, and 10
    when it did not end within --wait-seconds. A file is submitted once however often it is given,
    unless another --key is given with it: after a break-off, simply submit it again.
    """
    given = given_of(fields)
    if source is not None:
        if task_type is not None or given or skill or wait:
            raise click.UsageError("with --from, everything about a task stands on its line")
        submit_file(server, source, key=key, size=batch, refused=refused, as_json=as_json)
        return
    if task_type is None:
        raise click.UsageError("name the TASK_TYPE, or a file with --from")
    if wait_seconds is not None and not wait:
        raise click.UsageError("--wait-seconds goes with --wait")
    if skill:
        requirements = given.setdefault("requirements", {})
        if not isinstance(requirements, dict) or "skills" in requirements:
            raise click.UsageError("name the skills by --skill or in --requirements, not both")
        requirements["skills"] = dict(skill)
    with server.client() as client:
        answer = client.tasks.submit(task_type, idempotency_key=key, **given)
        if not wait:
            if as_json:
                show_json(answer)
            else:
                there = " (it was there already)" if answer.deduplicated else ""
                agent = f" to {plain(answer.agent_id)}" if answer.agent_id else ""
                click.echo(f"{answer.task_id} {answer.status}{agent}{there}")
            return
        if not as_json:
            remark(f"{answer.task_id}: waiting for its end; Ctrl-C leaves it to itself")
        try:
            task = client.tasks.wait(answer.task_id, wait_seconds)
        except TimeoutError:
            raise NotInTime(f"{answer.task_id} has not ended in {wait_seconds:g} s") from None
    if as_json:
        show_json(task)
    else:
        _tell(task)
    ctx.exit(0 if task.status == "completed" else Exit.NOT_COMPLETED)


class NotInTime(click.ClickException):
    """What was waited for did not happen in time."""

    exit_code = Exit.NOT_IN_TIME

    def show(self, file: Any = None) -> None:
        """Tell it in one line."""
        click.echo(f"mas: {self.message}", file=file or sys.stderr)


def _tell(task: Task) -> None:
    """Print the result, or on the other stream why there is none."""
    from aia_mas.interfaces.cli.tasks.showing import compact

    if task.status == "completed":
        click.echo(compact(task.result))
        return
    why = f": {task.error.code}: {plain(task.error.message)}" if task.error is not None else ""
    if not why and task.reason:
        why = f": {plain(task.reason)}"
    click.echo(f"mas: {task.task_id} {task.status}{why}", err=True)

"""`mas demo`: a living system with one command, a server and a simulated fleet."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aia_mas.interfaces.cli.options import json_option
from aia_mas.interfaces.cli.remote.answers import remark, show_json
from aia_mas.interfaces.cli.remote.parameters import Seconds
from aia_mas.interfaces.cli.remote.words import milliseconds, share

if TYPE_CHECKING:
    from aia.client.types import Metrics
    from aia_mas.interfaces.cli.demo.profile import Profile

__all__ = ["demo"]


@click.command(short_help="See a living system: a server and a simulated fleet.")
@click.option("--agents", type=int, help="How many agents (12).")
@click.option("--task-types", help="Names of task types, separated by commas.")
@click.option("--rate", type=float, help="Tasks submitted a second (4).")
@click.option("--failures", type=float, help="Share of attempts that fail, 0..1 (0.05).")
@click.option("--latency", help="How long attempts take, seconds, like 0.3-2 or 1.")
@click.option("--seed", type=int, help="What chance is drawn from (1).")
@click.option(
    "--profile",
    "file",
    type=click.Path(dir_okay=False, exists=True, allow_dash=False),
    help="YAML file with all of this, also by type; options go first.",
)
@click.option("--seconds", type=Seconds(min=0, min_open=True), help="End after so long.")
@click.option("--tasks", type=click.IntRange(1), help="So many; end when all have ended.")
@click.option("--port", type=click.IntRange(0, 65_535), default=0, help="Port; any free one.")
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="Keep the data here; without it, it is gone when the demo ends.",
)
@click.option("--every", type=Seconds(0.1), default=2.0, help="Seconds between lines.")
@json_option
def demo(
    file: str | None,
    seconds: float | None,
    tasks: int | None,
    port: int,
    data_dir: Path | None,
    every: float,
    as_json: bool,
    **given: Any,
) -> None:
    """See a living system with one command.

    It starts a server with a database of its own on this machine, lets simulated agents connect,
    and submits tasks to them. On a terminal it shows what `mas top` shows. Ctrl-C (or `q`) ends all
    of it.
    """
    import anyio

    from aia_mas.interfaces.cli.demo.running import Plan, run

    profile = _profile(file, given)
    folder = data_dir or Path(tempfile.mkdtemp(prefix="mas-demo-"))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        plan = Plan(profile, folder, port, seconds, tasks, every, as_json)
        metrics = anyio.run(run, plan)
    finally:
        if data_dir is None:
            shutil.rmtree(folder, ignore_errors=True)
    if as_json:
        show_json({"seed": profile.seed, "metrics": metrics})
    else:
        _tell(metrics)
    if data_dir is not None:
        remark(f"the data is in {data_dir}: mas serve --data-dir {data_dir / 'data'}")


def _profile(file: str | None, given: dict[str, Any]) -> Profile:
    from aia_mas.interfaces.cli.demo.profile import profile_of

    said = {name: value for name, value in given.items() if value is not None}
    if "task_types" in said:
        names = [name.strip() for name in said["task_types"].split(",")]
        if not all(names):
            raise click.BadParameter("names, separated by commas", param_hint="--task-types")
        said["task_types"] = names
    content = b"" if file is None else Path(file).read_bytes()
    return profile_of(file, content, said)


def _tell(metrics: Metrics) -> None:
    """Print what came of it."""
    tasks, work = metrics.tasks, metrics.execution
    click.echo(
        f"{tasks.submitted:,} tasks submitted, {tasks.completed:,} completed,"
        f" {tasks.failed:,} failed ({share(tasks.success_rate)} success);"
        f" {tasks.failed_attempts:,} attempts failed, {tasks.requeued_attempts:,} were tried again"
    )
    click.echo(
        f"work p50 {milliseconds(work.p50)}, p95 {milliseconds(work.p95)};"
        f" waiting p50 {milliseconds(metrics.waiting.p50)}, p95 {milliseconds(metrics.waiting.p95)}"
    )

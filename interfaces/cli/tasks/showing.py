"""`mas tasks show`: one task, and why it is where it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click
import msgspec

from aia_mas.interfaces.cli.options import json_option
from aia_mas.interfaces.cli.remote.answers import show_json
from aia_mas.interfaces.cli.remote.parameters import Id
from aia_mas.interfaces.cli.remote.server import Server, server_options
from aia_mas.interfaces.cli.remote.tables import show_facts
from aia_mas.interfaces.cli.remote.words import age, moment
from aia_mas.interfaces.cli.tasks.explaining import show_explanation

if TYPE_CHECKING:
    from aia.client.types import Task, ToldReward


@click.command("show", short_help="Show a task, and why it is where it is.")
@click.argument("task_id", type=Id())
@json_option
@server_options
def show_task(server: Server, task_id: str, as_json: bool) -> None:
    """Show a task: what it is, why each attempt went to its agent, and what it waits for."""
    with server.client() as client:
        task = client.tasks.get(task_id)
        explanation = client.tasks.explain(task_id)
    if as_json:
        show_json({"task": task, "explanation": explanation})
        return
    show_facts(facts_of(task))
    show_explanation(explanation)


def facts_of(task: Task) -> Iterator[tuple[str, object]]:
    """Return what is to be told of a task, by name."""
    yield "Task", task.task_id
    yield "Type", task.task_type
    yield "Description", task.description
    yield "Status", task.status
    yield "Priority", task.priority
    yield "Agent", task.agent_id
    yield "Attempt", f"{task.attempt} of {task.max_attempts}"
    yield "Owner", task.owner
    yield "Tags", ", ".join(task.tags)
    yield "Requirements", compact(_asked(task)) if _asked(task) else None
    yield "Payload", compact(task.payload) if task.payload is not None else None
    yield "Parent", task.parent
    yield "Correlation", task.correlation
    yield "Concurrency key", task.concurrency_key
    yield "Dedup key", task.dedup_key
    yield "Submitted", f"{moment(task.submitted_at)} ({age(task.submitted_at)} ago)"
    for name, at in (
        ("Not before", task.not_before),
        ("Deadline", task.deadline),
        ("Assigned", task.assigned_at),
        ("Started", task.started_at),
        ("Tried again at", task.retry_at),
        ("Finished", task.finished_at),
    ):
        yield name, moment(at)
    if task.progress is not None:
        percent = task.progress.percent
        yield "Progress", f"{'' if percent is None else f'{percent:g}% '}{task.progress.message}"
    for asked in task.inputs:
        answer = "not answered yet" if asked.answered_at is None else compact(asked.answer)
        yield f"Question {asked.number}", f"{asked.question} -> {answer}"
    yield "Result", compact(task.result) if task.result is not None else None
    yield "Quality", task.quality
    if task.cost is not None:
        over = ", over its limit" if task.cost.over_max_cost else ""
        yield "Cost", f"{task.cost.actual} tokens (estimated {task.cost.estimated}){over}"
    if task.reward is not None:
        yield "Reward", reward_words(task.reward)
    if task.rating is not None:
        yield "Rating", f"{task.rating.rating:g} {task.rating.comment}"
    if task.error is not None:
        yield "Last error", f"{task.error.code}: {task.error.message} ({task.error.agent_id})"
    yield "Reason", task.reason


def reward_words(reward: ToldReward) -> str:
    """Return how a reward stands, in a line."""
    if reward.status in {"unfunded", "forfeited"}:
        return f"{reward.status}: {reward.reason}"
    terms = f"{reward.tier}: {reward.base} x {reward.multiplier}"
    if reward.status == "paid":
        return f"{reward.amount} tokens ({terms} x {reward.factor}), {reward.gov} AIA_GOV"
    return f"up to {reward.reserved} tokens ({terms} x factor)"


def compact(value: object) -> str:
    """Return JSON on one line."""
    return msgspec.json.encode(value).decode()


def _asked(task: Task) -> dict[str, object]:
    """Return what the requirements ask for."""
    told: dict[str, object] = msgspec.to_builtins(task.requirements)
    return {name: value for name, value in told.items() if value not in (None, [], {})}

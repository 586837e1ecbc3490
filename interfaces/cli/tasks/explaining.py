"""An explanation of a task, for people: why it waits, whom it came to and why."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from aia_mas.interfaces.cli.remote.tables import show_table
from aia_mas.interfaces.cli.remote.words import listed, plain, share

if TYPE_CHECKING:
    from aia.client.types import Explained, Explanation
    from aia.client.types.tasks import Reason

_EXAMPLES = 3


def show_explanation(explanation: Explanation) -> None:
    """Print why a task is where it is."""
    _reasons("Waits because", explanation.waiting)
    if explanation.assignments:
        click.echo("\nAttempts:")
        headings = (">TRY", "AGENT", "POLICY", ">SCORE", ">OF", ">LOAD", ">PRICE", "BEFORE", "FOR")
        show_table(headings, map(_attempt, explanation.assignments))
    for excluded in explanation.excluded:
        by = f" by {plain(excluded.by)}" if excluded.by else ""
        click.echo(
            f"Never again: {plain(excluded.agent_id)}, taken away{by} in attempt"
            f" {excluded.attempt}: {plain(excluded.reason)}"
        )
    if explanation.status == "queued":
        _reasons("Agents it does not come to now", explanation.filtered)


def _reasons(title: str, reasons: Iterable[Reason]) -> None:
    told = list(reasons)
    if told:
        click.echo(f"\n{title}:")
    for reason in told:
        agents = f" [{plain(listed(reason.agents, _EXAMPLES))}]" if reason.agents else ""
        count = f" ({reason.count})" if reason.count else ""
        click.echo(f"  {reason.code}{count}: {plain(reason.detail)}{agents}")


def _attempt(attempt: Explained) -> tuple[object, ...]:
    chosen, beaten = attempt.chosen, attempt.runner_up
    policy = attempt.policy
    if attempt.failure is not None:
        policy += f" (for {attempt.failure.policy}, which failed)"
    return (
        attempt.attempt,
        attempt.agent_id,
        policy,
        "-" if chosen is None else f"{chosen.score:.3f}",
        attempt.considered,
        share(attempt.load),
        attempt.price,
        "-" if beaten is None else f"{beaten.agent_id} {beaten.score:.3f}",
        "-" if chosen is None else _points(attempt),
    )


def _points(attempt: Explained) -> str:
    """Return what the agent's score is made of, what counts most first, and its marks."""
    assert attempt.chosen is not None, "only of one whose score is recorded"
    features = sorted(attempt.chosen.features.items(), key=lambda feature: -feature[1].points)
    points = [f"{name} {feature.points:.2f}" for name, feature in features if feature.points]
    return ", ".join([*points, *attempt.chosen.marks])

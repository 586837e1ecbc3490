"""What a policy made of a day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from statistics import fmean
from typing import NamedTuple

from aia_mas.domain.orchestration.task_events import TaskAssigned, TaskCompleted, TaskSubmitted
from aia_mas.domain.orchestration.task_status import TaskStatus

from .day import Day

_LOST = (TaskStatus.FAILED, TaskStatus.DEAD, TaskStatus.EXPIRED)


class Figures(NamedTuple):
    """A day in numbers.

    Attributes:
        policy: The rule that chose.
        events: Events in the log.
        completed: Tasks completed.
        success: The share of the completed in all that ended, 0..1.
        p95_wait: What 95 % of the tasks did not wait longer for their first agent than, seconds.
        cost: Price of all attempts by tasks completed, tokens.
        fairness: Jain's index over the owners' means of work / (wait + work), 1/n..1 ("A
            Quantitative Measure of Fairness", R. Jain et al., 1984).
    """

    policy: str
    events: int
    completed: int
    success: float
    p95_wait: float
    cost: float
    fairness: float


def figures(policy: str, day: Day) -> Figures:
    """Return the figures of a day that was run."""
    submitted: dict[str, float] = {}
    waits: dict[str, float] = {}
    price = completed = 0
    for recorded in day.world.log:
        task_id, at = recorded.stream.partition("/")[2], recorded.recorded_at.timestamp()
        if isinstance(recorded.event, TaskSubmitted):
            submitted[task_id] = at
        elif isinstance(recorded.event, TaskAssigned):
            waits.setdefault(task_id, at - submitted[task_id])
            price += recorded.event.price
        elif isinstance(recorded.event, TaskCompleted):
            completed += 1
    lost = sum(state.status in _LOST for state in day.world.tasks.values())
    end = day.world.now.timestamp()
    shares: dict[str, list[float]] = defaultdict(list)
    for task_id, since in submitted.items():
        job, wait = day.jobs[task_id], waits.get(task_id, end - since)
        shares[job.owner].append(job.work / (wait + job.work))
    return Figures(
        policy=policy,
        events=len(day.world.log),
        completed=completed,
        success=completed / (completed + lost),
        p95_wait=sorted(waits.values())[len(waits) * 95 // 100],
        cost=price / 10**18 / completed,
        fairness=jain([fmean(each) for each in shares.values()]),
    )


def jain(shares: list[float]) -> float:
    """Return Jain's index of fairness: 1 when all are equal, 1/n when one has everything."""
    return sum(shares) ** 2 / (len(shares) * sum(share**2 for share in shares))


def table(rows: Iterable[Figures]) -> str:
    """Return figures as a table for people."""
    head = f"{'policy':<14}{'events':>9}{'completed':>11}{'success':>9}"
    head += f"{'p95 wait s':>12}{'cost':>8}{'fairness':>10}"
    lines = [
        f"{row.policy:<14}{row.events:>9}{row.completed:>11}{row.success:>9.4f}"
        f"{row.p95_wait:>12.1f}{row.cost:>8.2f}{row.fairness:>10.4f}"
        for row in rows
    ]
    return "\n".join([head, *lines])

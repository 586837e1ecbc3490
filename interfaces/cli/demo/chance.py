"""What chance does in a demo: its agents, its tasks and how attempts go, the same for one seed."""

from __future__ import annotations

import random
from typing import Any, NamedTuple

from aia_mas.interfaces.cli.demo.profile import Profile

_ERRORS = ("source_unavailable", "rate_limited", "no_answer")
_UNRATED = 0.25  # the share of results that nobody rates
_EARLY = 0.25  # where within its bounds a latency is most often


class Outcome(NamedTuple):
    """How an attempt goes.

    Attributes:
        seconds: How long it takes.
        error: The code that it fails with; None: it is completed.
        quality: The agent's estimate, 0..1.
    """

    seconds: float
    error: str | None
    quality: float


def task_of(profile: Profile, number: int) -> dict[str, Any]:
    """Return the task of a number, the same for the same seed."""
    chance = random.Random(f"{profile.seed}/task/{number}")  # noqa: S311 - not for secrets
    shares = [each.share for each in profile.task_types]
    (kind,) = chance.choices(profile.task_types, shares)
    return {
        "task_type": kind.name,
        "description": f"Task {number} of the demo",
        "requirements": {"skills": {kind.name: chance.choice([0.0, 0.3, 0.5])}},
        "payload": {"number": number, "rows": chance.randrange(10, 10_000)},
        "priority": kind.priority,
        "tags": ["demo"],
        "max_attempts": 3,
    }


def outcome_of(profile: Profile, task_type: str, number: int, attempt: int) -> Outcome:
    """Return how an attempt at a task goes, the same for the same seed."""
    kind = next(each for each in profile.task_types if each.name == task_type)
    chance = random.Random(f"{profile.seed}/attempt/{number}/{attempt}")  # noqa: S311
    low, high = kind.latency
    seconds = chance.triangular(low, high, low + (high - low) * _EARLY)
    failed = chance.random() < kind.failures
    return Outcome(seconds, chance.choice(_ERRORS) if failed else None, chance.uniform(0.6, 1.0))


def rating_of(profile: Profile, task_id: str, quality: float | None) -> float | None:
    """Return what a client thinks of a result, 0..1; None: it does not say.

    Agents think well of themselves.
    """
    chance = random.Random(f"{profile.seed}/rating/{task_id}")  # noqa: S311 - not for secrets
    if quality is None or chance.random() < _UNRATED:
        return None
    return round(max(0.0, min(1.0, quality + chance.uniform(-0.3, 0.1))), 2)


def agent_of(profile: Profile, number: int) -> dict[str, Any]:
    """Return what the agent of a number declares; together they can do every type of task."""
    chance = random.Random(f"{profile.seed}/agent/{number}")  # noqa: S311
    names = [each.name for each in profile.task_types]
    own = names[number :: profile.agents] or [names[number % len(names)]]
    others = [name for name in names if name not in own]
    skills = {name: round(chance.uniform(0.6, 1.0), 2) for name in own}
    for name in chance.sample(others, min(len(others), chance.randrange(3))):
        skills[name] = round(chance.uniform(0.3, 0.8), 2)
    return {
        "agent_id": f"demo-{own[0][:64]}-{number + 1:03}",
        "specializations": own,
        "skills": skills,
        "max_concurrent_tasks": chance.randrange(1, 4),
        "cost_per_task": str(chance.randrange(2, 20)),
        "labels": {"region": chance.choice(["eu", "us", "asia"]), "demo": "true"},
        "initial_stake": chance.choice(["0", "100", "500", "2000"]),
    }

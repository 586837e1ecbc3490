"""What happens in a simulated day, drawn from a seed beforehand: the same for every policy."""

from __future__ import annotations

from datetime import datetime
from math import exp, pi, sin
from random import Random
from typing import NamedTuple

from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.domain.orchestration.task_specification import (
    Priority,
    Requirements,
    TaskSpecification,
)

from .world import seconds

DAY = 86_400.0
SKILLS = ("python", "statistics", "law", "design", "search", "vision")
_PRIORITIES = (
    ([Priority.NORMAL] * 6)
    + [Priority.HIGH, Priority.LOW, Priority.CRITICAL]
    + [Priority.MAINTENANCE]
)
_TOKEN = 10**18


class Size(NamedTuple):
    """How much there is (``agents``: at any time; ``tasks``: in a day, bursts included)."""

    agents: int = 1_000
    tasks: int = 16_000


class Worker(NamedTuple):
    """What an agent is really like, which it does not tell.

    Attributes:
        capabilities: What it tells.
        speed: How much faster than others it works; slow ones are far below 1.
        quality: Skill -> how likely it delivers, 0..1, in the mean of the day.
        drift: By how much that goes up and down.
        phase: When in the day it is highest, 0..1.
    """

    capabilities: Capabilities
    speed: float
    quality: dict[str, float]
    drift: float
    phase: float

    def delivers(self, skill: str, at: float) -> float:
        """Return how likely it delivers at a time, seconds into the day."""
        wave = self.drift * sin(2 * pi * (at / DAY - self.phase))
        return min(max(self.quality.get(skill, 0.5) + wave, 0.02), 0.995)


class Job(NamedTuple):
    """A task to come (``at``: seconds into the day; ``work``: seconds at speed 1)."""

    at: float
    task_id: str
    owner: str
    spec: TaskSpecification
    work: float


class Incident(NamedTuple):
    """Something that befalls an agent.

    Attributes:
        at: Seconds into the day.
        kind: ``crash`` (it is silent for some time), ``leave`` (and another one comes), ``drain``
            or ``suspend`` (for some time).
        pick: Which of the agents there are then, 0..1.
        lasts: Seconds.
    """

    at: float
    kind: str
    pick: float
    lasts: float


def workers(seed: int) -> WorkerMaker:
    """Return what makes the agents of a seed, one after the other."""
    return WorkerMaker(Random(f"{seed} workers"))


class WorkerMaker:
    """Draws agents."""

    def __init__(self, random: Random) -> None:
        """Draw from a source."""
        self._random = random

    def draw(self) -> Worker:
        """Return the next agent."""
        random = self._random
        skills = random.sample(SKILLS, random.choice((1, 2, 2, 3)))
        ability = random.betavariate(5, 1.6)
        return Worker(
            Capabilities(
                skills={name: round(random.uniform(0.3, 1.0), 2) for name in skills},
                specializations=tuple(skills[:1]) if random.random() < 0.3 else (),
                max_concurrent_tasks=random.choice((1, 1, 1, 2)),
                cost_per_task=random.randrange(5, 40) * _TOKEN,
            ),
            speed=random.uniform(0.15, 0.4) if random.random() < 0.08 else random.uniform(0.7, 1.5),
            quality={name: min(ability + random.uniform(-0.1, 0.1), 0.99) for name in skills},
            drift=random.uniform(0.0, 0.15),
            phase=random.random(),
        )


def jobs(seed: int, size: Size, start: datetime) -> list[Job]:
    """Return the tasks of a day in the order of their times.

    Some owners have far more than others. A fifth of all comes in a few bursts of one owner each;
    the others come by day rather than by night.
    """
    random = Random(f"{seed} jobs")
    owners = [f"owner-{number:02}" for number in range(12)]
    weights = [1 / (number + 1) for number in range(12)]
    times: list[tuple[float, str]] = []
    bursts = 5
    for _ in range(bursts):
        at, owner = random.uniform(0.1, 0.8) * DAY, random.choice(owners)
        times += [(at + random.uniform(0, 120), owner) for _ in range(size.tasks // 5 // bursts)]
    while len(times) < size.tasks:
        at = random.uniform(0, 0.97)
        if random.random() < 0.6 + 0.4 * sin(2 * pi * (at - 0.25)):
            times.append((at * DAY, random.choices(owners, weights)[0]))
    return [
        _job(random, number, at, owner, start) for number, (at, owner) in enumerate(sorted(times))
    ]


def _job(random: Random, number: int, at: float, owner: str, start: datetime) -> Job:
    skill = random.choice(SKILLS)
    # Log-normal around 50 minutes, cut off: few are very long.
    work = min(3_000 * exp(random.gauss(0, 0.7)), 20_000.0)
    spec = TaskSpecification(
        task_type=skill,
        requirements=Requirements(skills={skill: random.choice((0.0, 0.4, 0.6))}),
        priority=random.choice(_PRIORITIES),
        max_cost=30 * _TOKEN if random.random() < 0.1 else None,
        deadline=start + seconds(at + 21_600) if random.random() < 0.1 else None,
        timeout_seconds=43_200.0,
        lease_seconds=600.0,
    )
    return Job(at, f"t{number:06}", owner, spec, work)


def incidents(seed: int, size: Size) -> list[Incident]:
    """Return what befalls agents: a third of them crash once a day, a fifth is replaced."""
    random = Random(f"{seed} incidents")
    found: list[Incident] = []
    for kind, count, mean in (
        ("crash", size.agents // 3, 1_500.0),
        ("leave", size.agents // 5, 0.0),
        ("drain", size.agents // 10, 3_600.0),
        ("suspend", size.agents // 20, 3_600.0),
    ):
        for _ in range(count):
            lasts = random.expovariate(1 / mean) if mean else 0.0
            found.append(Incident(random.uniform(0, DAY), kind, random.random(), lasts))
    return sorted(found)

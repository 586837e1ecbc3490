"""How an agent performs: outcomes, durations, quality and cost, in all and by type of task."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

import msgspec

from aia_mas.application.event_log.connections import Pool
from aia_mas.domain.kernel.money import to_text
from aia_mas.projections.durations import Durations
from aia_mas.projections.performance_fold import AGENT_PERFORMANCE, HOUR

Window = Literal["1h", "24h", "7d", "30d", "all"]
"""How far back: hours, days, or all there is; what happened in an hour is known for 30 days."""

MOST_TYPES = 50
"""Types that are shown, those with most attempts."""


class WorkDurations(msgspec.Struct, frozen=True, kw_only=True):
    """From the start to the completion, without the time that it waited for answers; milliseconds.

    A percentile is at most an eighth too large; None where nothing was completed.
    """

    mean_ms: int | None
    p50_ms: int | None
    p95_ms: int | None
    longest_ms: int | None


class Quality(msgspec.Struct, frozen=True, kw_only=True):
    """A mean of qualities, 0..1, and of how many; None where there is none."""

    count: int
    mean: float | None


class Costs(msgspec.Struct, frozen=True, kw_only=True):
    """What attempts cost by the agent's account, against its price.

    Attributes:
        count: Completed attempts that told their cost; the others do not count here.
        actual: What these cost, tokens.
        estimated: What the agent takes for these, tokens.
        ratio: Actual to estimated; None when nothing was estimated.
        above_estimate: How many of these cost more than estimated.
    """

    count: int
    actual: str
    estimated: str
    ratio: float | None
    above_estimate: int


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """What an agent did.

    Attributes:
        assigned: Attempts it was given.
        completed: Attempts it completed.
        failed: Attempts it gave up.
        released: Attempts that were taken from it.
        lost: Those of them that it was working on and nobody moved by hand.
        cancelled: Tasks that were called off while it had them.
        expired: Tasks that passed their deadline while it had them.
        success_rate: The share of the completed in those completed, failed and lost; None:
            there is none of these.
        duration: Of the completed attempts.
        quality: As rated by clients.
        own_quality: By the agent's own estimate.
        cost: Against the estimate.
    """

    assigned: int
    completed: int
    failed: int
    released: int
    lost: int
    cancelled: int
    expired: int
    success_rate: float | None
    duration: WorkDurations
    quality: Quality
    own_quality: Quality
    cost: Costs


class TypeFigures(Figures, frozen=True, kw_only=True):
    """What an agent did of one type of tasks."""

    task_type: str


class Streak(msgspec.Struct, frozen=True, kw_only=True):
    """How its last attempts ended, one after the other.

    Attributes:
        outcome: ``completed`` or ``failed`` (which counts what it lost); None: none ended yet.
        length: How many in a row.
        longest_completed: The most completed in a row, ever.
    """

    outcome: Literal["completed", "failed"] | None
    length: int
    longest_completed: int


class Performance(NamedTuple):
    """The figures of a window, and how far the read model had come."""

    figures: Figures
    by_type: list[TypeFigures]
    streak: Streak
    position: int


def beginning(window: Window, now: datetime) -> datetime | None:
    """Return the full hour that a window begins with, UTC; None: it has no beginning."""
    hours = _HOURS[window]
    if hours is None:
        return None
    at = round(now.timestamp() * 1000)
    return datetime.fromtimestamp((at - at % HOUR - hours * HOUR) / 1000, UTC)


class AgentPerformances:
    """Reads how agents perform; ``ProjectionHost`` keeps it up to date."""

    def __init__(self, pool: Pool) -> None:
        """Read through a pool."""
        self._pool = pool

    async def of(
        self, agent_id: str, since: datetime | None = None, task_type: str | None = None
    ) -> Performance:
        """Return what an agent did.

        Args:
            agent_id: The agent.
            since: From this full hour on, UTC; None: ever.
            task_type: Of this type only.
        """
        values = {
            "agent": agent_id,
            "span": "all" if since is None else "hour",
            "begun": 0 if since is None else round(since.timestamp() * 1000),
            "type": task_type,
            "rows": MOST_TYPES + 1,
        }
        async with self._pool.connection() as connection:
            rows = await (await connection.execute(_QUERY, values)).fetchall()
        streak, best, position = rows[0][-3:]
        return performance_of(rows, streak, best, position)


def performance_of(
    rows: Sequence[Sequence[Any]], streak: int, best: int, position: int
) -> Performance:
    """Return how an agent performs.

    Args:
        rows: The whole (always there), then each type of task: type, longest duration, counts of
            durations by bucket, and the sums of ``ADDED``.
        streak: How many attempts in a row were completed; below 0: were not.
        best: The most completed in a row.
        position: How far the read model had come.
    """
    whole, *types = rows
    return Performance(
        Figures(**_figures(whole)),
        [TypeFigures(task_type=row[0], **_figures(row)) for row in types],
        _streak(streak, best),
        position,
    )


_HOURS: dict[Window, int | None] = {"1h": 1, "24h": 24, "7d": 168, "30d": 720, "all": None}
_SUMS, _STREAKS, _ = AGENT_PERFORMANCE.table_names()
ADDED = (
    *("assigned", "completed", "failed", "released", "lost", "cancelled", "expired"),
    *("worked", "rated", "rating", "estimated", "estimate"),
    *("costed", "cost", "price", "above_price"),
)
"""What is added up over the rows of a window."""
_QUERY = f"""with chosen as materialized (
    select * from {_SUMS} where agent_id = %(agent)s and span = %(span)s and begun >= %(begun)s
        and (%(type)s::text is null or task_type = %(type)s::text)
), figures as (
    select task_type, grouping(task_type) = 1 as whole, max(longest) as longest,
        {", ".join(f"coalesce(sum({name}), 0) as {name}" for name in ADDED)}
    from chosen group by grouping sets ((), (task_type))
    order by whole desc, assigned desc, task_type limit %(rows)s
)
select f.task_type, f.longest, (
        select json_object_agg(b.key, b.count) from (
            select d.key, sum(d.value::bigint) as count
            from chosen c, jsonb_each_text(c.durations) d
            where f.whole or c.task_type = f.task_type group by d.key
        ) b
    ), {", ".join(f"f.{name}" for name in ADDED)},
    coalesce(s.streak, 0), coalesce(s.best, 0), coalesce(c.position, 0)
from figures f
left join {_STREAKS} s on s.agent_id = %(agent)s
left join projection_checkpoints c on c.projection = '{AGENT_PERFORMANCE.key}'
order by f.whole desc, f.assigned desc, f.task_type"""  # noqa: S608


def _figures(row: Sequence[Any]) -> dict[str, Any]:  # the fields of Figures
    sums = {name: int(value) for name, value in zip(ADDED, row[3:], strict=False)}
    completed, over = sums["completed"], sums["failed"] + sums["lost"]
    durations = Durations(
        completed, sums["worked"], row[1] or 0, {int(key): n for key, n in (row[2] or {}).items()}
    )
    cost, price = sums["cost"], sums["price"]
    return {
        **{name: sums[name] for name in ADDED[:7]},
        "success_rate": _share(completed, completed + over),
        "duration": WorkDurations(
            mean_ms=durations.mean if completed else None,
            p50_ms=durations.percentile(50) if completed else None,
            p95_ms=durations.percentile(95) if completed else None,
            longest_ms=durations.longest if completed else None,
        ),
        "quality": _quality(sums["rating"], sums["rated"]),
        "own_quality": _quality(sums["estimate"], sums["estimated"]),
        "cost": Costs(
            count=sums["costed"],
            actual=to_text(cost),
            estimated=to_text(price),
            ratio=_share(cost, price),
            above_estimate=sums["above_price"],
        ),
    }


def _quality(millionths: int, count: int) -> Quality:
    return Quality(count=count, mean=_share(millionths, count * 1_000_000))


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 6) if whole else None


def _streak(streak: int, best: int) -> Streak:
    outcome: Literal["completed", "failed"] | None = None
    if streak:
        outcome = "completed" if streak > 0 else "failed"
    return Streak(outcome=outcome, length=abs(streak), longest_completed=best)

"""How agents perform, added up in memory over the rows of the same fold as in PostgreSQL."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from aia.testing.tables import Tables
from aia_mas.projections.agent_performance import ADDED, MOST_TYPES, Performance, performance_of
from aia_mas.projections.performance_rows import PerformanceRow, StreakRow


class MemoryAgentPerformances:
    """Answers as ``AgentPerformances`` does."""

    def __init__(self, tables: Tables, position: Callable[[], int]) -> None:
        """Read the tables of the agents' performance (``position``: how far they have come)."""
        self._tables = tables
        self._position = position

    async def of(
        self, agent_id: str, since: datetime | None = None, task_type: str | None = None
    ) -> Performance:
        """Return what an agent did; see ``AgentPerformances.of``."""
        span, begun = ("all", 0) if since is None else ("hour", round(since.timestamp() * 1000))
        sums, streaks, _ = self._tables.rows
        by_type: defaultdict[str, list[PerformanceRow]] = defaultdict(list)
        for row in sums.values():
            chosen = row.agent_id == agent_id and row.span == span and row.begun >= begun
            if chosen and (task_type is None or row.task_type == task_type):
                by_type[row.task_type].append(row)
        whole = _added("", [row for rows in by_type.values() for row in rows])
        types = [_added(name, rows) for name, rows in by_type.items()]
        types.sort(key=lambda row: (-row[_ASSIGNED], row[0]))
        streak = streaks.get(agent_id) or StreakRow(agent_id)
        rows = [whole, *types[:MOST_TYPES]]
        return performance_of(rows, streak.streak, streak.best, self._position())


_ASSIGNED = 3


def _added(task_type: str, rows: Sequence[PerformanceRow]) -> Sequence[Any]:
    durations: Counter[str] = Counter()
    for row in rows:
        durations.update(msgspec.convert(msgspec.to_builtins(row.durations), dict[str, int]))
    sums = (sum(int(getattr(row, name)) for row in rows) for name in ADDED)
    return (task_type, max((row.longest for row in rows), default=0), durations, *sums)

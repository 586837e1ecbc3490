"""How an agent performs, as clients get it."""

from __future__ import annotations

from datetime import datetime

from aia_mas.projections.agent_performance import Figures, Streak, TypeFigures, Window


class AgentPerformance(Figures, frozen=True, kw_only=True):
    """What an agent did within a window.

    Attributes:
        agent_id: Its id.
        active_tasks: Tasks that it holds now.
        window: How far back.
        since: The full hour that the window begins with, UTC; None: it has no beginning.
        streak: How its last attempts ended, of whatever type and whenever.
        by_task_type: The same by type of task, those with most attempts first, at most 50.
    """

    agent_id: str
    active_tasks: int
    window: Window
    since: datetime | None
    streak: Streak
    by_task_type: list[TypeFigures]

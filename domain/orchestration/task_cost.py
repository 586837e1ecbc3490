"""What an attempt cost, against what it was expected to."""

from __future__ import annotations

from aia_mas.domain.orchestration.task_events import Usage


def actual_cost(usage: Usage | None, price: int) -> int:
    """Return what an attempt cost, base units.

    Args:
        usage: What it consumed, by the agent's own account.
        price: What its agent takes for a task; it counts when the usage tells no cost.
    """
    return usage.cost if usage is not None and usage.cost else price


def exceeds(cost: int, limit: int | None) -> bool:
    """Tell whether a cost is above a limit (base units; None: there is none)."""
    return limit is not None and cost > limit

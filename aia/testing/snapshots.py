"""Lists as a whole, as snapshots of live streams begin with: those in memory, at one moment."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from contextlib import asynccontextmanager
from itertools import islice

import msgspec

from aia_mas.projections.agent_view import Agent
from aia_mas.projections.economy.budget_items import REMOVED, is_of_other_things
from aia_mas.projections.snapshot_reading import Reading, Wanted
from aia_mas.projections.task_view import Task

_PAGE = 50


class _MemoryReading:
    """A copy of the list."""

    def __init__(self, items: Sequence[bytes], position: int) -> None:
        self.position = position
        self._items = iter(items)

    async def next(self) -> Sequence[bytes]:
        return list(islice(self._items, _PAGE))


@asynccontextmanager
async def memory_reading(
    items: Iterable[msgspec.Struct], limit: int, position: int
) -> AsyncIterator[Reading]:
    """Read items as they are now (``limit``: so many at most)."""
    yield _MemoryReading([msgspec.json.encode(item) for item in islice(items, limit)], position)


def is_wanted_task(task: Task, wanted: Wanted) -> bool:
    """Tell whether a task is in a snapshot."""
    return (
        wanted.proposal_ids is None
        and _among(task.task_id, wanted.task_ids)
        and _among(task.agent_id, wanted.agent_ids)
        and _among(task.task_type, wanted.task_types)
        and _among(task.status, wanted.statuses)
    )


def is_wanted_agent(agent: Agent, wanted: Wanted) -> bool:
    """Tell whether an agent is in a snapshot."""
    if _of_other_things(wanted) or wanted.proposal_ids is not None:
        return False
    if wanted.statuses is None:
        stands_so = agent.status != "unregistered"
    else:
        presence = "online" if agent.online else "offline"
        stands_so = agent.status in wanted.statuses or presence in wanted.statuses
    return stands_so and _among(agent.agent_id, wanted.agent_ids)


def is_wanted_proposal(proposal_id: str, proposer: str, status: str, wanted: Wanted) -> bool:
    """Tell whether a proposal is in a snapshot."""
    return (
        not _of_other_things(wanted)
        and _among(proposal_id, wanted.proposal_ids)
        and _among(proposer, wanted.agent_ids)
        and _among(status, wanted.statuses)
    )


def is_wanted_budget(status: str, wanted: Wanted) -> bool:
    """Tell whether a budget is in a snapshot."""
    if is_of_other_things(wanted):
        return False
    return status != REMOVED if wanted.statuses is None else status in wanted.statuses


def _of_other_things(wanted: Wanted) -> bool:
    return wanted.task_ids is not None or wanted.task_types is not None


def _among(value: str | None, choice: Collection[str] | None) -> bool:
    return choice is None or value in choice

"""What a dispatcher's fold knows, in a form in which two of them can be compared."""

from typing import Any

from msgspec.structs import replace

from aia_mas.domain.kernel.steps import at_once
from aia_mas.domain.orchestration.dispatching import Dispatching


def known(fold: Dispatching) -> Any:
    """Return what a dispatcher's fold knows, whatever slots its agents sit in."""
    snapshot = at_once(fold.snapshot())
    fleet, tasks, sequence = snapshot.fleet, snapshot.tasks, snapshot.sequence
    holders = {task_id: fleet.seats[slot].agent_id for task_id, slot in fleet.holders}
    busy = set(holders.values())
    seats = {
        seat.agent_id: (seat, last)
        for seat, last in zip(fleet.seats, fleet.last, strict=True)
        if seat.registered or seat.agent_id in busy
    }
    keys = sorted(snapshot.queue.keys, key=lambda each: each.key)
    queue = replace(snapshot.queue, keys=keys)
    return seats, holders, fleet.sequence, fleet.rules, tasks, sequence, queue

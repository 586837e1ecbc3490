"""Which waiting tasks go to which agents now, in the order of their places."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from aia_mas.domain.orchestration.fleet import Fleet, Grounds, Pick
from aia_mas.domain.orchestration.known_task import KnownTask
from aia_mas.domain.orchestration.requirement import RequirementSignature
from aia_mas.domain.orchestration.scoring.seeds import seed_of
from aia_mas.domain.orchestration.task_queue import Line, TaskQueue

# With more agents than this free at once it is quicker to try every line than to match each.
_FEW = 8


class PlannedAssignment(NamedTuple):
    """An attempt that is to be given to an agent, and what it was decided on.

    Attributes:
        task_id: Which task.
        attempt: The attempt to be made.
        agent_id: To whom; its place is reserved.
        lease_seconds: How long the attempt may go unheard of, seconds.
        price: What the agent takes for it, base units.
        load: The share of the agent's places in use before this one, 0..1.
        considered: How many agents qualified and had room.
        grounds: What the choice was made on.
    """

    task_id: str
    attempt: int
    agent_id: str
    lease_seconds: float
    price: int
    load: float
    considered: int
    grounds: Grounds


def planned(task_id: str, attempt: int, lease_seconds: float, pick: Pick) -> PlannedAssignment:
    """Return the assignment of an attempt to the agent picked."""
    return PlannedAssignment(task_id, attempt, pick.agent_id, lease_seconds, *pick[1:])


def plan(
    fleet: Fleet, queue: TaskQueue, known: Mapping[str, KnownTask], now: float, limit: int
) -> list[PlannedAssignment]:
    """Take what can be placed out of the queue, and reserve the places.

    A line that was tried in vain is stuck until an agent that suits it has room again, so what
    cannot be placed blocks nobody and costs nothing. Tasks that have passed their deadline are
    taken out unplaced; their expiry is another process's work.

    Args:
        fleet: The agents.
        queue: The tasks that wait.
        known: Every task in the queue, by id.
        now: Seconds since the epoch.
        limit: How many tasks to try at most; ``more_to_plan`` tells whether any are left.
    """
    queue.due(now)
    if len(fleet.opened) > _FEW:
        for each in queue.order:
            queue.set_stuck(each, False)
        fleet.opened.clear()
    turns = _Turns(fleet, queue)
    result: list[PlannedAssignment] = []
    for _ in range(limit):
        if not fleet.has_room:
            break
        line = turns.next()
        if line is None:
            fleet.opened.clear()
            break
        task = known[queue.first(line)]
        if task.deadline is None or task.deadline > now:
            seed = seed_of(task.task_id, task.attempt + 1)
            pick = fleet.pick(line.signature, seed, task.sticky_key)
            if pick is None:
                queue.set_stuck(line)
                continue
            fleet.reserve(task.task_id, pick.agent_id, line.signature.resources)
            result.append(planned(task.task_id, task.attempt + 1, task.lease_seconds, pick))
        queue.set_stuck(line, False)
        queue.discard(task.task_id)
    return result


def more_to_plan(fleet: Fleet, queue: TaskQueue) -> bool:
    """Tell whether ``plan`` might place anything that is due."""
    return fleet.has_room and bool(queue.first_loose() or (fleet.opened and queue.order))


class _Turns:
    """The lines worth a try, in the order of their first tasks.

    These are the lines that are not stuck, and the stuck ones that suit an agent that has had room
    since.
    """

    def __init__(self, fleet: Fleet, queue: TaskQueue) -> None:
        self._fleet = fleet
        self._queue = queue
        # As it stands now: a line that moves on in it has been tried and stands in line anew.
        self._order = iter(list(queue.order) if fleet.opened else ())
        self._ahead = next(self._order, None)
        self._tried: set[Line] = set()

    def next(self) -> Line | None:
        """Return the line to try next; None when no other is worth it."""
        loose = self._queue.first_loose()
        line = self._freed_before(loose) or loose
        if line is not None:
            self._tried.add(line)
        return line

    def _freed_before(self, loose: Line | None) -> Line | None:
        while (line := self._ahead) is not None:
            tried = line in self._tried
            if not tried and loose is not None and line.head >= loose.head:
                return None
            self._ahead = next(self._order, None)
            if not tried and line.stuck and self._is_freed(line.signature):
                return line
        return None

    def _is_freed(self, signature: RequirementSignature) -> bool:
        suits = self._fleet.suits
        return any(suits(signature, slot) for slot in self._fleet.opened)

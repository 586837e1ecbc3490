"""Which waiting tasks go to which agents now, in the order of their places."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.domain.orchestration.fleet import Fleet, Grounds, Pick
from aia_mas.domain.orchestration.known_task import KnownTask
from aia_mas.domain.orchestration.queueing import Accounts, Demand, Key, Line, TaskQueue
from aia_mas.domain.orchestration.scoring.seeds import seed_of

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
        declared: What the agent declared then; see ``Pick``.
    """

    task_id: str
    attempt: int
    agent_id: str
    lease_seconds: float
    price: int
    load: float
    considered: int
    grounds: Grounds
    declared: Capabilities | None = None


def planned(task_id: str, attempt: int, lease_seconds: float, pick: Pick) -> PlannedAssignment:
    """Return the assignment of an attempt to the agent picked."""
    return PlannedAssignment(task_id, attempt, pick.agent_id, lease_seconds, *pick[1:])


def plan(
    fleet: Fleet,
    queue: TaskQueue,
    accounts: Accounts,
    known: Mapping[str, KnownTask],
    now: float,
    limit: int,
) -> list[PlannedAssignment]:
    """Take what can be placed out of the queue, and reserve the places.

    Demands that were tried in vain are stuck until an agent that suits them has room again, so
    what cannot be placed blocks nobody and costs nothing. Tasks that have passed their deadline are
    taken out unplaced; their expiry is another process's work.

    Args:
        fleet: The agents.
        queue: The tasks that wait.
        accounts: What their dispatches are charged to.
        known: Every task in the queue, by id.
        now: Seconds since the epoch.
        limit: How many tasks to try at most; ``more_to_plan`` tells whether any are left.
    """
    queue.due(now)
    if not queue.any_waiting:
        return []
    if len(fleet.opened) > _FEW:
        queue.free_all()
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
        task = known[line.first]
        if task.deadline is not None and task.deadline <= now:
            queue.discard(task.task_id)
        elif not queue.gate(line, now):
            seed = seed_of(task.task_id, task.attempt + 1)
            pick = fleet.pick(line.signature, seed, task.sticky_key)
            if pick is None:
                queue.set_stuck(line.share.pool.demand)
                continue
            fleet.reserve(task.task_id, pick.agent_id, line.signature.resources)
            accounts.reserve(task.task_id, task.stands)
            queue.take(line)
            result.append(planned(task.task_id, task.attempt + 1, task.lease_seconds, pick))
    return result


def more_to_plan(fleet: Fleet, queue: TaskQueue) -> bool:
    """Tell whether ``plan`` might place anything that is due."""
    return fleet.has_room and (queue.any_open or (bool(fleet.opened) and queue.any_stuck))


class _Turns:
    """The lines worth a try, in their order.

    These are the ones that are open, and the stuck ones that suit an agent that has had room since.
    """

    def __init__(self, fleet: Fleet, queue: TaskQueue) -> None:
        self._fleet = fleet
        self._queue = queue
        # What gets stuck from here on has been tried.
        self._tried: set[Demand] = set()
        self._look_again()

    def next(self) -> Line | None:
        """Return the line to try next; None when no other is worth it."""
        while True:
            share = self._queue.first()
            if self._free_before(None if share is None else share.head):
                continue
            if share is not None:
                self._tried.add(share.pool.demand)
                return share.first()
            if not self._queue.next_round() and self._passed is None:
                return None
            self._look_again()

    def _look_again(self) -> None:
        """Look at what is stuck from the first on: others are due, or another class is served."""
        self._stuck = iter(self._queue.stuck() if self._fleet.opened else ())
        self._ahead = next(self._stuck, None)
        # The class whose pools were passed over because their owners are not due.
        self._passed: int | None = None

    def _free_before(self, head: Key | None) -> bool:
        """Open the first stuck pool that may go before this; tells whether there was one."""
        queue, served = self._queue, self._queue.rank_to_serve
        if self._passed is not None and self._passed != served:
            self._look_again()
        while self._fleet.opened and (pool := self._ahead) is not None:
            if head is not None and pool.head is not None and pool.head >= head:
                return False
            self._ahead = next(self._stuck, None)
            # Of the class that is served only those count whose owners are due; the first one of
            # another class may be the oldest task of all, and then it is this class's turn.
            if pool.rank == served and queue.due_in(pool) is None:
                self._passed = served
                continue
            if self._is_freed(pool.demand):
                queue.set_stuck(pool.demand, False)
                return True
        return False

    def _is_freed(self, demand: Demand) -> bool:
        if not demand.stuck or demand.paused or demand in self._tried:
            return False
        suits, signature = self._fleet.suits, demand.signature
        return any(suits(signature, slot) for slot in self._fleet.opened)

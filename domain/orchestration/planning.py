"""Which waiting tasks go to which agents now, in the order of their places."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.domain.orchestration.fleet import Fleet, Grounds, Pick
from aia_mas.domain.orchestration.known_task import KnownTask
from aia_mas.domain.orchestration.passed_over import PassedOver
from aia_mas.domain.orchestration.queueing import (
    Accounts,
    Demand,
    Line,
    Place,
    Pool,
    Share,
    TaskQueue,
)
from aia_mas.domain.orchestration.requirement import RequirementSignature
from aia_mas.domain.orchestration.scoring.seeds import seed_of
from aia_mas.domain.orchestration.task_specification import TaskSpecification

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
    passed_over: PassedOver,
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
        passed_over: The tasks for which agents are kept free.
        known: Every task in the queue, by id.
        now: Seconds since the epoch.
        limit: How many tasks to try at most; ``more_to_plan`` tells whether any are left.
    """
    queue.due(now)
    passed_over.review(now)
    if not queue.any_waiting:
        return []
    if fleet.declared or queue.hopeless.pending:
        queue.hopeless.declared(fleet.declared)
        fleet.declared.clear()
        for demand in queue.hopeless.look_again(fleet.keeping.anyone_suits):
            queue.free(demand)
    if queue.resumed:
        # Agents that became free meanwhile were looked at without what was paused.
        queue.resumed = False
        fleet.keeping.reopen_all()
    if len(fleet.opened) > _FEW:
        queue.free_all()
        fleet.opened.clear()
    desk = _Desk(fleet, queue, accounts, passed_over, known, now)
    for waiting, slot in passed_over.kept():
        if passed_over.is_ready(waiting, now):
            desk.place(waiting, slot)
    lines = _Lines(fleet, queue, passed_over)
    for _ in range(limit):
        if not fleet.has_room:
            break
        line = lines.next()
        if line is None:
            fleet.opened.clear()
            break
        if not queue.gate(line, now) and not desk.place(line):
            pool = line.share.pool
            if not fleet.keeping.anyone_suits(line.signature):
                queue.set_stuck(pool.demand, hopeless=True)
                continue
            passed_over.in_vain(line)
            if passed_over.closed_to(pool):
                queue.hold_back(pool)
            else:
                queue.set_stuck(pool.demand)
    lines.close()
    return desk.result


def place_first(
    fleet: Fleet,
    accounts: Accounts,
    passed_over: PassedOver,
    task_id: str,
    spec: TaskSpecification,
    signature: RequirementSignature,
    place: Place,
) -> PlannedAssignment | None:
    """Reserve a place for a task that is about to be submitted; None: nobody has room for it.

    Args:
        fleet: The agents.
        accounts: What its dispatch is charged to.
        passed_over: The tasks for which agents are kept free.
        task_id: Which task.
        spec: What it is.
        signature: What it asks for.
        place: Where it would stand in the queue.
    """
    closed = passed_over.closed_at(place.key, place.rank)
    sticky = spec.requirements.sticky_key
    pick = fleet.pick(signature, seed_of(task_id, 1), sticky, closed)
    if pick is None:
        return None
    passed_over.dispatched()
    fleet.reserve(task_id, pick.agent_id, signature.resources)
    accounts.reserve(task_id, place, pick.agent_id)
    return planned(task_id, 1, spec.lease_seconds, pick)


def more_to_plan(fleet: Fleet, queue: TaskQueue, passed_over: PassedOver) -> bool:
    """Tell whether ``plan`` might place anything that is due."""
    if not queue.any_waiting:
        return False
    if queue.resumed or passed_over.any_ready:
        return True
    pending = bool(fleet.declared and len(queue.hopeless)) or queue.hopeless.pending
    return fleet.has_room and (
        pending or queue.any_open or (bool(fleet.opened) and queue.any_stuck)
    )


class _Desk:
    """Where lines are served (what it is made of: see ``plan``).

    Attributes:
        result: What was planned.
    """

    __slots__ = ("_accounts", "_fleet", "_known", "_now", "_passed_over", "_queue", "result")

    def __init__(
        self,
        fleet: Fleet,
        queue: TaskQueue,
        accounts: Accounts,
        passed_over: PassedOver,
        known: Mapping[str, KnownTask],
        now: float,
    ) -> None:
        self._fleet = fleet
        self._queue = queue
        self._accounts = accounts
        self._passed_over = passed_over
        self._known = known
        self._now = now
        self.result: list[PlannedAssignment] = []

    def place(self, line: Line, only: int | None = None) -> bool:
        """Take the first task out of a line; tells whether there is an agent for it.

        Args:
            line: Which line.
            only: The slot of the only agent that comes into question; None: all.
        """
        task, passed_over = self._known[line.first], self._passed_over
        if task.deadline is not None and task.deadline <= self._now:
            self._queue.discard(task.task_id)
            return True
        attempt, closed = task.attempt + 1, passed_over.closed_to(line.share.pool)
        seed = seed_of(task.task_id, attempt)
        pick = self._fleet.pick(line.signature, seed, task.sticky_key, closed, only)
        if pick is None:
            return False
        self._fleet.reserve(task.task_id, pick.agent_id, line.signature.resources)
        self._accounts.reserve(task.task_id, task.stands, pick.agent_id)
        self._queue.take(line)
        passed_over.dispatched(line)
        self.result.append(planned(task.task_id, attempt, task.lease_seconds, pick))
        return True


class _Lines:
    """The lines worth a try, in the order of their turns.

    These are the ones that are open, and the stuck ones that suit an agent that has had room since.
    """

    def __init__(self, fleet: Fleet, queue: TaskQueue, passed_over: PassedOver) -> None:
        self._passed_over = passed_over
        self._fleet = fleet
        self._queue = queue
        # What gets stuck from here on has been tried.
        self._tried: set[Demand] = set()
        # By turn; those that were looked at are out of their heap until ``close``.
        self._passed: list[Pool] = []
        self._changed = False
        self._look()

    def next(self) -> Line | None:
        """Return the line to try next; None when no other is worth it."""
        while True:
            if self._reopened != self._passed_over.reopened:
                # What was tried, or went by, before an agent was kept free no more is worth it now.
                self.close()
                self._tried.clear()
                self._look()
            share = self._queue.first()
            if self._fleet.opened and self._is_anyone_freed(share):
                continue
            if self._changed:
                self._changed = False
                continue
            if share is None:
                return None
            self._tried.add(share.pool.demand)
            return share.first()

    def close(self) -> None:
        """Put everything back where it was."""
        for pool in self._passed:
            self._queue.classes[pool.rank].put_back(pool)
        self._passed.clear()

    def _look(self) -> None:
        """Look at what is stuck from the oldest on."""
        self._reopened = self._passed_over.reopened
        # By age, to find out which class is served; looked at once.
        self._by_age = iter(self._queue.stuck() if self._fleet.opened else ())
        self._oldest = next(self._by_age, None)

    def _is_anyone_freed(self, share: Share | None) -> bool:
        """Open a stuck pool that may go before this share; tells whether there was one."""
        rank = None if share is None else share.pool.rank
        if self._frees_older_class(rank):
            return True
        return share is not None and self._frees_in_class(share)

    def _frees_older_class(self, rank: int | None) -> bool:
        """Open the oldest stuck pool that makes it the turn of another class than this."""
        queue, head = self._queue, None if rank is None else self._queue.classes[rank].head
        while (pool := self._oldest) is not None:
            if head is not None and pool.head is not None and pool.head >= head:
                return False
            freed = self._is_freed(pool)
            if freed and pool.rank == rank:
                # This class has the oldest task, so it stays its turn.
                return False
            self._oldest = next(self._by_age, None)
            if freed:
                queue.free(pool.demand)
                return True
        return False

    def _frees_in_class(self, share: Share) -> bool:
        """Open the stuck pool of the same class whose turn is the first before that of a share."""
        before, heap = share.turn, self._queue.classes[share.pool.rank].closed_by_turn
        while (pool := heap.first()) is not None and (turn := pool.turn) is not None:
            if before is not None and turn >= before:
                return False
            if self._is_freed(pool):
                self._queue.free(pool.demand)
                return True
            heap.drop(pool)
            self._passed.append(pool)
        return False

    def _is_freed(self, pool: Pool) -> bool:
        """Tell whether an agent has room that suits a pool, and may take its tasks.

        Where all that suit are kept free for others, it is by its class whether a pool is behind
        them: the others of the demand are opened.
        """
        demand, signature = pool.demand, pool.demand.signature
        if pool.open or demand in self._tried or self._queue.is_paused(signature.task_type):
            return False
        suits, closed_to = self._fleet.suits, self._passed_over.closed_to
        suiting = {slot for slot in self._fleet.opened if suits(signature, slot)}
        if not suiting or not suiting.issubset(closed_to(pool)):
            return bool(suiting)
        if demand.stuck:
            self._queue.free(demand, lambda each: suiting.issubset(closed_to(each)))
            self._changed |= any(each.open for each in demand.pools.values())
        return False

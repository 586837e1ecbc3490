"""Which waiting tasks go to which agents now, in the order of their places."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from aia_mas.domain.economy.rewards.allowance import Allowance
from aia_mas.domain.economy.rewards.terms import RewardTerms
from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.domain.orchestration.fleet import Fleet, Grounds, Pick
from aia_mas.domain.orchestration.known_task import KnownTask
from aia_mas.domain.orchestration.passed_over import PassedOver
from aia_mas.domain.orchestration.queueing import Accounts, Line, Place, TaskQueue
from aia_mas.domain.orchestration.requirement import RequirementSignature
from aia_mas.domain.orchestration.scoring.seeds import seed_of
from aia_mas.domain.orchestration.sweep import Sweep
from aia_mas.domain.orchestration.task_specification import TaskSpecification

TRIES = 8
"""Tasks that are tried within one step, in about a millisecond."""
LOOKS = 300
"""How much of what is stuck is looked at within one step, in less than a millisecond."""


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
        stake: Its stake then, base units.
        reward: What it is promised beside its price.
        unfunded: Why it is promised nothing.
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
    stake: int = 0
    reward: RewardTerms | None = None
    unfunded: str = ""


def planned(task_id: str, attempt: int, lease_seconds: float, pick: Pick) -> PlannedAssignment:
    """Return the assignment of an attempt to the agent picked."""
    return PlannedAssignment(task_id, attempt, pick.agent_id, lease_seconds, *pick[1:])


def promised(planned: PlannedAssignment, allowance: Allowance, owner: str) -> PlannedAssignment:
    """Return an assignment with what its agent is promised for it, which is kept from now on.

    For work at a task of its own (``owner``: whose the task is) an agent earns nothing.
    """
    task_id, agent_id = planned.task_id, planned.agent_id
    promise = allowance.promise(task_id, agent_id, planned.stake, own=owner == agent_id)
    return planned._replace(reward=promise.terms, unfunded=promise.unfunded)


def plan(
    sweep: Sweep,
    accounts: Accounts,
    known: Mapping[str, KnownTask],
    now: float,
    limit: int = TRIES,
) -> list[PlannedAssignment]:
    """Take what can be placed out of the queue, and reserve the places.

    Demands that were tried in vain are stuck until an agent that suits them has room again, so
    what cannot be placed blocks nobody and costs nothing. With thousands of different ones it may
    take several steps to find out whom an agent suits; it is given to nobody meanwhile. Tasks that
    have passed their deadline are taken out unplaced; their expiry is another process's work.

    Args:
        sweep: The agents, the tasks that wait, and what was looked at for whom has room again.
        accounts: What dispatches are charged to.
        known: Every task in the queue, by id.
        now: Seconds since the epoch.
        limit: How many tasks to try at most; ``more_to_plan`` tells whether any are left.
    """
    fleet, queue, passed_over = sweep.fleet, sweep.queue, sweep.passed_over
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
    desk = _Desk(fleet, queue, accounts, passed_over, known, now)
    with queue.looks.at_most(LOOKS):
        sweep.begin()
        for waiting, slot in passed_over.kept():
            if len(desk.result) < limit and passed_over.is_ready(waiting, now):
                desk.place(waiting, slot)
        for _ in range(len(desk.result), limit):
            line = sweep.next() if fleet.has_room else None
            if line is None:
                break
            if not queue.gate(line, now) and not desk.place(line):
                _put_aside(line, sweep)
        sweep.hurry()
    return desk.result


def _put_aside(line: Line, sweep: Sweep) -> None:
    """Let nothing be tried again that asks for the same as a line, which was tried in vain."""
    pool, queue, passed_over = line.share.pool, sweep.queue, sweep.passed_over
    if not sweep.fleet.keeping.anyone_suits(line.signature):
        queue.set_stuck(pool.demand, hopeless=True)
        return
    if not sweep.withholds(line.signature):
        passed_over.in_vain(line)
    if passed_over.closed_to(pool):
        queue.hold_back(pool)
    else:
        queue.set_stuck(pool.demand)


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
        pending or queue.any_open or (bool(fleet.opened or fleet.offered) and queue.any_stuck)
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
        if self._fleet.opened and self._queue.any_stuck:
            # They are offered in order, once those before them were.
            closed = (*closed, *self._fleet.opened)
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

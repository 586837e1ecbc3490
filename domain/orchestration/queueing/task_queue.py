"""The tasks that wait: which of those that can be placed goes first (docs/adr/0008)."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from math import inf
from typing import NamedTuple

from aia_mas.domain.orchestration.limits import KeyLimits
from aia_mas.domain.orchestration.queueing.class_order import ClassOrder
from aia_mas.domain.orchestration.queueing.concurrency_keys import ConcurrencyKeys
from aia_mas.domain.orchestration.queueing.gates import Gates
from aia_mas.domain.orchestration.queueing.hopeless import Hopeless
from aia_mas.domain.orchestration.queueing.lines import (
    Demand,
    Key,
    KeyLimit,
    Line,
    Pool,
    Share,
)
from aia_mas.domain.orchestration.queueing.looks import Looks
from aia_mas.domain.orchestration.queueing.pacing import Pacing
from aia_mas.domain.orchestration.queueing.timers import Timers
from aia_mas.domain.orchestration.queueing.turns import Suits, everybody
from aia_mas.domain.orchestration.requirement import RequirementSignature
from aia_mas.domain.orchestration.task_specification import Priority

AT_ONCE = 100
"""Tasks whose time has come that are brought in within one step."""


class Place(NamedTuple):
    """Where a task stands.

    Attributes:
        key: Its place in time; no two tasks have the same.
        rank: Its class.
        owner: Whose it is.
        limit: Its concurrency key, if it has one.
    """

    key: Key
    rank: int = 0
    owner: str = ""
    limit: KeyLimit | None = None


class TaskQueue:
    """Waiting tasks in order; those held until later, or by a full key, stand aside.

    Between classes the oldest task that can be placed decides, by its key; so a class ages as a
    whole. Within the class its owners take turns (``Turns``), and each owner's tasks go by their
    keys. So before a task that can be placed at most so many are dispatched: those with smaller
    keys in other classes, and, for it and each task of its own owner in its class before it, one of
    every other owner that waits in its class.

    Attributes:
        classes: By rank.
        keys: What is known of the concurrency keys.
        paused_types: Task types that are not to be placed.
        paused: Nothing is to be placed.
        resumed: A pause has ended since this was last set to False.
        hopeless: What no registered agent suits.
        looks: How much may still be looked at within a step of planning.
    """

    def __init__(self, keys: ConcurrencyKeys | None = None, suits: Suits = everybody) -> None:
        """Start empty (``suits``: tells whether an agent suits a demand)."""
        self.paused_types: set[str] = set()
        self.looks = Looks()
        self.classes = tuple(ClassOrder(self.paused_types, suits, self.looks) for _ in Priority)
        self.keys = ConcurrencyKeys() if keys is None else keys
        self.paused = False
        self.resumed = False
        self._demands: dict[RequirementSignature, Demand] = {}
        self._waiting: dict[str, Line] = {}
        self.hopeless = Hopeless()
        self._held: Timers[Place, RequirementSignature] = Timers()
        self._gates = Gates(self._line_changed)
        self._pacing = Pacing()

    # ------------------------------------------------------------------------------ in and out

    def push(
        self,
        task_id: str,
        signature: RequirementSignature,
        place: Place,
        not_before: float | None = None,
    ) -> None:
        """Add a task, or move it to another place.

        Args:
            task_id: Which task.
            signature: What it asks for.
            place: Where it stands.
            not_before: When it may be placed, seconds since the epoch; ``due`` brings it in.
        """
        self.discard(task_id)
        if not_before is not None:
            self._held.add(task_id, not_before, place, signature)
            return
        line = self._waiting[task_id] = self._line(signature, place)
        if line.add(task_id, place.key) and not line.gated:
            self._line_changed(line)

    def discard(self, task_id: str) -> bool:
        """Take a task out; tells whether it was in."""
        if self._held.remove(task_id):
            return True
        line = self._waiting.pop(task_id, None)
        if line is None:
            return False
        if line.remove(task_id):
            if not line.size:
                self._line_is_empty(line)
            if not line.gated:
                self._line_changed(line)
        return True

    def take(self, line: Line) -> str:
        """Take out the first task of a line, which is being dispatched; returns its id.

        The caller has counted it already (``Turns.planned``, ``KeyState.reserved``).
        """
        task_id, turns = line.first, line.share.pool.turns
        self.discard(task_id)
        if self._gates.served(line, turns):
            self._line_changed(line)
        if line.limit is not None:
            self.open_key(line.limit.key)
        return task_id

    # ---------------------------------------------------------------------------------- choice

    def first(self) -> Share | None:
        """Return whose turn it is among all that may be placeable; None: nothing may be.

        Raises:
            OutOfLooksError: It takes too long to tell within one step.
        """
        order = self._class_to_serve()
        return None if order is None else order.first()

    @property
    def rank_to_serve(self) -> int | None:
        """The class whose turn it is; None: nothing is open."""
        order = self._class_to_serve()
        return None if order is None else self.classes.index(order)

    def gate(self, line: Line, now: float) -> bool:
        """Let a line stand aside if its key is full; tells whether it is."""
        if line.limit is None:
            return False
        if (until := self.keys.shut_until(line.limit, now)) is None:
            return False
        if until != inf:
            self._pacing.wait(line.limit.key, until)
        self._gates.shut(line, line.share.pool.turns)
        self._line_changed(line)
        return True

    def set_limits(self, key: str, limits: KeyLimits | None) -> None:
        """Set, or remove, what holds for a key explicitly."""
        self.keys.set_limits(key, limits)
        self.open_key(key)

    def open_key(self, key: str) -> None:
        """Let tasks come back for which a key has places now."""
        self._gates.open(key, self.keys.ready)

    @property
    def any_waiting(self) -> bool:
        """Whether anything waits, and not everything is paused."""
        return bool(self._waiting) and not self.paused

    @property
    def any_open(self) -> bool:
        """Whether anything may be placeable that was not tried in vain."""
        return self.any_waiting and any(order.open for order in self.classes)

    @property
    def any_stuck(self) -> bool:
        """Whether anything waits for an agent that suits."""
        return self.any_waiting and any(order.closed for order in self.classes)

    def set_stuck(self, demand: Demand, *, hopeless: bool = False) -> None:
        """Note that no task of a demand could be placed (``hopeless``: that nobody suits)."""
        demand.stuck = True
        if hopeless:
            self.hopeless.add(demand)
        for pool in demand.pools.values():
            pool.seen = self.looks.sweep
            self.classes[pool.rank].put(pool)

    def hold_back(self, pool: Pool) -> None:
        """Note that no task of a pool could be placed, for a reason that its class has."""
        pool.held_back, pool.seen = True, self.looks.sweep
        self.classes[pool.rank].put(pool)

    def free(self, demand: Demand, behind: Callable[[Pool], bool] = lambda _: False) -> None:
        """Note that the tasks of a demand may be placeable again (but for pools ``behind``)."""
        demand.stuck = False
        self.hopeless.forget(demand)
        for pool in demand.pools.values():
            pool.held_back = behind(pool)
            self.classes[pool.rank].put(pool)

    def is_paused(self, task_type: str) -> bool:
        """Tell whether nothing of a type is to be placed."""
        return self.paused or task_type in self.paused_types

    def set_paused(self, task_type: str | None, paused: bool) -> None:
        """Stop placing tasks of a type (None: any), or go on."""
        self.resumed |= not paused
        if task_type is None:
            self.paused = paused
            return
        (self.paused_types.add if paused else self.paused_types.discard)(task_type)
        for order in self.classes:
            order.type_changed(task_type)

    # ------------------------------------------------------------------------------------ time

    def due(self, now: float) -> bool:
        """Bring in tasks whose time has come (seconds since the epoch), those due first.

        Thousands may be due at once, so only some are brought in; tells whether none is left.
        """
        due = self.next_due()
        if due is None or due > now:
            return True
        for task_id, place, signature in islice(self._held.due(now), AT_ONCE):
            self.push(task_id, signature, place)
        for key in islice(self._pacing.due(now), AT_ONCE):
            state = self.keys.states.get(key)
            later = None if state is None else state.paced_until(now)
            if later is None:
                self.open_key(key)
            else:
                self._pacing.wait(key, later)
        due = self.next_due()
        return due is None or due > now

    def next_due(self) -> float | None:
        """Return when the next one may come in, seconds since the epoch."""
        held, paced = self._held.next(), self._pacing.next()
        if held is None or paced is None:
            return paced if held is None else held
        return min(held, paced)

    # --------------------------------------------------------------------------------- queries

    def held_until(self, task_id: str) -> float | None:
        """Return until when a task stands aside, seconds since the epoch; None: it does not."""
        return self._held.until(task_id)

    def line_of(self, task_id: str) -> Line | None:
        """Return where a task waits for its turn; None: it stands aside."""
        return self._waiting.get(task_id)

    @property
    def held(self) -> int:
        """How many stand aside until later."""
        return len(self._held)

    def someone_asks_for(self, signature: RequirementSignature) -> bool:
        """Tell whether a task waits for the same agents, and for no key."""
        demand = self._demands.get(signature)
        return demand is not None and any(pool.head for pool in demand.pools.values())

    def __contains__(self, task_id: str) -> bool:
        """Tell whether a task waits or stands aside."""
        return task_id in self._waiting or task_id in self._held

    def __len__(self) -> int:
        """Return how many tasks wait or stand aside."""
        return len(self._waiting) + len(self._held)

    def _class_to_serve(self) -> ClassOrder | None:
        open_classes = [order for order in self.classes if order.open]
        return min(open_classes, key=lambda order: order.head or _NEVER, default=None)

    def _line(self, signature: RequirementSignature, place: Place) -> Line:
        demand = self._demands.get(signature)
        if demand is None:
            demand = self._demands[signature] = Demand(signature)
        pool = demand.pools.get(place.rank)
        if pool is None:
            turns = self.classes[place.rank].turns
            pool = demand.pools[place.rank] = Pool(demand, place.rank, turns)
        share = pool.shares.get(place.owner)
        if share is None:
            share = pool.shares[place.owner] = Share(pool, place.owner)
        line = share.lines.get(place.limit)
        if line is None:
            line = share.lines[place.limit] = Line(share, place.limit)
        return line

    def _line_changed(self, line: Line) -> None:
        share = line.share
        if share.changed(line):
            share.pool.changed(share)
            self.classes[share.pool.rank].put(share.pool)

    def _line_is_empty(self, line: Line) -> None:
        share, pool = line.share, line.share.pool
        if line.gated:
            self._gates.forget(line)
        del share.lines[line.limit]
        if not share.lines:
            del pool.shares[share.owner]
        if not pool.shares:
            del pool.demand.pools[pool.rank]
        if not pool.demand.pools:
            del self._demands[pool.demand.signature]
            self.hopeless.forget(pool.demand)


_NEVER: Key = (inf, 0)

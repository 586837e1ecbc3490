"""Tasks that are passed over for want of room: after a while an agent is kept free for them.

A task that needs much of an agent, or an agent and a place of its concurrency key at the same time,
finds neither while smaller ones take whatever becomes free. Once its turn has come in vain, and
``PATIENCE`` tasks were dispatched since, the agent best placed for it takes no later task until it
fits (backfilling with reservations: EASY, Lifka 1995). It may still go to any other agent. At most
one in ``PATIENCE`` dispatches is followed by this, so that what comes out of turn delays nobody for
long.

Only the leader that plans knows of this; the next one begins anew. Nothing here is in the log.
"""

from __future__ import annotations

from math import inf
from typing import NamedTuple

from aia_mas.domain.orchestration.fleet import Fleet, Reason
from aia_mas.domain.orchestration.queueing import Key, Line, Pool, TaskQueue

PATIENCE = 16
"""Dispatches that may pass a task whose turn has come."""
MOST_KEPT = 32
"""Agents that are kept free at once."""
MOST_WAITING = 64
"""Lines that are looked after at once; others follow when these were served."""
LONGEST_IDLE = 60.0
"""Seconds that an agent may wait for the rate of a key; with a slower one it is not kept."""


class Kept(NamedTuple):
    """An agent that is kept free, and the place of the task that it is kept free for."""

    slot: int
    agent_id: str
    head: Key


class PassedOver:
    """Lines whose turn came in vain, and the agents that are kept free for them."""

    def __init__(self, fleet: Fleet, queue: TaskQueue) -> None:
        """Begin with none."""
        self._fleet = fleet
        self._queue = queue
        self._dispatches = 0
        # From which dispatch on another agent may be kept.
        self._next = 0
        # How many dispatches there were when the turn of each came; the first came first.
        self._waiting: dict[Line, int] = {}
        self._kept: dict[Line, Kept] = {}

    def in_vain(self, line: Line) -> None:
        """Note that the turn of a line has come, and that nobody who suits has room for it.

        Of others there is no need: every place that becomes free suits them, so that they get it
        in their turn.
        """
        if not (line.limit is not None or line.signature.resources):
            return
        if line in self._waiting or line in self._kept:
            return
        if len(self._waiting) >= MOST_WAITING:
            self._waiting = {each: at for each, at in self._waiting.items() if each.size}
        if len(self._waiting) < MOST_WAITING:
            self._waiting[line] = self._dispatches

    def dispatched(self, line: Line | None = None) -> None:
        """Count a dispatch, and keep an agent for the line that was passed over too often by now.

        Args:
            line: What was dispatched; None: a task that is just being submitted.
        """
        self._dispatches += 1
        if line is not None and (self._waiting or self._kept):
            self._waiting.pop(line, None)
            self._fall(line)
        if self._waiting and self._dispatches >= self._next:
            self._keep()

    def _keep(self) -> None:
        """Keep an agent for the line that waits longest, if it is overdue.

        One in so many dispatches, so that those that come out of turn leave all others theirs.
        """
        while self._waiting and len(self._kept) < MOST_KEPT:
            line, since = next(iter(self._waiting.items()))
            if since + PATIENCE > self._dispatches:
                return
            del self._waiting[line]
            if not line.size:
                continue
            taken = {kept.slot for kept in self._kept.values()}
            slot = self._fleet.keeping.best_placed(line.signature, taken)
            if slot is not None:
                self._kept[line] = Kept(slot, self._fleet.keeping.agent_id(slot), line.head)
                self._next = self._dispatches + PATIENCE
                return

    def review(self, now: float) -> None:
        """Let those agents take any task again that are kept free for nothing.

        Where the task that one is kept for is called off, and another one comes first in its line,
        those that go before that one may be placed now.

        Args:
            now: Seconds since the epoch.
        """
        for line, kept in list(self._kept.items()):
            if not self._is_worth_it(line, now):
                self._fall(line)
            elif line.head != kept.head:
                self._kept[line] = kept._replace(head=line.head)
                self._reopen(kept.slot)

    def kept(self) -> list[tuple[Line, int]]:
        """Return the lines for which agents are kept, oldest first, and their slots."""
        if not self._kept:
            return []
        pairs = [(line, kept.slot) for line, kept in self._kept.items()]
        return sorted(pairs, key=lambda pair: pair[0].head)

    def is_ready(self, line: Line, now: float | None = None) -> bool:
        """Tell whether the agent kept for a line can take its first task.

        It comes out of turn: its own was before.

        Args:
            line: Which line.
            now: Seconds since the epoch; None: only if no time is to be waited for.
        """
        fleet, keys = self._fleet, self._queue.keys
        if not line.size or fleet.capped:
            return False
        if not fleet.keeping.fits(self._kept[line].slot, line.signature):
            return False
        if line.limit is None:
            return True
        if now is None:
            return keys.is_open(line.limit)
        return keys.shut_until(line.limit, now) is None

    @property
    def any_ready(self) -> bool:
        """Whether any line may be served by the agent kept for it."""
        return any(self.is_ready(line) for line in self._kept)

    def give_up(self) -> None:
        """Forget everything: nothing is planned here any more."""
        self._waiting.clear()
        for line in list(self._kept):
            self._fall(line)

    def closed_to(self, pool: Pool) -> tuple[int, ...]:
        """Return the slots of agents that take no task of a pool in its turn."""
        if not self._kept:
            return ()
        return tuple(
            kept.slot
            for line, kept in self._kept.items()
            if not _goes_before(pool.head, pool.rank, line)
        )

    def closed_at(self, key: Key, rank: int) -> tuple[int, ...]:
        """Return the slots of agents that take no task with such a place (``rank``: its class)."""
        if not self._kept:
            return ()
        return tuple(
            kept.slot for line, kept in self._kept.items() if not _goes_before(key, rank, line)
        )

    def kept_from(self, line: Line) -> tuple[int, ...]:
        """Return the slots of agents that are kept free for others than a line."""
        own = self._kept.get(line)
        closed = self.closed_to(line.share.pool)
        return closed if own is None else tuple(slot for slot in closed if slot != own.slot)

    def kept_for(self, line: Line) -> Reason | None:
        """Return that an agent is kept free for the first task of a line; None: none is."""
        kept = self._kept.get(line)
        if kept is None:
            return None
        in_hand = self._fleet.keeping.in_hand(kept.slot)
        return Reason(
            code="reserved",
            detail=f"Reserved on agent {kept.agent_id!r}, which takes no later task until this one "
            f"fits; it has {in_hand} in hand",
            facts={"agent_id": kept.agent_id, "in_hand": in_hand},
            agents=(kept.agent_id,),
        )

    def _fall(self, line: Line) -> None:
        kept = self._kept.pop(line, None)
        if kept is not None:
            self._reopen(kept.slot)

    def _reopen(self, slot: int) -> None:
        self._fleet.keeping.reopen(slot)

    def _is_worth_it(self, line: Line, now: float) -> bool:
        if not line.size or self._queue.is_paused(line.signature.task_type):
            return False
        slot, agent_id, _ = self._kept[line]
        if not self._fleet.keeping.serves(slot, agent_id, line.signature):
            return False
        if line.limit is None:
            return True
        until = self._queue.keys.shut_until(line.limit, now)
        if until == inf:
            # Places of the key come back, unless it has none at all.
            return self._queue.keys.state(line.limit.key).limit(line.limit.own) != 0
        return until is None or until <= now + LONGEST_IDLE


def _goes_before(key: Key | None, rank: int, line: Line) -> bool:
    """Tell whether the age of its class puts a place before a line that was passed over.

    That comes to an end. Within its own class it was the turn of that line.
    """
    return key is not None and rank != line.share.pool.rank and key < line.head

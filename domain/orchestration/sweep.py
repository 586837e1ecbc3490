"""Who of those that are stuck may go before others, now that some agents have room again."""

from __future__ import annotations

from collections.abc import Callable

from aia_mas.domain.orchestration.fleet import Fleet
from aia_mas.domain.orchestration.passed_over import PassedOver
from aia_mas.domain.orchestration.queueing import Line, Pool, Share, TaskQueue
from aia_mas.domain.orchestration.requirement import RequirementSignature

# Pools that are put back among the turns within one step.
_PUT_BACK = 150
# Where more than this may suit, all agents are asked at once, which takes as long as to ask these.
_ASKED = 15
# Pools that are skipped in the time of one look.
_SKIPPED = 16
# What it takes to open a demand again, in looks.
_FREED = 5


class Sweep:
    """Yields the lines worth a try in the order of their turns, and opens stuck ones for it.

    The agents that have room again are offered to the stuck demands. These are looked at lazily, in
    the order of their turns, only as far as one may go before the first line that is open. There
    may be many thousands of them, so a sweep lasts over as many steps as it takes: it ends when the
    agents are taken, or when all was looked at for them in vain.

    Who gets room meanwhile is offered in the next sweep, and given to nobody until then: else the
    stuck ones that were looked at before would lose their turns to others, each time anew. Where
    somebody waits for that, what is left of a sweep is looked through at once; whatever suits is
    opened, and goes by the order of all that are open.

    Nothing of this is in the log: with a restored fold nothing is stuck, so that all are tried.

    Attributes:
        fleet: The agents.
        queue: The tasks that wait.
        passed_over: The tasks for which agents are kept free.
    """

    def __init__(self, fleet: Fleet, queue: TaskQueue, passed_over: PassedOver) -> None:
        """Begin with nothing to be looked at."""
        self.fleet = fleet
        self.queue = queue
        self.passed_over = passed_over
        # Those that were looked at by turn in vain are out of their heap until the sweep is over.
        self._passed: list[Pool] = []
        self._changed = False
        self._skipped = 0

    def begin(self) -> None:
        """Offer the agents that have room again, if the last sweep is over."""
        queue, fleet = self.queue, self.fleet
        if fleet.offered:
            return
        for _ in range(min(_PUT_BACK, len(self._passed))):
            queue.looks.spend()
            pool = self._passed.pop()
            queue.classes[pool.rank].put_back(pool)
        if self._passed or not fleet.opened:
            return
        queue.looks.sweep += 1
        for order in queue.classes:
            order.unseen = 0
        fleet.keeping.offer()

    def next(self) -> Line | None:
        """Return the line to try next; None when no other is worth it.

        Raises:
            OutOfLooksError: It takes longer than a step to tell; the next one goes on with it.
        """
        while True:
            share = self.queue.first()
            if self.fleet.offered and self._frees(share):
                continue
            if self._changed:
                self._changed = False
                continue
            if share is None:
                self.fleet.offered.clear()
                return None
            return share.first()

    def hurry(self) -> None:
        """Bring the sweep to an end as far as the step allows, if other agents wait for it.

        Raises:
            OutOfLooksError: The step does not allow it.
        """
        fleet = self.fleet
        if fleet.opened and fleet.offered:
            while self._frees_older_class(None):
                pass
            fleet.offered.clear()

    def withholds(self, signature: RequirementSignature) -> bool:
        """Tell whether an agent suits that has room and waits for the next sweep."""
        return self._anyone(signature, self.fleet.opened)

    def _frees(self, share: Share | None) -> bool:
        """Open a stuck demand that may go before this share; tells whether there was one."""
        if self._frees_older_class(None if share is None else share.pool.rank):
            return True
        return share is not None and self._frees_in_class(share)

    def _frees_older_class(self, rank: int | None) -> bool:
        """Open the oldest stuck demand that makes it the turn of another class than this."""
        queue, head = self.queue, None if rank is None else self.queue.classes[rank].head
        while (pool := self._oldest()) is not None:
            if head is not None and pool.head is not None and pool.head >= head:
                return False
            if self._is_suited(pool):
                if pool.rank == rank:
                    # This class has the oldest task, so it stays its turn.
                    return False
                self._free(pool)
                return True
            order = queue.classes[pool.rank]
            if order.closed[order.unseen : order.unseen + 1] == [pool]:
                order.unseen += 1
        return False

    def _frees_in_class(self, share: Share) -> bool:
        """Open the stuck demand of the same class whose turn is the first before a share's."""
        before, heap = share.turn, self.queue.classes[share.pool.rank].closed_by_turn
        while (pool := heap.first()) is not None and (turn := pool.turn) is not None:
            if before is not None and turn >= before:
                return False
            if self._is_suited(pool):
                self._free(pool)
                return True
            heap.drop(pool)
            self._passed.append(pool)
        return False

    def _oldest(self) -> Pool | None:
        """Return the oldest pool that is stuck and was not looked at."""
        queue, oldest = self.queue, None
        for order in queue.classes:
            closed = order.closed
            while order.unseen < len(closed) and closed[order.unseen].seen == queue.looks.sweep:
                self._skipped += 1
                if self._skipped % _SKIPPED == 0:
                    queue.looks.spend()
                order.unseen += 1
            if order.unseen < len(closed):
                pool = closed[order.unseen]
                if oldest is None or (pool.stands_at or ()) < (oldest.stands_at or ()):
                    oldest = pool
        return oldest

    def _free(self, pool: Pool) -> None:
        self.queue.looks.charge(_FREED)
        self.queue.free(pool.demand)

    def _is_suited(self, pool: Pool) -> bool:
        """Tell whether an agent is offered that suits a pool, and may take its tasks.

        Where all that suit are kept free for others, it is by its class whether a pool is behind
        them: the others of the demand are opened.
        """
        queue, signature = self.queue, pool.demand.signature
        queue.looks.spend()
        if pool.seen == queue.looks.sweep or queue.is_paused(signature.task_type):
            return False
        slots = self.fleet.offered
        if not self._anyone(signature, slots):
            pool.seen = queue.looks.sweep
            return False
        closed = self.passed_over.closed_to(pool)
        if not closed or self._anyone(signature, slots.difference(closed)):
            return True
        pool.seen = queue.looks.sweep
        if pool.demand.stuck:
            queue.free(pool.demand, self._is_behind(signature, slots))
            self._changed |= any(each.open for each in pool.demand.pools.values())
        return False

    def _is_behind(
        self, signature: RequirementSignature, slots: set[int]
    ) -> Callable[[Pool], bool]:
        closed_to = self.passed_over.closed_to
        return lambda pool: not self._anyone(signature, slots.difference(closed_to(pool)))

    def _anyone(self, signature: RequirementSignature, slots: set[int]) -> bool:
        keeping = self.fleet.keeping
        few = keeping.may_suit(signature, slots)
        if not few:
            return False
        self.queue.looks.charge(min(len(few), _ASKED))
        return keeping.anyone_suits(signature, few)

"""The pools of one class in the order of their oldest tasks, and the choice among them."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter
from operator import attrgetter

from aia_mas.domain.orchestration.queueing.lines import Key, Pool, Share
from aia_mas.domain.orchestration.queueing.virtual_time import VirtualTime

_head = attrgetter("head")


class ClassOrder:
    """One class.

    Attributes:
        time: The virtual time in which its owners take turns.
        open: Pools whose tasks may be placeable, by their oldest tasks.
        closed: Pools that are stuck or paused, likewise.
        owners: How many tasks of each owner wait for their turn.
    """

    __slots__ = ("_known", "closed", "open", "owners", "time")

    def __init__(self) -> None:
        """Start empty."""
        self.time = VirtualTime()
        self.open: list[Pool] = []
        self.closed: list[Pool] = []
        self.owners: Counter[str] = Counter()
        # Where each pool stands: the list, and the head by which it was put there.
        self._known: dict[Pool, tuple[list[Pool], Key]] = {}

    @property
    def head(self) -> Key | None:
        """The key of the oldest task that may be placeable; None: there is none."""
        return self.open[0].head if self.open else None

    def put(self, pool: Pool) -> None:
        """Put a pool where it belongs now, after its head or state has changed."""
        known, head = self._known.get(pool), pool.head
        target = self.open if pool.demand.open else self.closed
        if known is not None:
            if known[0] is target and known[1] == head:
                return
            # Its head has changed already, but the order of all others has not.
            self._remove(known[0], pool, known[1])
            del self._known[pool]
        if head is not None:
            insort(target, pool, key=_head)
            self._known[pool] = (target, head)

    def first_due(self) -> Share | None:
        """Return the share to serve next: the owner due in this round with the oldest task.

        None when nobody is due; the next round then changes that, unless ``open`` is empty.
        """
        if not self.anyone_due():
            return None
        chosen: Share | None = None
        best: Key | None = None
        for pool in self.open:
            if best is not None and pool.head is not None and pool.head >= best:
                break
            share = self.due_in(pool)
            if share is None or share.head is None:
                continue
            if best is None or share.head < best:
                chosen, best = share, share.head
        return chosen

    def due_in(self, pool: Pool) -> Share | None:
        """Return the share of a pool that comes first among those due; who is alone always is."""
        return pool.first() if len(self.owners) == 1 else pool.first_due()

    def anyone_due(self) -> bool:
        """Tell whether any owner that waits is due in this round, wherever its tasks are."""
        owners, time = self.owners, self.time
        if len(owners) == 1 or len(owners) > time.not_due_at_most:
            return True
        return any(time.is_due(owner) for owner in owners)

    def _remove(self, pools: list[Pool], pool: Pool, head: Key) -> None:
        index = bisect_left(pools, head, key=lambda each: self._known[each][1])
        del pools[index]

"""The pools of one class in the order of their oldest tasks, and the choice among them."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Set
from operator import attrgetter

from aia_mas.domain.orchestration.queueing.lines import Key, Pool, Share
from aia_mas.domain.orchestration.queueing.virtual_time import VirtualTime

_stands_at = attrgetter("stands_at")
_head = attrgetter("head")


class OneType:
    """The open pools of one type of task, so that a pause takes no longer with more of them.

    Attributes:
        task_type: Which type.
        pools: By their oldest tasks.
        head: By which key it stands among the types; None: it does not.
    """

    __slots__ = ("head", "pools", "task_type")

    def __init__(self, task_type: str) -> None:
        """Start empty."""
        self.task_type = task_type
        self.pools: list[Pool] = []
        self.head: Key | None = None


class ClassOrder:
    """One class.

    Attributes:
        time: The virtual time in which its owners take turns.
        open: Types with pools whose tasks may be placeable, by their oldest tasks; none is paused.
        closed: Pools that are stuck, but not hopeless, by their oldest tasks.
        owners: How many tasks of each owner wait for their turn.
    """

    __slots__ = ("_paused", "_types", "closed", "open", "owners", "time")

    def __init__(self, paused: Set[str]) -> None:
        """Start empty (``paused``: the types that are, now and later)."""
        self.time = VirtualTime()
        self.open: list[OneType] = []
        self.closed: list[Pool] = []
        self.owners: Counter[str] = Counter()
        self._types: dict[str, OneType] = {}
        self._paused = paused

    @property
    def head(self) -> Key | None:
        """The key of the oldest task that may be placeable; None: there is none."""
        return self.open[0].head if self.open else None

    def put(self, pool: Pool) -> None:
        """Put a pool where it belongs now, after its head or state has changed."""
        head, stood_in, task_type = pool.head, pool.stands_in, pool.demand.signature.task_type
        target: list[Pool] | None = None
        if head is not None and not pool.demand.hopeless:
            target = self._of(task_type).pools if pool.open else self.closed
        if stood_in is target and pool.stands_at == head:
            return
        if stood_in is not None:
            # Its head has changed already, but the order of all others has not.
            assert pool.stands_at is not None
            del stood_in[bisect_left(stood_in, pool.stands_at, key=_stands_at)]
        pool.stands_in, pool.stands_at = target, head
        if target is not None:
            insort(target, pool, key=_stands_at)
        if (one := self._types.get(task_type)) is not None:
            self._put_type(one)

    def type_changed(self, task_type: str) -> None:
        """Take note that a type is paused, or is so no more."""
        if (one := self._types.get(task_type)) is not None:
            self._put_type(one)

    def first_due(self) -> Share | None:
        """Return the share to serve next: the owner due in this round with the oldest task.

        None when nobody is due; the next round then changes that, unless ``open`` is empty.
        """
        if not self.anyone_due():
            return None
        chosen: Share | None = None
        best: Key | None = None
        for one in self.open:
            if best is not None and one.head is not None and one.head >= best:
                break
            for pool in one.pools:
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

    def _of(self, task_type: str) -> OneType:
        one = self._types.get(task_type)
        if one is None:
            one = self._types[task_type] = OneType(task_type)
        return one

    def _put_type(self, one: OneType) -> None:
        """Put a type where it belongs now."""
        head = None
        if one.pools:
            if one.task_type not in self._paused:
                head = one.pools[0].head
        else:
            del self._types[one.task_type]
        if head == one.head:
            return
        if one.head is not None:
            del self.open[bisect_left(self.open, one.head, key=_head)]
        one.head = head
        if head is not None:
            insort(self.open, one, key=_head)

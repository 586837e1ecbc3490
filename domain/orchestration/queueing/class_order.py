"""The pools of one class in the order of their oldest tasks, and the choice among them."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Set
from operator import attrgetter

from aia_mas.domain.orchestration.queueing.lines import Key, Pool, Share
from aia_mas.domain.orchestration.queueing.looks import Looks
from aia_mas.domain.orchestration.queueing.turn_heap import Entry, Turn, TurnHeap
from aia_mas.domain.orchestration.queueing.turns import Suits, Turns

_stands_at = attrgetter("stands_at")
_head = attrgetter("head")


class OneType:
    """The open pools of one type of task, so that a pause takes no longer with more of them.

    Attributes:
        task_type: Which type.
        pools: By their oldest tasks.
        head: By which key it stands among the types; None: it does not.
        by_turn: The same pools by their turns.
        entry: Where it stands among the turns of its class.
    """

    __slots__ = ("_paused", "by_turn", "entry", "head", "pools", "task_type")

    def __init__(self, task_type: str, paused: Set[str], looks: Looks) -> None:
        """Start empty (``paused``: the types that are, now and later)."""
        self.task_type = task_type
        self.pools: list[Pool] = []
        self.head: Key | None = None
        self.by_turn: TurnHeap[Pool] = TurnHeap(looks)
        self.entry: Entry | None = None
        self._paused = paused

    @property
    def turn(self) -> Turn | None:
        """The turn of the pool that comes first; None: there is none, or the type is paused."""
        pool = None if self.task_type in self._paused else self.by_turn.first()
        return None if pool is None else pool.turn

    @property
    def bound(self) -> Turn | None:
        """A turn that no pool is before; None: there is none, or the type is paused."""
        return None if self.task_type in self._paused else self.by_turn.bound


class ClassOrder:
    """One class.

    Attributes:
        turns: Whose turn it is among its owners.
        open: Types with pools whose tasks may be placeable, by their oldest tasks; none is paused.
        closed: Pools that are stuck, but not hopeless, by their oldest tasks.
        closed_by_turn: The same pools by their turns.
        unseen: From which of ``closed`` on the sweep has to look at them.
    """

    __slots__ = (
        "_by_turn",
        "_looks",
        "_paused",
        "_types",
        "closed",
        "closed_by_turn",
        "open",
        "turns",
        "unseen",
    )

    def __init__(self, paused: Set[str], suits: Suits, looks: Looks) -> None:
        """Start empty.

        Args:
            paused: The types that are, now and later.
            suits: Tells whether an agent suits a demand.
            looks: What is taken of to find out whose turn it is.
        """
        self.turns = Turns(suits, looks)
        self.open: list[OneType] = []
        self.closed: list[Pool] = []
        self.closed_by_turn: TurnHeap[Pool] = TurnHeap(looks)
        self.unseen = 0
        self._looks = looks
        self._types: dict[str, OneType] = {}
        self._by_turn: TurnHeap[OneType] = TurnHeap(looks)
        self._paused = paused

    @property
    def head(self) -> Key | None:
        """The key of the oldest task that may be placeable; None: there is none."""
        return self.open[0].head if self.open else None

    def first(self) -> Share | None:
        """Return the share whose turn it is among those that may be placeable."""
        one = self._by_turn.first()
        pool = None if one is None else one.by_turn.first()
        return None if pool is None else pool.first()

    def put(self, pool: Pool) -> None:
        """Put a pool where it belongs now, after its head, its turn or its state has changed."""
        head, stood_in, task_type = pool.head, pool.stands_in, pool.demand.signature.task_type
        target: list[Pool] | None = None
        if head is not None and not pool.demand.hopeless:
            target = self._of(task_type).pools if pool.open else self.closed
        one = self._types.get(task_type)
        if stood_in is not target or pool.stands_at != head:
            if stood_in is not None:
                # Its head has changed already, but the order of all others has not.
                assert pool.stands_at is not None
                stood = bisect_left(stood_in, pool.stands_at, key=_stands_at)
                del stood_in[stood]
                if stood_in is self.closed and stood < self.unseen:
                    self.unseen -= 1
            if stood_in is not target and pool.entry is not None:
                if stood_in is self.closed or one is None:
                    self.closed_by_turn.drop(pool)
                else:
                    one.by_turn.drop(pool)
            pool.stands_in, pool.stands_at = target, head
            if target is not None and head is not None:
                stands = bisect_left(target, head, key=_stands_at)
                target.insert(stands, pool)
                if target is self.closed and stands < self.unseen:
                    is_seen = pool.seen == self._looks.sweep
                    self.unseen = self.unseen + 1 if is_seen else stands
            elif stood_in is not None:
                _forget_tries(pool)
        if target is self.closed:
            self.closed_by_turn.put(pool)
        elif target is not None and one is not None:
            one.by_turn.put(pool)
        if one is not None:
            self._put_type(one)

    def put_back(self, pool: Pool) -> None:
        """Put a pool back among the turns that was taken out of ``closed_by_turn``."""
        if pool.stands_in is self.closed:
            self.closed_by_turn.put(pool)

    def type_changed(self, task_type: str) -> None:
        """Take note that a type is paused, or is so no more."""
        if (one := self._types.get(task_type)) is not None:
            self._put_type(one)

    def _of(self, task_type: str) -> OneType:
        one = self._types.get(task_type)
        if one is None:
            one = self._types[task_type] = OneType(task_type, self._paused, self._looks)
        return one

    def _put_type(self, one: OneType) -> None:
        """Put a type where it belongs now."""
        head = None
        if one.pools:
            if one.task_type not in self._paused:
                head = one.pools[0].head
                self._by_turn.put(one)
        else:
            del self._types[one.task_type]
            self._by_turn.drop(one)
        if head == one.head:
            return
        if one.head is not None:
            del self.open[bisect_left(self.open, one.head, key=_head)]
        one.head = head
        if head is not None:
            insort(self.open, one, key=_head)


def _forget_tries(pool: Pool) -> None:
    """Take note that a pool is out of sight: who has room meanwhile is not told to it.

    What was tried in vain is worth a try when its tasks come back, say from a key that was full.
    """
    pool.held_back = False
    demand = pool.demand
    if not demand.hopeless and all(each.stands_in is None for each in demand.pools.values()):
        demand.stuck = False

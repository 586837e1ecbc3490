"""Waiting tasks by what they ask for, class, owner and concurrency key, each level by its first."""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from itertools import count
from typing import NamedTuple

from aia_mas.domain.orchestration.queueing.turn_heap import Entry, Turn, TurnHeap
from aia_mas.domain.orchestration.queueing.turns import Seen, Turns
from aia_mas.domain.orchestration.requirement import RequirementSignature

Key = tuple[float, int]
"""A place in the queue: submission time plus class offset (seconds), then a unique sequence."""

_serials = count()


class KeyLimit(NamedTuple):
    """A concurrency key, and the limit that the task itself has in mind for it (None: none)."""

    key: str
    own: int | None


class Demand:
    """All waiting tasks that suit the same agents.

    Attributes:
        signature: What they ask for.
        pools: Class to the tasks of this class.
        stuck: None of them can be placed, and no agent that suits has had room since.
        hopeless: No registered agent suits, whether it has room or not.
    """

    __slots__ = ("hopeless", "pools", "signature", "stuck")

    def __init__(self, signature: RequirementSignature) -> None:
        """Start empty."""
        self.signature = signature
        self.pools: dict[int, Pool] = {}
        self.stuck = False
        self.hopeless = False


class Pool:
    """The tasks of one demand and one class; their owners take turns.

    Attributes:
        demand: What they ask for.
        rank: Their class.
        turns: Whose turn it is in this class.
        head: The key of the oldest one that no concurrency key holds back; None: there is none.
        shares: Owner to the tasks of this owner.
        held_back: The agents that have room are kept free for tasks that this class is behind.
        seen: The last sweep in which it was looked at, or tried, in vain (see ``Sweep``).
        stands_in: The list of the class order that it is in; None: in none.
        stands_at: The key by which it stands there.
        entry: Where it stands among the turns.
    """

    __slots__ = (
        "_by_age",
        "_by_turn",
        "demand",
        "entry",
        "head",
        "held_back",
        "rank",
        "seen",
        "shares",
        "stands_at",
        "stands_in",
        "turns",
    )

    def __init__(self, demand: Demand, rank: int, turns: Turns) -> None:
        """Start empty."""
        self.demand = demand
        self.rank = rank
        self.turns = turns
        self.head: Key | None = None
        self.shares: dict[str, Share] = {}
        self.held_back = False
        self.seen = 0
        self.stands_in: list[Pool] | None = None
        self.stands_at: Key | None = None
        self.entry: Entry | None = None
        self._by_turn: TurnHeap[Share] = TurnHeap(turns.looks)
        # Entries whose share has another head by now stay until they come up.
        self._by_age: list[tuple[Key, int, Share]] = []

    @property
    def open(self) -> bool:
        """Whether its tasks may be placeable."""
        return not (self.demand.stuck or self.held_back)

    @property
    def turn(self) -> Turn | None:
        """The turn of the share that comes first."""
        share = self.first()
        return None if share is None else share.turn

    @property
    def bound(self) -> Turn | None:
        """A turn that no share is before."""
        return self._by_turn.bound

    def first(self) -> Share | None:
        """Return the share whose turn it is; None: all are held back by concurrency keys."""
        return self._by_turn.first()

    def changed(self, share: Share) -> None:
        """Take note of the new head of a share."""
        if share.head is None:
            self._by_turn.drop(share)
        else:
            self._by_turn.put(share)
            heappush(self._by_age, (share.head, next(_serials), share))
        if len(self._by_age) > 3 * len(self.shares) + 32:
            shares = self.shares.values()
            self._by_age = [(each.head, next(_serials), each) for each in shares if each.head]
            heapify(self._by_age)
        heap = self._by_age
        while heap and heap[0][2].head != heap[0][0]:
            heappop(heap)
        before = self.head
        self.head = head = heap[0][0] if heap else None
        if self.held_back and head is not None and (before is None or head < before):
            self.held_back = False  # an older one may go before those that this class is behind


class Share:
    """The tasks of one owner in a pool, a line for each concurrency key.

    Attributes:
        pool: Where they wait.
        owner: Whose they are.
        head: The key of the oldest one that no concurrency key holds back; None: there is none.
        lines: The lines, by key and limit; None for tasks without a key.
        entry: Where it stands among the turns of its pool.
    """

    __slots__ = ("_ready", "_seen", "entry", "head", "lines", "owner", "pool")

    def __init__(self, pool: Pool, owner: str) -> None:
        """Start empty."""
        self.pool = pool
        self.owner = owner
        self.head: Key | None = None
        self.lines: dict[KeyLimit | None, Line] = {}
        self.entry: Entry | None = None
        self._seen = Seen()
        self._ready: list[tuple[Key, int, Line]] = []

    @property
    def turn(self) -> Turn | None:
        """Its place in the ring, and its head; None: it has none."""
        if self.head is None:
            return None
        pool = self.pool
        self._seen = pool.turns.place(self.owner, pool.demand.signature, self._seen)
        return self._seen.place, self.head

    @property
    def bound(self) -> Turn | None:
        """The same."""
        return self.turn

    def first(self) -> Line:
        """Return the line of the oldest task."""
        return self._ready[0][2]

    def changed(self, line: Line) -> bool:
        """Take note of the new head, or another state, of a line; tells whether ours changed."""
        if line.size and not line.gated:
            heappush(self._ready, (line.head, next(_serials), line))
        if len(self._ready) > 3 * len(self.lines) + 32:
            ready = (each for each in self.lines.values() if not each.gated)
            self._ready = [(each.head, next(_serials), each) for each in ready]
            heapify(self._ready)
        ready_heap = self._ready
        while ready_heap and not ready_heap[0][2].stands_at(ready_heap[0][0]):
            heappop(ready_heap)
        head = ready_heap[0][0] if ready_heap else None
        changed, self.head = head != self.head, head
        return changed


class Line:
    """Waiting tasks with the same demand, class, owner and concurrency key: first in, first out.

    Attributes:
        share: What it is a part of.
        limit: Its concurrency key; None: it has none.
        gated: Its key was full when its turn came; see ``Gates``.
        head: The key of the first task.
        size: How many wait.
    """

    __slots__ = ("_heap", "_tasks", "gated", "head", "limit", "share")

    def __init__(self, share: Share, limit: KeyLimit | None) -> None:
        """Start empty."""
        self.share = share
        self.limit = limit
        self.gated = False
        self.head: Key = (0.0, 0)
        self._tasks: dict[str, Key] = {}
        # Entries that were discarded stay in it until they come up.
        self._heap: list[tuple[Key, str]] = []

    @property
    def size(self) -> int:
        """How many wait."""
        return len(self._tasks)

    @property
    def first(self) -> str:
        """The id of the first task."""
        return self._heap[0][1]

    @property
    def signature(self) -> RequirementSignature:
        """What its tasks ask for."""
        return self.share.pool.demand.signature

    def stands_at(self, key: Key) -> bool:
        """Tell whether it waits for its turn with this key."""
        return not self.gated and bool(self._tasks) and self.head == key

    def add(self, task_id: str, key: Key) -> bool:
        """Add a task; tells whether it is the first now."""
        heappush(self._heap, (key, task_id))
        self._tasks[task_id] = key
        if len(self._tasks) == 1 or key < self.head:
            self.head = key
            return True
        return False

    def remove(self, task_id: str) -> bool:
        """Take a task out; tells whether it was the first."""
        key = self._tasks.pop(task_id)
        if not self._tasks:
            self._heap.clear()
            return True
        if key != self.head:
            if len(self._heap) > 2 * len(self._tasks) + 16:
                self._heap = [(each, task) for task, each in self._tasks.items()]
                heapify(self._heap)
            return False
        heap, tasks = self._heap, self._tasks
        while tasks.get(heap[0][1]) != heap[0][0]:
            heappop(heap)
        self.head = heap[0][0]
        return True

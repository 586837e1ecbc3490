"""What is known of agents by their work: a fold in whole numbers, the same on every machine.

Quality is a hierarchical discounted Beta record: successes and observations per agent and type of
task, each observation making the older ones count a little less (Raj, Kalyani: Taming
non-stationary bandits, 2017). How long tasks take is a peak-EWMA (Finagle): it follows a slow task
at once and forgets it slowly. Amounts of observations are fixed-point numbers of ``UNIT``.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Final, NamedTuple

UNIT: Final = 1 << 20
"""One observation, one success, one penalty."""

# By how much each observation makes the older ones fade: records of an agent hold the last few
# dozen observations, those of all agents the last thousand.
_FADE_PAIR, _FADE_AGENT, _FADE_ALL = 32, 64, 1_024
_RATING_COUNTS = 2
"""A client's word counts for so many outcomes."""
_PEAK_DECAY, _MEAN_DECAY = 4, 16
_FINE = 16
"""Durations are kept in sixteenths of a millisecond, so that short ones fade as well."""
_FAILED, _LOST = UNIT, 2 * UNIT
_MAX_PENALTY = 8 * UNIT

# Bounds of what is remembered; the least recently used goes first.
MAX_TYPES = 1_024
MAX_TYPES_OF_AGENT = 64
MAX_GONE = 10_000
MAX_FINISHED = 10_000
MAX_STICKY = 10_000


class Pair(NamedTuple):
    """One agent's record in one type of task.

    Attributes:
        good: Successes, faded.
        seen: Observations, faded.
        took: Peak-EWMA of the durations, sixteenths of a millisecond; 0: none is known.
    """

    good: int = 0
    seen: int = 0
    took: int = 0


class Attempt(NamedTuple):
    """An attempt that is not over; times are milliseconds since the epoch.

    Attributes:
        since: When the work began, later by the time that it waited for answers since; before it
            began, when it was assigned.
        begun: It began.
        asked: Since when it waits for an answer; 0: it does not.
    """

    since: int
    begun: bool = False
    asked: int = 0

    def worked(self, at: int) -> int:
        """Return the milliseconds of work up to a time; waiting for an answer is none."""
        return (self.asked or at) - self.since


class AgentRecord:
    """One agent's record over all types.

    Attributes:
        good: Successes, faded.
        seen: Observations, faded.
        penalty: Failures and lost leases, more by each and a quarter less by each completion.
        pairs: Its record by type, the most recently changed one last.
    """

    __slots__ = ("good", "pairs", "penalty", "seen")

    def __init__(self, good: int = 0, seen: int = 0, penalty: int = 0) -> None:
        """Start without pairs."""
        self.good = good
        self.seen = seen
        self.penalty = penalty
        self.pairs: dict[str, Pair] = {}


class TypeRecord:
    """All agents' record in one type of task.

    Attributes:
        good: Successes, faded.
        seen: Observations, faded.
        count: Observations there ever were.
        took: EWMA of the durations, sixteenths of a millisecond; 0: none is known.
        agents: The record of everybody who has one in it; the same as in ``AgentRecord.pairs``.
    """

    __slots__ = ("agents", "count", "good", "seen", "took")

    def __init__(self, good: int = 0, seen: int = 0, count: int = 0, took: int = 0) -> None:
        """Start without agents."""
        self.good = good
        self.seen = seen
        self.count = count
        self.took = took
        self.agents: dict[str, Pair] = {}


NO_TYPE: Final = TypeRecord()
"""The record of a type that nobody has done yet."""

Changed = Callable[[str, tuple[str, ...]], None]
"""Told the agent whose record changed, and the types of task that it changed in."""


class Records:
    """The records of all agents, and what it takes to keep them.

    Attributes:
        agents: By id; those that left are in ``gone``, so that whoever comes back is known.
        gone: Those that left, the longest ago first.
        types: By type of task, the least recently used first.
        good: Successes of all, faded.
        seen: Observations of all, faded.
        attempts: Task id to its attempt that is not over.
        finished: Task id to its type, of the tasks that were completed last: they may be rated.
        sticky: Sticky key to the agent that had it last, the least recently used first.
        changed: Told of every agent whose record changed.
        forgot: Told of every type that was forgotten.
    """

    def __init__(self) -> None:
        """Start without any."""
        self.agents: dict[str, AgentRecord] = {}
        self.gone: OrderedDict[str, AgentRecord] = OrderedDict()
        self.types: OrderedDict[str, TypeRecord] = OrderedDict()
        self.good = 0
        self.seen = 0
        self.attempts: dict[str, Attempt] = {}
        self.finished: OrderedDict[str, str] = OrderedDict()
        self.sticky: OrderedDict[str, str] = OrderedDict()
        self.changed: Changed = lambda _agent, _types: None
        self.forgot: Callable[[str], None] = lambda _type: None

    def joined(self, agent_id: str) -> AgentRecord:
        """Return the record of an agent that is there (again)."""
        record = self.agents.get(agent_id)
        if record is None:
            record = self.gone.pop(agent_id, None) or AgentRecord()
            self.agents[agent_id] = record
        return record

    def left(self, agent_id: str) -> None:
        """Keep the record of an agent that left among those of the others that did."""
        record = self.agents.pop(agent_id, None)
        if record is not None and record.seen:
            self._keep(agent_id, record)

    def assigned(self, task_id: str, agent_id: str, sticky_key: str | None, at: int) -> None:
        """An agent was given a task (``at``: milliseconds since the epoch), and its sticky key."""
        self.attempts[task_id] = Attempt(at)
        if sticky_key is not None:
            self.sticky[sticky_key] = agent_id
            self.sticky.move_to_end(sticky_key)
            if len(self.sticky) > MAX_STICKY:
                self.sticky.popitem(last=False)

    def started(self, task_id: str, at: int) -> None:
        """An attempt was begun (``at``: milliseconds since the epoch)."""
        self.attempts[task_id] = Attempt(at, begun=True)

    def asked(self, task_id: str, at: int) -> None:
        """It waits for an answer from now on, and that is nobody's work."""
        if (attempt := self.attempts.get(task_id)) is not None:
            self.attempts[task_id] = attempt._replace(asked=at)

    def answered(self, task_id: str, at: int) -> None:
        """It goes on; the time that it waited is as if it had never been."""
        if (attempt := self.attempts.get(task_id)) is not None:
            self.attempts[task_id] = Attempt(at - attempt.worked(at), begun=True)

    def completed(self, task_id: str, agent_id: str, task_type: str, at: int) -> None:
        """An attempt was completed (``at``: milliseconds since the epoch)."""
        attempt = self.attempts.pop(task_id, None)
        took = 0 if attempt is None else max(1, attempt.worked(at) * _FINE)
        self.finished[task_id] = task_type
        if len(self.finished) > MAX_FINISHED:
            self.finished.popitem(last=False)
        record = self._record(agent_id)
        record.penalty -= record.penalty // 4
        self._observe(agent_id, task_type, UNIT, UNIT, took)

    def failed(self, task_id: str, agent_id: str, task_type: str) -> None:
        """The agent gave an attempt up."""
        self.attempts.pop(task_id, None)
        self._penalise(agent_id, task_type, _FAILED)

    def lost(self, task_id: str, agent_id: str, task_type: str) -> None:
        """An attempt was taken from the agent; that counts when it had begun."""
        attempt = self.attempts.pop(task_id, None)
        if attempt is not None and attempt.begun:
            self._penalise(agent_id, task_type, _LOST)

    def ended(self, task_id: str) -> None:
        """An attempt ended by nobody's fault."""
        self.attempts.pop(task_id, None)

    def rated(self, task_id: str, agent_id: str, rating: float) -> None:
        """A client rated a result, 0..1; of a task finished long ago only the agent is known."""
        seen = _RATING_COUNTS * UNIT
        good = round(rating * seen)
        self._observe(agent_id, self.finished.get(task_id), good, seen)

    def _penalise(self, agent_id: str, task_type: str, penalty: int) -> None:
        record = self._record(agent_id)
        record.penalty = min(_MAX_PENALTY, record.penalty + penalty)
        self._observe(agent_id, task_type, 0, UNIT)

    def _record(self, agent_id: str) -> AgentRecord:
        record = self.agents.get(agent_id) or self.gone.get(agent_id)
        return record or self._keep(agent_id, AgentRecord())

    def _keep(self, agent_id: str, record: AgentRecord) -> AgentRecord:
        self.gone[agent_id] = record
        if len(self.gone) > MAX_GONE:
            forgotten, old = self.gone.popitem(last=False)
            for task_type in old.pairs:
                self.types[task_type].agents.pop(forgotten, None)
        return record

    def _observe(
        self, agent_id: str, task_type: str | None, good: int, seen: int, took: int = 0
    ) -> None:
        record = self._record(agent_id)
        record.good = _faded(record.good, _FADE_AGENT) + good
        record.seen = _faded(record.seen, _FADE_AGENT) + seen
        self.good = _faded(self.good, _FADE_ALL) + good
        self.seen = _faded(self.seen, _FADE_ALL) + seen
        changed: tuple[str, ...] = ()
        if task_type is not None:
            changed = (task_type,)
            of_type = self._type(task_type)
            of_type.good = _faded(of_type.good, _FADE_ALL) + good
            of_type.seen = _faded(of_type.seen, _FADE_ALL) + seen
            of_type.count += 1
            if took:
                mean = of_type.took
                of_type.took = mean + (took - mean) // _MEAN_DECAY if mean else took
            pair = record.pairs.pop(task_type, _NEW)
            pair = Pair(
                _faded(pair.good, _FADE_PAIR) + good,
                _faded(pair.seen, _FADE_PAIR) + seen,
                _peak(pair.took, took),
            )
            record.pairs[task_type] = of_type.agents[agent_id] = pair
            if len(record.pairs) > MAX_TYPES_OF_AGENT:
                oldest = next(iter(record.pairs))
                del record.pairs[oldest]
                self.types[oldest].agents.pop(agent_id, None)
                changed = (task_type, oldest)
        self.changed(agent_id, changed)

    def _type(self, task_type: str) -> TypeRecord:
        of_type = self.types.get(task_type)
        if of_type is None:
            of_type = self.types[task_type] = TypeRecord()
            if len(self.types) > MAX_TYPES:
                forgotten, old = self.types.popitem(last=False)
                for agent_id in old.agents:
                    record = self.agents.get(agent_id) or self.gone[agent_id]
                    del record.pairs[forgotten]
                self.forgot(forgotten)
        else:
            self.types.move_to_end(task_type)
        return of_type


_NEW = Pair()


def _faded(amount: int, fade: int) -> int:
    # Monotone, and never makes ``good`` exceed ``seen``.
    return amount - amount // fade


def _peak(old: int, took: int) -> int:
    if not took or took >= old:
        return took or old
    return old - (old - took) // _PEAK_DECAY

"""The to-do list of rewards: which completed attempts are to be paid, once they are rated.

An attempt waits for its rating as long as the parameters say; then it counts as a neutral one. What
is rated later stays what it is: by the time of the rating, not by when somebody looked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from heapq import heappop, heappush
from itertools import chain, islice
from typing import Any, ClassVar, Final

import msgspec
from msgspec.structs import replace

from aia_mas.domain.economy.parameters import (
    DEFAULT_PARAMETERS,
    EconomicParameters,
    ParametersChanged,
)
from aia_mas.domain.economy.rewards.backing import Backed, Backing
from aia_mas.domain.economy.rewards.events import RewardsSettled
from aia_mas.domain.economy.rewards.factor import ONE
from aia_mas.domain.economy.rewards.settling import (
    MOST,
    Completion,
    SettleRewards,
    settlement_id,
)
from aia_mas.domain.economy.rewards.work import STAKE_LOST, RewardedWork
from aia_mas.domain.economy.staking import events as staking
from aia_mas.domain.economy.staking.events import StakeEvent
from aia_mas.domain.economy.todo import Happened, Work
from aia_mas.domain.kernel.event import Event
from aia_mas.domain.kernel.ids import entity_of
from aia_mas.domain.kernel.steps import Steps, copied, drained
from aia_mas.domain.orchestration.task_events import (
    TaskAssigned,
    TaskCancelled,
    TaskCompleted,
    TaskExpired,
    TaskFailed,
    TaskInputGiven,
    TaskInputRequested,
    TaskRated,
    TaskReleased,
)

LINGER: Final = 500
"""Milliseconds that what is to be paid waits for more of it, so that they are paid in one entry."""
_ROWS: Final = 200


class _Rest(msgspec.Struct, array_like=True):
    parameters: EconomicParameters
    number: int


class _Piece(msgspec.Struct, omit_defaults=True):
    work: list[tuple[str, RewardedWork]] = []
    unrated: list[tuple[int, Completion]] = []
    ready: list[tuple[int, Completion]] = []
    agents: list[tuple[str, Backed]] = []
    rest: _Rest | None = None


class RewardsDue:
    """Knows the rewarded attempts that go on, wait for a rating, or are to be paid."""

    name: ClassVar[str] = "rewards"
    events: ClassVar[frozenset[type[Event]]] = frozenset(
        {
            *staking.EVENTS,
            ParametersChanged,
            RewardsSettled,
            TaskAssigned,
            TaskCancelled,
            TaskCompleted,
            TaskExpired,
            TaskFailed,
            TaskInputGiven,
            TaskInputRequested,
            TaskRated,
            TaskReleased,
        }
    )

    def __init__(self) -> None:
        """Start with nothing open."""
        self._parameters = DEFAULT_PARAMETERS
        self._number = 0
        self._work: dict[str, RewardedWork] = {}
        # With the time at which it is paid without a rating, and since when it can be paid.
        self._unrated: dict[str, tuple[int, Completion]] = {}
        self._ready: dict[str, tuple[int, Completion]] = {}
        # Those of the unrated ones whose window is over by the clock: what is folded knows none.
        self._closed: dict[str, tuple[int, Completion]] = {}
        self._windows: list[tuple[int, str]] = []
        self._backing = Backing()
        self._batch: Work | None = None

    def __len__(self) -> int:
        """Return how many completed attempts are not settled."""
        return len(self._unrated) + len(self._ready)

    def apply(self, happened: Happened) -> None:
        """Fold one event."""
        event = happened.event
        if isinstance(event, StakeEvent):
            agent_id = entity_of(happened.stream)
            self._forfeit(self._backing.staked(agent_id, event.effective, self._parameters))
        else:
            _FOLDS[type(event)](self, entity_of(happened.stream), event, _milliseconds(happened.at))

    def due(self, now: datetime, most: int) -> Sequence[Work]:
        """Return the next settlement: one at a time, of as many attempts as there are.

        The next one is made when this one was folded, so that it holds none of the same.
        """
        if self._batch is None:
            at = _milliseconds(now)
            self._close_windows(at)
            if (self._ready or self._closed) and self._is_time(at):
                payable = chain(self._ready.values(), self._closed.values())
                completions = tuple(each for _, each in islice(payable, MOST))
                number, gov = self._number + 1, self._parameters.gov_per_completion
                command = SettleRewards(number=number, completions=completions, gov=gov)
                self._batch = Work(settlement_id(number), command)
        return () if self._batch is None else (self._batch,)

    def next_due(self) -> datetime | None:
        """Return when the next settlement is due, UTC."""
        if self._batch is not None:
            return None
        times = []
        if self._ready or self._closed:
            times.append(self._oldest() + LINGER)
        while self._windows and self._windows[0][1] not in self._unrated:
            heappop(self._windows)
        if self._windows:
            times.append(self._windows[0][0])
        return datetime.fromtimestamp(min(times) / 1_000, UTC) if times else None

    def snapshot(self) -> Steps[Iterator[bytes]]:
        """Return what encodes a copy."""
        work = yield from copied(self._work.items())
        unrated = yield from copied(self._unrated.values())
        ready = yield from copied(self._ready.values())
        agents = yield from self._backing.rows()
        return _encoded(work, unrated, ready, agents, _Rest(self._parameters, self._number))

    @classmethod
    def restore(cls, pieces: Sequence[bytes]) -> Steps[RewardsDue]:
        """Return a list that goes on where a snapshot was taken."""
        restored = cls()
        agents: list[tuple[str, Backed]] = []
        for data in pieces:
            piece = _decode(data)
            restored._work |= dict(piece.work)
            for at, each in piece.unrated:
                restored._unrated[each.task_id] = (at, each)
                heappush(restored._windows, (at, each.task_id))
            restored._ready |= {each.task_id: (at, each) for at, each in piece.ready}
            agents += piece.agents
            if piece.rest is not None:
                restored._parameters = piece.rest.parameters
                restored._number = piece.rest.number
            yield
        restored._backing = Backing(agents)
        return restored

    def _oldest(self) -> float:
        places = (self._ready, self._closed)
        return min(next(iter(place.values()))[0] for place in places if place)

    def _is_time(self, at: int) -> bool:
        payable = len(self._ready) + len(self._closed)
        return payable >= MOST or at >= self._oldest() + LINGER

    def _close_windows(self, at: int) -> None:
        # No more than are paid next: after a long pause there may be very many.
        windows, ready = self._windows, len(self._ready)
        while windows and windows[0][0] <= at and ready + len(self._closed) < MOST:
            closed, task_id = heappop(windows)
            unrated = self._unrated.get(task_id)
            if unrated is not None and unrated[0] == closed:
                self._closed[task_id] = unrated

    def _forfeit(self, task_ids: Sequence[str]) -> None:
        for task_id in task_ids:
            self._work[task_id] = replace(self._work[task_id], forfeited=STAKE_LOST)

    def _changed(self, _: str, event: ParametersChanged, _at: int) -> None:
        self._parameters = event.parameters

    def _assigned(self, task_id: str, event: TaskAssigned, at: int) -> None:
        terms = event.reward
        if terms is None:
            return
        self._work[task_id] = RewardedWork(event.attempt, event.agent_id, terms, at)
        self._forfeit(self._backing.assigned(event.agent_id, task_id, self._parameters))

    def _asked(self, task_id: str, _event: TaskInputRequested, at: int) -> None:
        work = self._work.get(task_id)
        if work is not None:
            self._work[task_id] = work.asking(at)

    def _answered(self, task_id: str, _event: TaskInputGiven, at: int) -> None:
        work = self._work.get(task_id)
        if work is not None:
            self._work[task_id] = work.answered(at)

    def _over(self, task_id: str, _event: Event, _at: int) -> RewardedWork | None:
        work = self._work.pop(task_id, None)
        if work is not None:
            self._backing.over(work.agent_id, task_id)
        return work

    def _completed(self, task_id: str, event: TaskCompleted, at: int) -> None:
        work = self._over(task_id, event, at)
        if work is None:
            return
        completion, until = work.completed(task_id, at), at
        if not work.forfeited:
            until += 1_000 * self._parameters.rating_window_seconds
        if until <= at:
            self._ready[task_id] = (at, completion)
            return
        self._unrated[task_id] = (until, completion)
        heappush(self._windows, (until, task_id))

    def _rated(self, task_id: str, event: TaskRated, at: int) -> None:
        unrated = self._unrated.get(task_id)
        if unrated is not None and at < unrated[0]:
            del self._unrated[task_id]
            rating = round(event.rating * ONE)
            self._ready[task_id] = (at, replace(unrated[1], rating_ppm=rating))

    def _settled(self, _: str, event: RewardsSettled, _at: int) -> None:
        self._number, self._batch = event.number, None
        for item in event.items:
            # Not the same list may have decided it: another one had seen windows close by then.
            self._ready.pop(item.task_id, None)
            self._unrated.pop(item.task_id, None)
            self._closed.pop(item.task_id, None)


# Any: each fold takes its own event type.
_FOLDS: dict[type[Event], Callable[[RewardsDue, str, Any, int], object]] = {
    ParametersChanged: RewardsDue._changed,
    RewardsSettled: RewardsDue._settled,
    TaskAssigned: RewardsDue._assigned,
    TaskCancelled: RewardsDue._over,
    TaskCompleted: RewardsDue._completed,
    TaskExpired: RewardsDue._over,
    TaskFailed: RewardsDue._over,
    TaskInputGiven: RewardsDue._answered,
    TaskInputRequested: RewardsDue._asked,
    TaskRated: RewardsDue._rated,
    TaskReleased: RewardsDue._over,
}

# As JSON: amounts are larger than the integers of MessagePack.
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Piece).decode


def _milliseconds(at: datetime) -> int:
    return round(at.timestamp() * 1_000)


def _encoded(
    work: list[tuple[str, RewardedWork]],
    unrated: list[tuple[int, Completion]],
    ready: list[tuple[int, Completion]],
    agents: list[tuple[str, Backed]],
    rest: _Rest,
) -> Iterator[bytes]:
    yield from (_encode(_Piece(work=some)) for some in drained(work, _ROWS))
    yield from (_encode(_Piece(unrated=some)) for some in drained(unrated, _ROWS))
    yield from (_encode(_Piece(ready=some)) for some in drained(ready, _ROWS))
    yield from (_encode(_Piece(agents=some)) for some in drained(agents, _ROWS))
    yield _encode(_Piece(rest=rest))

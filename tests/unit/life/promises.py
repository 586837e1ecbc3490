"""What is promised of every event at the moment at which it stands in the log."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from aia_mas.application.event_log.records import RecordedEvent
from aia_mas.domain.kernel.ids import entity_of
from aia_mas.domain.orchestration.agent_events import (
    AgentCameOnline,
    AgentRegistered,
    AgentWentOffline,
)
from aia_mas.domain.orchestration.limits import LimitRemoved, LimitSet
from aia_mas.domain.orchestration.pauses import DispatchPaused
from aia_mas.domain.orchestration.task_events import TaskAssigned, TaskReleased
from aia_mas.domain.orchestration.task_status import ReleaseReason, TaskStatus

from .books import Books
from .entries import Attempt, TaskEntry
from .hearing import Hearing
from .node import OFFLINE, PICKUP, lease_number

LAG = 2.5
"""Seconds that a sign of life may take to the leader: two exchanges, and a look."""


class Promises:
    """Checks every event against the books, just before it is written down there.

    Attributes:
        news: What was ordered since everything had settled. An assignment that was on its way then
            may have been planned before.
    """

    def __init__(self, books: Books, hearing: Hearing, cap: int | None) -> None:
        self._books = books
        self._hearing = hearing
        self._cap = cap
        self.news: set[Any] = set()

    def check(self, recorded: RecordedEvent) -> None:
        """Check one event."""
        event, entity = recorded.event, entity_of(recorded.stream)
        match event:
            case TaskAssigned():
                self._assigned(self._books.tasks[entity], event)
            case TaskReleased():
                self._released(self._books.tasks[entity], event)
            case AgentWentOffline():
                heard = self._hearing.last("agent", entity)
                soonest = timedelta(seconds=OFFLINE - LAG)
                # It may have been heard of after that was decided, and before it stood in the log.
                early = heard is not None and timedelta(0) <= event.at - heard <= soonest
                assert not early, "offline too early"
            case AgentRegistered():
                self._hearing.heard("agent", entity, event.registered_at)
            case AgentCameOnline():
                self._hearing.heard("agent", entity, event.at)
            case LimitSet() | LimitRemoved():
                self.news.add(("key", event.key))
            case DispatchPaused():
                self.news.add(("paused", event.task_type))

    def _assigned(self, task: TaskEntry, event: TaskAssigned) -> None:
        books, terms = self._books, task.terms
        assert task.status is TaskStatus.QUEUED and task.attempt is None, "two live leases"
        assert event.attempt == task.attempts + 1
        assert event.lease not in books.leases, "a lease given out twice"
        assert event.lease_seconds == terms.lease_seconds
        assert task.due is None or task.due <= event.assigned_at, "before its time"
        assert terms.deadline is None or event.assigned_at < terms.deadline, "after its deadline"
        agent = books.agents[event.agent_id]
        assert agent.takes_work, "an agent that takes no work"
        assert event.agent_id not in task.signature.excluded
        assert books.has_room(event.agent_id), "over capacity"
        assert books.suits(task, event.agent_id), "somebody who does not suit"
        assert books.fits(task, event.agent_id), "over its resources"
        if self._cap is not None:
            held = sum(each.attempt is not None for each in books.tasks.values())
            assert held < self._cap, "over the cap of all"
        for paused in (None, terms.task_type):
            assert paused not in books.paused or ("paused", paused) in self.news, "paused"
        key = terms.concurrency_key
        if key is not None and ("key", key) not in self.news:
            self._within_limit(task, event)
            self._in_pace(key, event)

    def _within_limit(self, task: TaskEntry, event: TaskAssigned) -> None:
        books, key, most = self._books, task.terms.concurrency_key, self._books.most(task.terms)
        held = [
            each.attempt.lease
            for each in books.tasks.values()
            if each.attempt is not None and each.terms.concurrency_key == key
        ]
        limits = books.limits.get(key or "")
        if limits is None or limits.most is None:
            # A limit of the task's own says nothing about those that were planned after it.
            held = [each for each in held if lease_number(each) < lease_number(event.lease)]
        assert most is None or len(held) < most, "over the limit of a key"

    def _in_pace(self, key: str, event: TaskAssigned) -> None:
        """A rate: at most a whole period's worth at once, then one at a time (GCRA)."""
        limits = self._books.limits.get(key)
        if limits is None or limits.rate is None or limits.period is None:
            return
        interval = limits.period / limits.rate
        burst = interval * (limits.rate - 1)
        for number, before in enumerate(reversed(limits.given), 1):
            passed = (event.assigned_at - before).total_seconds()
            assert number * interval <= passed + burst + 1e-3, "over the rate of a key"

    def _released(self, task: TaskEntry, event: TaskReleased) -> None:
        attempt, at = task.attempt, event.released_at
        assert attempt is not None
        agent = self._books.agents[attempt.agent_id]
        match event.reason:
            case ReleaseReason.AGENT_UNREGISTERED:
                assert attempt.lost
            case ReleaseReason.AGENT_OFFLINE:
                assert not agent.online
            case ReleaseReason.NOT_STARTED:
                assert attempt.begun is None
                assert (at - attempt.given).total_seconds() >= PICKUP
            case ReleaseReason.AGENT_SUSPENDED:
                assert attempt.begun is None
                assert event.outcome is TaskStatus.QUEUED and event.retry_at is None
            case ReleaseReason.TIMED_OUT:
                assert attempt.begun is not None and attempt.asked is None
                worked = (at - attempt.begun).total_seconds()
                assert worked >= task.terms.timeout_seconds, "timed out too early"
            case ReleaseReason.LEASE_EXPIRED:
                silent = (at - self._last_heard(attempt)).total_seconds()
                early = 0.0 <= silent < attempt.seconds - LAG
                assert not early, "a lease that ended too early"
            case _:
                assert event.reason is ReleaseReason.REASSIGNED
        if event.outcome is TaskStatus.DEAD:
            assert attempt.begun is not None, "an attempt that never began costs nothing"

    def _last_heard(self, attempt: Attempt) -> datetime:
        assert attempt.begun is not None and attempt.asked is None
        heard = self._hearing.last("task", attempt.lease) or attempt.given
        return max(heard, attempt.begun, attempt.answered or attempt.begun)

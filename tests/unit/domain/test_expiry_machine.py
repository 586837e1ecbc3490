"""Any story of agents and tasks: what is due is what a plain reading of the rules says."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from aia_mas.domain.kernel import Event
from aia_mas.domain.kernel.steps import at_once
from aia_mas.domain.orchestration.agent_events import (
    AgentActivated,
    AgentCameOnline,
    AgentDrained,
    AgentSuspended,
    AgentUnregistered,
    AgentWentOffline,
)
from aia_mas.domain.orchestration.expiry import (
    Due,
    Expire,
    Expiry,
    Offline,
    Release,
)
from aia_mas.domain.orchestration.task_events import (
    ReleaseReason,
    TaskCancelled,
    TaskCompleted,
    TaskExpired,
    TaskFailed,
    TaskInputGiven,
    TaskInputRequested,
    TaskReleased,
    TaskRequeued,
    TaskStatus,
)
from aia_mas.domain.orchestration.task_specification import TaskSpecification, terms_of

from .expiry_stories import OFFLINE, PICKUP, Story, seconds, stored


class _Attempt(msgspec.Struct):
    agent: str
    lease: float
    assigned: datetime
    number: int
    started: datetime | None = None
    asked: datetime | None = None
    answered: datetime | None = None
    waited: timedelta = timedelta(0)
    lost: bool = False


class _Task(msgspec.Struct):
    timeout: float
    deadline: datetime | None
    attempts: int = 0
    held: _Attempt | None = None


AGENTS = st.sampled_from(["a", "b", "c"])
TASKS = st.sampled_from(["t", "u", "v", "w"])
LEASES = st.sampled_from([1.0, 5.0, 40.0])
SPANS = st.sampled_from([1.0, 2.0, 7.0, 10.0, 15.0, 60.0])


class AnyStory(RuleBasedStateMachine):
    """Everything that can happen, in any order; the model looks at every open thing each time."""

    def __init__(self) -> None:
        super().__init__()
        self.story = Story()
        self.online: dict[str, datetime] = {}
        self.gone: dict[str, ReleaseReason] = {}
        self.suspended: set[str] = set()
        self.tasks: dict[str, _Task] = {}
        self.finished: dict[str, int] = {}

    # What the log may hold, in the order in which it may hold it.

    @rule(agent=AGENTS)
    def comes(self, agent: str) -> None:
        if agent in self.online:
            return
        if agent in self.gone and self.gone[agent] is ReleaseReason.AGENT_OFFLINE:
            self.story.agent(agent, AgentCameOnline(at=self.story.now))
        else:
            self.story.registered(agent)
        self.online[agent] = self.story.now
        self.gone.pop(agent, None)

    @rule(agent=AGENTS, unregisters=st.booleans())
    def goes(self, agent: str, unregisters: bool) -> None:
        if agent not in self.online:
            return
        del self.online[agent]
        if unregisters:
            self.suspended.discard(agent)
            self.story.agent(agent, AgentUnregistered(at=self.story.now))
            self.gone[agent] = ReleaseReason.AGENT_UNREGISTERED
            for task in self.tasks.values():
                if task.held is not None and task.held.agent == agent:
                    task.held.lost = True
        else:
            self.story.agent(agent, AgentWentOffline(at=self.story.now))
            self.gone[agent] = ReleaseReason.AGENT_OFFLINE

    @rule(agent=AGENTS, to=st.sampled_from([AgentSuspended, AgentDrained, AgentActivated]))
    def is_suspended_or_not(self, agent: str, to: type[Event]) -> None:
        if agent not in self.online and self.gone.get(agent) is not ReleaseReason.AGENT_OFFLINE:
            return
        (self.suspended.add if to is AgentSuspended else self.suspended.discard)(agent)
        self.story.agent(agent, to(at=self.story.now))

    @rule(
        task=TASKS,
        timeout=st.sampled_from([3.0, 30.0, 500.0]),
        deadline=st.none() | st.sampled_from([5.0, 20.0, 100.0]),
    )
    def is_submitted(self, task: str, timeout: float, deadline: float | None) -> None:
        if task in self.tasks:
            return
        at = None if deadline is None else self.story.now + seconds(deadline)
        attempts = self.finished.get(task, 0)
        if task in self.finished:
            spec = TaskSpecification(task_type="x", deadline=at, timeout_seconds=timeout)
            event = TaskRequeued(attempt=attempts, terms=terms_of(spec), by="o", at=self.story.now)
            self.story.task(task, event)
        else:
            self.story.submitted(task, deadline=at, timeout_seconds=timeout)
        self.tasks[task] = _Task(timeout, at, attempts)

    @rule(task=TASKS, agent=AGENTS, lease=LEASES)
    def is_assigned(self, task: str, agent: str, lease: float) -> None:
        open_task = self.tasks.get(task)
        if open_task is None or open_task.held is not None or agent not in self.online:
            return
        if agent in self.suspended:
            return
        open_task.attempts += 1
        self.story.assigned(task, agent, open_task.attempts, lease)
        open_task.held = _Attempt(agent, lease, self.story.now, open_task.attempts)

    @rule(task=TASKS)
    def is_started(self, task: str) -> None:
        held = self._held(task)
        if held is not None and held.started is None:
            self.story.started(task, held.agent, held.number)
            held.started = self.story.now

    @rule(task=TASKS)
    def asks_or_is_answered(self, task: str) -> None:
        held, now = self._held(task), self.story.now
        if held is None or held.started is None:
            return
        if held.asked is None:
            event: Event = TaskInputRequested(
                agent_id=held.agent, attempt=held.number, number=1, question="q", at=now
            )
            held.asked = now
        else:
            event = TaskInputGiven(
                agent_id=held.agent, attempt=held.number, number=1, by="o", at=now
            )
            held.waited += now - held.asked
            held.asked, held.answered = None, now
        self.story.task(task, event)

    @rule(task=TASKS, how=st.sampled_from(["fail", "release"]), again=st.booleans())
    def attempt_ends(self, task: str, how: str, again: bool) -> None:
        held = self._held(task)
        if held is None:
            return
        outcome = TaskStatus.QUEUED if again else TaskStatus.DEAD
        if how == "fail":
            event: Event = TaskFailed(
                agent_id=held.agent,
                attempt=held.number,
                error_code="e",
                retryable=True,
                outcome=outcome,
                failed_at=self.story.now,
            )
        else:
            event = TaskReleased(
                agent_id=held.agent,
                attempt=held.number,
                reason=ReleaseReason.TIMED_OUT,
                outcome=outcome,
                released_at=self.story.now,
            )
        self.story.task(task, event)
        if again:
            self.tasks[task].held = None
        else:
            self._finish(task)

    @rule(task=TASKS)
    def is_completed(self, task: str) -> None:
        held = self._held(task)
        if held is not None:
            event = TaskCompleted(
                agent_id=held.agent, attempt=held.number, lease="l", completed_at=self.story.now
            )
            self.story.task(task, event)
            self._finish(task)

    @rule(task=TASKS, expires=st.booleans())
    def is_ended_by_others(self, task: str, expires: bool) -> None:
        if task in self.tasks:
            now = self.story.now
            self.story.task(task, TaskExpired(at=now) if expires else TaskCancelled(by="o", at=now))
            self._finish(task)

    # What is not in the log.

    @rule(agent=AGENTS)
    def agent_is_heard(self, agent: str) -> None:
        self.story.heard("agent", agent)

    @rule(task=TASKS)
    def task_is_heard(self, task: str) -> None:
        self.story.heard("task", task)

    @rule()
    def takes_over(self) -> None:
        self.story.takeover()

    @rule()
    def restarts(self) -> None:
        data = stored(self.story.fold)
        self.story.fold = at_once(Expiry.restore(data))
        assert stored(self.story.fold) == data

    @rule(span=SPANS)
    def time_passes_and_somebody_asks(self, span: float) -> None:
        self.story.after(span)
        due = self.story.due()
        assert len(set(due)) == len(due)
        assert set(due) == self._expected()
        for item in due:
            self._is_not_too_early(item)

    @rule(span=SPANS)
    def time_passes(self, span: float) -> None:
        self.story.after(span)

    @invariant()
    def few_looks_are_kept(self) -> None:
        assert self.story.fold.looks <= 2 * (len(self.tasks) + len(self.online)) + 600

    # The model.

    def _held(self, task: str) -> _Attempt | None:
        return self.tasks[task].held if task in self.tasks else None

    def _finish(self, task: str) -> None:
        self.finished[task] = self.tasks.pop(task).attempts

    def _expected(self) -> set[Due]:
        now, since, seen = self.story.now, self.story.since, self.story.seen
        expected: set[Due] = set()
        for agent, online_since in self.online.items():
            heard = seen.get(("agent", agent))
            last = max(online_since, since, heard or online_since)
            if last + seconds(OFFLINE) <= now:
                expected.add(Offline(agent, heard))
        for task_id, task in self.tasks.items():
            reason = self._release(task_id, task)
            deadline = task.deadline
            if deadline is not None and (
                deadline <= now and (task.held is None or since + seconds(task.held.lease) <= now)
            ):
                expected.add(Expire(task_id, deadline))
            elif reason is not None:
                expected.add(Release(task_id, task.attempts, reason))
        return expected

    def _release(self, task_id: str, task: _Task) -> ReleaseReason | None:
        now, since, held = self.story.now, self.story.since, task.held
        if held is None:
            return None
        if held.lost:
            # Whoever registers under the id of an agent that left has not got what that one held.
            return ReleaseReason.AGENT_UNREGISTERED
        if held.agent in self.gone:
            return self.gone[held.agent]
        if held.started is None:
            if held.agent in self.suspended:
                return ReleaseReason.AGENT_SUSPENDED
            late = max(held.assigned, since) + seconds(PICKUP) <= now
            return ReleaseReason.NOT_STARTED if late else None
        if held.asked is not None:
            return None
        lease = seconds(held.lease)
        if held.started + held.waited + seconds(task.timeout) <= now and since + lease <= now:
            return ReleaseReason.TIMED_OUT
        heard = self.story.seen.get(("task", f"{task_id}:{held.number}"), held.started)
        silent = max(held.answered or held.started, since, heard) + lease <= now
        return ReleaseReason.LEASE_EXPIRED if silent else None

    def _is_not_too_early(self, item: Due) -> None:
        """The promise itself: nothing expires within one full window after ``since``."""
        waited = (self.story.now - self.story.since).total_seconds()
        if isinstance(item, Offline):
            assert waited >= OFFLINE
            return
        held = self.tasks[item.task_id].held
        if isinstance(item, Expire):
            assert held is None or waited >= held.lease
            return
        assert held is not None
        if item.reason is ReleaseReason.NOT_STARTED:
            assert waited >= PICKUP
        elif item.reason in {ReleaseReason.LEASE_EXPIRED, ReleaseReason.TIMED_OUT}:
            assert waited >= held.lease


TestAnyStory = AnyStory.TestCase
TestAnyStory.settings = settings(max_examples=150, stateful_step_count=60, deadline=None)

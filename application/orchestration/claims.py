"""How agents get their work: what is assigned to them and not yet started, now or as it comes."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, defaultdict
from collections.abc import Awaitable, Callable, Container, Sequence
from datetime import datetime
from typing import Any

import msgspec

from aia_mas.application.clock import Clock
from aia_mas.application.event_log.errors import LogClosed
from aia_mas.application.event_log.log import EventLog
from aia_mas.application.event_log.records import RecordedEvent
from aia_mas.application.orchestration.workload import Workload
from aia_mas.domain.economy.rewards.telling import ToldReward, told_reward
from aia_mas.domain.kernel.ids import entity_of
from aia_mas.domain.kernel.money import to_text
from aia_mas.domain.orchestration.task import TaskState, TaskStatus, task_stream
from aia_mas.domain.orchestration.task_events import (
    TaskAssigned,
    TaskCancelled,
    TaskExpired,
    TaskReleased,
    TaskSubmitted,
)
from aia_mas.domain.orchestration.task_specification import Requirements

REMEMBERED = 10_000
"""Submissions kept in memory, the latest ones."""
REMEMBERED_BYTES = 16 * 2**20
"""Bound of their stored size."""
CLAIM_BYTES = 8 * 2**20
"""Most stored bytes of the submissions that one claim is answered with; at least one is."""


class ClaimedTask(msgspec.Struct, frozen=True):
    """A task as its agent gets it; ``TaskAnswer`` and what is to be done.

    Attributes:
        task_id: Its id.
        status: Always ``assigned``.
        agent_id: The agent.
        priority: Its class.
        attempt: The number of this attempt.
        lease: The fencing token of this attempt.
        lease_seconds: How long the lease lasts without progress once started.
        timeout_seconds: The longest execution.
        task_type: What kind of work it is.
        description: For people.
        requirements: What it asks of an agent.
        payload: The input.
        max_cost: The most that it may cost, tokens; None: no bound.
        deadline: When it expires, UTC.
        tags: Its client's words.
        owner: Whom it belongs to.
        reward: What this attempt earns from the reward pool beside its price; None where no rewards
            are offered.
    """

    task_id: str
    status: str
    agent_id: str
    priority: str
    attempt: int
    lease: str
    lease_seconds: float
    timeout_seconds: float
    task_type: str
    description: str
    requirements: Requirements
    payload: Any
    max_cost: str | None
    deadline: datetime | None
    tags: Sequence[str]
    owner: str
    reward: ToldReward | None


class Claims:
    """Hands assigned tasks to the agents that ask."""

    def __init__(self, log: EventLog, workload: Workload, clock: Clock) -> None:
        """Wire the claims.

        Args:
            log: Tells about submissions, asked for older ones.
            workload: Knows who holds what, and the states of tasks.
            clock: Measures the wait.
        """
        self._log = log
        self._workload = workload
        self._clock = clock
        self._submissions: OrderedDict[str, RecordedEvent] = OrderedDict()
        self._bytes = 0
        self._waiting: defaultdict[str, set[asyncio.Future[None]]] = defaultdict(set)
        self._closed = False
        log.feed.listen(self._remember)
        # Not by the log's window: who is woken looks into the fold of open work.
        workload.listen(self._tell)

    async def claim(
        self,
        agent_id: str,
        limit: int,
        wait: float,
        lost: Callable[[], Awaitable[object]] | None = None,
    ) -> list[ClaimedTask]:
        """Return tasks assigned to an agent and not started, oldest first.

        Args:
            agent_id: The agent.
            limit: How many at most; large ones make it fewer, but not none.
            wait: Seconds to wait for one when there is none.
            lost: Tells whether the agent lost anything that it is working on; it is not kept
                waiting then. Asked again whenever a task was taken from it.

        Returns:
            The tasks; empty when there was none in time, the agent lost one that it is working on,
            or the node began to stop meanwhile.

        Raises:
            LogClosed: The node is stopping; another one, or a later one, has the work.
        """
        if self._closed:
            # An empty answer would be asked for again at once, for as long as the drain takes.
            raise LogClosed
        until = self._clock.monotonic() + wait
        while True:
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            waiters = self._waiting[agent_id]
            waiters.add(waiter)
            try:
                tasks = await self.assigned(agent_id, limit)
                left = until - self._clock.monotonic()
                if tasks or left <= 0 or self._closed:
                    return tasks
                if lost is not None and await lost():
                    return tasks
                with self._clock.within(left) as patience:
                    await waiter
                if patience.cancelled_caught:
                    return await self.assigned(agent_id, limit)
            finally:
                waiters.discard(waiter)
                if not waiters:
                    self._waiting.pop(agent_id, None)

    def close(self) -> None:
        """Answer everybody who waits, and refuse who still comes; the node is stopping."""
        self._closed = True
        for agent_id in list(self._waiting):
            self._wake(agent_id)

    async def assigned(
        self, agent_id: str, limit: int, but: Container[str] = ()
    ) -> list[ClaimedTask]:
        """Return tasks assigned to an agent and not started, oldest first, without waiting.

        Args:
            agent_id: The agent.
            limit: How many at most.
            but: Leases of those that are to be left out.
        """
        found: list[ClaimedTask] = []
        size = 0
        for task_id, lease in self._workload.unstarted(agent_id):
            if lease in but:
                continue
            task = await self._one(agent_id, task_id, lease)
            if task is None:
                continue
            state, submission = task
            size += submission.size
            if found and size > CLAIM_BYTES:
                break
            found.append(_claimed(task_id, state, submission))
            if len(found) >= limit:
                break
        return found

    async def one(self, agent_id: str, task_id: str, lease: str) -> ClaimedTask | None:
        """Return one task that is assigned to an agent under a lease and not started.

        Returns:
            The task; None: it is not so, or this node has not got there yet.
        """
        task = await self._one(agent_id, task_id, lease)
        return None if task is None else _claimed(task_id, *task)

    async def _one(
        self, agent_id: str, task_id: str, lease: str
    ) -> tuple[TaskState, RecordedEvent] | None:
        state = await self._workload.task(task_id)
        if _behind(state, agent_id):
            state = await self._workload.task_anew(task_id)
        # A state with another lease is ahead of the fold, and perhaps of the log: an assignment not
        # yet committed may come to nothing. Its agent is woken when it stands there.
        if state is None or state.status is not TaskStatus.ASSIGNED or state.lease != lease:
            return None
        submission = await self._submission(task_id)
        if submission is None or not isinstance(submission.event, TaskSubmitted):
            return None
        return state, submission

    async def _submission(self, task_id: str) -> RecordedEvent | None:
        known = self._submissions.get(task_id)
        if known is None:
            events = await self._log.read_stream(task_stream(task_id), limit=1)
            known = events[0] if events else None
        return known

    def _remember(self, events: Sequence[RecordedEvent]) -> None:
        submissions = self._submissions
        for event in events:
            if type(event.event) is TaskSubmitted:
                submissions[entity_of(event.stream)] = event
                self._bytes += event.size
                while len(submissions) > REMEMBERED or self._bytes > REMEMBERED_BYTES:
                    self._bytes -= submissions.popitem(last=False)[1].size

    def _tell(self, event: RecordedEvent) -> None:
        happened = event.event
        if type(happened) in _TOLD and happened.agent_id in self._waiting:
            self._wake(happened.agent_id)

    def _wake(self, agent_id: str) -> None:
        for waiter in self._waiting.get(agent_id, ()):
            if not waiter.done():
                waiter.set_result(None)


_TOLD = frozenset({TaskAssigned, TaskReleased, TaskCancelled, TaskExpired})
"""What is given to an agent, and what is taken from it by others: it looks again then."""


def _behind(state: TaskState | None, agent_id: str) -> bool:
    """Tell whether a state may be older than the assignment that the fold of open work knows."""
    return (
        state is None
        or state.status is TaskStatus.QUEUED
        or (state.status is TaskStatus.ASSIGNED and state.agent_id != agent_id)
    )


def _claimed(task_id: str, state: TaskState, submission: RecordedEvent) -> ClaimedTask:
    submitted: TaskSubmitted = submission.event
    spec = submitted.spec
    assert state.agent_id is not None
    assert state.lease is not None
    return ClaimedTask(
        task_id=task_id,
        status=state.status.value,
        agent_id=state.agent_id,
        priority=state.terms.priority.value,
        attempt=state.attempt,
        lease=state.lease,
        lease_seconds=state.terms.lease_seconds,
        timeout_seconds=state.terms.timeout_seconds,
        task_type=spec.task_type,
        description=spec.description,
        requirements=spec.requirements,
        payload=spec.payload,
        max_cost=None if spec.max_cost is None else to_text(spec.max_cost),
        deadline=state.terms.deadline,
        tags=spec.tags,
        owner=submitted.owner,
        reward=told_reward(state.reward, state.unfunded),
    )

"""What may run out: attempts without a sign of life, deadlines, agents without heartbeats.

A fold of the log into a to-do list, ordered by the earliest time at which each item could be due.
Signs of life are not events; they are asked for when an item comes up, and it is put back when
there was one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from heapq import heapify, heappop, heappush
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from aia_mas.domain.kernel import Event
from aia_mas.domain.kernel.ids import entity_of
from aia_mas.domain.kernel.steps import Steps, copied, drained
from aia_mas.domain.orchestration.agent_events import (
    AgentCameOnline,
    AgentRegistered,
    AgentUnregistered,
    AgentWentOffline,
)
from aia_mas.domain.orchestration.task_events import (
    ReleaseReason,
    TaskAssigned,
    TaskCancelled,
    TaskCompleted,
    TaskExpired,
    TaskFailed,
    TaskReleased,
    TaskRequeued,
    TaskStarted,
    TaskStatus,
    TaskSubmitted,
)

LastSeen = Callable[[str, str], datetime | None]
"""(``agent`` or ``task``, id) -> when it was last heard of."""

RETRY = timedelta(seconds=1)
"""When an item that was due is looked at again, should it still be open then."""


class Windows(NamedTuple):
    """How long things may go unheard of.

    Attributes:
        since: Nothing expires within one full window after this time (a start, a takeover, an
            outage), because signs of life may have been missed before it.
        pickup: Seconds that an assignment may wait to be started.
        offline: Seconds after which an agent without heartbeats is offline.
    """

    since: datetime
    pickup: float
    offline: float


class OpenTask(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An unfinished task, as far as time can end it or its attempt.

    Attributes:
        timeout_seconds: Longest execution of an attempt.
        deadline: When the task expires, UTC.
        attempt: The attempt in force, 0 when it waits.
        agent_id: Who holds it.
        lease_seconds: How long the attempt may go unheard of.
        assigned_at: When the attempt was given out, UTC.
        started_at: When it was taken up, UTC.
    """

    timeout_seconds: float
    deadline: datetime | None
    attempt: int = 0
    agent_id: str | None = None
    lease_seconds: float = 0.0
    assigned_at: datetime | None = None
    started_at: datetime | None = None


class Release(NamedTuple):
    """Take an attempt from its agent."""

    task_id: str
    attempt: int
    reason: ReleaseReason


class Expire(NamedTuple):
    """Record that a task's deadline has passed."""

    task_id: str
    deadline: datetime


class Offline(NamedTuple):
    """Record that an agent's heartbeats stay out."""

    agent_id: str
    last_seen: datetime | None


Due = Release | Expire | Offline


class _Piece(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    tasks: dict[str, OpenTask] = {}
    online: dict[str, datetime] = {}
    gone: dict[str, str] = {}
    last: bool = False


_decode = msgspec.msgpack.Decoder(_Piece).decode
_PIECE = 500


class Expiry:
    """The fold, and the question what is due."""

    def __init__(self) -> None:
        """Start with nothing open."""
        self._tasks: dict[str, OpenTask] = {}
        self._online: dict[str, datetime] = {}
        self._gone: dict[str, str] = {}
        self._held: dict[str, set[str]] = {}
        # One look is planned for each thing at most; what else stands in the heap is void.
        self._planned: dict[tuple[str, str], float] = {}
        self._heap: list[tuple[float, str, str]] = []

    @property
    def looks(self) -> int:
        """How many looks are kept in memory, void ones included."""
        return len(self._heap)

    def apply(self, stream: str, event: Event) -> None:
        """Fold one event; those that set no clock change nothing."""
        fold = _FOLDS.get(type(event))
        if fold is not None:
            fold(self, entity_of(stream), event)

    def due(self, now: datetime, seen: LastSeen, windows: Windows, limit: int = 500) -> list[Due]:
        """Return what is due, at most ``limit``; each comes up again while it stays open.

        Args:
            now: The time, UTC.
            seen: Asked for signs of life.
            windows: How long things may go unheard of.
            limit: Bounds the work of one call; the rest comes with the next.
        """
        found: list[Due] = []
        moment = now.timestamp()
        for _ in range(4 * limit):
            if not self._heap or self._heap[0][0] > moment or len(found) >= limit:
                break
            when, kind, key = heappop(self._heap)
            if self._planned.get((kind, key)) != when:
                continue
            del self._planned[kind, key]
            check = self._task_due if kind == "task" else self._agent_due
            item, again = check(key, now, seen, windows)
            if item is not None:
                found.append(item)
                again = now + RETRY
            if again is not None:
                self._plan(kind, key, max(again.timestamp(), moment + 0.05))
        return found

    def unstarted(self, agent_id: str) -> list[str]:
        """Return the tasks that an agent was given and has not started, oldest first."""
        tasks = self._tasks
        found = [
            (tasks[task_id].assigned_at, task_id)
            for task_id in self._held.get(agent_id, ())
            if tasks[task_id].started_at is None
        ]
        return [task_id for _, task_id in sorted(found)]

    def online_since(self, agent_id: str) -> str:
        """Return since when an agent is online, RFC 3339; empty when it is not."""
        at = self._online.get(agent_id)
        return "" if at is None else at.isoformat()

    def snapshot(self) -> Steps[Iterator[bytes]]:
        """Return what encodes a copy of the fold, piece by piece.

        No event may be applied between the steps.
        """
        tasks = yield from copied(self._tasks.items())
        online, gone = list(self._online.items()), list(self._gone.items())
        return _pieces(tasks, online, gone)

    @classmethod
    def restore(cls, pieces: Sequence[bytes]) -> Steps[Expiry]:
        """Return a fold that goes on where a snapshot was taken.

        Raises:
            msgspec.MsgspecError: It is damaged.
        """
        restored = cls()
        piece = _Piece()
        for data in pieces:
            piece = _decode(data)
            restored._tasks |= piece.tasks
            restored._online |= piece.online
            restored._gone |= piece.gone
            for task_id, task in piece.tasks.items():
                if task.agent_id is not None:
                    restored._held.setdefault(task.agent_id, set()).add(task_id)
                restored._look_at("task", task_id)
            for agent_id in piece.online:
                restored._look_at("agent", agent_id)
            yield
        if not piece.last:
            raise msgspec.ValidationError("the end of a snapshot is missing")
        return restored

    def _task_due(
        self, task_id: str, now: datetime, seen: LastSeen, windows: Windows
    ) -> tuple[Due | None, datetime | None]:
        task = self._tasks.get(task_id)
        if task is None:
            return None, None
        times: list[datetime] = []
        if task.deadline is not None:
            # An agent that worked through an outage gets one window to deliver.
            grace = windows.since + timedelta(seconds=task.lease_seconds)
            deadline = task.deadline if task.agent_id is None else max(task.deadline, grace)
            if deadline <= now:
                return Expire(task_id, task.deadline), None
            times.append(deadline)
        if task.agent_id is not None:
            if task.agent_id in self._gone:
                return Release(
                    task_id, task.attempt, ReleaseReason(self._gone[task.agent_id])
                ), None
            for at, reason in _ends(task, seen("task", task_id), windows):
                if at <= now:
                    return Release(task_id, task.attempt, reason), None
                times.append(at)
        return None, min(times, default=None)

    def _agent_due(
        self, agent_id: str, now: datetime, seen: LastSeen, windows: Windows
    ) -> tuple[Due | None, datetime | None]:
        online_since = self._online.get(agent_id)
        if online_since is None:
            return None, None
        heard = seen("agent", agent_id)
        last = max(online_since, windows.since, heard or online_since)
        at = last + timedelta(seconds=windows.offline)
        if at <= now:
            return Offline(agent_id, heard), None
        return None, at

    def _look_at(self, kind: str, key: str, at: datetime | None = None) -> None:
        self._plan(kind, key, 0.0 if at is None else at.timestamp())

    def _plan(self, kind: str, key: str, when: float) -> None:
        """Look at something at a time, unless it is looked at earlier anyway."""
        planned = self._planned.get((kind, key))
        if planned is not None and planned <= when:
            return
        self._planned[kind, key] = when
        heappush(self._heap, (when, kind, key))
        if len(self._heap) > 2 * len(self._planned) + _PIECE:
            # Nothing is taken out of a heap but its top, and where nobody asks what is due (on a
            # node that does not lead) not even that.
            self._heap = [(when, kind, key) for (kind, key), when in self._planned.items()]
            heapify(self._heap)

    def _opened(self, task_id: str, event: TaskSubmitted | TaskRequeued) -> None:
        terms = event.spec if isinstance(event, TaskSubmitted) else event.terms
        self._tasks[task_id] = OpenTask(terms.timeout_seconds, terms.deadline)
        if terms.deadline is not None:
            self._look_at("task", task_id, terms.deadline)

    def _assigned(self, task_id: str, event: TaskAssigned) -> None:
        self._tasks[task_id] = replace(
            self._tasks[task_id],
            attempt=event.attempt,
            agent_id=event.agent_id,
            lease_seconds=event.lease_seconds,
            assigned_at=event.assigned_at,
            started_at=None,
        )
        self._held.setdefault(event.agent_id, set()).add(task_id)
        gone = event.agent_id in self._gone
        self._look_at("task", task_id, None if gone else event.assigned_at + RETRY)

    def _started(self, task_id: str, event: TaskStarted) -> None:
        task = self._tasks[task_id] = replace(self._tasks[task_id], started_at=event.started_at)
        soon = min(task.lease_seconds, task.timeout_seconds)
        self._look_at("task", task_id, event.started_at + timedelta(seconds=soon))

    def _over(self, task_id: str, event: TaskFailed | TaskReleased) -> None:
        if event.outcome is not TaskStatus.QUEUED:
            self._closed(task_id, event)
            return
        task = self._drop(task_id)
        self._tasks[task_id] = OpenTask(task.timeout_seconds, task.deadline)
        if task.deadline is not None:
            self._look_at("task", task_id, task.deadline)

    def _closed(self, task_id: str, _event: Event) -> None:
        self._drop(task_id)

    def _drop(self, task_id: str) -> OpenTask:
        task = self._tasks.pop(task_id)
        if task.agent_id is not None:
            held = self._held[task.agent_id]
            held.discard(task_id)
            if not held:
                del self._held[task.agent_id]
                # Nothing of it is left to be released.
                self._gone.pop(task.agent_id, None)
        self._planned.pop(("task", task_id), None)
        return task

    def _came(self, agent_id: str, event: AgentRegistered | AgentCameOnline) -> None:
        at = event.registered_at if isinstance(event, AgentRegistered) else event.at
        self._gone.pop(agent_id, None)
        self._online[agent_id] = at
        self._look_at("agent", agent_id, at)

    def _left(self, agent_id: str, event: AgentWentOffline | AgentUnregistered) -> None:
        self._online.pop(agent_id, None)
        self._planned.pop(("agent", agent_id), None)
        if agent_id not in self._held:
            return
        offline = isinstance(event, AgentWentOffline)
        reason = ReleaseReason.AGENT_OFFLINE if offline else ReleaseReason.AGENT_UNREGISTERED
        self._gone[agent_id] = reason.value
        for task_id in self._held[agent_id]:
            self._look_at("task", task_id)


def _pieces(
    tasks: list[tuple[str, OpenTask]],
    online: list[tuple[str, datetime]],
    gone: list[tuple[str, str]],
) -> Iterator[bytes]:
    encode = msgspec.msgpack.encode
    for some_tasks in drained(tasks, _PIECE):
        yield encode(_Piece(tasks=dict(some_tasks)))
    for some_online in drained(online, _PIECE):
        yield encode(_Piece(online=dict(some_online)))
    for some_gone in drained(gone, _PIECE):
        yield encode(_Piece(gone=dict(some_gone)))
    yield encode(_Piece(last=True))


def _ends(
    task: OpenTask, heard: datetime | None, windows: Windows
) -> list[tuple[datetime, ReleaseReason]]:
    """Return when the attempt in force ends by itself, and why."""
    assert task.assigned_at is not None
    if task.started_at is None:
        pickup = max(task.assigned_at, windows.since) + timedelta(seconds=windows.pickup)
        return [(pickup, ReleaseReason.NOT_STARTED)]
    lease = timedelta(seconds=task.lease_seconds)
    alive = max(task.started_at, windows.since, heard or task.started_at)
    timeout = task.started_at + timedelta(seconds=task.timeout_seconds)
    return [
        (max(timeout, windows.since + lease), ReleaseReason.TIMED_OUT),
        (alive + lease, ReleaseReason.LEASE_EXPIRED),
    ]


# Any: each fold takes its own event type.
_FOLDS: dict[type[Event], Callable[[Expiry, str, Any], None]] = {
    AgentRegistered: Expiry._came,
    AgentCameOnline: Expiry._came,
    AgentWentOffline: Expiry._left,
    AgentUnregistered: Expiry._left,
    TaskSubmitted: Expiry._opened,
    TaskRequeued: Expiry._opened,
    TaskAssigned: Expiry._assigned,
    TaskStarted: Expiry._started,
    TaskFailed: Expiry._over,
    TaskReleased: Expiry._over,
    TaskCompleted: Expiry._closed,
    TaskCancelled: Expiry._closed,
    TaskExpired: Expiry._closed,
}
